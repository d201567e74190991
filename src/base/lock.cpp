#include "base/lock.h"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <set>
#include <sys/file.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <vector>

#include "base/beside.h"
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

std::string text_of_proc(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text;
  char buffer[4096];
  for (ssize_t count = 0; file && (count = ::read(file.raw(), buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<size_t>(count));
  return text;
}

// 0: it is not known.
pid_t parent_of(pid_t process) {
  const std::string status = text_of_proc(format("/proc/{}/stat", process));
  // "4711 (any name) S 4710 …"
  const auto end_of_name = status.rfind(')');
  if (end_of_name == std::string::npos || status.size() < end_of_name + 4) return 0;
  const std::string rest = status.substr(end_of_name + 4);
  return static_cast<pid_t>(parse_number(rest.substr(0, rest.find(' '))).value_or(0));
}

// Those that this process descends from and that may wait for its end. Whoever starts a program and goes on meanwhile
// says so by `goes_on_beside`; what is above it does not wait either.
std::set<pid_t> waiting_ancestors() {
  const char* named = std::getenv(goes_on_beside);
  const auto apart = named != nullptr ? parse_number(named) : std::nullopt;
  std::set<pid_t> ancestors;
  for (pid_t process = ::getppid(); process > 1 && process != apart && ancestors.insert(process).second;)
    process = parent_of(process);
  return ancestors;
}

// Whether one of these has the lock: the kernel tells, so it does not matter what is written in the file.
bool is_held_by(const std::set<pid_t>& processes, int fd) {
  struct stat status{};
  if (processes.empty() || ::fstat(fd, &status) != 0) return false;
  const std::string inode = format(":{}", status.st_ino);
  for (const auto& line : split(text_of_proc("/proc/locks"), '\n')) {
    // "1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF"; the devices of some file systems have other numbers elsewhere.
    std::vector<std::string> words;
    for (auto& word : split(line, ' '))
      if (!word.empty()) words.push_back(std::move(word));
    if (words.size() < 6 || words[1] != "FLOCK" || !words[5].ends_with(inode)) continue;
    const auto holder = parse_number(words[4]);
    if (holder && processes.contains(static_cast<pid_t>(*holder))) return true;
  }
  return false;
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
    if (!told && is_held_by(waiting_ancestors(), file.raw()))
      throw Conflict(ErrorCode::locked,
                     format("{} is working on it, and this command is a part of that: each would wait for the other",
                            holder_text(file.raw())),
                     "Run it when that has ended, or take it out of what that runs.");
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
