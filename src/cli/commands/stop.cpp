#include "change/start.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/each_target.h"
#include "cli/named.h"

namespace belay::cli {

int run_stop(Invocation& in) {
  HostRun run(in.session, in.description());
  Named named(in, run);
  const auto targets = in.has("all") ? named.every_app() : named.of_all(in.arguments("NAME"), "NAME");
  if (const auto timeout = in.duration("timeout"))
    run.context().defaults.stop_timeout = std::chrono::ceil<Seconds>(*timeout);
  return change_each(
      in, run, targets,
      [&](const Target& what) { return change::stop(run.context(), what, in.has("dry-run"), in.stop()); },
      Effect::stops);
}

}  // namespace belay::cli
