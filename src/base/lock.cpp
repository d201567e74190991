#include "base/lock.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay {

namespace {

std::string content_of(int fd) {
  char buffer[512];
  const ssize_t count = ::pread(fd, buffer, sizeof buffer, 0);
  return printable(trim(std::string_view(buffer, count > 0 ? static_cast<size_t>(count) : 0)));
}

// The name is written after the lock was taken: for a moment a held lock may still be empty.
std::string holder_text(int fd) {
  std::string text = content_of(fd);
  return text.empty() ? "another belay" : text;
}

// Somebody may have put a link there, or a second name of another file, to have that emptied: the holder's name is
// written into the lock.
Fd opened(const fs::path& path, int how) {
  Fd file(::open(path.c_str(), how | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0660));
  struct stat status{};
  const bool is_link = !file && errno == ELOOP;
  if (is_link || (file && (::fstat(file.raw(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink > 1)))
    throw Error(ErrorCode::state_unsafe,
                format("the lock {} is {}", path.string(), is_link ? "a link" : "no file of its own"),
                "Find out where it comes from, and remove it.");
  return file;
}

}  // namespace

FileLock FileLock::take(const LockRequest& request, Clock& clock,
                        const std::function<void(const std::string&)>& waiting, std::stop_token stop) {
  Fd file = opened(request.file, O_RDWR | O_CREAT);
  if (!file) throw system_error(format("opening the lock {}", request.file.string()), errno);
  bool told = false, looked_again = false;
  while (::flock(file.raw(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) throw system_error(format("locking {}", request.file.string()), errno);
    // holder_of() takes the lock for a moment: such a look must not pass for a holder.
    if (!looked_again) {
      looked_again = true;
      if (!clock.sleep(Milliseconds(5), stop)) throw Cancelled();
      continue;
    }
    if (!request.wait)
      throw LockHeld(format("{} is working on it", holder_text(file.raw())),
                     "Run the command again when it is done, or leave out --no-lock-wait to wait.");
    if (!told && waiting) waiting(holder_text(file.raw()));
    told = true;
    if (!clock.sleep(Milliseconds(50), stop)) throw Cancelled();
  }
  // It is for the messages of others. On a full disk it cannot be written, and the lock holds all the same.
  if (::ftruncate(file.raw(), 0) == 0)
    std::ignore = ::pwrite(file.raw(), request.holder.data(), request.holder.size(), 0);
  return FileLock(std::move(file));
}

std::optional<std::string> FileLock::holder_of(const fs::path& path) {
  const Fd file = opened(path, O_RDONLY);
  if (!file) return {};
  if (::flock(file.raw(), LOCK_SH | LOCK_NB) == 0) return {};
  return holder_text(file.raw());
}

}  // namespace belay
