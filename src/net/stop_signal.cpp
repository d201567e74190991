#include "net/stop_signal.h"

#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/errors.h"

namespace belay::net {

StopSignal::StopSignal(const std::stop_token& stop) {
  if (!stop.stop_possible()) return;
  event_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!event_) throw system_error("waiting for a connection", errno);
  callback_.emplace(stop, Raise{event_.raw()});
}

void StopSignal::Raise::operator()() const {
  const std::uint64_t one = 1;
  // Cannot fail: the counter is far from its end.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

}  // namespace belay::net
