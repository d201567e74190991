#include <algorithm>
#include <cerrno>
#include <climits>
#include <fcntl.h>
#include <linux/fs.h>
#include <map>
#include <set>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "archive/attributes.h"
#include "archive/folder_chain.h"
#include "archive/sparse.h"
#include "archive/tar_format.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "data/mounts.h"
#include "data/names.h"
#include "data/tree.h"

namespace belay::data {

namespace {

using archive::FilePlace;

// The content of one file after the other, by the cheapest way that both file systems know.
class ContentCopy {
 public:
  ContentCopy(const CopyOptions& options, std::stop_token stop) : options_(options), stop_(std::move(stop)) {}

  void copy(const Fd& from, const Fd& to, const struct stat& status) {
    if (status.st_size == 0) return;
    if (can_share_ && ::ioctl(to.raw(), FICLONE, from.raw()) == 0) return;
    can_share_ = can_share_ && errno != EOPNOTSUPP && errno != EXDEV && errno != ENOTTY && errno != ENOSYS;
    if (const auto extents = archive::data_extents(from, status)) {
      for (const auto& extent : *extents) copy_piece(from, to, extent.offset, extent.length);
      if (::ftruncate(to.raw(), status.st_size) != 0) throw system_error("writing", errno);
    } else {
      copy_piece(from, to, 0, status.st_size);
    }
  }

  void obey_stop() const {
    if (stop_.stop_requested()) throw Cancelled();
  }

 private:
  void copy_piece(const Fd& from, const Fd& to, off_t at, off_t length) {
    const off_t end = at + length;
    while (at < end) {
      obey_stop();
      const ssize_t done = copy_some(from, to, at, end - at);
      // It got shorter meanwhile.
      if (done == 0) return;
      at += done;
      written_ += done;
      if (options_.written) options_.written(written_);
    }
  }

  ssize_t copy_some(const Fd& from, const Fd& to, off_t at, off_t length) {
    constexpr off_t most = 8 << 20, small = 64 << 10;
    if (in_kernel_ && length > small) {
      off_t in = at, out = at;
      const ssize_t done =
          ::copy_file_range(from.raw(), &in, to.raw(), &out, static_cast<size_t>(std::min(length, most)), 0);
      // 0 may also be a file system's way to say that it cannot.
      if (done > 0) return done;
      if (done < 0 && errno == EINTR) return copy_some(from, to, at, length);
      if (done < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO)) throw system_error("writing", errno);
      if (done < 0) in_kernel_ = false;
    }
    ssize_t got = -1;
    do {
      got = ::pread(from.raw(), room_.data(), std::min(room_.size(), static_cast<size_t>(length)), at);
    } while (got < 0 && errno == EINTR);
    if (got < 0) throw system_error("reading", errno);
    for (ssize_t put = 0; put < got;) {
      const ssize_t done = ::pwrite(to.raw(), room_.data() + put, static_cast<size_t>(got - put), at + put);
      if (done < 0 && errno == EINTR) continue;
      if (done < 0) throw system_error("writing", errno);
      put += done;
    }
    return got;
  }

  const CopyOptions& options_;
  const std::stop_token stop_;
  bool can_share_ = true, in_kernel_ = true;
  std::int64_t written_ = 0;
  std::vector<char> room_ = std::vector<char>(1 << 20);
};

// Without recursion: folders may be nested deeper than a stack is, and than a path is long.
class TreeCopy {
 public:
  TreeCopy(const Spot& from, const Spot& to, const CopyOptions& options, std::stop_token stop)
      : from_(from), to_(to), options_(options), content_(options, std::move(stop)) {}

