#include "state/folder.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

#include "base/errors.h"
#include "base/fd.h"
#include "base/format.h"
#include "state/store.h"

namespace belay::state {

namespace {

// The group that shares root's state; nullopt for everybody else's.
std::optional<gid_t> sharing_group() {
  if (::geteuid() != 0) return {};
  // Apps are dealt with in several threads: not getgrnam, whose answer they would share. A group may have many members.
  std::vector<char> room(1 << 10);
  for (;;) {
    group entry{};
    group* docker = nullptr;
    const int error = ::getgrnam_r("docker", &entry, room.data(), room.size(), &docker);
    if (docker != nullptr) return docker->gr_gid;
    if (error != ERANGE || room.size() > (1 << 20)) return {};
    room.resize(room.size() * 4);
  }
}

fs::path variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_trusted(uid_t owner) {
  return owner == 0 || owner == ::geteuid();
}

[[noreturn]] void refuse(const fs::path& path, std::string_view what, uid_t owner) {
  throw Error(ErrorCode::state_unsafe,
              format("{} is {} belongs to the user {}, and not to you or root", path.string(), what, owner),
              "Whoever owns it can change what Belay does. Name another folder with --state-dir or BELAY_STATE_DIR, or "
              "make it yours with chown.");
}

struct stat status_of(const fs::path& path, int flags) {
  struct stat status{};
  if (::fstatat(AT_FDCWD, path.c_str(), &status, flags) != 0) {
    Error error = system_error(format("looking at {}", path.string()), errno);
    error.offer_hint("Name a folder that you may read with --state-dir or BELAY_STATE_DIR.");
    throw error;
  }
  return status;
}

template <class Work>
void doing_on_disk(const fs::path& folder, Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    Unwritable refused(format("making the folder {}: {}", folder.string(), error.what()), error.hint());
    refused.offer_hint("Name another folder with --state-dir or BELAY_STATE_DIR.");
    throw refused;
  }
}

// Whether what is made in the folder is its group's too: somebody has set that up there.
bool hands_its_group_on(const fs::path& folder) {
  return (status_of(folder, 0).st_mode & S_ISGID) != 0;
}

// chmod, because the umask has its say in mkdir. The set-group-id bit hands the group on to what is made inside. Nobody
// else's primary group has any rights: whole companies may be in it.
void give_to_group(const fs::path& folder) {
  const auto shared_with = sharing_group();
  const bool is_shared = shared_with || hands_its_group_on(folder.parent_path());
  if ((shared_with && ::chown(folder.c_str(), static_cast<uid_t>(-1), *shared_with) != 0) ||
      ::chmod(folder.c_str(), is_shared ? 02770 : 0700) != 0)
    throw system_error(format("setting the mode of {}", folder.string()), errno);
}

// What an earlier Belay opened to the user's primary group. Nobody has set a group up there: without the set-group-id
// bit its members' files would not be the group's. Of a file: `is_shared`, whether its folder hands its group on.
void close_to_group(const fs::path& path, const struct stat& status, bool is_shared) {
  const auto shared_with = sharing_group();
  const bool is_meant = is_shared || status.st_gid == 0 || (shared_with && status.st_gid == *shared_with);
  if (is_meant || status.st_uid != ::geteuid() || (status.st_mode & S_IWGRP) == 0) return;
  if (::chmod(path.c_str(), status.st_mode & 0700) != 0)
    throw system_error(format("setting the mode of {}", path.string()), errno);
}

// Only those who may write to the folder above can have made it there.
bool is_of_group_above(const fs::path& path, const struct stat& status) {
  const struct stat above = status_of(path.parent_path(), 0);
  return status.st_gid == above.st_gid && (above.st_mode & S_ISGID) != 0 && (above.st_mode & S_IWOTH) == 0;
}

void make_missing_folder(const fs::path& folder) {
  std::error_code unknown;
  if (fs::symlink_status(folder, unknown).type() != fs::file_type::not_found) return;
  doing_on_disk(folder, [&] { make_folder(folder.parent_path()); });
  if (::mkdir(folder.c_str(), 0700) == 0) {
    give_to_group(folder);
  } else if (errno != EEXIST) {  // else another process was faster
    throw unwritable(format("making the folder {}", folder.string()), errno);
  }
}

}  // namespace

std::string remedy_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "Free some space there; docker system df shows what images and containers take.";
    case EROFS:
      return "Its file system is mounted read-only; after an error of the disk the system does that itself, and dmesg "
             "tells of it. Make it writable again: mount -o remount,rw FOLDER. A container can be stopped all the "
             "same: "
             "belay as jockler stop -f CONTAINER";
    case EIO:
      return "That is an error of the disk or of its file system: dmesg tells more. What Belay only reads it still "
             "shows, and a container can be stopped: belay as jockler stop -f CONTAINER";
    default:
      return "Run the command as the user who owns the state or as a member of its group, or name another folder with "
             "--state-dir or BELAY_STATE_DIR. A container can be stopped all the same: belay as jockler stop -f "
             "CONTAINER";
  }
}

Unwritable unwritable(const std::string& what, int error) {
  return Unwritable(format("{}: {}", what, std::generic_category().message(error)), remedy_for(error));
}

