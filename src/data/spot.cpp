#include "data/spot.h"

#include <cerrno>
#include <climits>
#include <deque>
#include <fcntl.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::data {

namespace {

constexpr int most_links = 40;  // as the kernel has it

bool is_trusted(uid_t owner) {
  return owner == 0 || owner == ::geteuid();
}

// Whether others could put another thing under a name in this folder.
bool is_open_to_others(const struct stat& folder) {
  if (!is_trusted(folder.st_uid)) return true;
  const bool by_group = (folder.st_mode & S_IWGRP) != 0 && folder.st_gid != 0;
  const bool writable = by_group || (folder.st_mode & S_IWOTH) != 0;
  return writable && (folder.st_mode & S_ISVTX) == 0;
}

std::deque<std::string> names_of(const fs::path& path) {
  std::deque<std::string> names;
  for (const auto& part : path)
    if (!part.empty() && part != "/" && part != ".") names.push_back(part.string());
  return names;
}

std::string target_of(int link, const fs::path& shown) {
  std::string target(PATH_MAX, '\0');
  const ssize_t length = ::readlinkat(link, "", target.data(), target.size());
  if (length < 0) throw system_error(format("reading the link {}", printable(shown.string())), errno);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

void check_link(int folder, const struct stat& link, const fs::path& shown, const std::string& target) {
  struct stat above{};
  if (::fstat(folder, &above) != 0) throw system_error(format("looking at {}", printable(shown.string())), errno);
  if (is_trusted(link.st_uid) && !is_open_to_others(above)) return;
  throw Error(ErrorCode::data_not_exchanged,
              format("{} is a symbolic link that others than root could have put there: bind what it leads to ({})",
                     printable(shown.string()), printable(target)));
}

Fd open_top() {
  Fd top(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) throw system_error("opening /", errno);
  return top;
}

Spot spot(const fs::path& path, bool make) {
  std::deque<std::string> names = names_of(path);
  if (!path.is_absolute() || names.empty() || names.back() == "..")
    throw Error(ErrorCode::data_not_exchanged, format("{} cannot hold data", printable(path.string())));
  Fd folder = open_top();
  fs::path above = "/";
  while (names.size() > 1) {
    const std::string name = std::move(names.front());
    names.pop_front();
    above /= name;
    const auto open = [&] {
      return Fd(::openat(folder.raw(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    };
    Fd next = open();
    if (!next && errno == ENOENT && make && ::mkdirat(folder.raw(), name.c_str(), 0755) == 0) next = open();
    if (!next && errno == ENOENT)
      throw NotFound(ErrorCode::file_not_found, format("{} is not there", printable(above.string())));
    // Somebody is exchanging names on the way.
    if (!next && (errno == ENOTDIR || errno == ELOOP))
      throw Error(ErrorCode::data_not_exchanged, format("{} is no longer a folder", printable(above.string())));
    if (!next) throw system_error(format("opening {}", printable(above.string())), errno);
    folder = std::move(next);
  }
  return {std::move(folder), names.front(), path};
}

}  // namespace

std::string content_name(const struct statx& status) {
  // The birth time tells a folder from one that had its number before and is gone. The device's number is left out: it
  // may be another after a reboot, and a place and its reserve are on one file system anyway.
  const auto& born = status.stx_btime;
  const bool has_birth = (status.stx_mask & STATX_BTIME) != 0;
  return format("{}-{}.{:09}", static_cast<unsigned long long>(status.stx_ino),
                has_birth ? static_cast<long long>(born.tv_sec) : 0, has_birth ? born.tv_nsec : 0);
}

std::optional<struct statx> Spot::status() const {
  struct statx status{};
  if (::statx(folder.raw(), name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, content_status, &status) != 0)
    return {};
  return status;
}

std::optional<std::string> Spot::content() const {
  const auto found = status();
  return found ? std::optional(content_name(*found)) : std::nullopt;
}

Fd Spot::open(int flags) const {
  return Fd(::openat(folder.raw(), name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
}

fs::path resolved(const fs::path& path) {
  std::deque<std::string> names = names_of(path);
  Fd folder = open_top();
  fs::path done = "/";
  int links = 0;
  while (!names.empty()) {
    const std::string name = std::move(names.front());
    names.pop_front();
    const fs::path shown = name == ".." ? done.parent_path() : done / name;
    // ".." of a folder that was opened without links is the folder above it.
    Fd next(::openat(folder.raw(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!next || ::fstat(next.raw(), &status) != 0) {
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
        throw system_error(format("looking at {}", printable(shown.string())), errno);
      fs::path rest = done / name;
      for (const auto& left : names) rest /= left;
      return rest.lexically_normal();
    }
    if (S_ISLNK(status.st_mode)) {
      const std::string target = target_of(next.raw(), shown);
      check_link(folder.raw(), status, shown, target);
      if (++links > most_links)
        throw Error(ErrorCode::data_not_exchanged, format("{} leads in a circle of links", printable(path.string())));
      auto further = names_of(target);
      names.insert(names.begin(), further.begin(), further.end());
      if (!target.starts_with('/')) continue;
      folder = open_top();
      done = "/";
      continue;
    }
    folder = std::move(next);
    done = shown;
  }
  return done;
}

Spot spot_of(const fs::path& path) {
  return spot(path, false);
}

Spot made_spot_of(const fs::path& path) {
  return spot(path, true);
}

}  // namespace belay::data
