#include "base/format.h"
#include "change/clean.h"
#include "change/remove_stopped.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/named.h"
#include "cli/removal.h"

namespace belay::cli {

namespace {

// An app by its name, or the one of a Compose project.
AppName app_to_take_down(Invocation& in, HostRun& run) {
  const auto what = in.optional_argument("WHAT");
  const bool is_name = what && what->find('/') == std::string::npos && !is_compose_project(*what);
  if (!is_name) return AppName(formats::compose::load(compose_request(in, what), compose_outside()).name);
  const Target target = Named(in, run).of(*what);
  if (!target.service.empty())
    throw in.usage_error(format("a project goes down as a whole; belay stop {} stops the one service", target.text()));
  return target.app;
}

int remove_images(Invocation& in, HostRun& run, const AppName& name, const std::string& which) {
  const auto removed =
      change::remove_images(run.context(), name, which == "all" ? change::AppImages::all : change::AppImages::unnamed,
                            in.has("dry-run"), in.stop());
  run.report().close();
  if (!in.has("dry-run"))
    for (const auto& kept : removed.kept) in.console.note("stays: " + kept);
  for (const auto& action : removed.plan.actions)
    if (removed.done) in.console.success(plan::step_text(action.step));
  if (in.has("dry-run")) print_removed(in.console, name, removed, {.done = "", .dry_run = true});
  return 0;
}

// The images go before the app does: what an image is to others is known by its releases. Asked first, so that a no
// leaves everything as it was.
int remove_with_images(Invocation& in, HostRun& run, const AppName& name, const std::string& which) {
  check_words_of_loss(in, name, true);
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto preview = change::remove(run.context(), name, true, true, go, in.stop());
  if (in.has("dry-run")) {
    print_removed(in.console, name, preview, {.done = "", .dry_run = true});
    return remove_images(in, run, name, which);
  }
  run.report().close();
  if (!agrees_to_loss(in, name, preview.plan)) {
    change::Removed nothing;
    nothing.declined = true;
    return print_removed(in.console, name, nothing, {.done = "removed"});
  }
  change::take_down(run.context(), name, false, go, in.stop());
  remove_images(in, run, name, which);
  const auto removed = change::remove(run.context(), name, true, false, go, in.stop());
  run.report().close();
  return print_removed(in.console, name, removed, {.done = "removed"});
}

}  // namespace

int run_down(Invocation& in) {
  HostRun run(in.session, in.description());
  const AppName name = app_to_take_down(in, run);
  const auto timeout = in.duration("timeout");
  if (in.has("volumes")) {
    if (timeout) throw in.usage_error("--timeout does not go with --volumes");
    if (const auto images = in.text("rmi")) return remove_with_images(in, run, name, *images);
    return remove_app(in, name, true, false);
  }
  if (in.text("yes-lose-data")) throw in.usage_error("--yes-lose-data goes with --volumes");
  if (timeout) run.context().defaults.stop_timeout = std::chrono::ceil<Seconds>(*timeout);
  const bool dry_run = in.has("dry-run");
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto removed = change::take_down(run.context(), name, dry_run, go, in.stop());
  run.report().close();
  const auto images = in.text("rmi");
  const int down =
      print_removed(in.console, name, removed,
                    {.done = "down", .dry_run = dry_run, .exit_unchanged = in.has("exit-unchanged") && !images});
  return images ? remove_images(in, run, name, *images) : down;
}

}  // namespace belay::cli
