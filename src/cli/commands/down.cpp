#include "base/format.h"
#include "change/clean.h"
#include "change/remove_stopped.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/removal.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

// An app by its name, or the one of a Compose project.
AppName app_to_take_down(Invocation& in, HostRun& run) {
  const auto what = in.optional_argument("WHAT");
  const bool is_name = what && what->find('/') == std::string::npos && !is_compose_project(*what);
  if (!is_name) {
    if (!what) lead_on_without_project(in, "belay stop NAME stops an app, belay remove NAME removes it");
    const auto project = formats::compose::load(compose_request(in, what), compose_outside());
    const AppName name(project.name);
    if (const auto app = run.context().store.app(name)) refuse_app_of_others(*app, project.folder.string());
    return name;
  }
  const Target target = Named(in, run).of(*what);
  if (!target.service.empty())
    throw in.usage_error(format("a project goes down as a whole; belay stop {} stops the one service", target.text()));
  return target.app;
}

change::Removed remove_images(Invocation& in, HostRun& run, const AppName& name, const std::string& which) {
  auto removed =
      change::remove_images(run.context(), name, which == "all" ? change::AppImages::all : change::AppImages::unnamed,
                            in.has("dry-run"), in.stop());
  run.report().close();
  return removed;
}

void print_removed_images(Invocation& in, const AppName& name, const change::Removed& removed) {
  if (!in.has("dry-run"))
    for (const auto& kept : removed.kept) in.console.note("stays: " + kept);
  for (const auto& action : removed.plan.actions)
    if (removed.done) in.console.success(plan::step_text(action.step));
  if (in.has("dry-run")) print_removed(in.console, name, removed, {.done = "", .dry_run = true});
}

// What came of the app and, where they were asked for, of its images: in words, or as the list `removals`.
int tell(Invocation& in, const AppName& name, const change::Removed& removed, const RemovalWords& words,
         const std::optional<change::Removed>& images) {
  if (!in.has("json")) {
    const int code = print_removed(in.console, name, removed, words);
    if (images) print_removed_images(in, name, *images);
    return code;
  }
  Node list = Node::list();
  list.add(removal_json(name.text(), removed, words.dry_run));
  if (images) list.add(removal_json(name.text(), *images, words.dry_run));
  print_record(in.console, "removals", std::move(list));
  return exit_code_of(removed, words);
}

// The images go before the app does: what an image is to others is known by its releases. Asked first, so that a no
// leaves everything as it was.
int remove_with_images(Invocation& in, HostRun& run, const AppName& name, const std::string& which) {
  check_words_of_loss(in, name, true);
  const bool dry_run = in.has("dry-run");
  const RemovalWords words{.done = "removed", .dry_run = dry_run};
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto preview = change::remove(run.context(), name, true, true, go, in.stop());
  if (dry_run) return tell(in, name, preview, words, remove_images(in, run, name, which));
  run.report().close();
  if (!agrees_to_loss(in, name, preview.plan)) {
    change::Removed nothing;
    nothing.declined = true;
    return tell(in, name, nothing, words, {});
  }
  change::take_down(run.context(), name, false, go, in.stop());
  const auto images = remove_images(in, run, name, which);
  const auto removed = change::remove(run.context(), name, true, false, go, in.stop());
  run.report().close();
  return tell(in, name, removed, words, images);
}

}  // namespace

int run_down(Invocation& in) {
  HostRun run(in.session, in.description());
  const AppName name = app_to_take_down(in, run);
  const auto timeout = in.duration("timeout");
  if (timeout) run.context().defaults.stop_timeout = std::chrono::ceil<Seconds>(*timeout);
  if (in.has("volumes")) {
    if (const auto images = in.text("rmi")) return remove_with_images(in, run, name, *images);
    return remove_app(in, name, true, false, timeout);
  }
  if (in.text("yes-lose-data")) throw in.usage_error("--yes-lose-data goes with --volumes");
  const bool dry_run = in.has("dry-run");
  const auto go = [](const change::RemovalPreview&) { return true; };
  const auto removed = change::take_down(run.context(), name, dry_run, go, in.stop());
  run.report().close();
  const auto images = in.text("rmi");
  const RemovalWords words{.done = "down", .dry_run = dry_run, .exit_unchanged = in.has("exit-unchanged") && !images};
  return tell(in, name, removed, words, images ? std::optional(remove_images(in, run, name, *images)) : std::nullopt);
}

}  // namespace belay::cli
