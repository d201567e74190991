#pragma once
// What write_file_durably does, with a say in whose the file is.

#include <optional>
#include <string_view>
#include <sys/types.h>

#include "base/files.h"

namespace belay {

struct FileOwner {
  uid_t user = 0;
  gid_t group = 0;
};
struct FileRights {
  int mode = 0644;
  std::optional<FileOwner> owner{};  // nullopt: whoever writes it
};
// Those of the file, not of what a link leads to; nullopt where it is not there.
std::optional<FileRights> file_rights(const fs::path& path);
// As write_file_durably. A user who may not give files away becomes the owner himself; for root, nothing is replaced
// where the owner cannot be given.
void replace_file(const fs::path& path, std::string_view content, const FileRights& rights);

}  // namespace belay
