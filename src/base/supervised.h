#pragma once
// A program of somebody else's that works on this host, and of which nothing may be left behind: it and all it starts
// are a process group that ends with us, however we end.

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/files.h"

namespace belay {

struct SupervisedRequest {
  std::vector<std::string> command;                // the first is a path
  std::map<std::string, std::string> environment;  // all of it
  fs::path folder;                                 // where it starts
  std::optional<Milliseconds> deadline;            // nullopt: it may take as long as it likes
  // What it has after it is asked to end, before it is killed.
  Milliseconds grace{5'000};
  // Gets what it writes to standard output and standard error, as it comes, and it has no input. Empty: it has our own
  // streams, and our terminal with the keys that stop it.
  std::function<void(std::string_view)> on_output = {};
  // Asked a few times a second while it runs; what it throws ends the program and comes out of the call.
  std::function<void()> watch = {};
};

// The exit code, 128 + signal where a signal ended it. Throws Error (timed_out) past the deadline, Cancelled on stop,
// Error where the program cannot be started; all of its group has ended then. What it leaves running after an end by
// itself stays, unless it still holds on to the output that is being read: that is not waited for.
int run_supervised(const SupervisedRequest& request, std::stop_token stop);

}  // namespace belay
