#pragma once
// Ctrl-C and SIGTERM as a request to stop.

#include <memory>
#include <stop_token>

namespace belay::cli {

// From its making on, the first SIGINT, SIGTERM or SIGHUP asks for stop; the second ends the process at once with the
// exit code 128 + signal (the terminal is put back first). One a process.
class SignalStop {
 public:
  SignalStop();
  SignalStop(const SignalStop&) = delete;
  SignalStop& operator=(const SignalStop&) = delete;
  ~SignalStop();

  std::stop_token token() const;
  // The signal that came; 0: none.
  int signal() const;

 private:
  struct Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace belay::cli
