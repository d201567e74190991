#include "base/format.h"
#include "change/remove_stopped.h"
#include "change/start.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/each_target.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

// The plan of both: what is stopped, and then removed.
int preview_of_stop_and_removal(Invocation& in, HostRun& run, const std::vector<Target>& targets,
                                change::UnnamedVolumes volumes) {
  Node list = Node::list();
  for (const auto& target : targets) {
    const auto removed = change::preview_stop_and_removal(run.context(), target, volumes, in.stop());
    if (in.has("json")) {
      list.add(removal_json(target.text(), removed, true));
      continue;
    }
    print_plan(in.console, target.text(), targets.size(), removed.plan);
    for (const auto& kept : removed.kept) in.console.note("stays: " + kept);
  }
  if (in.has("json")) print_record(in.console, "removals", std::move(list));
  return 0;
}

// With JSON only a failure is told of: the result is what was removed.
int stop_them(Invocation& in, HostRun& run, const std::vector<Target>& targets) {
  const auto stopped = [&](const Target& what) { return change::stop(run.context(), what, false, in.stop()); };
  if (!in.has("json")) return change_each(in, run, targets, stopped);
  for (const auto& target : targets) {
    const change::Change change = stopped(target);
    run.report().close();
    if (change.failed()) return print_change(in.console, target.app, change);
  }
  return 0;
}

}  // namespace

int run_rm(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  const bool dry_run = in.has("dry-run");
  const auto volumes = in.has("volumes") ? change::UnnamedVolumes::go : change::UnnamedVolumes::stay;
  if (in.has("stop") && dry_run) return preview_of_stop_and_removal(in, run, targets, volumes);
  if (in.has("stop")) {
    const int code = stop_them(in, run, targets);
    if (code != 0 && code != 3) return code;
  }
  bool is_anything_done = false;
  Node list = Node::list();
  for (const auto& target : targets) {
    const auto removed = change::remove_stopped(run.context(), target, volumes, dry_run, in.stop());
    run.report().close();
    is_anything_done = is_anything_done || removed.done;
    if (in.has("json")) {
      list.add(removal_json(target.text(), removed, dry_run));
      continue;
    }
    if (dry_run) print_plan(in.console, target.text(), targets.size(), removed.plan);
    for (const auto& kept : removed.kept) in.console.note("stays: " + kept);
    if (removed.plan.empty()) in.console.success(format("{}: nothing to remove", target.text()));
    if (removed.plan.empty() && target.service.empty() && !in.session.project)
      in.console.note(format("rm removes containers that do not run; belay remove {} removes the app", target.text()));
    if (!removed.done) continue;
    for (const auto& action : removed.plan.actions) in.console.success(plan::step_text(action.step));
  }
  if (in.has("json")) print_record(in.console, "removals", std::move(list));
  return in.has("exit-unchanged") && !is_anything_done && !dry_run ? 3 : 0;
}

}  // namespace belay::cli