  void run() {
    if (options_.written) options_.written(0);
    struct stat status{};
    if (::fstatat(from_.folder.raw(), from_.name.c_str(), &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0)
      fail("", errno);
    if (S_ISDIR(status.st_mode)) return copy_folders();
    copy_node(from_.folder.raw(), from_.name, to_.folder.raw(), to_.name);
  }

 private:
  void copy_folders() {
    Fd source = from_.open(O_RDONLY | O_DIRECTORY);
    if (!source) fail("", errno);
    ground_ = ground_of(source.raw());
    if (::mkdirat(to_.folder.raw(), to_.name.c_str(), 0700) != 0) fail("", errno);
    Fd target = to_.open(O_RDONLY | O_DIRECTORY);
    if (!target) fail("", errno);
    target_root_ = target.raw();
    archive::FolderChain sources(std::move(source)), targets(std::move(target));
    std::vector<Names> levels;
    levels.emplace_back(sources.raw());
    while (true) {
      const std::string* name = levels.back().next();
      if (name == nullptr) {
        levels.pop_back();
        // Last of all: what is made in a folder changes its time.
        finish_folder(sources.raw(), targets.raw());
        if (levels.empty()) return;
        way_.resize(way_.size() - sources.name(sources.depth() - 1).size() - 1);
        sources.leave();
        targets.leave();
        continue;
      }
      content_.obey_stop();
      Fd below = copy_node(sources.raw(), *name, targets.raw(), *name);
      if (!below) continue;
      if (::mkdirat(targets.raw(), name->c_str(), 0700) != 0) fail(*name, errno);
      if (ground_of(below.raw()) != ground_) {
        warn(format("{} is a mount of its own; what it holds is left out", shown(*name)));
        continue;
      }
      Fd made = archive::open_folder_at(targets.raw(), *name);
      if (!made) fail(*name, errno);
      sources.enter(*name, std::move(below));
      targets.enter(*name, std::move(made));
      way_ += *name + "/";
      levels.emplace_back(sources.raw());
    }
  }

  // Copies all but a folder; that is given, opened.
  Fd copy_node(int folder, const std::string& name, int into, const std::string& made) {
    struct stat status{};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
      if (errno != ENOENT) fail(name, errno);
      vanished(name);
      return {};
    }
    if (S_ISDIR(status.st_mode)) return open_below(folder, name);
    if (S_ISREG(status.st_mode)) {
      copy_file(folder, name, into, made);
    } else if (S_ISSOCK(status.st_mode)) {
      warn(format("{} is a socket; it is left out", shown(name)));
    } else if (!made_as_hard_link(status, into, made)) {
      copy_other(folder, name, into, made, status);
    }
    return {};
  }

