#include "cli/signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <stdexcept>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"
#include "cli/descriptor.h"
#include "cli/tty.h"

namespace belay::cli {

namespace {

constexpr std::array stopping_signals{SIGINT, SIGTERM, SIGHUP};

std::atomic<int> signal_event{-1};
std::atomic<int> first_signal{0};

// A handler and not signalfd: a blocked signal would stay blocked in the programs that Belay runs.
void stop_asked(int signal) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) {
    restore_terminal();
    ::_exit(128 + signal);
  }
  const int kept = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(signal_event, &one, sizeof one);
  errno = kept;
}

}  // namespace

struct SignalStop::Watch {
  Fd event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::array<struct sigaction, stopping_signals.size()> old{};
  std::stop_source source;
  // request_stop runs callbacks that may lock: not a handler's work.
  std::jthread thread;
};

SignalStop::SignalStop() : watch_(std::make_unique<Watch>()) {
  if (!watch_->event) throw system_error("watching for signals", errno);
  int none = -1;
  if (!signal_event.compare_exchange_strong(none, watch_->event.raw()))
    throw std::logic_error("signals are watched already");
  first_signal = 0;
  for (size_t i = 0; i < stopping_signals.size(); ++i) {
    struct sigaction action{};
    action.sa_handler = stop_asked;
    action.sa_flags = SA_RESTART;
    ::sigaction(stopping_signals[i], nullptr, &watch_->old[i]);
    // nohup and the like: what the caller wants ignored stays ignored.
    if (watch_->old[i].sa_handler != SIG_IGN) ::sigaction(stopping_signals[i], &action, nullptr);
  }
  watch_->thread = std::jthread([watch = watch_.get()](const std::stop_token& ended) {
    const StopEvent end(ended);
    if (!read_some(watch->event.raw(), end).empty()) watch->source.request_stop();
  });
}

SignalStop::~SignalStop() {
  for (size_t i = 0; i < stopping_signals.size(); ++i) ::sigaction(stopping_signals[i], &watch_->old[i], nullptr);
  watch_->thread.request_stop();
  watch_->thread.join();
  signal_event = -1;
}

std::stop_token SignalStop::token() const {
  return watch_->source.get_token();
}

int SignalStop::signal() const {
  return first_signal;
}

}  // namespace belay::cli
