#include "base/files.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "base/replace_file.h"

namespace belay {

std::optional<std::string> read_file_if_present(const fs::path& path, ByteCount limit) {
  // O_NONBLOCK: a fifo in the file's place is refused below instead of blocking here.
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) {
    if (errno == ENOENT || errno == ENOTDIR) return {};
    throw system_error(format("reading {}", path.string()), errno);
  }
  struct stat status{};
  if (::fstat(file.raw(), &status) != 0) throw system_error(format("reading {}", path.string()), errno);
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::file_not_found, format("reading {}: it is not a regular file", path.string()));
  if (status.st_size > limit.value)
    throw Error(ErrorCode::too_large, format("reading {}: it has {}, more than the {} that are plausible here",
                                             path.string(), byte_text({status.st_size}), byte_text(limit)));
  std::string content;
  char buffer[16384];
  for (;;) {
    const ssize_t count = ::read(file.raw(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error(format("reading {}", path.string()), errno);
    if (count == 0) return content;
    content.append(buffer, static_cast<size_t>(count));
    if (static_cast<std::int64_t>(content.size()) > limit.value)
      throw Error(ErrorCode::too_large, format("reading {}: it grows past {}", path.string(), byte_text(limit)));
  }
}

std::string read_file(const fs::path& path, ByteCount limit) {
  auto content = read_file_if_present(path, limit);
  if (!content) throw NotFound(ErrorCode::file_not_found, format("{} does not exist", path.string()));
  return std::move(*content);
}

void write_file_durably(const fs::path& path, std::string_view content, int mode) {
  replace_file(path, content, {mode});
}

void make_folder(const fs::path& path, int mode) {
  std::error_code unreadable;
  if (path.empty() || fs::is_directory(path, unreadable)) return;
  make_folder(path.parent_path(), mode);
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) return;
  const int failure = errno;
  // Another may have made it meanwhile; but a file of that name is no folder.
  if (failure != EEXIST || !fs::is_directory(path, unreadable))
    throw system_error(format("making the folder {}", path.string()), failure);
}

fs::path plain_absolute(const fs::path& path) {
  fs::path plain = fs::absolute(path).lexically_normal();
  return plain.has_filename() || plain == plain.root_path() ? plain : plain.parent_path();
}

fs::path home_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  // Not getpwuid: threads would share its answer.
  std::vector<char> room(16 << 10);
  passwd entry{};
  passwd* user = nullptr;
  if (::getpwuid_r(::geteuid(), &entry, room.data(), room.size(), &user) == 0 && user != nullptr) return user->pw_dir;
  return "/";
}

TemporaryFolder::TemporaryFolder() {
  const char* base = std::getenv("TMPDIR");
  std::string pattern = fs::path(base != nullptr && *base != '\0' ? base : "/tmp") / "belay-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw system_error("making a temporary folder", errno);
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace belay
