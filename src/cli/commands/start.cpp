#include "change/start.h"

#include "base/format.h"
#include "cli/attached.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "family/start_new.h"

namespace belay::cli {

int run_start(Invocation& in) {
  const Target what = target(in);
  const AppName& name = what.app;
  if (!what.service.empty() && in.optional_argument("WHICH"))
    throw in.usage_error(format("{} starts as the release that runs has it: name no other one", what.text()));
  const std::string which = in.optional_argument("WHICH").value_or("last");
  const auto configuration = in.optional_argument("CONFIG");
  if (configuration && which != "new") throw in.usage_error("CONFIG is for new releases only");
  if (which != "new" && (in.has("settings-from-image") || in.has("yes")))
    throw in.usage_error("--settings-from-image and --yes are for new releases only");
  HostRun run(in.session, in.description());
  const change::ChangeOptions change = change_options(in);
  change::Change result;
  if (which == "new") {
    family::StartOptions options;
    options.change = change;
    options.configuration = configuration.value_or("");
    options.settings_from_image = in.has("settings-from-image");
    options.confirm = confirm_losses(in.console, in.has("yes"), in.stop());
    result = family::start_new(run.context(), name, options, in.stop());
  } else if (!what.service.empty()) {
    result = change::start_services(run.context(), what, change, in.stop());
  } else {
    result = change::start_release(run.context(), name, which, change, in.stop());
  }
  run.report().close();
  const int code = print_change(in.console, name, result, {.exit_unchanged = in.has("exit-unchanged")});
  if (!in.has("attach") || result.failed() || change.dry_run) return code;
  return attached(in.session, run.context(), what);
}

}  // namespace belay::cli
