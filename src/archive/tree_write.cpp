#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <map>
#include <memory>
#include <optional>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "archive/attributes.h"
#include "archive/content_digest.h"
#include "archive/folder_chain.h"
#include "archive/sparse.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {

constexpr std::size_t names_in_a_batch = 10'000;
constexpr std::size_t read_size = 1 << 20;

// The names of users and groups, asked for once each.
class OwnerNames {
 public:
  const std::string& user(uid_t id) {
    return known(users_, id, [&](std::vector<char>& room) -> std::string {
      passwd entry{}, *found = nullptr;
      return getpwuid_r(id, &entry, room.data(), room.size(), &found) == 0 && found != nullptr ? found->pw_name : "";
    });
  }
  const std::string& group(gid_t id) {
    return known(groups_, id, [&](std::vector<char>& room) -> std::string {
      ::group entry{}, *found = nullptr;
      return getgrgid_r(id, &entry, room.data(), room.size(), &found) == 0 && found != nullptr ? found->gr_name : "";
    });
  }

 private:
  using Names = std::map<id_t, std::string>;
  template <class Ask>
  const std::string& known(Names& names, id_t id, const Ask& ask) {
    constexpr std::size_t most = 10'000;
    if (names.size() > most) names.clear();
    const auto [found, is_new] = names.try_emplace(id);
    if (is_new) found->second = ask(room_);
    return found->second;
  }

  Names users_, groups_;
  std::vector<char> room_ = std::vector<char>(64 << 10);
};

// One folder on the way down, and which of its names are still to be sent.
struct Level {
  std::unique_ptr<DIR, int (*)(DIR*)> rest{nullptr, ::closedir};  // names not yet read; null: none
  std::vector<std::string> names;
  std::size_t next = 0;
};

class TreeWalk {
 public:
  TreeWalk(const NamedTree& tree, TarWriter& tar, const TreeEvents& events, std::stop_token stop,
           const std::vector<LeftOut>& left_out)
      : top_(tree.path),
        name_(tree.name),
        form_(tree.form),
        tar_(tar),
        events_(events),
        stop_(std::move(stop)),
        digest_(events, stop_),
        root_(tree.name + "/"),
        prefix_(root_) {
    struct stat status{};
    for (const auto& each : left_out)
      if (::stat(each.folder.c_str(), &status) == 0) left_out_[{status.st_dev, status.st_ino}] = each.why;
  }

  TreeTotals send();

 private:
  void send_folder_tree(Fd root);
  void send_names();
  void open_level();
  bool read_names(Level& level);
  void send_node(const std::string& name);
  void send_folder(const std::string& name, const struct statx& status);
  bool is_other_mount(const struct statx& status, const std::string& shown);
  void send_file(const std::string& name);
  bool send_as_hard_link(TarEntry& entry, const struct stat& status);
  void send_content(const Fd& file, const TarEntry& entry, const std::vector<Extent>& data, const struct stat& before);
  void send_hole(std::int64_t length);
  bool send_data(const Fd& file, const TarEntry& entry, const Extent& extent, bool ended);

  TarEntry entry_of(const std::string& name, const struct stat& status);
  void begin(const TarEntry& entry);
  Attributes attributes_of(const FilePlace& place, const std::string& name);
  std::optional<std::string> link_target(const std::string& name, const struct stat& status);

  // As in the tar.
  std::string full_name(const std::string& name) const {
    return prefix_ + (single_name_.empty() ? name : single_name_);
  }
  // As for people.
  std::string shown(const std::string& name) const {
    return printable((top_ / (prefix_.substr(root_.size()) + name)).string());
  }
  [[noreturn]] void fail(const std::string& name, int error_number) const {
    Error error = system_error(format("reading {}", shown(name)), error_number);
    if (error_number == EACCES || error_number == EPERM) error.offer_hint("Run the command as root.");
    throw error;
  }
  void warn(const std::string& text) const {
    if (events_.warning) events_.warning(text);
  }
  void vanished(const std::string& name) const {
    warn(format("{} vanished before it was read; it is left out", shown(name)));
  }
  void obey_stop() const {
    if (stop_.stop_requested()) throw Cancelled();
  }

  fs::path top_;
  const std::string name_;
  const FileForm form_;
  TarWriter& tar_;
  const TreeEvents& events_;
  std::stop_token stop_;
  ContentDigest digest_;
  TreeTotals totals_;

  std::optional<FolderChain> chain_;
  std::vector<Level> levels_;
  std::string root_;         // what all names in the tar begin with: "./", "var/www/"
  std::string prefix_;       // of the innermost folder
  std::uint64_t mount_ = 0;  // the number of the mount the root is on; 0: the kernel does not tell
  dev_t device_ = 0;         // then this has to do
  std::string single_name_;  // where there is no folder, but one file
  std::map<std::pair<dev_t, ino_t>, std::string> left_out_;

