#include "data/workroom.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <tuple>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "data/names.h"
#include "data/tree.h"

namespace belay::data {

namespace {

constexpr const char* content_entry = "content";
constexpr const char* other_entry = "other";

// A file or folder that keeps its time while it is renamed: XFS counts a change of a folder's parent as one of the
// folder. What was unpacked or copied has its own time.
class KeptTime {
 public:
  explicit KeptTime(const Spot& spot) : file_(spot.open(O_RDONLY)) {
    struct stat status{};
    if (file_ && ::fstat(file_.raw(), &status) == 0) modified_ = status.st_mtim;
  }
  void restore() const {
    struct stat status{};
    if (!modified_ || ::fstat(file_.raw(), &status) != 0) return;
    if (status.st_mtim.tv_sec == modified_->tv_sec && status.st_mtim.tv_nsec == modified_->tv_nsec) return;
    const timespec times[2]{{0, UTIME_OMIT}, *modified_};
    std::ignore = ::futimens(file_.raw(), times);
  }

 private:
  Fd file_;
  std::optional<timespec> modified_;
};

}  // namespace

void exchange_names(const Spot& a, const Spot& b) {
  const KeptTime time_of_a(a), time_of_b(b);
  if (::renameat2(a.folder.raw(), a.name.c_str(), b.folder.raw(), b.name.c_str(), RENAME_EXCHANGE) == 0) {
    time_of_a.restore();
    time_of_b.restore();
    return;
  }
  const int error = errno;
  if (error == EBUSY || error == EXDEV)
    throw Error(ErrorCode::mount_in_the_way,
                format("{} is a mount point of its own: what it holds cannot be exchanged", printable(a.path.string())),
                "Bind a folder below the mount point instead.");
  if (error == EINVAL || error == ENOSYS || error == EOPNOTSUPP)
    throw Error(
        ErrorCode::data_not_exchanged,
        format("the file system of {} cannot exchange two names in one step", printable(b.path.parent_path().string())),
        "Restores and snapshots need one that can: ext4, xfs, btrfs, tmpfs.");
  throw system_error(format("exchanging {} and {}", a.path.string(), b.path.string()), error);
}

Workroom::Workroom(Spot spot) : spot_(std::move(spot)) {
  const std::string shown = printable(spot_.path.string());
  remove_tree(spot_);
  if (::mkdirat(spot_.folder.raw(), spot_.name.c_str(), 0700) != 0)
    throw system_error(format("making {}", shown), errno);
  room_ = spot_.open(O_RDONLY | O_DIRECTORY);
  struct stat status{};
  if (!room_ || ::fstat(room_.raw(), &status) != 0) throw system_error(format("opening {}", shown), errno);
  // What was made a moment ago, and not what somebody has put in its place.
  if (status.st_uid != ::geteuid() || Names(room_.raw()).next() != nullptr)
    throw Error(ErrorCode::data_not_exchanged, format("somebody else has put something in the place of {}", shown));
  // The folder above may hand its own rights down to all that is made in it.
  for (const char* list : {"system.posix_acl_access", "system.posix_acl_default"})
    std::ignore = ::fremovexattr(room_.raw(), list);
  if (::fchmod(room_.raw(), 0700) != 0) throw system_error(format("making {}", shown), errno);
  Fd folder(::fcntl(room_.raw(), F_DUPFD_CLOEXEC, 0));
  if (!folder) throw system_error(format("opening {}", shown), errno);
  content_ = {std::move(folder), content_entry, format("/proc/self/fd/{}/{}", room_.raw(), content_entry)};
}

void Workroom::try_exchange() const {
  for (const char* name : {content_entry, other_entry})
    if (::mkdirat(room_.raw(), name, 0700) != 0)
      throw system_error(format("making a folder in {}", printable(spot_.path.string())), errno);
  Fd folder(::fcntl(room_.raw(), F_DUPFD_CLOEXEC, 0));
  if (!folder) throw system_error("opening a folder again", errno);
  exchange_names(content_, {std::move(folder), other_entry, spot_.path / other_entry});
  for (const char* name : {content_entry, other_entry})
    if (::unlinkat(room_.raw(), name, AT_REMOVEDIR) != 0)
      throw system_error(format("removing a folder in {}", printable(spot_.path.string())), errno);
}

void Workroom::make_content() const {
  if (::mkdirat(room_.raw(), content_entry, 0700) != 0)
    throw system_error(format("making a folder in {}", printable(spot_.path.string())), errno);
}

fs::path Workroom::sibling(const std::string& name) const {
  return format("/proc/self/fd/{}/{}", spot_.folder.raw(), name);
}

void Workroom::sync() const {
  if (::syncfs(room_.raw()) != 0)
    throw system_error(format("writing {} to the disk", printable(spot_.path.string())), errno);
}

void Workroom::move_content_to(const Spot& spot) const {
  const KeptTime time(content_);
  const char* name = spot.name.c_str();
  int moved = ::renameat2(room_.raw(), content_entry, spot.folder.raw(), name, RENAME_NOREPLACE);
  // Not every file system knows that word.
  if (moved != 0 && errno == EINVAL && !spot.status())
    moved = ::renameat(room_.raw(), content_entry, spot.folder.raw(), name);
  if (moved != 0) throw system_error(format("putting {} in its place", printable(spot.path.string())), errno);
  time.restore();
}

void Workroom::remove() const {
  // What is in it by the descriptor, then the name of an empty folder: so nothing else is ever emptied.
  Names names(room_.raw());
  while (const std::string* name = names.next()) {
    Fd folder(::fcntl(room_.raw(), F_DUPFD_CLOEXEC, 0));
    if (!folder) throw system_error("opening a folder again", errno);
    remove_tree({std::move(folder), *name, spot_.path / *name});
  }
  if (::unlinkat(spot_.folder.raw(), spot_.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
    throw system_error(format("removing {}", printable(spot_.path.string())), errno);
}

}  // namespace belay::data
