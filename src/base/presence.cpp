#include "base/presence.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <mntent.h>
#include <sys/stat.h>

namespace belay {

namespace {

struct statx look(const fs::path& path) {
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), AT_NO_AUTOMOUNT, STATX_TYPE, &status) != 0) return {};
  return status;
}

bool has_mount(const fs::path& folder) {
  const auto status = look(folder), above = look(folder / "..");
  if ((status.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) != 0)
    return (status.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  return status.stx_dev_major != above.stx_dev_major || status.stx_dev_minor != above.stx_dev_minor;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// Whether a mount is missing above the path; true as well where the table cannot be read.
bool lacks_mount(const fs::path& path, const fs::path& table) {
  std::error_code unknown;
  fs::path real = fs::weakly_canonical(path, unknown);
  if (unknown) real = path;
  FILE* file = ::setmntent(table.c_str(), "re");
  if (file == nullptr) return errno != ENOENT;
  bool is_missing = false;
  struct mntent entry{};
  char line[4096];
  while (!is_missing && ::getmntent_r(file, &entry, line, sizeof line) != nullptr) {
    fs::path point = fs::path(entry.mnt_dir).lexically_normal();
    if (!point.has_filename()) point = point.parent_path();
    if (!point.is_absolute() || !point.has_relative_path()) continue;
    is_missing = (is_below(path, point) || is_below(real, point)) && !has_mount(point);
  }
  ::endmntent(file);
  return is_missing;
}

}  // namespace

bool is_gone(const fs::path& path, const fs::path& mount_table) {
  std::error_code unknown;
  if (fs::status(path, unknown).type() != fs::file_type::not_found) return false;
  const fs::path whole = path.lexically_normal();
  fs::path there = whole;
  int missing = 0;
  for (; there.has_relative_path() && fs::symlink_status(there, unknown).type() == fs::file_type::not_found; ++missing)
    there = there.parent_path();
  constexpr int file_and_folder = 2;
  if (!there.has_relative_path() || missing > file_and_folder) return false;
  // What it leads to may be on that disk.
  if (fs::status(there, unknown).type() == fs::file_type::not_found) return false;
  if (lacks_mount(whole, mount_table)) return false;
  if (!fs::is_directory(there, unknown)) return !unknown;
  const fs::directory_iterator first(there, unknown);
  return !unknown && first != fs::directory_iterator();
}

}  // namespace belay
