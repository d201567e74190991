#include <csignal>

#include "cli/attached.h"
#include "cli/commands.h"
#include "cli/named.h"
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

int in_container(Session& session, change::Context& context, const Target& target, ExecRequest request,
                 Terminals terminals) {
  const std::stop_token stop = session.stop();
  UserTerminal terminal(0, 1, 2, stop);
  request.tty = terminals == Terminals::where_there_is_one && terminal.is_terminal();
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
  request.environment = in.pairs("env");
  request.privileged = in.has("privileged");
  request.detached = in.command.find_option("detach") != nullptr && in.has("detach");
  HostRun run(in.session, in.description());
  Target what = Named(in, run).of(in.argument("NAME"));
  take_index(in, what);
  if (request.detached) {
    UserTerminal terminal(0, 1, 2, in.stop());
    return look::shell(run.context(), what, std::move(request), terminal, in.stop());
  }
  return in_container(in.session, run.context(), what, std::move(request),
                      in.has("no-tty") ? Terminals::none : Terminals::where_there_is_one);
}

int run_attach(Invocation& in) {
  HostRun run(in.session, in.description());
  Target what = Named(in, run).of(in.argument("NAME"));
  take_index(in, what);
  return attached(in.session, run.context(), what);
}

// The same, where the command must be given.
int run_exec(Invocation& in) {
  return run_shell(in);
}

}  // namespace belay::cli
