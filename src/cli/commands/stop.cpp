#include "change/start.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"

namespace belay::cli {

int run_stop(Invocation& in) {
  const Target what = target(in);
  HostRun run(in.session, in.description());
  if (const auto timeout = in.duration("timeout"))
    run.context().defaults.stop_timeout = std::chrono::ceil<Seconds>(*timeout);
  const auto change = change::stop(run.context(), what, in.has("dry-run"), in.stop());
  run.report().close();
  return print_change(in.console, what.app, change, {.exit_unchanged = in.has("exit-unchanged")});
}

}  // namespace belay::cli
