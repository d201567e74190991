#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/kept_files.h"
#include "declared/pass.h"
#include "state/store.h"

namespace belay::declared {

namespace {

// From the list alone: every container of the release is up, not unhealthy, under its name, and nothing else of the
// app runs.
bool seems_right(const App& app, const PassView& view) {
  const Release* release = app.find(*app.wish.release());
  if (release == nullptr) return false;
  size_t wanted = 0, right = 0;
  std::set<std::string> jobs, scheduled;
  for (const auto& service : release->spec.services) {
    if (service.scheduled) scheduled.insert(service.name);
    if (!app.wish.is_held_down(service.name)) ++wanted;
    if (release->runs_to_its_end(service)) jobs.insert(service.name);
  }
  for (const auto& [container, made_for, service] : plan::sort_out(app, view.containers_of(app)).instances) {
    const bool is_wished = made_for == release->container_release(service);
    if (is_wished && app.wish.is_held_down(service)) {
      if (container->is_up()) return false;
      continue;
    }
    // The clock starts it, whatever came of the last run.
    if (is_wished && scheduled.contains(service)) {
      ++right;
      continue;
    }
    // A job has run; how it ended, a list does not tell.
    if (is_wished && jobs.contains(service) && container->state != ContainerState::created) {
      ++right;
      continue;
    }
    if (!container->is_up()) {
      if (is_wished) return false;
      continue;
    }
    if (!is_wished || container->state == ContainerState::paused) return false;
    const auto name = release->containers.find(service);
    if (name == release->containers.end() || name->second != container->name) return false;
    ++right;
  }
  return right == wanted;
}

}  // namespace

std::set<std::string> Pass::down_now(const Declaration& declared, const App& app) const {
  std::set<std::string> down = app.wish.held_down();
  const Release* present = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  std::set<std::string> kept;
  for (const auto& [container, made_for, service] : plan::sort_out(app, view_.containers_of(app)).instances)
    if (present != nullptr && made_for == present->container_release(service) && container->is_up())
      kept.insert(service);
  if (present != nullptr)
    for (const auto& service : present->spec.services)
      if (present->runs_to_its_end(service) || service.scheduled) kept.insert(service.name);
  for (const auto& service : declared.spec.services)
    if (!kept.contains(service.name)) down.insert(service.name);
  return down;
}

std::set<std::string> Pass::crashed_now(const Declaration& declared, const App& app,
                                        const std::set<std::string>& down) const {
  std::set<std::string> crashed;
  const Release* present = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  if (present == nullptr) return crashed;
  std::set<std::string> ended;
  for (const auto& [container, made_for, service] : plan::sort_out(app, view_.containers_of(app)).instances)
    if (made_for == present->container_release(service) && container->state != ContainerState::created)
      ended.insert(service);
  for (const auto& service : present->spec.services) {
    const bool is_asked_for = declared.only.empty() || declared.only.contains(service.group_name());
    if (down.contains(service.name) && !app.wish.is_held_down(service.name) &&
        (ended.contains(service.name) || !is_asked_for))
      crashed.insert(service.name);
  }
  return crashed;
}

std::set<std::string> Pass::made_down(const Declaration& declared, const App& app,
                                      const std::set<std::string>& held_down) const {
  std::set<std::string> made;
  if (options_.starts_nothing) made = crashed_now(declared, app, down_now(declared, app));
  for (const auto& service : declared.spec.services)
    if (held_down.contains(service.name) && (declared.only.empty() || declared.only.contains(service.group_name())))
      made.insert(service.name);
  return made;
}

std::set<std::string> Pass::held_down(const Declaration& declared, const App& app) const {
  if (options_.starts_nothing) {
    std::set<std::string> down = down_now(declared, app);
    for (const auto& service : crashed_now(declared, app, down)) down.erase(service);
    return down;
  }
  std::set<std::string> held = app.wish.held_down();
  if (!options_.starts_stopped) return held;
  // Of what is stopped as a whole, the others stay so.
  if (const Release* stopped = change::ran_until_stopped(app); stopped != nullptr && !declared.only.empty())
    for (const auto& service : stopped->spec.services) held.insert(service.name);
  if (declared.only.empty()) held.clear();
  for (const auto& service : declared.spec.services)
    if (declared.only.contains(service.group_name())) held.erase(service.name);
  return held;
}

bool Pass::is_well(const Declaration& declared, change::Context& context, DeclaredApp& result) {
  if (!options_.heal) return true;
  result.healing.emplace();
  const std::optional<App> app = known(declared.name.text());
  if (!app) return true;
  result.healing = heal(context, declared, *app, view_.world, *options_.heal, stop_);
  if (!result.healing->is_busy)
    note_wait(declared.name, context.store, Wait::Topic::health, result.healing->waits_for, context.clock.now(),
              result.healing->waits_until);
  if (!result.healing->steps.empty())
    if (const auto helped = context.store.app(declared.name)) remember(*helped);
  return !result.healing->waits_until;
}

void Pass::keep_up_only(const Declaration& declared, change::Context& context, DeclaredApp& result) {
  const std::optional<App> app = known(declared.name.text());
  if (!app || !app->wish.is<goal::Run>() || app->wish.is_unfinished() || !app->wish.release()) return;
  if (result.healing && result.healing->is_down && declared.policies.on_drift == OnDrift::repair) {
    const std::lock_guard lock(turn_);
    listener_.tell({result.name, plan::Decided{"it is down: it is started again"}});
  }
  keep_up(declared, *app, context, result);
}

bool Pass::is_asked_for(const App& app) const {
  if (options_.look_into.contains(app.name.text())) return true;
  const Release* release = app.find(*app.wish.release());
  return release != nullptr &&
         std::any_of(release->containers.begin(), release->containers.end(),
                     [&](const auto& container) { return options_.look_into.contains(container.second); });
}

void Pass::keep_up(const Declaration& declared, const App& app, change::Context& context, DeclaredApp& result) {
  if (result.healing && result.healing->waits_until) return;
  tell_restart_loop(app, context, result);
  App started = app;
  started.wish.run()->held_down = held_down(declared, app);
  const bool starts = started.wish.held_down() != app.wish.held_down();
  const bool look_closer = starts || options_.thorough || options_.starts_nothing || app.wish.is_unfinished() ||
                           !app.wish.trouble.empty() || is_asked_for(app) || !seems_right(app, view_);
  if (!look_closer) return;
  const bool repairs =
      starts || options_.starts_nothing || declared.policies.on_drift == OnDrift::repair || app.wish.is_unfinished();
  const FileLock lock = lock_app(context, app.name, stop_);
  App fresh = known_app(context, app.name, stop_);
  if (const Release* wished = fresh.wish.release() ? fresh.find(*fresh.wish.release()) : nullptr)
    refuse_missing_paths(context, wished->spec, wished, stop_);
  // What cannot prove itself again, or is hit by an engine that goes away, stays wished for: a repair that fails is
  // no reason to want it down.
  if (!fresh.wish.is_unfinished()) fresh.wish.fallback = fresh.wish.release();
  const bool finishes = fresh.wish.is_unfinished();
  if (goal::Run* run = fresh.wish.run()) {
    run->held_down = held_down(declared, fresh);
    run->makes = made_down(declared, fresh, run->held_down);
    // Whatever was wished when they were made, or stopped: now they are started.
    if (starts && !options_.starts_nothing) fresh.wish.terms.wait = options_.change.wait;
  }
  // What did not prove itself the last time is asked again, whatever was wished then: only a verdict ends that.
  if (!fresh.wish.trouble.empty()) fresh.wish.terms.wait = true;
  const auto verb = finishes                  ? JournalVerb("finish")
                    : options_.starts_nothing ? JournalVerb("create")
                    : starts                  ? JournalVerb("start")
                                              : JournalVerb("repair");
  const PlannedSteps* steps = steps_for(result.name);
  Facts facts;
  if (asks_for_facts()) {
    facts = facts_of(fresh, context.engine.containers({}, stop_));
    if (steps != nullptr && !options_.dry_run && !steps->change.empty()) settle(facts, result);
  }
  const change::Agreed agreed = agreed_on(result.name, result);
  // What a command left unfinished, or a user stopped, is nothing that the app did: it counts against no budget.
  bool is_counted = finishes || starts || options_.starts_nothing;
  AppReport report(result.name, listener_, turn_, [&] {
    if (!std::exchange(is_counted, true))
      context.store.append(fresh.name, {context.clock.now(), Repair::Kind::repair, fresh.wish.release()});
  });
  change::Context repairing = context_for(context.store, report);
  if (steps != nullptr && !options_.dry_run) repairing.agreed = &agreed;
  const Room room = repairs ? room_for(declared, context) : Room();
  repairing.room = room.plan.empty() ? nullptr : &room.plan;
  try {
    result.change = fulfil(repairing, fresh, verb, options_.dry_run || !repairs, stop_);
  } catch (const Error&) {
    if (!options_.dry_run) bring_back(room, declared.name, context);
    throw;
  }
  if (result.change.failed()) bring_back(room, declared.name, context);
  note_room(room, result.change);
  remember(fresh);
  if (result.change.kind == change::Change::Kind::unchanged) return;
  if (options_.dry_run) {
    settle(facts, result);
    note_steps(result);
  }
  result.only_reported = !repairs;
  if (!repairs || options_.dry_run) result.as_declared = false;
  if (result.change.failed()) {
    result.kind = Outcome::broken;
    result.as_declared = false;
    result.code = error_code(result.change);
    result.reason = result.change.kind == change::Change::Kind::in_trouble ? result.change.trouble_on_the_way_back
                                                                           : result.change.reason;
    return;
  }
  tell_repair(result, fresh, repairs);
  if (options_.starts_nothing)
    result.only_makes = true;
  else if (starts && result.kind == Outcome::repair)
    result.reason = "what was stopped by its name is started";
}

void Pass::tell_restart_loop(const App& app, change::Context& context, DeclaredApp& result) const {
  const auto owned = view_.owned.find(app.name.text());
  if (owned == view_.owned.end() || !app.wish.release()) return;
  const Release* release = app.find(*app.wish.release());
  for (const auto& [container, made_for, service] : plan::sort_out(app, owned->second).instances) {
    const bool is_suspect = options_.look_for_restarts
                                ? change::may_be_in_a_loop(*container, app.wish.proved(), context.clock.now())
                                : container->state == ContainerState::restarting;
    if (!is_suspect || release == nullptr || made_for != release->container_release(service)) continue;
    const auto detail = context.engine.container(container->name, stop_);
    const auto loop = detail ? change::restart_loop(*detail, app.wish.since, context.clock.now()) : std::nullopt;
    if (!loop) continue;
    result.as_declared = false;
    if (result.kind != Outcome::unchanged) return;
    result.kind = Outcome::trouble;
    result.code = ErrorCode::restarting;
    result.reason = *loop;
    result.waits_for = format("its container {} keeps exiting", container->name);
    result.hint = format("belay logs {} shows what it wrote.", app.name.text());
    return;
  }
}

void Pass::tell_repair(DeclaredApp& result, const App& app, bool repairs) {
  for (const auto& action : result.change.plan.actions)
    if (!std::holds_alternative<plan::AwaitVerdict>(action.step))
      result.differences.push_back(format("{}: {}", plan::step_text(action.step), action.reason));
  if (result.kind == Outcome::held) return;
  result.hint.clear();
  result.kind = Outcome::repair;
  result.reason = repairs ? "it is not as its release has it" : "somebody changed it; its definition says: report";
  classify(result, app);
}

}  // namespace belay::declared
