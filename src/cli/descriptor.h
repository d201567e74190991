#pragma once
// Reading and writing the process's streams, which may be terminals, pipes or files and may be non-blocking.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/fd.h"

namespace belay::cli {

// Writes all of `text`; 0, or the errno that ended it.
int write_all(int fd, std::string_view text);

// An eventfd that becomes readable for good when stop is asked: a wait by poll() can watch it.
class StopEvent {
 public:
  explicit StopEvent(const std::stop_token& stop);
  int raw() const { return event_.raw(); }

 private:
  Fd event_;
  struct Ring {
    int fd;
    void operator()() const;
  };
  std::stop_callback<Ring> callback_;
};

// The same, and given up on stop: ECANCELED. A pipe that nobody empties does not hold up whoever ends the command.
int write_all(int fd, std::string_view text, const StopEvent& stop);

// Asks for a stop as soon as nobody reads the pipe any more (`| head`), be there anything to write or not.
class ReaderWatch {
 public:
  ReaderWatch(int fd, std::stop_source gone);

 private:
  std::jthread watch_;
};

// Waits for input and reads what is there; empty at the end of input and on stop.
std::string read_some(int fd, const StopEvent& stop);
// A line without its end; nullopt at the end of input. Throws Cancelled on stop.
std::optional<std::string> read_line(int fd, std::stop_token stop);

}  // namespace belay::cli
