#include "base/replace_file.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"

namespace belay {

namespace {

void write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(format("writing {}", path.string()), errno);
    content.remove_prefix(static_cast<size_t>(count));
  }
}

// Before its rights are set: a change of the owner takes some of them away.
void give_to(const FileOwner& owner, int fd, const fs::path& path) {
  struct stat now{};
  if (::fstat(fd, &now) != 0) throw system_error(format("writing {}", path.string()), errno);
  if (now.st_uid == owner.user && now.st_gid == owner.group) return;
  if (::fchown(fd, owner.user, owner.group) == 0) return;
  if (::geteuid() == 0) throw system_error(format("leaving {} to its owner", path.string()), errno);
  // Its group, where that is one of the user's own.
  std::ignore = ::fchown(fd, static_cast<uid_t>(-1), owner.group);
}

}  // namespace

std::optional<FileRights> file_rights(const fs::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0)
    return FileRights{static_cast<int>(status.st_mode & 07777), FileOwner{status.st_uid, status.st_gid}};
  if (errno == ENOENT || errno == ENOTDIR) return {};
  throw system_error(format("looking at {}", path.string()), errno);
}

void replace_file(const fs::path& path, std::string_view content, const FileRights& rights) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::string temporary = (folder / ("." + path.filename().string() + ".XXXXXX")).string();
  Fd file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file) throw system_error(format("writing {}", path.string()), errno);
  try {
    write_all(file.raw(), content, path);
    if (rights.owner) give_to(*rights.owner, file.raw(), path);
    if (::fchmod(file.raw(), static_cast<mode_t>(rights.mode)) != 0 || ::fsync(file.raw()) != 0 ||
        ::rename(temporary.c_str(), path.c_str()) != 0)
      throw system_error(format("writing {}", path.string()), errno);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  const Fd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!directory || ::fsync(directory.raw()) != 0) throw system_error(format("writing {}", path.string()), errno);
}

}  // namespace belay
