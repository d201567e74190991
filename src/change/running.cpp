#include "change/running.h"

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/change.h"
#include "state/store.h"

namespace belay::change {

namespace {

// What is to be done to this container; nullopt: nothing.
using StepOf = std::function<std::optional<plan::Step>(const Container&)>;

RunningSteps on_what_runs(Context& context, const Target& target, const JournalVerb& verb, const StepOf& step_of,
                          bool dry_run, std::stop_token stop) {
  const FileLock lock = lock_app(context, target.app, stop);
  App app = known_app(context, target.app, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  const auto release = what_runs(app);
  if (!release)
    throw Error(ErrorCode::not_running, format("{} is stopped", app.name.text()),
                format("How it is: belay status {}", app.name.text()));
  const World world = observe(context.engine, app, stop);
  RunningSteps steps;
  std::vector<std::string> names;
  for (const Service* service : app.services_of(app.release(*release), target)) {
    const Container* container = plan::find_instance(app, world, *release, service->name);
    if (container == nullptr || !container->is_up()) continue;
    if (auto step = step_of(*container)) {
      steps.plan.add(std::move(*step), "asked for");
      names.push_back(container->name);
    }
  }
  if (dry_run || steps.plan.empty()) return steps;
  carry_out_whole(context, steps.plan, {}, stop);
  write_journal(context, app, verb, "done", join(names, ", "), release);
  steps.done = true;
  return steps;
}

}  // namespace

RunningSteps send_signal(Context& context, const Target& target, const std::string& signal, bool dry_run,
                         std::stop_token stop) {
  return doing(format("sending {} to {}", signal, target.text()), [&] {
    return on_what_runs(
        context, target, JournalVerb("signal").of(signal),
        [&](const Container& container) { return plan::Step(plan::SignalContainer{container.name, signal}); }, dry_run,
        stop);
  });
}

RunningSteps pause(Context& context, const Target& target, bool dry_run, std::stop_token stop) {
  return doing(format("pausing {}", target.text()), [&] {
    return on_what_runs(
        context, target, "pause",
        [](const Container& container) -> std::optional<plan::Step> {
          if (container.state != ContainerState::running) return {};
          return plan::PauseContainer{container.name};
        },
        dry_run, stop);
  });
}

RunningSteps resume(Context& context, const Target& target, bool dry_run, std::stop_token stop) {
  return doing(format("resuming {}", target.text()), [&] {
    return on_what_runs(
        context, target, "unpause",
        [](const Container& container) -> std::optional<plan::Step> {
          if (container.state != ContainerState::paused) return {};
          return plan::ResumeContainer{container.name};
        },
        dry_run, stop);
  });
}

std::vector<LeftHeld> resume_left_held(Context& context, const std::set<std::string>& leave, std::stop_token stop) {
  std::vector<LeftHeld> all;
  for (const auto& known : context.store.outlines()) {
    if (known.wish.progress != Wish::Progress::held || leave.contains(known.name.text())) continue;
    LeftHeld& left = all.emplace_back(LeftHeld{known.name, known.wish.why, {}, {}});
    left.busy = FileLock::holder_of(state::lock_path(context.store.folder(), known.name)).has_value();
    if (left.busy) continue;
    try {
      const FileLock lock = lock_app(context, known.name, stop);
      App app = known_app(context, known.name, stop);
      if (app.wish.progress == Wish::Progress::held) finish_unfinished(context, app, stop);
    } catch (const Cancelled&) {
      throw;
    } catch (const LockHeld&) {
      left.busy = true;
    } catch (const Error& error) {
      left.error = error.what();
    }
  }
  return all;
}

}  // namespace belay::change
