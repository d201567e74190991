#include "cli/tty.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <poll.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "cli/descriptor.h"

namespace belay::cli {

namespace {

// What signal handlers must reach. The settings are written before `raw_fd` is, and only while it is -1.
std::atomic<int> raw_fd{-1};
termios saved_settings{};
std::atomic<int> resize_event{-1};

// Signals that end a process and that nobody else has taken: the terminal is put back, then they do their work.
constexpr std::array fatal_signals{SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTERM, SIGINT};

void restore_and_die(int signal) {
  restore_terminal();
  // SA_RESETHAND has put the default action back.
  ::raise(signal);
}

void take_over_fatal_signals() {
  for (const int signal : fatal_signals) {
    struct sigaction old{};
    if (::sigaction(signal, nullptr, &old) != 0 || old.sa_handler != SIG_DFL) continue;
    struct sigaction action{};
    action.sa_handler = restore_and_die;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    ::sigaction(signal, &action, nullptr);
  }
}

void give_back_fatal_signals() {
  for (const int signal : fatal_signals) {
    struct sigaction now{};
    if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != restore_and_die) continue;
    struct sigaction usual{};
    usual.sa_handler = SIG_DFL;
    ::sigaction(signal, &usual, nullptr);
  }
}

void ring(int fd) {
  const int kept = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
  errno = kept;
}

void window_changed(int) {
  if (const int fd = resize_event; fd >= 0) ring(fd);
}

// Watches for SIGWINCH as long as it lives.
class ResizeWatch {
 public:
  ResizeWatch(UserTerminal& terminal, std::function<void(Terminal::Size)> changed)
      : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_) throw system_error("watching the window's size", errno);
    int none = -1;
    if (!resize_event.compare_exchange_strong(none, event_.raw()))
      throw std::logic_error("the window's size is watched already");
    // Taken before the handler is there: a change in between rings and is seen.
    auto known = terminal.size();
    struct sigaction action{};
    action.sa_handler = window_changed;
    action.sa_flags = SA_RESTART;
    ::sigaction(SIGWINCH, &action, &old_);
    watch_ = std::jthread([this, &terminal, known, changed = std::move(changed)](const std::stop_token& stop) mutable {
      const StopEvent stopped(stop);
      // 8 bytes each time the handler rang; empty on stop.
      while (!read_some(event_.raw(), stopped).empty()) {
        const auto size = terminal.size();
        if (size && size != known) changed(*size);
        known = size;
      }
    });
  }
  ResizeWatch(const ResizeWatch&) = delete;
  ResizeWatch& operator=(const ResizeWatch&) = delete;
  ~ResizeWatch() {
    ::sigaction(SIGWINCH, &old_, nullptr);
    resize_event = -1;
    watch_.request_stop();
    watch_.join();
  }

 private:
  Fd event_;
  struct sigaction old_{};
  std::jthread watch_;
};

}  // namespace

bool UserTerminal::is_terminal() const {
  return ::isatty(in_) == 1 && ::isatty(out_) == 1;
}

std::string UserTerminal::read(std::stop_token stop) {
  const StopEvent stopped(stop);
  return read_some(in_, stopped);
}

UserTerminal::UserTerminal(int in, int out, int err, const std::stop_token& stop)
    : in_(in), out_(out), err_(err), stopped_(stop) {}

void UserTerminal::write(OutputStream stream, std::string_view bytes) {
  const bool is_out = stream == OutputStream::out;
  const int error = write_all(is_out ? out_ : err_, bytes, stopped_);
  if (error == ECANCELED) throw Cancelled();
  // A terminal that hung up says EIO. Messages that nobody reads stop nothing.
  if (error == 0 || error == EIO || !is_out) return;
  if (error == EPIPE) throw OutputClosed();
  throw system_error("writing the output", error);
}

std::optional<Terminal::Size> UserTerminal::size() {
  for (const int fd : {out_, in_, err_}) {
    winsize window{};
    if (::ioctl(fd, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) return Size{window.ws_row, window.ws_col};
  }
  return {};
}

std::shared_ptr<void> UserTerminal::on_resize(std::function<void(Size)> changed) {
  return std::make_shared<ResizeWatch>(*this, std::move(changed));
}

RawMode::RawMode(int fd, Keys keys) {
  if (::isatty(fd) != 1) return;
  if (raw_fd >= 0) throw std::logic_error("the terminal is raw already");
  if (::tcgetattr(fd, &saved_settings) != 0) throw system_error("reading the terminal's settings", errno);
  static const bool at_exit = std::atexit([] { restore_terminal(); }) == 0;
  if (!at_exit) throw Error(ErrorCode::system_failed, "the terminal could not be put back at the end");
  raw_fd = fd;
  active_ = true;
  take_over_fatal_signals();
  termios raw = saved_settings;
  if (keys == Keys::raw) {
    ::cfmakeraw(&raw);
  } else {
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    raw.c_lflag |= ECHONL;
  }
  if (::tcsetattr(fd, TCSADRAIN, &raw) != 0) {
    const int error = errno;
    give_back_fatal_signals();
    raw_fd = -1;
    throw system_error("changing the terminal's settings", error);
  }
}

RawMode::~RawMode() {
  if (!active_) return;
  restore_terminal();
  give_back_fatal_signals();
}

void restore_terminal() noexcept {
  const int fd = raw_fd.exchange(-1);
  if (fd >= 0) ::tcsetattr(fd, TCSADRAIN, &saved_settings);
}

}  // namespace belay::cli