  // The first name of each file that has several, and how many of them are still to come.
  struct FirstName {
    std::string name;
    nlink_t left = 0;
  };
  std::map<std::pair<dev_t, ino_t>, FirstName> first_names_;
  AttributeReader attributes_;
  OwnerNames owners_;
  std::vector<char> buffer_ = std::vector<char>(read_size);
};

constexpr unsigned wanted_status = STATX_BASIC_STATS | STATX_MNT_ID;

dev_t device_of(const struct statx& status) {
  return makedev(status.stx_dev_major, status.stx_dev_minor);
}

struct stat plain(const struct statx& status) {
  struct stat result{};
  result.st_dev = device_of(status);
  result.st_ino = status.stx_ino;
  result.st_mode = status.stx_mode;
  result.st_nlink = status.stx_nlink;
  result.st_uid = status.stx_uid;
  result.st_gid = status.stx_gid;
  result.st_rdev = makedev(status.stx_rdev_major, status.stx_rdev_minor);
  result.st_size = static_cast<off_t>(status.stx_size);
  result.st_blocks = static_cast<blkcnt_t>(status.stx_blocks);
  result.st_mtim = {status.stx_mtime.tv_sec, status.stx_mtime.tv_nsec};
  return result;
}

TarEntry::Kind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR:
      return TarEntry::Kind::folder;
    case S_IFLNK:
      return TarEntry::Kind::symlink;
    case S_IFIFO:
      return TarEntry::Kind::fifo;
    case S_IFCHR:
      return TarEntry::Kind::character_device;
    case S_IFBLK:
      return TarEntry::Kind::block_device;
    default:
      return TarEntry::Kind::file;
  }
}

