#pragma once
// The 512-byte header of a tar entry (POSIX ustar), and the names of the pax records beside it. Spelled once, for the
// writer and the reader.

#include <cstddef>
#include <string_view>

namespace belay::archive::tar {

constexpr std::size_t block_size = 512;

struct Field {
  std::size_t offset, size;
};
constexpr Field name{0, 100}, mode{100, 8}, uid{108, 8}, gid{116, 8}, size{124, 12}, mtime{136, 12}, checksum{148, 8},
    type{156, 1}, linkname{157, 100}, magic{257, 8}, uname{265, 32}, gname{297, 32}, devmajor{329, 8}, devminor{337, 8},
    prefix{345, 155};

constexpr std::string_view ustar_magic{"ustar\00000", 8};

constexpr std::string_view attribute_prefix = "SCHILY.xattr.";
constexpr std::string_view access_acl_record = "SCHILY.acl.access", default_acl_record = "SCHILY.acl.default";
constexpr std::string_view access_acl = "system.posix_acl_access", default_acl = "system.posix_acl_default";

// How many bytes fill up the last block of so many.
constexpr std::size_t padding(std::size_t bytes) {
  return (block_size - bytes % block_size) % block_size;
}

}  // namespace belay::archive::tar
