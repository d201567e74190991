#pragma once
// The program from its arguments to its exit code.

#include <span>
#include <string>
#include <vector>

#include "cli/invocation.h"

namespace belay::cli {

// Belay's own command line without the program's name: parses and runs it. For `main` and for faces. Throws.
int run_command_line(Session& session, std::span<const std::string> arguments);

// All of it: argv[0] selects the face, every failure becomes a message on standard error and an exit code:
// 0 done, 1 failed, 2 wrong usage, 128 + signal where one stopped the work.
int run_program(const std::vector<std::string>& argv, Console& console, Clock& clock, Doors doors = Doors::usual());

}  // namespace belay::cli
