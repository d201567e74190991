#pragma once
// What process.h and child.h have in common: how another program is started and ended.

#include <csignal>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/files.h"

namespace belay {

struct SpawnRequest {
  fs::path program;
  std::vector<std::string> arguments;    // the name it is called by included
  std::vector<std::string> environment;  // "NAME=value", all of it
  fs::path folder = {};                  // empty: our own
  bool own_group = false;
  // Descriptors in place of pipes: one for its standard input and output, one for its errors. -1: pipes.
  int stream = -1, errors = -1;
};

// The program, and our ends of its standard input, output and error, where they are pipes.
struct Spawned {
  pid_t pid = 0;
  Fd input, output, errors;
};

// Starts it with the usual effect of all signals and nothing of ours open. Throws Error.
Spawned spawn(SpawnRequest request);
// Our environment without the variables whose names begin with `without` (empty: all), and with `added`.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& added, std::string_view without);
// The exit code of what waitpid told: 128 + signal where a signal ended it.
int exit_code_of(int status);
// Ends our child and reaps it; its whole group where it has one: that one is asked first, and has until `grace` is over
// to take its work back. The exit code.
int end_process(pid_t child, bool group, Milliseconds grace);

// Makes a write to a program that does not read fail with EPIPE instead of ending us by SIGPIPE. Blocked for this
// thread only, not ignored for the process: that is the program's to choose.
class NoSigpipe {
 public:
  NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe();

 private:
  sigset_t sigpipe_{}, before_{};
};

}  // namespace belay
