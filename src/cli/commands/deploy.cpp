#include "change/start.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "family/start_new.h"

namespace belay::cli {

int run_deploy(Invocation& in) {
  const AppName name = app_name(in);
  const family::BuildOptions build = build_options(in);
  family::StartOptions options;
  options.change = change_options(in);
  options.again = in.has("yes");
  options.confirm = confirm_losses(in.console, in.has("yes"), in.stop());
  HostRun run(in.session, in.description());
  const auto deployed = family::deploy(run.context(), name, build, options, in.stop());
  run.report().close();
  return print_change(in.console, name, deployed.change, change_words(in, run));
}

}  // namespace belay::cli
