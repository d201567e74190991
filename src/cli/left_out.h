#pragma once
// Command lines without the app's name. Apart from which_app.h, for the parser: <getopt.h> has macros that are words of
// Invocation.

#include <string>
#include <vector>

#include "cli/command.h"

namespace belay::cli {

// Whether the line leaves out the app that the table has as the command's first word: there are no words and one is
// needed, or the first can only be what stands behind the name: "rollback r2", "restore s3", "set COLOUR=red", "unset
// memory".
bool leaves_out_app(const Command& command, const std::vector<std::string>& words);

}  // namespace belay::cli
