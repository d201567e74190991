#include "net/wait.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "base/errors.h"
#include "net/stop_signal.h"
#include "net/stream.h"

namespace belay::net {

namespace {

// poll's timeout: rounded up, so that a wait never ends just before its deadline; in pieces of a day at most.
int poll_timeout(Ticks deadline) {
  if (deadline == no_deadline) return -1;
  const auto left = std::chrono::ceil<Milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 86'400'000));
}

}  // namespace

Ticks deadline_in(Milliseconds time) {
  return time.count() == 0 ? no_deadline : std::chrono::steady_clock::now() + time;
}

void obey(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Cancelled();
}

short wait_for(int fd, short events, Ticks deadline, const std::stop_token& stop) {
  // Made for one wait only: operations that need not wait, which are most, then cost nothing for being stoppable.
  const StopSignal stopped(stop);
  while (true) {
    // poll skips negative descriptors.
    std::array<pollfd, 2> watched{{{fd, events, 0}, {stopped.raw(), POLLIN, 0}}};
    const int count = ::poll(watched.data(), watched.size(), poll_timeout(deadline));
    if (count < 0 && errno != EINTR) throw system_error("waiting for a connection", errno);
    obey(stop);
    if (count > 0 && watched[0].revents != 0) return watched[0].revents;
    if (deadline != no_deadline && std::chrono::steady_clock::now() >= deadline) return 0;
  }
}

}  // namespace belay::net
