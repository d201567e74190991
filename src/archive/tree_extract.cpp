#include <algorithm>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <optional>
#include <set>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/attributes.h"
#include "archive/content_digest.h"
#include "archive/entry_path.h"
#include "archive/folder_chain.h"
#include "archive/tar_format.h"
#include "archive/tar_reader.h"
#include "archive/tree.h"
#include "base/bytes.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {

using Path = std::vector<std::string>;

bool is_device(TarEntry::Kind kind) {
  return kind == TarEntry::Kind::character_device || kind == TarEntry::Kind::block_device;
}

// What a file takes in the tar and on the disk.
std::int64_t stored_size(const TarEntry& entry) {
  if (!entry.sparse) return entry.size;
  std::int64_t size = 0;
  for (const Extent& extent : entry.data) size += extent.length;
  return size;
}

// Keeps count of what a tar brings, and ends it where that is too much.
class Toll {
 public:
  explicit Toll(const ExtractLimits& limits) : limits_(limits) {}

  void pass(const TarEntry& entry) {
    if (++totals_.entries > limits_.entries)
      throw Error(ErrorCode::too_large, format("the tar holds more than {} entries", limits_.entries));
    if (entry.kind != TarEntry::Kind::file) return;
    ++totals_.files;
    if (entry.size > limits_.content - totals_.bytes || stored_size(entry) > limits_.bytes - stored_)
      throw Error(ErrorCode::too_large, format("the tar holds more than it should: {} of {} passes the limit",
                                               printable(entry.name), byte_text({entry.size})));
    totals_.bytes += entry.size;
    stored_ += stored_size(entry);
  }
  const TreeTotals& totals() const { return totals_; }

 private:
  const ExtractLimits& limits_;
  TreeTotals totals_;
  std::int64_t stored_ = 0;
};

// Keeps some space free on a file system.
class FreeSpace {
 public:
  FreeSpace(int folder, std::int64_t reserve) : folder_(folder), reserve_(reserve) {}

  // Called before so many bytes are written. Asks the system only once in a while.
  void need(std::int64_t bytes, const std::string& name) {
    constexpr std::int64_t unasked = 32 << 20;
    if (bytes < unasked - since_) {
      since_ += bytes;
      return;
    }
    since_ = 0;
    struct statvfs status{};
    if (::fstatvfs(folder_, &status) != 0) return;
    const auto free = static_cast<std::int64_t>(status.f_bavail * status.f_frsize);
    if (bytes > free - reserve_)
      throw Error(ErrorCode::no_space,
                  format("unpacking {}: no space left on the device: it takes {}, {} are free and {} of them are kept",
                         printable(name), byte_text({bytes}), byte_text({free}), byte_text({reserve_})),
                  "Free some disk space (belay cleanup NAME, docker system df) and run the command again.");
  }

 private:
  const int folder_;
  const std::int64_t reserve_;
  std::int64_t since_ = 0;
};

