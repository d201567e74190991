#include "serve/systemd.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

#include "base/format.h"
#include "base/text.h"

namespace belay::serve {

namespace {

// The loop's mailbox looks at the wall clock once a minute at least, so that a clock set forward makes it late by that
// much and no more.
constexpr Seconds grace{90};

std::optional<std::string> taken_from_environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return {};
  std::string result = value;
  ::unsetenv(name);
  return result;
}

}  // namespace

ServiceNotifier::ServiceNotifier(const std::string& socket, std::optional<Milliseconds> watchdog)
    : address_(socket), watchdog_(watchdog) {
  if (address_.empty()) return;
  if (address_.front() == '@') address_.front() = '\0';
  socket_ = Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  // systemd reads late while the machine starts; a daemon that waits for it for ever would be no better.
  const timeval limit{2, 0};
  ::setsockopt(socket_.raw(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

ServiceNotifier ServiceNotifier::from_environment() {
  const auto socket = taken_from_environment("NOTIFY_SOCKET").value_or("");
  const auto period = parse_number(taken_from_environment("WATCHDOG_USEC").value_or(""));
  const auto process = taken_from_environment("WATCHDOG_PID");
  const bool is_ours = !process || parse_number(*process) == ::getpid();
  std::optional<Milliseconds> watchdog;
  // Below two milliseconds there would be no half of it.
  if (period && *period >= 2'000 && is_ours && !socket.empty()) watchdog = Milliseconds(*period / 1'000);
  return ServiceNotifier(socket, watchdog);
}

bool ServiceNotifier::reloading(const Clock& clock) {
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(clock.ticks().time_since_epoch());
  return send(format("RELOADING=1\nMONOTONIC_USEC={}", now.count()));
}

bool ServiceNotifier::status(std::string_view text) {
  auto line = printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  return send("STATUS=" + line);
}

bool ServiceNotifier::send(const std::string& message) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!socket_ || address_.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  // Exactly as long as the name: every byte behind it would belong to the name of an abstract socket.
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  while (true) {
    const auto sent = ::sendto(socket_.raw(), message.data(), message.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address), size);
    if (sent >= 0) return true;
    if (errno != EINTR) return false;
  }
}

Watchdog::Watchdog(ServiceNotifier& notifier, Clock& clock, std::function<bool()> asks)
    : notifier_(notifier), clock_(clock), asks_(std::move(asks)) {
  if (!notifier.watchdog()) return;
  thread_ = std::jthread([this, pause = *notifier.watchdog() / 2](const std::stop_token& stop) {
    do {
      step();
    } while (clock_.sleep(pause, stop));
  });
}

void Watchdog::progress() {
  loop_.with([](Loop& loop) { loop.progressed = true; });
}

Watchdog::Waiting Watchdog::waiting(std::optional<Time> until) {
  loop_.with([&](Loop& loop) {
    loop.waits = true;
    loop.until = until;
  });
  return Waiting(*this);
}

void Watchdog::end_wait() {
  loop_.with([](Loop& loop) {
    loop.waits = false;
    loop.progressed = true;
  });
}

bool Watchdog::step() {
  const bool lives = loop_.with([&](Loop& loop) {
    const bool waits_rightly = loop.waits && (!loop.until || clock_.now() <= *loop.until + grace);
    return std::exchange(loop.progressed, false) || waits_rightly || asks_();
  });
  if (lives) notifier_.ping();
  return lives;
}

}  // namespace belay::serve
