// kill, pause and unpause: what is done to containers that run.

#include "base/format.h"
#include "change/running.h"
#include "change/start.h"
#include "cli/commands.h"
#include "cli/each_target.h"
#include "cli/named.h"

namespace belay::cli {

namespace {

// No release changes.
change::Change as_change(const change::RunningSteps& steps) {
  change::Change change;
  change.kind = steps.done           ? change::Change::Kind::done
                : steps.plan.empty() ? change::Change::Kind::unchanged
                                     : change::Change::Kind::planned;
  change.plan = steps.plan;
  return change;
}

template <class UseCase>
int to_what_runs(Invocation& in, HostRun& run, const std::vector<Target>& targets, UseCase&& use_case) {
  bool is_anything_done = false;
  Node list = Node::list();
  for (const auto& what : targets) {
    const change::RunningSteps steps = use_case(what);
    const ChangeWords words = change_words(in, run);
    run.report().close();
    run.report().begin_anew();
    is_anything_done = is_anything_done || steps.done;
    if (words.json) {
      list.add(report::change_json(what.app, as_change(steps), words.took));
      continue;
    }
    if (steps.plan.empty()) in.console.success(format("{}: nothing to do", what.text()));
    if (in.has("dry-run")) print_plan(in.console, what.text(), targets.size(), steps.plan);
    if (!steps.done) continue;
    for (const auto& action : steps.plan.actions)
      in.console.success(format("{}: {}", what.app.text(), plan::step_text(action.step)));
  }
  if (in.has("json")) print_record(in.console, "changes", std::move(list));
  return in.has("exit-unchanged") && !is_anything_done && !in.has("dry-run") ? 3 : 0;
}

bool is_kill(const std::string& signal) {
  return signal == "KILL" || signal == "SIGKILL" || signal == "9";
}

}  // namespace

// What is killed for good is stopped: it would come up again otherwise.
int run_kill(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  const std::string signal = in.text_or("signal", "KILL");
  if (!is_kill(signal))
    return to_what_runs(in, run, targets, [&](const Target& what) {
      return change::send_signal(run.context(), what, signal, in.has("dry-run"), in.stop());
    });
  run.context().defaults.stop_timeout = Seconds(0);
  return change_each(
      in, run, targets,
      [&](const Target& what) { return change::stop(run.context(), what, in.has("dry-run"), in.stop()); },
      Effect::stops);
}

int run_pause(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  return to_what_runs(in, run, targets, [&](const Target& what) {
    return change::pause(run.context(), what, in.has("dry-run"), in.stop());
  });
}

int run_unpause(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  return to_what_runs(in, run, targets, [&](const Target& what) {
    return change::resume(run.context(), what, in.has("dry-run"), in.stop());
  });
}

}  // namespace belay::cli
