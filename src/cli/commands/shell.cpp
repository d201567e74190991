#include <csignal>

#include "cli/attached.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/tty.h"
#include "look/inside.h"

namespace belay::cli {

int attached(Session& session, change::Context& context, const Target& target) {
  UserTerminal terminal(0, 1, 2, session.stop());
  // Not raw: the container's own process is not a shell, and Ctrl-C means leaving it alone.
  try {
    return look::attach(context, target, terminal, session.stop()).value_or(0);
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Cancelled&) {
    return 0;
  }
}

int in_container(Session& session, change::Context& context, const Target& target, ExecRequest request) {
  const std::stop_token stop = session.stop();
  UserTerminal terminal(0, 1, 2, stop);
  request.tty = terminal.is_terminal();
  request.interactive = true;
  const RawMode raw(request.tty ? terminal.input() : -1);
  try {
    return look::shell(context, target, std::move(request), terminal, stop);
  } catch (const OutputClosed&) {
    // As a shell tells of what SIGPIPE ended.
    return 128 + SIGPIPE;
  }
}

int run_shell(Invocation& in) {
  ExecRequest request;
  request.command = in.arguments("COMMAND");
  request.user = in.text_or("user", "");
  request.working_dir = in.text_or("workdir", "");
  HostRun run(in.session, in.description());
  return in_container(in.session, run.context(), target(in), std::move(request));
}

}  // namespace belay::cli