void check_is_empty(const Fd& folder, const fs::path& path) {
  Fd again(::openat(folder.raw(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!again) throw system_error(format("opening {}", printable(path.string())), errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::fdopendir(again.raw()), ::closedir);
  if (!names) throw system_error(format("opening {}", printable(path.string())), errno);
  again.release();
  while (const dirent* found = ::readdir(names.get())) {
    const std::string name = found->d_name;
    // A file system of its own comes with the last of these.
    if (name == "." || name == ".." || name == "lost+found") continue;
    throw Conflict(format("{} is not empty: it holds {}", printable(path.string()), printable(name)));
  }
}

class TreeExtraction {
 public:
  TreeExtraction(const Source& tar, const fs::path& folder, const ExtractOptions& options, const TreeEvents& events,
                 std::stop_token stop);
  TreeTotals run();

 private:
  // A folder on the way to where we work. While it is open it is ours alone and without a default ACL, so that what is
  // made in it gets no other attributes than its own; leaving it gives it what it shall have in the end.
  struct Level {
    std::optional<TarEntry> entry{};  // told by the tar; otherwise …
    bool was_there = false;           // … it keeps what it had
    struct stat before{};
    std::optional<std::string> default_acl{};
  };

  void extract(const TarEntry& entry);
  // The way to an entry below the folder; nullopt: it is passed by, or on the way to the root.
  std::optional<Path> way_to(const std::string& name) const;
  void remove_double(const std::string& name, const TarEntry& entry);
  void make_folder_entry(const Path& path, const TarEntry& entry);
  void make_file(const std::string& name, const TarEntry& entry);
  void make_hard_link(const std::string& name, const TarEntry& entry);
  void make_other(const std::string& name, const TarEntry& entry);
  void write_content(const Fd& file, const TarEntry& entry);
  void write_at(const Fd& file, std::string_view bytes, std::int64_t offset, const TarEntry& entry);

  void go_to(const Path& folder, std::size_t length, const TarEntry& entry);
  void enter(const std::string& name, const TarEntry& entry);
  Level take_over(int folder, const TarEntry& entry) const;
  void leave();
  void restore_open_file(int file, const TarEntry& entry);
  void restore_in_place(const std::string& name, const TarEntry& entry);
  void restore_attributes(const FilePlace& place, const TarEntry& entry, bool acls);
  Fd folder_of_link(const Path& path, const TarEntry& entry) const;

  mode_t permissions(const TarEntry& entry) const {
    return options_.owners == Owners::keep ? entry.permissions : entry.permissions & 01777;
  }
  [[noreturn]] void fail(const TarEntry& entry, int error_number) const {
    if (error_number == EEXIST)
      throw Error(ErrorCode::bad_archive, format("the tar holds two entries of one name: {}", printable(entry.name)));
    throw system_error(format("unpacking {}", printable(entry.name)), error_number);
  }
  void check(int result, const TarEntry& entry) const {
    if (result != 0) fail(entry, errno);
  }
  void warn(const std::string& text) const {
    if (events_.warning) events_.warning(text);
  }

  const ExtractOptions& options_;
  const TreeEvents& events_;
  const std::stop_token stop_;
  TarReader tar_;
  Fd root_;
  FolderChain chain_;
  std::vector<Level> levels_;  // the root's, then one for each step of the chain
  WantedPaths wanted_;
  const Path below_;
  std::vector<Path> without_;
  Toll toll_;
  FreeSpace space_;
  ContentDigest digest_;
  std::set<std::string> refused_;  // attributes that were warned of
};

Fd open_root(const fs::path& folder) {
  Fd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) throw system_error(format("opening {}", printable(folder.string())), errno);
  return root;
}

Fd copy_of(const Fd& fd) {
  Fd copy(::fcntl(fd.raw(), F_DUPFD_CLOEXEC, 0));
  if (!copy) throw system_error("opening the folder again", errno);
  return copy;
}

TreeExtraction::TreeExtraction(const Source& tar, const fs::path& folder, const ExtractOptions& options,
                               const TreeEvents& events, std::stop_token stop)
    : options_(options),
      events_(events),
      stop_(std::move(stop)),
      tar_(tar, events.warning),
      root_(open_root(folder)),
      chain_(copy_of(root_)),
      wanted_(options.only),
      below_(entry_path(options.below)),
      toll_(options.limits),
      space_(root_.raw(), options.limits.free_space),
      digest_(events, stop_) {
  for (const std::string& path : options.without) without_.push_back(entry_path(path));
  check_is_empty(root_, folder);
}

TreeTotals TreeExtraction::run() {
  TarEntry entry;
  entry.name = "./";
  levels_.push_back(take_over(root_.raw(), entry));
  while (tar_.next(entry)) {
    if (stop_.stop_requested()) throw Cancelled();
    extract(entry);
  }
  while (!levels_.empty()) leave();
  wanted_.check_all_found();
  return toll_.totals();
}

std::optional<Path> TreeExtraction::way_to(const std::string& name) const {
  Path path = entry_path(name, options_.limits.absolute_names);
  if (!begins_with(path, below_)) return {};
  for (const Path& other : without_)
    if (begins_with(path, other)) return {};
  path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(below_.size()));
  return path;
}

