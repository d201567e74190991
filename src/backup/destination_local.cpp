#include "backup/destination_local.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "backup/file_system.h"
#include "backup/part_name.h"
#include "base/errors.h"
#include "base/fd.h"
#include "base/files.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::backup {

namespace {

std::string writing(const fs::path& path) {
  return format("writing {}", path.string());
}

class LocalUpload final : public Upload {
 public:
  LocalUpload(fs::path folder, const std::string& name, bool replace, std::stop_token stop)
      : folder_(std::move(folder)),
        path_(folder_ / name),
        part_(folder_ / part_name(name)),
        replace_(replace),
        stop_(std::move(stop)) {
    if (!replace_) refuse_taken();
    // Nobody else may read it: a backup holds secrets.
    file_ = Fd(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file_) throw system_error(writing(path_), errno);
    // Ends with the process: a part that is not locked was left. Not every file system can.
    std::ignore = ::flock(file_.raw(), LOCK_EX | LOCK_NB);
  }

  ~LocalUpload() override {
    if (!committed_) ::unlink(part_.c_str());
  }

  void write(std::string_view bytes) override {
    while (!bytes.empty()) {
      if (stop_.stop_requested()) throw Cancelled();
      constexpr std::size_t most = std::size_t{4} << 20;
      const ssize_t count = ::write(file_.raw(), bytes.data(), std::min(bytes.size(), most));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error(writing(path_), errno);
      bytes.remove_prefix(static_cast<std::size_t>(count));
      written_ += count;
      // So that the disk has work from the start, instead of all of it in the fsync at the end.
      constexpr std::int64_t window = std::int64_t{8} << 20;
      if (written_ - started_ >= window) {
        ::sync_file_range(file_.raw(), started_, written_ - started_, SYNC_FILE_RANGE_WRITE);
        started_ = written_;
      }
    }
  }

  void commit() override {
    if (stop_.stop_requested()) throw Cancelled();
    if (::fsync(file_.raw()) != 0) throw system_error(writing(path_), errno);
    file_.close();
    take_name();
    committed_ = true;
    const Fd folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!folder || ::fsync(folder.raw()) != 0) throw system_error(writing(path_), errno);
  }

 private:
  void refuse_taken() const {
    struct stat there{};
    if (::lstat(path_.c_str(), &there) == 0) throw name_is_taken(path_.string());
  }

  void take_name() const {
    if (!replace_) {
      if (::renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) return;
      if (errno == EEXIST) refuse_taken();
      // Network and FUSE file systems may not know this way.
      if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) throw system_error(writing(path_), errno);
      refuse_taken();
    }
    if (::rename(part_.c_str(), path_.c_str()) != 0) throw system_error(writing(path_), errno);
  }

  const fs::path folder_, path_, part_;
  const bool replace_;
  const std::stop_token stop_;
  Fd file_;
  std::int64_t written_ = 0, started_ = 0;
  bool committed_ = false;
};

class LocalDownload final : public Download {
 public:
  LocalDownload(fs::path path, std::stop_token stop) : path_(std::move(path)), stop_(std::move(stop)) {
    // O_NONBLOCK: a fifo in the file's place is refused below instead of blocking here.
    file_ = Fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file_ && (errno == ENOENT || errno == ENOTDIR))
      throw NotFound(ErrorCode::file_not_found, format("{} does not exist", path_.string()));
    struct stat status{};
    if (!file_ || ::fstat(file_.raw(), &status) != 0) throw system_error(reading(), errno);
    if (!S_ISREG(status.st_mode))
      throw Error(ErrorCode::file_not_found, format("{}: it is not a regular file", reading()));
    size_ = status.st_size;
    ::posix_fadvise(file_.raw(), 0, 0, POSIX_FADV_SEQUENTIAL);
  }

  std::size_t read(std::span<char> room) override {
    for (;;) {
      if (stop_.stop_requested()) throw Cancelled();
      const ssize_t count = ::read(file_.raw(), room.data(), room.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) throw system_error(reading(), errno);
      done_ += count;
      if (count == 0 && done_ < size_)
        throw Error(ErrorCode::bad_backup, format("{}: it ends after {} of {} bytes; something cut it off meanwhile",
                                                  reading(), done_, size_));
      return static_cast<std::size_t>(count);
    }
  }

  std::optional<std::int64_t> size() const override { return size_; }

 private:
  std::string reading() const { return format("reading {}", path_.string()); }

  const fs::path path_;
  const std::stop_token stop_;
  Fd file_;
  std::int64_t size_ = 0, done_ = 0;
};

}  // namespace

std::unique_ptr<Upload> LocalDestination::create_file(const std::string& name, const UploadOptions& options,
                                                      std::stop_token stop) {
  check();
  make_folder(place().path, 0700);
  return std::make_unique<LocalUpload>(place().path, name, options.replace, std::move(stop));
}

void LocalDestination::check() const {
  std::error_code error;
  const fs::path folder = plain_absolute(place().path);
  const fs::path above = folder.has_filename() ? folder.parent_path() : folder.parent_path().parent_path();
  if (fs::exists(folder, error) || fs::exists(above, error)) return;
  throw NotFound(
      ErrorCode::file_not_found, format("the folder {} does not exist, nor does the one above it", place().path),
      format("If it is on a disk of its own, mount that; else make it: mkdir -p {}", shell_quoted(place().path)));
}

Destination::Use LocalDestination::use_of(const std::string& part) {
  const fs::path path = fs::path(place().path) / part;
  const Fd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // A lock of another machine may not be seen in what several share.
  if (!file || is_shared(file)) return Use::unknown;
  if (::flock(file.raw(), LOCK_EX | LOCK_NB) == 0) return Use::left;
  return errno == EWOULDBLOCK ? Use::goes_on : Use::unknown;
}

std::unique_ptr<Download> LocalDestination::open_file(const std::string& name, std::stop_token stop) {
  return std::make_unique<LocalDownload>(fs::path(place().path) / name, std::move(stop));
}

std::vector<Stored> LocalDestination::files(std::stop_token) {
  const auto close = [](DIR* folder) { ::closedir(folder); };
  const std::unique_ptr<DIR, decltype(close)> folder(::opendir(place().path.c_str()), close);
  if (!folder && errno == ENOENT)
    throw NotFound(ErrorCode::file_not_found, format("the folder {} does not exist", place().path));
  if (!folder) throw system_error(format("reading the folder {}", place().path), errno);
  std::vector<Stored> found;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr && errno != 0) throw system_error(format("reading the folder {}", place().path), errno);
    if (entry == nullptr) return found;
    struct stat status{};
    // One that went away meanwhile is none.
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto modified =
        std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec);
    found.push_back({entry->d_name, status.st_size, Time(std::chrono::duration_cast<Milliseconds>(modified))});
  }
}

void LocalDestination::remove_file(const std::string& name, std::stop_token) {
  const fs::path path = fs::path(place().path) / name;
  if (::unlink(path.c_str()) == 0) return;
  if (errno == ENOENT || errno == ENOTDIR)
    throw NotFound(ErrorCode::file_not_found, format("{} does not exist", path.string()));
  throw system_error(format("removing {}", path.string()), errno);
}

}  // namespace belay::backup
