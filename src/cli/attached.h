#pragma once
// The user's terminal inside an app's container.

#include "change/context.h"
#include "cli/invocation.h"

namespace belay::cli {

// Connects the terminal to the container's own process until it ends or Ctrl-C; its exit code, 0 when it still runs.
int attached(Session& session, change::Context& context, const Target& target);
// Whether the command gets a terminal of its own.
enum class Terminals { where_there_is_one, none };
// Runs a command (none: a shell) in the container; its exit code.
int in_container(Session& session, change::Context& context, const Target& target, ExecRequest request,
                 Terminals terminals = Terminals::where_there_is_one);

}  // namespace belay::cli
