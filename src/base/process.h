#pragma once
// Other programs that Belay runs: credential helpers, hooks, `docker buildx`. Never through a shell.

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/files.h"

namespace belay {

struct ProcessRequest {
  std::vector<std::string> command;                // the program is looked up on the PATH
  std::string input;                               // given on its standard input; unused where `inherit` is set
  std::map<std::string, std::string> environment;  // added to our own
  fs::path folder;                                 // empty: our own
  bool inherit = false;                            // true: our own standard streams, nothing captured
  // True: the leader of a process group of its own, so that what it started is killed with it. Not with `inherit`: a
  // terminal would stop it.
  bool own_group = false;
  Milliseconds deadline{60'000};  // the process is killed when it takes longer; 0: none
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

}  // namespace belay
