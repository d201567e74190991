#pragma once
// The user's real terminal, for sessions in a container.

#include "base/errors.h"
#include "base/terminal.h"
#include "cli/descriptor.h"

namespace belay::cli {

// Who read the output has gone: nothing is left to do, and that is no failure.
class OutputClosed : public Error {
 public:
  OutputClosed() : Error(ErrorCode::output_lost, "nobody reads the output any more") {}
};

// Works on pipes and files as well: input is handed on until its end, there is no size.
class UserTerminal final : public Terminal {
 public:
  // On stop a write that nobody takes is given up.
  explicit UserTerminal(int in = 0, int out = 1, int err = 2, const std::stop_token& stop = {});

  // Whether a session can be interactive: input and output are a terminal.
  bool is_terminal() const;

  std::string read(std::stop_token stop) override;
  // Throws OutputClosed where nobody takes standard output any more (a closed pipe), Cancelled on stop, and what the
  // system says of a full disk.
  void write(OutputStream stream, std::string_view bytes) override;
  std::optional<Size> size() override;
  // SIGWINCH has one handler: a second watcher may begin only after the guard of the first is gone.
  std::shared_ptr<void> on_resize(std::function<void(Size)> changed) override;

  int input() const { return in_; }

 private:
  int in_, out_, err_;
  StopEvent stopped_;
};

// raw: the terminal hands on every key, Ctrl-C included. hidden: lines as usual, which it does not show.
enum class Keys { raw, hidden };

// The terminal is so as long as this lives; nothing happens where `fd` is no terminal.
// Whatever ends the process but SIGKILL, the terminal is put back: exit(), a signal, a second Ctrl-C. One at a time.
class RawMode {
 public:
  explicit RawMode(int fd, Keys keys = Keys::raw);
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  ~RawMode();

 private:
  bool active_ = false;
};

// Puts the terminal back where a RawMode changed it. Safe in a signal handler.
void restore_terminal() noexcept;

}  // namespace belay::cli