void TreeExtraction::extract(const TarEntry& entry) {
  const auto way = way_to(entry.name);
  if (!way) return;
  const Path& path = *way;
  if (!wanted_.wants(path, entry.kind)) return;
  toll_.pass(entry);
  if (events_.entry) events_.entry(entry);
  if (is_device(entry.kind) && !options_.devices)
    throw Error(ErrorCode::bad_archive, format("the tar holds a device: {}", printable(entry.name)));
  if (entry.kind == TarEntry::Kind::folder) return make_folder_entry(path, entry);
  if (path.empty())
    throw Error(ErrorCode::bad_archive,
                format("the tar holds something that is not a folder in the place of the folder itself: {}",
                       printable(entry.name)));
  go_to(path, path.size() - 1, entry);
  const std::string& name = path.back();
  // The first name of a file with several is a link to itself the second time.
  if (options_.doubles && entry.kind == TarEntry::Kind::hard_link && way_to(entry.target) == path) return;
  if (options_.doubles) remove_double(name, entry);
  switch (entry.kind) {
    case TarEntry::Kind::file:
      return make_file(name, entry);
    case TarEntry::Kind::hard_link:
      return make_hard_link(name, entry);
    default:
      return make_other(name, entry);
  }
}

void TreeExtraction::remove_double(const std::string& name, const TarEntry& entry) {
  // A folder is not removed: that would take what is in it as well.
  if (::unlinkat(chain_.raw(), name.c_str(), 0) != 0 && errno != ENOENT && errno != EISDIR && errno != EPERM)
    fail(entry, errno);
}

void TreeExtraction::make_folder_entry(const Path& path, const TarEntry& entry) {
  go_to(path, path.size(), entry);
  levels_.back().entry = entry;
}

// Makes the first `length` names of `path` the open folders; those that are missing come into being.
void TreeExtraction::go_to(const Path& path, std::size_t length, const TarEntry& entry) {
  std::size_t common = 0;
  while (common < std::min(length, chain_.depth()) && chain_.name(common) == path[common]) ++common;
  while (chain_.depth() > common) leave();
  for (; common < length; ++common) enter(path[common], entry);
}

void TreeExtraction::enter(const std::string& name, const TarEntry& entry) {
  const bool made = ::mkdirat(chain_.raw(), name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) fail(entry, errno);
  Fd folder = open_folder_at(chain_.raw(), name);
  if (!folder && (errno == ELOOP || errno == ENOTDIR))
    throw Error(ErrorCode::bad_archive,
                format("the tar holds {}, but {} is not a folder in it", printable(entry.name), printable(name)));
  if (!folder) fail(entry, errno);
  Level level = made ? Level{} : take_over(folder.raw(), entry);
  chain_.enter(name, std::move(folder));
  levels_.push_back(std::move(level));
}

// Of a folder that was there already: notes what it has, and makes it ours for a while.
TreeExtraction::Level TreeExtraction::take_over(int folder, const TarEntry& entry) const {
  Level level;
  level.was_there = true;
  check(::fstat(folder, &level.before), entry);
  const std::string acl_name(tar::default_acl);
  std::string value(64 << 10, '\0');
  if (const ssize_t size = ::fgetxattr(folder, acl_name.c_str(), value.data(), value.size()); size > 0) {
    level.default_acl = value.substr(0, static_cast<std::size_t>(size));
    check(::fremovexattr(folder, acl_name.c_str()), entry);
  }
  if ((level.before.st_mode & 0700) != 0700 && ::geteuid() != 0)
    check(::fchmod(folder, (level.before.st_mode & 07777) | 0700), entry);
  return level;
}

