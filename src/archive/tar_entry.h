#pragma once
// One entry of a tar, as values: what the writer takes and the reader gives.

#include <cstdint>
#include <ctime>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace belay::archive {

struct Extent {
  std::int64_t offset = 0, length = 0;
  bool operator==(const Extent&) const = default;
};

struct TarEntry {
  enum class Kind { file, folder, symlink, hard_link, fifo, character_device, block_device };
  Kind kind = Kind::file;
  std::string name;    // as bytes
  std::string target;  // of a link; of a hard link the name of an entry before it
  mode_t permissions = 0644;
  uid_t user = 0;
  gid_t group = 0;
  std::string user_name, group_name;  // may be empty; the numbers count
  timespec modified{};
  std::int64_t size = 0;       // of a file
  bool sparse = false;         // the file has holes, and …
  std::vector<Extent> data{};  // … its data lies here, in ascending order
  dev_t device = 0;            // of a device
  // Extended attributes: names and values as the system has them. ACLs are among them as the system keeps them
  // ("system.posix_acl_access", "system.posix_acl_default").
  std::vector<std::pair<std::string, std::string>> attributes{};
};

}  // namespace belay::archive
