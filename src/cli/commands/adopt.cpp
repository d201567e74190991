#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "host/take_over.h"

namespace belay::cli {

int run_adopt(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const host::TakeOver how{.dry_run = in.has("dry-run"), .lossy = in.has("lossy")};
  const auto adopted = host::adopt(run.context(), name, in.arguments("CONTAINER"), how, in.stop());
  for (const std::string& lost : adopted.lost) in.console.warning(format("the next release is without it: {}", lost));
  const std::string containers = join(adopted.containers, ", ");
  if (adopted.dry_run) {
    if (!adopted.plan.empty()) print_plan(in.console, adopted.plan);
    in.console.line(format("then: {} is an app with the containers {}", name.text(), containers));
  } else if (adopted.was_there) {
    in.console.success(format("{} has been adopted before: {}", name.text(), containers));
  } else {
    in.console.success(format("{} is an app now: {}", name.text(), containers));
  }
  return adopted.was_there && in.has("exit-unchanged") ? 3 : 0;
}

}  // namespace belay::cli
