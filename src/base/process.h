#pragma once
// Other programs that Belay runs: credential helpers, hooks, `docker buildx`. Never through a shell.

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

#include "base/clock.h"
#include "base/files.h"

namespace belay {

struct ProcessRequest {
  std::vector<std::string> command;                // the program is looked up on the PATH
  std::string input;                               // given on its standard input
  std::map<std::string, std::string> environment;  // added to our own
  fs::path folder;                                 // empty: our own
  Milliseconds deadline{60'000};                   // the process is killed when it takes longer; 0: none
  // True: it and what it starts are a group of their own, which a stop ends as a whole, and gently first. For a program
  // that leaves its work to others; it cannot ask on the terminal.
  bool own_group = false;
  // Gets what it writes to its standard error as it comes; `errors` stays empty then.
  std::function<void(std::string_view)> on_errors = {};
  // The same for its standard output and `output`.
  std::function<void(std::string_view)> on_output = {};
  // Called about twenty times a second while it runs, with its process id.
  std::function<void(pid_t)> while_it_runs = {};
};

struct ProcessResult {
  int exit_code = 0;  // 128 + signal where a signal ended it
  std::string output;
  std::string errors;
};

// Throws NotFound when there is no such program, Error past the deadline, Cancelled on stop. An exit code other than 0
// is a result, not an error.
ProcessResult run_process(const ProcessRequest& request, std::stop_token stop);
// Where a program of this name is on the PATH.
std::optional<fs::path> find_program(const std::string& name);
// As above; throws NotFound where there is none.
fs::path installed_program(const std::string& name);

}  // namespace belay
