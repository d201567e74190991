#include "safekeeping/quiesce.h"

#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/data_work.h"
#include "change/kept_files.h"
#include "change/places.h"
#include "plan/hooks.h"
#include "state/store.h"

namespace belay::safekeeping {

App held_still(const change::Context& context, const App& app) {
  App held = app;
  if (!held.wish.is<goal::Run>()) return held;
  held.wish.progress = Wish::Progress::held;
  held.wish.terms.wait = false;
  held.wish.fallback = held.wish.release();
  held.wish.who = context.who;
  held.wish.why = context.command;
  return held;
}

Quiesce::Quiesce(change::Context& context, const App& held, const Release& release, const World& world,
                 backup::Consistency way, std::stop_token stop)
    : held_(held), release_(release), world_(world), way_(way), defaults_(context.defaults), now_(context.clock.now()) {
  Spec runs;
  for (const auto& service : release.spec.services) {
    const Container* container = plan::find_instance(held, world, release.number, service.name);
    if (container == nullptr || !container->is_up() || container->state == ContainerState::paused) continue;
    running_.push_back(container);
    runs.services.push_back(service);
  }
  if (running_.empty()) way_ = backup::Consistency::live;
  // A job that is stopped does not go on where it was.
  for (const auto& service : runs.services)
    if (service.scheduled && way_ == backup::Consistency::stop)
      throw LockHeld(format("its job {} is at work, and a backup of stopped containers would end it", service.name),
                     format("Wait for its end, or end it: belay stop {}/{}", held.name.text(), service.name));
  if (way_ == backup::Consistency::stop) change::refuse_missing_paths(context, runs, &release, std::move(stop));
}

std::vector<plan::Action> Quiesce::hold() const {
  std::vector<plan::Action> steps;
  const auto order = in_order_of_needs(release_.spec);
  // Those that need others go first.
  for (auto index = order.rbegin(); index != order.rend(); ++index) {
    const Container* container =
        plan::find_instance(held_, world_, release_.number, release_.spec.services[*index].name);
    if (std::find(running_.begin(), running_.end(), container) == running_.end()) continue;
    const std::string& name = container->name;
    if (way_ == backup::Consistency::pause)
      steps.push_back({plan::PauseContainer{name}, "its data must not change while it is read", {}});
    if (way_ != backup::Consistency::stop) continue;
    steps.push_back({plan::SetRestartPolicy{name, {"no", 0}}, "it must stay down while its data is read", {}});
    plan::Plan hooks;
    plan::add_pre_stop(hooks, held_,
                       {container, release_.container_release(release_.spec.services[*index].name),
                        release_.spec.services[*index].name},
                       name, defaults_.stop_timeout, {});
    steps.insert(steps.end(), hooks.actions.begin(), hooks.actions.end());
    steps.push_back({plan::StopContainer{name, defaults_.stop_timeout}, "you asked for it", {}});
  }
  return steps;
}

std::vector<plan::Action> Quiesce::resume() const {
  if (way_ == backup::Consistency::live) return {};
  // What the planner would do then for a wish that is still the same.
  World held = world_;
  for (auto& container : held.containers)
    for (const Container* each : running_)
      if (each->name == container.name)
        container.state = way_ == backup::Consistency::pause ? ContainerState::paused : ContainerState::exited;
  if (way_ == backup::Consistency::stop)
    for (const Container* each : running_)
      if (const auto detail = held.details.find(each->name); detail != held.details.end())
        detail->second.restart = {"no", 0};
  return only_what_ran(plan::plan_wish({held_, held, now_, defaults_}).actions);
}

// What did not run is left as it is: somebody may have stopped or paused it for a reason. What was only paused has
// proved itself, and what needs it need not wait for the next probe of its health check.
std::vector<plan::Action> Quiesce::only_what_ran(std::vector<plan::Action> steps) const {
  if (way_ == backup::Consistency::pause)
    std::erase_if(steps,
                  [](const plan::Action& each) { return std::holds_alternative<plan::AwaitVerdict>(each.step); });
  std::erase_if(steps, [&](const plan::Action& action) {
    const auto* start = std::get_if<plan::StartContainer>(&action.step);
    const auto* policy = std::get_if<plan::SetRestartPolicy>(&action.step);
    const auto* hook = std::get_if<plan::RunInside>(&action.step);
    const auto* resumed = std::get_if<plan::ResumeContainer>(&action.step);
    const std::string* name = start != nullptr     ? &start->name
                              : resumed != nullptr ? &resumed->name
                              : policy != nullptr  ? &policy->name
                              : hook != nullptr    ? &hook->name
                                                   : nullptr;
    return name != nullptr &&
           std::none_of(running_.begin(), running_.end(), [&](const Container* each) { return each->name == *name; });
  });
  for (auto& step : steps) step.after.clear();
  return steps;
}

std::vector<std::string> Quiesce::foreign_writers() const {
  std::vector<std::string> notes;
  const auto ours = plan::instances(held_, world_);
  for (const auto& use : change::places_of(release_.spec).uses)
    for (const auto& other : world_.containers) {
      if (std::any_of(ours.begin(), ours.end(), [&](const auto& i) { return i.container == &other; })) continue;
      const bool writes = std::any_of(other.mounts.begin(), other.mounts.end(), [&](const Mount& mount) {
        return mount.source == use.place.source && !mount.read_only;
      });
      if (other.is_up() && writes)
        notes.push_back(
            format("{} may write to {} meanwhile: it is not {}'s", other.name, text_of(use.place), held_.name.text()));
    }
  return notes;
}

void Quiesce::let_go_on(change::Context& context, const World& now) const {
  plan::Plan plan;
  std::vector<size_t> last;
  for (const auto& action : only_what_ran(plan::plan_wish({held_, now, context.clock.now(), defaults_}).actions))
    last = {plan.add(action, last)};
  if (plan.empty()) return;
  change::carry_out_whole(context, plan, {}, {});
}

void while_still(change::Context& context, const App& app, const App& held, const std::function<void()>& work,
                 const std::function<void()>& let_go_on) {
  context.store.save(held);
  try {
    work();
  } catch (const std::exception& error) {
    doing(format("{}; letting {} go on", error.what(), app.name.text()), let_go_on);
    context.store.save(app);
    throw;
  }
  context.store.save(app);
}

BackupEntry::BackupEntry(change::Context& context, const App& app, const JournalVerb& verb, const std::string& where,
                         ReleaseNumber release)
    : context_(context), app_(app), verb_(verb), where_(where), release_(release) {
  write("started", where_);
}

void BackupEntry::tell(const std::function<void()>& work) const {
  try {
    work();
  } catch (const Cancelled& cancelled) {
    write("failed", cancelled.what());
    throw Cancelled("stopped on request; there is no backup, and the app goes on");
  } catch (const std::exception& error) {
    write("failed", error.what());
    throw;
  }
}

void BackupEntry::write(const JournalOutcome& outcome, const std::string& text) const {
  write_journal(context_, app_, verb_, outcome, text, release_);
}

void StillWatch::tell(const plan::Event& event) {
  if (const auto* begun = std::get_if<plan::StepBegun>(&event.what)) begins(begun->which);
  if (const auto* done = std::get_if<plan::StepDone>(&event.what)) ends(done->which.step());
  report_.tell(event);
}

void StillWatch::begins(const plan::StepOf& which) {
  begun_ = which.action + 1;
  const bool holds = std::holds_alternative<plan::PauseContainer>(which.step()) ||
                     std::holds_alternative<plan::StopContainer>(which.step());
  if (holds && !held_) held_ = clock_.ticks();
}

void StillWatch::ends(const plan::Step& step) {
  if (held_ &&
      (std::holds_alternative<plan::ResumeContainer>(step) || std::holds_alternative<plan::StartContainer>(step)))
    still_ = std::chrono::duration_cast<Milliseconds>(clock_.ticks() - *held_);
}

}  // namespace belay::safekeeping
