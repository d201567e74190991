#include "cli/descriptor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/errors.h"

namespace belay::cli {

namespace {

Fd event() {
  Fd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) throw system_error("making an event", errno);
  return fd;
}

}  // namespace

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return errno;
    pollfd ready{.fd = fd, .events = POLLOUT, .revents = 0};
    if (::poll(&ready, 1, -1) < 0 && errno != EINTR) return errno;
  }
  return 0;
}

StopEvent::StopEvent(const std::stop_token& stop) : event_(event()), callback_(stop, Ring{event_.raw()}) {}

void StopEvent::Ring::operator()() const {
  const std::uint64_t one = 1;
  // Cannot fail but by overflow, and then it is readable already.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

int write_all(int fd, std::string_view text, const StopEvent& stop) {
  // A pipe that has room has room for this much at least, so that a blocking one does not block.
  constexpr size_t atom = PIPE_BUF;
  while (!text.empty()) {
    std::array<pollfd, 2> ready{
        {{.fd = fd, .events = POLLOUT, .revents = 0}, {.fd = stop.raw(), .events = POLLIN, .revents = 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    if (ready[1].revents != 0) return ECANCELED;
    const ssize_t written = ::write(fd, text.data(), std::min(text.size(), atom));
    if (written >= 0)
      text.remove_prefix(static_cast<size_t>(written));
    else if (errno != EINTR && errno != EAGAIN)
      return errno;
  }
  return 0;
}

ReaderWatch::ReaderWatch(int fd, std::stop_source gone)
    : watch_([fd, gone = std::move(gone)](const std::stop_token& ended) mutable {
        const StopEvent end(ended);
        // Asked for nothing, poll still tells of errors: of a pipe without readers.
        std::array<pollfd, 2> ready{
            {{.fd = fd, .events = 0, .revents = 0}, {.fd = end.raw(), .events = POLLIN, .revents = 0}}};
        while (::poll(ready.data(), ready.size(), -1) < 0 && errno == EINTR) {
        }
        if ((ready[0].revents & (POLLERR | POLLHUP)) != 0) gone.request_stop();
      }) {}

std::string read_some(int fd, const StopEvent& stop) {
  for (;;) {
    std::array<pollfd, 2> ready{
        {{.fd = fd, .events = POLLIN, .revents = 0}, {.fd = stop.raw(), .events = POLLIN, .revents = 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0) {
      if (errno == EINTR) continue;
      throw system_error("waiting for input", errno);
    }
    if (ready[1].revents != 0) return {};
    std::array<char, 16 * 1024> buffer;
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size >= 0) return std::string(buffer.data(), static_cast<size_t>(size));
    if (errno == EINTR || errno == EAGAIN) continue;
    // A terminal that hung up.
    if (errno == EIO) return {};
    throw system_error("reading the input", errno);
  }
}

std::optional<std::string> read_line(int fd, std::stop_token stop) {
  const StopEvent event(stop);
  std::string line;
  for (;;) {
    const std::string some = read_some(fd, event);
    if (stop.stop_requested()) throw Cancelled();
    if (some.empty()) return line.empty() ? std::nullopt : std::optional(line);
    line += some;
    if (const size_t end = line.find('\n'); end != std::string::npos) return line.substr(0, end);
  }
}

}  // namespace belay::cli