void TreeExtraction::leave() {
  const int folder = chain_.raw();
  const Level& level = levels_.back();
  if (level.entry) {
    restore_open_file(folder, *level.entry);
  } else {
    TarEntry entry;
    entry.name = chain_.depth() == 0 ? "./" : chain_.name(chain_.depth() - 1);
    if (level.default_acl) set_attribute({folder, -1, nullptr}, std::string(tar::default_acl), *level.default_acl);
    // A folder that the tar only implies gets what mkdir would give it.
    check(::fchmod(folder, level.was_there ? level.before.st_mode & 07777 : 0755), entry);
    const timespec times[2] = {level.before.st_atim, level.before.st_mtim};
    if (level.was_there) check(::futimens(folder, times), entry);
  }
  levels_.pop_back();
  if (chain_.depth() > 0) chain_.leave();
}

void TreeExtraction::make_file(const std::string& name, const TarEntry& entry) {
  const std::int64_t stored = stored_size(entry);
  space_.need(stored, entry.name);
  const Fd file(::openat(chain_.raw(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) fail(entry, errno);
  write_content(file, entry);
  restore_open_file(file.raw(), entry);
  digest_.finish();
}

void TreeExtraction::write_content(const Fd& file, const TarEntry& entry) {
  digest_.begin(entry);
  std::size_t extent = 0;
  std::int64_t at = entry.data.empty() ? 0 : entry.data.front().offset;
  for (std::string_view bytes = tar_.content(); !bytes.empty(); bytes = tar_.content()) {
    if (stop_.stop_requested()) throw Cancelled();
    digest_.add(bytes);
    while (!bytes.empty()) {
      std::string_view piece = bytes;
      if (entry.sparse) {
        const Extent& place = entry.data[extent];
        piece = bytes.substr(0, static_cast<std::size_t>(std::min(place.offset + place.length - at,
                                                                  static_cast<std::int64_t>(bytes.size()))));
      }
      write_at(file, piece, at, entry);
      bytes.remove_prefix(piece.size());
      at += static_cast<std::int64_t>(piece.size());
      const bool piece_done = entry.sparse && at == entry.data[extent].offset + entry.data[extent].length;
      if (piece_done && ++extent < entry.data.size()) at = entry.data[extent].offset;
    }
  }
  if (entry.sparse) check(::ftruncate(file.raw(), entry.size), entry);
}

void TreeExtraction::write_at(const Fd& file, std::string_view bytes, std::int64_t offset, const TarEntry& entry) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(file.raw(), bytes.data(), bytes.size(), offset);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(entry, errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += count;
  }
}

// To what this tar brought before, and nothing else: the way there is gone as any other, through no link.
void TreeExtraction::make_hard_link(const std::string& name, const TarEntry& entry) {
  const Path target = way_to(entry.target).value_or(Path());
  const Fd folder = target.empty() ? Fd() : folder_of_link(target, entry);
  const bool made = folder && ::linkat(folder.raw(), target.back().c_str(), chain_.raw(), name.c_str(), 0) == 0;
  if (made) return;
  if (folder && errno != ENOENT && errno != EPERM) fail(entry, errno);
  throw Error(ErrorCode::bad_archive,
              format("the tar holds {} as a further name of {}, but brought no such file before", printable(entry.name),
                     printable(entry.target)),
              options_.only.empty() ? "" : "Restore that one as well.");
}

// Empty where the tar made no such folder.
Fd TreeExtraction::folder_of_link(const Path& path, const TarEntry& entry) const {
  Fd folder = copy_of(root_);
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    folder = open_folder_at(folder.raw(), path[i]);
    if (!folder && errno != ENOENT && errno != ELOOP && errno != ENOTDIR) fail(entry, errno);
    if (!folder) break;
  }
  return folder;
}

void TreeExtraction::make_other(const std::string& name, const TarEntry& entry) {
  if (entry.kind == TarEntry::Kind::symlink) {
    check(::symlinkat(entry.target.c_str(), chain_.raw(), name.c_str()), entry);
  } else {
    const mode_t kind = entry.kind == TarEntry::Kind::fifo               ? S_IFIFO
                        : entry.kind == TarEntry::Kind::character_device ? S_IFCHR
                                                                         : S_IFBLK;
    check(::mknodat(chain_.raw(), name.c_str(), kind | 0600, is_device(entry.kind) ? entry.device : 0), entry);
  }
  restore_in_place(name, entry);
}

