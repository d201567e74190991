#include "base/format.h"
#include "change/clean.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/host_run.h"
#include "cli/removal.h"

namespace belay::cli {

namespace {

// An app by its name, or the one of a Compose project.
AppName app_to_take_down(const Invocation& in) {
  const auto what = in.optional_argument("WHAT");
  const bool is_name =
      what && what->find('/') == std::string::npos && AppName::is_valid(*what) && !is_compose_project(*what);
  if (is_name) return AppName(*what);
  return AppName(formats::compose::load(compose_request(in, what), compose_outside()).name);
}

}  // namespace

int run_down(Invocation& in) {
  const AppName name = app_to_take_down(in);
  HostRun run(in.session, in.description());
  const bool dry_run = in.has("dry-run");
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto removed = change::take_down(run.context(), name, dry_run, go, in.stop());
  run.report().close();
  return print_removed(in.console, name, removed,
                       {.done = "down", .dry_run = dry_run, .exit_unchanged = in.has("exit-unchanged")});
}

}  // namespace belay::cli
