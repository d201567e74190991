#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "host/take_over.h"

namespace belay::cli {

int run_adopt(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const auto adopted = host::adopt(run.context(), name, in.arguments("CONTAINER"), in.has("dry-run"), in.stop());
  if (adopted.dry_run) {
    in.console.line(format("then: {} is an app with the containers {}", name.text(), join(adopted.containers, ", ")));
  } else {
    in.console.success(format("{} is an app now: {}", name.text(), join(adopted.containers, ", ")));
  }
  return 0;
}

}  // namespace belay::cli