  Fd open_below(int folder, const std::string& name) {
    Fd below = archive::open_folder_at(folder, name);
    if (!below && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
      vanished(name);
    else if (!below)
      fail(name, errno);
    if (below && !options_.leave_mounts_out && ground_of(below.raw()) != ground_)
      throw Error(ErrorCode::mount_in_the_way, format("{} is a mount of its own now", shown(name)),
                  "Unmount it, or mount it elsewhere and bind it from there.");
    // Somebody who exchanges names has put the folder that is being filled into the tree.
    if (below && is_same(below.raw(), target_root_))
      throw Error(ErrorCode::data_not_exchanged, format("{} would be copied into itself", shown(name)));
    return below;
  }

  static bool is_same(int a, int b) {
    struct stat one{}, other{};
    return ::fstat(a, &one) == 0 && ::fstat(b, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  }

  void copy_file(int folder, const std::string& name, int into, const std::string& made) {
    // A fifo or a link that took the file's place since must neither block us nor lead us out.
    const Fd from(::openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!from && (errno == ENOENT || errno == ELOOP || errno == ENXIO)) return vanished(name);
    struct stat status{};
    if (!from || ::fstat(from.raw(), &status) != 0) fail(name, errno);
    if (!S_ISREG(status.st_mode)) return vanished(name);
    if (made_as_hard_link(status, into, made)) return;
    const Fd to(::openat(into, made.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!to) fail(name, errno);
    doing(format("copying {}", shown(name)), [&] { content_.copy(from, to, status); });
    dress({from.raw(), -1, nullptr}, {to.raw(), -1, nullptr}, status, name);
  }

  void copy_other(int folder, const std::string& name, int into, const std::string& made, const struct stat& status) {
    if (S_ISLNK(status.st_mode)) {
      std::string target(PATH_MAX, '\0');
      const ssize_t length = ::readlinkat(folder, name.c_str(), target.data(), target.size());
      if (length < 0 && (errno == ENOENT || errno == EINVAL)) return vanished(name);
      if (length < 0) fail(name, errno);
      target.resize(static_cast<std::size_t>(length));
      if (::symlinkat(target.c_str(), into, made.c_str()) != 0) fail(name, errno);
    } else if (::mknodat(into, made.c_str(), (status.st_mode & S_IFMT) | 0600, status.st_rdev) != 0) {
      fail(name, errno);
    }
    dress({-1, folder, &name}, {-1, into, &made}, status, name);
  }

  void finish_folder(int from, int to) {
    struct stat status{};
    if (::fstat(from, &status) != 0) fail("", errno);
    dress({from, -1, nullptr}, {to, -1, nullptr}, status, "");
  }

  // Whether the file has another name in the copy, and now this one too.
  bool made_as_hard_link(const struct stat& status, int into, const std::string& made) {
    if (status.st_nlink < 2 || target_root_ < 0) return false;
    const auto [first, is_first] = first_names_.try_emplace({status.st_dev, status.st_ino}, FirstName{way_ + made, 0});
    if (is_first) {
      first->second.left = status.st_nlink - 1;
      return false;
    }
    link_to(first->second.path, into, made);
    if (--first->second.left == 0) first_names_.erase(first);
    return true;
  }

  // The copy is nobody else's so far: its paths lead where they say.
  void link_to(const std::string& path, int into, const std::string& made) {
    std::size_t from = 0;
    Fd folder;
    int above = target_root_;
    while (path.size() - from >= PATH_MAX) {
      const std::size_t slash = path.find('/', from);
      folder = archive::open_folder_at(above, path.substr(from, slash - from));
      if (!folder) fail(made, errno);
      above = folder.raw();
      from = slash + 1;
    }
    if (::linkat(above, path.c_str() + from, into, made.c_str(), 0) != 0) fail(made, errno);
  }

  // The order matters: a change of the owner drops setuid and capabilities, a change of the mode cuts an ACL.
  void dress(const FilePlace& from, const FilePlace& to, const struct stat& status, const std::string& name) {
    const auto attributes = doing(format("copying {}", shown(name)), [&] { return attributes_.read(from); });
    const bool open = to.file >= 0;
    const char* path = open ? "" : to.name->c_str();
    const int at = open ? to.file : to.folder;
    const int flags = open ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW;
    if (::fchownat(at, path, status.st_uid, status.st_gid, flags) != 0) fail(name, errno);
    set_attributes(to, attributes, false, name);
    const mode_t mode = status.st_mode & 07777;
    const bool has_mode = !S_ISLNK(status.st_mode);
    if (has_mode && (open ? ::fchmod(at, mode) : ::fchmodat(at, path, mode, 0)) != 0) fail(name, errno);
    set_attributes(to, attributes, true, name);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if ((open ? ::futimens(at, times) : ::utimensat(at, path, times, AT_SYMLINK_NOFOLLOW)) != 0) fail(name, errno);
  }

  void set_attributes(const FilePlace& to, const archive::Attributes& attributes, bool acls, const std::string& name) {
    for (const auto& [key, value] : attributes) {
      const bool is_acl = key == archive::tar::access_acl || key == archive::tar::default_acl;
      if (is_acl != acls) continue;
      const int error = archive::set_attribute(to, key, value);
      if (error == 0) continue;
      if (!archive::attribute_refused(error)) fail(name, error);
      // Once each: it is the same for a million files.
      if (refused_.insert(key).second)
        warn(format("the attribute {} is left out, first of {}", printable(key), shown(name)));
    }
  }

  std::string shown(const std::string& name) const {
    const std::string below = way_ + (target_root_ < 0 ? "" : name);
    return printable(below.empty() ? from_.path.string() : (from_.path / below).string());
  }
  [[noreturn]] void fail(const std::string& name, int error) const {
    throw system_error(format("copying {}", shown(name)), error);
  }
  void warn(const std::string& text) const {
    if (options_.warning) options_.warning(text);
  }
  void vanished(const std::string& name) const { warn(format("{} vanished before it was read", shown(name))); }

  struct FirstName {
    std::string path;  // from the copy's root
    nlink_t left = 0;  // names still to come
  };

  const Spot& from_;
  const Spot& to_;
  const CopyOptions& options_;
  ContentCopy content_;
  archive::AttributeReader attributes_;
  Ground ground_;
  int target_root_ = -1;  // none for a single file
  std::string way_;       // from the root to the innermost folder: "a/b/"
  std::map<std::pair<dev_t, ino_t>, FirstName> first_names_;
  std::set<std::string> refused_;
};

}  // namespace

void copy_tree(const Spot& from, const Spot& to, const CopyOptions& options, std::stop_token stop) {
  TreeCopy(from, to, options, std::move(stop)).run();
}

}  // namespace belay::data