TreeTotals TreeWalk::send() {
  std::error_code error;
  const fs::path real = fs::canonical(top_, error);
  if (error == std::errc::no_such_file_or_directory)
    throw NotFound(ErrorCode::file_not_found, format("there is no {}", printable(top_.string())));
  if (error) throw system_error(format("opening {}", printable(top_.string())), error.value());
  Fd root(::open(real.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (root) {
    send_folder_tree(std::move(root));
  } else if (errno == ENOTDIR) {
    // Behind a link, it is still known by the link's name.
    if (name_ == ".") {
      single_name_ = (top_.has_filename() ? top_ : real).filename().string();
    } else {
      const std::size_t slash = name_.rfind('/');
      single_name_ = slash == std::string::npos ? name_ : name_.substr(slash + 1);
      root_ = prefix_ = slash == std::string::npos ? "" : name_.substr(0, slash + 1);
    }
    Fd parent(::open(real.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!parent) throw system_error(format("opening {}", printable(real.parent_path().string())), errno);
    chain_.emplace(std::move(parent));
    top_ = real.parent_path();
    send_node(real.filename().string());
  } else {
    throw system_error(format("opening {}", printable(top_.string())), errno);
  }
  return totals_;
}

void TreeWalk::send_folder_tree(Fd root) {
  struct statx status{};
  if (::statx(root.raw(), "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, wanted_status, &status) != 0) fail("", errno);
  if ((status.stx_mask & STATX_MNT_ID) != 0) mount_ = status.stx_mnt_id;
  device_ = device_of(status);
  TarEntry entry = entry_of("", plain(status));
  entry.attributes = attributes_of({root.raw(), -1, nullptr}, "");
  chain_.emplace(std::move(root));
  begin(entry);
  open_level();
  send_names();
}

// All that is below the open level; without recursion, since folders may be nested deeper than a stack is.
void TreeWalk::send_names() {
  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (level.next == level.names.size() && !read_names(level)) {
      levels_.pop_back();
      if (levels_.empty()) break;
      prefix_.resize(prefix_.size() - chain_->name(chain_->depth() - 1).size() - 1);
      chain_->leave();
      continue;
    }
    obey_stop();
    const std::string name = std::move(level.names[level.next++]);
    send_node(name);
  }
}

void TreeWalk::open_level() {
  // A descriptor of its own: the chain may close the other one.
  Fd folder(::openat(chain_->raw(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) fail("", errno);
  Level level;
  level.rest.reset(::fdopendir(folder.raw()));
  if (!level.rest) fail("", errno);
  folder.release();
  levels_.push_back(std::move(level));
}

// The next batch; false where there are no more names.
bool TreeWalk::read_names(Level& level) {
  level.names.clear();
  level.next = 0;
  while (level.rest && level.names.size() < names_in_a_batch) {
    errno = 0;
    const dirent* found = ::readdir(level.rest.get());
    if (found == nullptr && errno != 0) fail("", errno);
    if (found == nullptr) {
      level.rest.reset();
      break;
    }
    std::string name = found->d_name;
    if (name != "." && name != "..") level.names.push_back(std::move(name));
  }
  std::sort(level.names.begin(), level.names.end());
  return !level.names.empty();
}

void TreeWalk::send_node(const std::string& name) {
  struct statx status{};
  if (::statx(chain_->raw(), name.c_str(), AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, wanted_status, &status) != 0) {
    if (errno == ENOENT) return vanished(name);
    fail(name, errno);
  }
  if (S_ISDIR(status.stx_mode)) return send_folder(name, status);
  // A single file may well be a mount of its own.
  if (!levels_.empty() && is_other_mount(status, name)) return;
  if (S_ISSOCK(status.stx_mode)) return warn(format("{} is a socket; it is left out", shown(name)));
  if (S_ISREG(status.stx_mode)) return send_file(name);
  TarEntry entry = entry_of(name, plain(status));
  if (send_as_hard_link(entry, plain(status))) return;
  if (entry.kind == TarEntry::Kind::symlink) {
    auto target = link_target(name, plain(status));
    if (!target) return vanished(name);
    entry.target = std::move(*target);
  }
  entry.attributes = attributes_of({-1, chain_->raw(), &name}, name);
  begin(entry);
}

// True, with a warning, for what another mount holds.
bool TreeWalk::is_other_mount(const struct statx& status, const std::string& name) {
  const bool other = mount_ != 0 && (status.stx_mask & STATX_MNT_ID) != 0
                         ? status.stx_mnt_id != mount_
                         : S_ISDIR(status.stx_mode) && device_of(status) != device_;
  if (other) warn(format("{} is a mount of its own; what it holds is left out", shown(name)));
  return other;
}

void TreeWalk::send_folder(const std::string& name, const struct statx& status) {
  TarEntry entry = entry_of(name, plain(status));
  const dev_t entry_device = device_of(status);
  if (is_other_mount(status, name)) return begin(entry);
  if (const auto found = left_out_.find({entry_device, status.stx_ino}); found != left_out_.end()) {
    warn(format("{} is left out: {}", shown(name), found->second));
    return begin(entry);
  }
  Fd folder = open_folder_at(chain_->raw(), name);
  if (!folder && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return vanished(name);
  if (!folder) fail(name, errno);
  struct stat opened{};
  if (::fstat(folder.raw(), &opened) != 0) fail(name, errno);
  entry = entry_of(name, opened);
  entry.attributes = attributes_of({folder.raw(), -1, nullptr}, name);
  begin(entry);
  chain_->enter(name, std::move(folder));
  prefix_ += name + "/";
  open_level();
}

void TreeWalk::send_file(const std::string& name) {
  // O_NONBLOCK and O_NOFOLLOW: a fifo or a link that took the file's place since must neither block us nor lead us out.
  const Fd file(::openat(chain_->raw(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && (errno == ENOENT || errno == ELOOP)) return vanished(name);
  if (!file) fail(name, errno);
  struct stat status{};
  if (::fstat(file.raw(), &status) != 0) fail(name, errno);
  if (!S_ISREG(status.st_mode)) return vanished(name);
  TarEntry entry = entry_of(name, status);
  if (send_as_hard_link(entry, status)) return;
  entry.attributes = attributes_of({file.raw(), -1, nullptr}, name);
  // Holes are asked of the file system whatever the form: nobody reads their zeros.
  const auto extents = data_extents(file, status);
  entry.sparse = extents && form_ == FileForm::sparse;
  if (entry.sparse) entry.data = *extents;
  begin(entry);
  send_content(file, entry, extents.value_or(std::vector<Extent>{{0, entry.size}}), status);
}

// True where an earlier entry holds the same file, and this one now points to that.
bool TreeWalk::send_as_hard_link(TarEntry& entry, const struct stat& status) {
  if (status.st_nlink < 2) return false;
  const auto [first, is_first] =
      first_names_.try_emplace({status.st_dev, status.st_ino}, FirstName{entry.name, status.st_nlink - 1});
  if (is_first) return false;
  entry.kind = TarEntry::Kind::hard_link;
  entry.target = first->second.name;
  entry.size = 0;
  if (--first->second.left == 0) first_names_.erase(first);
  begin(entry);
  return true;
}

void TreeWalk::send_content(const Fd& file, const TarEntry& entry, const std::vector<Extent>& data,
                            const struct stat& before) {
  ++totals_.files;
  totals_.bytes += entry.size;
  digest_.begin(entry);
  if (entry.size > static_cast<std::int64_t>(read_size)) ::posix_fadvise(file.raw(), 0, 0, POSIX_FADV_SEQUENTIAL);
  bool ended = false;
  std::int64_t at = 0;
  for (const Extent& extent : data) {
    if (!entry.sparse) send_hole(extent.offset - at);
    ended = send_data(file, entry, extent, ended);
    at = extent.offset + extent.length;
  }
  if (!entry.sparse) send_hole(entry.size - at);
  digest_.finish();

  struct stat after{};
  if (::fstat(file.raw(), &after) != 0) throw system_error(format("reading {}", printable(entry.name)), errno);
  const std::string file_shown = printable((top_ / entry.name.substr(root_.size())).string());
  if (ended || after.st_size < entry.size) {
    warn(format("{} got shorter while it was read; zeros fill it up to {} bytes", file_shown, entry.size));
  } else if (after.st_size > entry.size) {
    warn(format("{} grew while it was read; only its first {} bytes are kept", file_shown, entry.size));
  } else if (after.st_mtim.tv_sec != before.st_mtim.tv_sec || after.st_mtim.tv_nsec != before.st_mtim.tv_nsec) {
    warn(format("{} was written to while it was read", file_shown));
  }
}

void TreeWalk::send_hole(std::int64_t length) {
  constexpr std::int64_t most_at_once = 1 << 30;
  while (length > 0) {
    obey_stop();
    const std::int64_t count = std::min(length, most_at_once);
    digest_.add_hole(count);
    tar_.write_zeros(count);
    length -= count;
  }
}

// Sends one piece of a file; zeros once its end is behind us. Says whether it is.
bool TreeWalk::send_data(const Fd& file, const TarEntry& entry, const Extent& extent, bool ended) {
  for (std::int64_t sent = 0; sent < extent.length;) {
    obey_stop();
    auto wanted = static_cast<std::size_t>(std::min(static_cast<std::int64_t>(buffer_.size()), extent.length - sent));
    std::span<char> room = tar_.room(wanted);
    if (room.empty()) room = buffer_;
    wanted = std::min(wanted, room.size());
    if (!ended) {
      const ssize_t count = ::pread(file.raw(), room.data(), wanted, extent.offset + sent);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0)
        throw system_error(format("reading {}", printable((top_ / entry.name.substr(root_.size())).string())), errno);
      ended = count == 0;
      if (!ended) wanted = static_cast<std::size_t>(count);
    }
    if (ended) std::fill_n(room.begin(), wanted, '\0');
    const std::string_view bytes(room.data(), wanted);
    digest_.add(bytes);
    tar_.write(bytes);
    sent += static_cast<std::int64_t>(wanted);
  }
  return ended;
}

TarEntry TreeWalk::entry_of(const std::string& name, const struct stat& status) {
  TarEntry entry;
  entry.kind = kind_of(status.st_mode);
  entry.name = full_name(name);
  entry.permissions = status.st_mode & 07777;
  entry.user = status.st_uid;
  entry.group = status.st_gid;
  entry.user_name = owners_.user(status.st_uid);
  entry.group_name = owners_.group(status.st_gid);
  entry.modified = status.st_mtim;
  if (entry.kind == TarEntry::Kind::file) entry.size = status.st_size;
  entry.device = status.st_rdev;
  return entry;
}

void TreeWalk::begin(const TarEntry& entry) {
  ++totals_.entries;
  if (events_.entry) events_.entry(entry);
  tar_.begin(entry);
}

Attributes TreeWalk::attributes_of(const FilePlace& place, const std::string& name) {
  return doing(format("reading {}", shown(name)), [&] { return attributes_.read(place); });
}

// nullopt where the link is gone.
std::optional<std::string> TreeWalk::link_target(const std::string& name, const struct stat& status) {
  // Some file systems (proc) give a link the size 0.
  std::string target(static_cast<std::size_t>(std::max<off_t>(status.st_size, 4095)) + 1, '\0');
  const ssize_t length = ::readlinkat(chain_->raw(), name.c_str(), target.data(), target.size());
  if (length < 0 && (errno == ENOENT || errno == EINVAL)) return {};
  if (length < 0) fail(name, errno);
  target.resize(static_cast<std::size_t>(length));
  return target;
}

}  // namespace

TreeTotals write_tree(const fs::path& path, const Sink& tar, const TreeEvents& events, std::stop_token stop,
                      const BufferProvider& buffers, const std::vector<LeftOut>& left_out) {
  TarWriter writer(tar, buffers);
  const TreeTotals totals = write_tree({path, "."}, writer, events, std::move(stop), left_out);
  writer.finish();
  return totals;
}

TreeTotals write_tree(const NamedTree& tree, TarWriter& tar, const TreeEvents& events, std::stop_token stop,
                      const std::vector<LeftOut>& left_out) {
  return TreeWalk(tree, tar, events, std::move(stop), left_out).send();
}

}  // namespace belay::archive
