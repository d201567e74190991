#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "host/take_over.h"

namespace belay::cli {

int run_recover(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto all = host::recover(run.context(), in.has("dry-run"), in.stop());
  for (const auto& app : all)
    in.console.success(format("{}{}: {}{}{}", in.has("dry-run") ? "then: " : "", app.app,
                              app.releases.empty() ? std::string("no new releases") : join(app.releases, ", "),
                              app.last ? format(", last {}", app.last->text()) : std::string(),
                              app.stable ? format(", stable {}", app.stable->text()) : std::string()));
  if (all.empty()) in.console.success("the state knows everything that carries Belay's labels");
  return all.empty() && in.has("exit-unchanged") ? 3 : 0;
}

}  // namespace belay::cli
