#include "serve/reload_signal.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/errors.h"

namespace belay::serve {

namespace {

std::atomic<int> reload_event{-1};

void ring(int fd) {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

// A handler and not a blocked signal, which would stay blocked in the programs that are run.
void hung_up(int) {
  const int kept = errno;
  ring(reload_event);
  errno = kept;
}

}  // namespace

ReloadSignal::ReloadSignal(Waker& waker) : event_(::eventfd(0, EFD_CLOEXEC)) {
  if (!event_) throw system_error("watching for SIGHUP", errno);
  reload_event = event_.raw();
  thread_ = std::jthread([this, &waker](const std::stop_token& stop) {
    std::uint64_t count = 0;
    while (::read(event_.raw(), &count, sizeof count) > 0 || errno == EINTR) {
      if (stop.stop_requested()) return;
      waker.wake({Cause::reload, {}});
    }
  });
  struct sigaction action{};
  action.sa_handler = hung_up;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGHUP, &action, nullptr);
}

ReloadSignal::~ReloadSignal() {
  std::signal(SIGHUP, SIG_IGN);
  thread_.request_stop();
  ring(event_.raw());
  thread_.join();
  reload_event = -1;
}

}  // namespace belay::serve