void check_private_folder(const fs::path& folder) {
  struct stat link = status_of(folder, AT_SYMLINK_NOFOLLOW), status = status_of(folder, 0);
  if (S_ISLNK(link.st_mode) && !is_trusted(link.st_uid)) refuse(folder, "a link that", link.st_uid);
  if (!S_ISDIR(status.st_mode))
    throw Error(ErrorCode::state_unsafe, format("the state cannot be in {}: that is not a folder", folder.string()));
  if (!is_trusted(status.st_uid)) refuse(folder, "a folder that", status.st_uid);
  if ((status.st_mode & S_IWOTH) != 0)
    throw Error(ErrorCode::state_unsafe,
                format("the state cannot be in {}: anybody can write to that folder", folder.string()),
                format("Remove that right (chmod o-w {}), or name another folder with --state-dir.", folder.string()));
  // As who owns what nobody here does, where only some of the machine's users are known (a user namespace).
  constexpr uid_t unknown_user = 65534;
  const fs::path absolute = plain_absolute(folder);
  std::error_code unknown;
  for (const fs::path& start : {absolute, fs::canonical(absolute, unknown)})
    for (fs::path above = start.parent_path(); !above.empty(); above = above.parent_path()) {
      const struct stat parent = status_of(above, 0);
      if ((parent.st_mode & S_IWOTH) != 0 && (parent.st_mode & S_ISVTX) == 0)
        throw Error(ErrorCode::state_unsafe,
                    format("the state cannot be in {}: anybody can replace it, since anybody can write to {}",
                           folder.string(), above.string()),
                    "Name another folder with --state-dir or BELAY_STATE_DIR.");
      if (!is_trusted(parent.st_uid) && parent.st_uid != unknown_user)
        throw Error(ErrorCode::state_unsafe,
                    format("the state cannot be in {}: the user {} can replace it, who owns {}", folder.string(),
                           parent.st_uid, above.string()),
                    "Name another folder with --state-dir or BELAY_STATE_DIR.");
      if (above == above.parent_path()) break;
    }
}

void make_private_folder(const fs::path& folder) {
  make_missing_folder(folder);
  check_private_folder(folder);
  const struct stat status = status_of(folder, 0);
  close_to_group(folder, status, (status.st_mode & S_ISGID) != 0);
}

void make_shared_folder(const fs::path& folder) {
  make_missing_folder(folder);
  const struct stat status = status_of(folder, AT_SYMLINK_NOFOLLOW);
  if (is_trusted(status.st_uid) || !S_ISDIR(status.st_mode) || !is_of_group_above(folder, status))
    check_private_folder(folder);
}

void check_private_file(const fs::path& file) {
  const struct stat status = status_of(file, AT_SYMLINK_NOFOLLOW);
  if (S_ISLNK(status.st_mode)) refuse(file, "a link that", status.st_uid);
  if (!S_ISREG(status.st_mode))
    throw Error(ErrorCode::state_unsafe, format("{} is not a regular file", file.string()), "Move it away.");
  // Members of the group that shares the folder make files in it too.
  if (!is_trusted(status.st_uid) && !is_of_group_above(file, status)) refuse(file, "a file that", status.st_uid);
  if ((status.st_mode & S_IWOTH) != 0)
    throw Error(ErrorCode::state_unsafe, format("anybody can write to {}", file.string()),
                format("Check what it holds, then remove that right: chmod o-w {}", file.string()));
}

void make_private_file(const fs::path& file) {
  const Fd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made && errno != EEXIST) throw unwritable(format("making {}", file.string()), errno);
  const bool is_shared = hands_its_group_on(file.parent_path());
  if (!made) {
    check_private_file(file);
    close_to_group(file, status_of(file, AT_SYMLINK_NOFOLLOW), is_shared);
    return;
  }
  const auto shared_with = sharing_group();
  if ((shared_with && ::fchown(made.raw(), static_cast<uid_t>(-1), *shared_with) != 0) ||
      ::fchmod(made.raw(), shared_with || is_shared ? 0660 : 0600) != 0)
    throw system_error(format("setting the mode of {}", file.string()), errno);
}

fs::path usual_folder(bool is_root, const fs::path& shared) {
  // One state for all who may command the engine: what one of them marks for autostart, root's unit starts.
  std::error_code unknown;
  if (is_root || (fs::is_directory(shared, unknown) && ::access(shared.c_str(), R_OK | W_OK | X_OK) == 0))
    return shared;
  // The rule of XDG: a relative path counts as none.
  if (const fs::path home = variable("XDG_STATE_HOME"); home.is_absolute()) return home / "belay";
  return home_folder() / ".local/state/belay";
}

fs::path state_folder() {
  if (const fs::path chosen = variable("BELAY_STATE_DIR"); !chosen.empty()) return fs::absolute(chosen);
  return usual_folder(::geteuid() == 0, "/var/lib/belay");
}

fs::path lock_path(const fs::path& state_folder, const AppName& app) {
  return state_folder / "locks" / app.text();
}

fs::path lock_file(const fs::path& state_folder, const AppName& app) {
  make_private_folder(state_folder);
  make_shared_folder(state_folder / "locks");
  fs::path file = lock_path(state_folder, app);
  make_private_file(file);
  if (::access(file.c_str(), W_OK) != 0) throw unwritable(format("opening {}", file.string()), errno);
  return file;
}

fs::path serve_lock_file(const fs::path& state_folder) {
  make_private_folder(state_folder);
  fs::path file = state_folder / "serve";
  make_private_file(file);
  return file;
}

}  // namespace belay::state