// The order matters: a change of the owner drops the setuid bit and capabilities, a change of the mode cuts an ACL, and
// attributes of a file that became read-only can only be set by root.
void TreeExtraction::restore_open_file(int file, const TarEntry& entry) {
  const FilePlace place{file, -1, nullptr};
  if (options_.owners == Owners::keep) check(::fchown(file, entry.user, entry.group), entry);
  restore_attributes(place, entry, false);
  check(::fchmod(file, permissions(entry)), entry);
  restore_attributes(place, entry, true);
  const timespec times[2] = {{0, UTIME_OMIT}, entry.modified};
  check(::futimens(file, times), entry);
}

void TreeExtraction::restore_in_place(const std::string& name, const TarEntry& entry) {
  const int folder = chain_.raw();
  const FilePlace place{-1, folder, &name};
  if (options_.owners == Owners::keep)
    check(::fchownat(folder, name.c_str(), entry.user, entry.group, AT_SYMLINK_NOFOLLOW), entry);
  restore_attributes(place, entry, false);
  if (entry.kind != TarEntry::Kind::symlink)
    check(::fchmodat(folder, name.c_str(), permissions(entry), AT_SYMLINK_NOFOLLOW), entry);
  restore_attributes(place, entry, true);
  const timespec times[2] = {{0, UTIME_OMIT}, entry.modified};
  check(::utimensat(folder, name.c_str(), times, AT_SYMLINK_NOFOLLOW), entry);
}

void TreeExtraction::restore_attributes(const FilePlace& place, const TarEntry& entry, bool acls) {
  for (const auto& [name, value] : entry.attributes) {
    const bool is_acl = name == tar::access_acl || name == tar::default_acl;
    if (is_acl != acls) continue;
    const int error_number = set_attribute(place, name, value);
    if (error_number == 0) continue;
    if (!attribute_refused(error_number))
      throw system_error(format("unpacking {}: setting its attribute {}", printable(entry.name), printable(name)),
                         error_number);
    // Once each: it is the same for a million files.
    constexpr std::size_t most_warnings = 100;
    if (refused_.size() < most_warnings && refused_.insert(name).second)
      warn(
          system_error(format("the attribute {} is left out here, first of {}", printable(name), printable(entry.name)),
                       error_number)
              .what());
  }
}

}  // namespace

TreeTotals extract_tree(const Source& tar, const fs::path& folder, const ExtractOptions& options,
                        const TreeEvents& events, std::stop_token stop) {
  return TreeExtraction(tar, folder, options, events, std::move(stop)).run();
}

TreeTotals list_tree(const Source& tar, const ExtractLimits& limits, const TreeEvents& events, std::stop_token stop) {
  TarReader reader(tar, events.warning);
  Toll toll(limits);
  ContentDigest digest(events, stop);
  TarEntry entry;
  while (reader.next(entry)) {
    if (stop.stop_requested()) throw Cancelled();
    entry_path(entry.name, limits.absolute_names);
    if (entry.kind == TarEntry::Kind::hard_link) entry_path(entry.target, limits.absolute_names);
    toll.pass(entry);
    if (events.entry) events.entry(entry);
    if (entry.kind != TarEntry::Kind::file) continue;
    digest.begin(entry);
    for (std::string_view bytes = reader.content(); !bytes.empty(); bytes = reader.content()) {
      if (stop.stop_requested()) throw Cancelled();
      digest.add(bytes);
    }
    digest.finish();
  }
  return toll.totals();
}

void pass_tree(const Source& tar, const Sink& sink, const TreeEvents& events, std::stop_token stop) {
  const Source passed = [&](std::span<char> room) {
    const std::size_t got = tar(room);
    sink({room.data(), got});
    return got;
  };
  list_tree(passed, {}, events, std::move(stop));
  // Behind the end of a tar there may be more zeros.
  std::vector<char> rest(64 << 10);
  while (passed(rest) > 0) {
  }
}

}  // namespace belay::archive
