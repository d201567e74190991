#pragma once
// A program that runs beside us, its standard input and output streamed. For one that is given all at once and answers
// all at once: process.h. Never through a shell.

#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/clock.h"
#include "base/errors.h"
#include "base/fd.h"
#include "base/stream.h"

namespace belay {

struct ChildRequest {
  std::vector<std::string> command;  // the program is looked up on the PATH; no secrets, everybody can read it
  // Added to our own, of which it gets all but Belay's own variables (BELAY_…): they may hold secrets that are nothing
  // to it.
  std::map<std::string, std::string> environment = {};
  // What it has after it is asked to end, before it is killed.
  Milliseconds grace{3'000};
};

// The program runs in a process group of its own: Ctrl-C on the terminal reaches us alone, and what it started ends
// with it. One thread at a time. Its standard error is taken along in every call here and kept for messages, the last
// few KiB of it; a program whose input or output nobody moves may therefore have to wait.
class Child {
 public:
  // Throws NotFound when there is no such program.
  explicit Child(const ChildRequest& request);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  // As end().
  ~Child();

  // All of the bytes to its standard input. Throws failure() where it does not read them any more.
  void write(std::string_view bytes, std::stop_token stop);
  // Some of the bytes, at least one; how many. For who must know how far it came when a stop or an error comes.
  std::size_t write_some(std::string_view bytes, std::stop_token stop);
  void close_input();
  // Its standard output; 0: its end. Whether the program did well only wait() tells.
  std::size_t read(std::span<char> room, std::stop_token stop);
  // Until it has ended by itself, its input closed, the rest of its output thrown away. The exit code, 128 + signal
  // where a signal ended it.
  int wait(std::stop_token stop);
  // Still running: it is asked to end, with its input open, so that it does not take the end of the input for the end
  // of the data; then it is killed. Nothing of it is left behind.
  void end() noexcept;

  // A call that has to wait for the program longer than this throws an Error; 0, the default: no limit. Every wait
  // throws Cancelled on stop; the program then still runs.
  void set_patience(Milliseconds patience) { patience_ = patience; }
  bool has_ended() const { return exit_code_.has_value(); }
  // Its standard error until now, not yet fit for a terminal.
  const std::string& errors() const { return errors_; }
  // "ssh ended with exit code 255: …" with what it wrote last. Waits a moment for a program that is about to end.
  Error failure();

 private:
  // Until `pipe` is ready for `events` or an error shows there; takes standard error along.
  void await(const Fd& pipe, short events, Ticks since, std::stop_token stop);
  void give_up_in_time(Ticks since, const std::stop_token& stop) const;
  void take_errors();
  bool reap();

  const std::string name_;
  const Milliseconds grace_;
  Milliseconds patience_{0};
  pid_t pid_ = 0;
  Fd input_, output_, errors_pipe_;
  std::string errors_;
  std::optional<int> exit_code_;
};

// The last lines of what a program wrote for people, as a part of one sentence and fit for a terminal.
std::string last_words(std::string_view errors);

}  // namespace belay
