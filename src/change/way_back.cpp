#include "change/way_back.h"

#include <algorithm>

#include "base/format.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/clear_up.h"
#include "change/kept_files.h"
#include "change/needed_paths.h"
#include "change/whereabouts.h"
#include "data/reserve.h"
#include "plan/data_users.h"
#include "plan/hooks.h"
#include "state/store.h"

namespace belay::change {

namespace {

// Why one of the places cannot be given back what it held; nullopt: nothing is known to be in the way.
std::optional<std::string> in_the_way(const World& world, const std::vector<DataExchange>& exchanges) {
  const data::Reserves here(world.volumes);
  for (const auto& exchange : exchanges) {
    try {
      if (const auto obstacle = here.obstacle(exchange.place)) return obstacle->text;
    } catch (const Error& error) {
      return error.what();
    }
  }
  return {};
}

struct DataBefore {
  std::vector<DataExchange> exchanges;
  // Something was mounted since the snapshot was taken, and would move with the data; or a container that is not the
  // app's has it open. An old release with the data that is there is better than none: all places stay as they are, of
  // one time, and the snapshot is kept.
  std::optional<std::string> why_not;
};

// What the places held before the change that failed: what it was to displace, and the snapshot that was taken before
// the release began to write.
DataBefore data_before(const App& app, World& world) {
  std::vector<DataExchange> before = earlier_data(app.wish);
  const Snapshot* snapshot = app.wish.snapshot ? app.find_snapshot(*app.wish.snapshot) : nullptr;
  if (snapshot == nullptr) return {before, {}};
  const auto containers = plan::instances(app, world);
  const bool has_started = std::any_of(containers.begin(), containers.end(), [&](const plan::Instance& instance) {
    return instance.release == app.wish.release() &&
           (instance.container->state != ContainerState::created || world.may_be_up(*instance.container));
  });
  if (!has_started) return {before, {}};
  const std::vector<DataExchange> earlier = before;
  std::vector<DataExchange> from_snapshot;
  for (const auto& item : snapshot->items) {
    const bool is_known = std::any_of(earlier.begin(), earlier.end(),
                                      [&](const DataExchange& exchange) { return exchange.place == item.place; });
    if (const auto kept = world.data.find(item.kept); !is_known && kept != world.data.end())
      from_snapshot.push_back({item.place, item.kept, kept->second});
  }
  if (auto why = in_the_way(world, from_snapshot)) return {before, std::move(why)};
  look_up_where(world, from_snapshot);
  if (const auto used = plan::used_by_others(from_snapshot, containers, world)) return {before, used->what()};
  before.insert(before.end(), from_snapshot.begin(), from_snapshot.end());
  return {before, {}};
}

// Whether the release's containers are up and were so all the time.
bool ran_on(const App& app, ReleaseNumber release, const World& before, const World& now, const Touched& touched) {
  const Release* known = app.find(release);
  if (known == nullptr || known->spec.services.empty()) return false;
  return std::all_of(known->spec.services.begin(), known->spec.services.end(), [&](const Service& service) {
    const Container* then = plan::find_instance(app, before, release, service.name);
    const Container* present = plan::find_instance(app, now, release, service.name);
    if (then == nullptr || present == nullptr || !then->is_up() || !present->is_up()) return false;
    if (touched.ended.contains(present->name)) return false;
    const auto old_detail = before.details.find(then->name);
    const auto new_detail = now.details.find(present->name);
    return then->created == present->created && old_detail != before.details.end() && new_detail != now.details.end() &&
           old_detail->second.started == new_detail->second.started;
  });
}

// The same container in another look at the world.
const plan::Instance* same_in(const std::vector<plan::Instance>& instances, const plan::Instance& wanted) {
  for (const auto& each : instances)
    if (each.release == wanted.release && each.service == wanted.service &&
        each.container->created == wanted.container->created)
      return &each;
  return nullptr;
}

std::vector<size_t> start_again(plan::Plan& plan, const App& app, const plan::Instance& instance,
                                const std::string& reason, Milliseconds time_of_a_hook) {
  const std::string& name = instance.container->name;
  const std::vector<size_t> started{plan.add(plan::StartContainer{name}, reason)};
  const Service* service = plan::service_of(app, instance);
  if (service == nullptr) return started;
  return plan::add_post_start(plan, *service, name, time_of_a_hook, plan::HookFailure::is_told, started);
}

// What makes the app's containers what they were. What is up and was not even seen before stays, unless this change
// began to start it: an engine that answered wrongly is no reason to stop anything.
plan::Plan plan_as_before(const App& app, const World& before, const World& now, const std::set<std::string>& begun,
                          const plan::Defaults& defaults) {
  const std::string reason = "so it was before";
  const auto earlier = plan::instances(app, before);
  plan::Plan plan;
  for (const auto& instance : plan::instances(app, now)) {
    const Container& present = *instance.container;
    const plan::Instance* then = same_in(earlier, instance);
    const bool ran = then != nullptr && then->container->is_up();
    const bool was_paused = then != nullptr && then->container->state == ContainerState::paused;
    std::vector<size_t> last;
    if (!ran && now.may_be_up(present) && begun.contains(present.name)) {
      last = {plan.add(plan::SetRestartPolicy{present.name, {"no", 0}}, "it must stay down once it is stopped")};
      last = plan::add_pre_stop(plan, app, instance, present.name, {}, last);
      plan.add(plan::StopContainer{present.name, {}}, reason, last);
    }
    if (!ran) continue;
    if (!present.is_up()) last = start_again(plan, app, instance, reason, defaults.wait_timeout);
    if (!was_paused && present.state == ContainerState::paused)
      last = {plan.add(plan::ResumeContainer{present.name}, reason)};
    const auto old_detail = before.details.find(then->container->name);
    const auto new_detail = now.details.find(present.name);
    if (old_detail != before.details.end() && new_detail != now.details.end() &&
        old_detail->second.restart != new_detail->second.restart)
      last = {plan.add(plan::SetRestartPolicy{present.name, old_detail->second.restart}, reason, last)};
    if (was_paused && present.state != ContainerState::paused)
      plan.add(plan::PauseContainer{present.name}, reason, last);
  }
  return plan;
}

// A way back is gone whether it can be written down or not: what ran before must run again. The wish that is on the
// disk leads the next command to the same end.
void save_if_possible(Context& context, const App& app) {
  record_if_possible(context, [&] { context.store.save(app); });
}

// What is left over stays known until it is gone.
void clear_up_if_saved(Context& context, App& app) {
  record_if_possible(context, [&] {
    context.store.save(app);
    clear_up_reserves(context, app, {});
  });
}

// The release runs, but for the services that are held down; nullopt: nothing does.
void set_goal(Wish& wish, std::optional<ReleaseNumber> release, std::set<std::string> held_down) {
  if (release) {
    goal::Run run{*release};
    run.held_down = std::move(held_down);
    wish.goal = std::move(run);
  } else {
    wish.goal = goal::Stopped{};
  }
}

Wish wish_for_the_way_back(const Context& context, const Wish& failed, const Change& change) {
  Wish back;
  set_goal(back, failed.fallback, failed.held_down());
  // Killed on the way back, the next change must still know what to return to.
  back.fallback = failed.fallback;
  back.rollback = Rollback{change.release};
  back.progress = Wish::Progress::under_way;
  back.who = context.who;
  back.why = change.release ? format("{} failed: {}", change.release->text(), change.reason)
                            : format("its data could not be exchanged: {}", change.reason);
  back.since = context.clock.now();
  return back;
}

void tell_passed_over(Context& context, const exec::Outcome& outcome) {
  for (const auto& [action, why] : outcome.passed_over) context.report.warning(format("while rolling back: {}", why));
}

bool left_something_running(const plan::Plan& plan, const exec::Outcome& outcome) {
  return std::any_of(outcome.passed_over.begin(), outcome.passed_over.end(), [&](const auto& each) {
    return std::holds_alternative<plan::StopContainer>(plan.actions.at(each.first).step);
  });
}

// The world is as the way back wanted it. Saves nothing.
void is_back(Context& context, App& app, Change& change, const Planned& way) {
  record_names(app, way.world, way.plan);
  record_creations(context, app, way.plan);
  for (const auto& action : way.plan.actions)
    if (const auto* rename = std::get_if<plan::RenameContainer>(&action.step);
        rename != nullptr && rename->from == change.container)
      change.container = rename->to;
  app.wish.progress = Wish::Progress::fulfilled;
  app.wish.fallback.reset();
  record_data(app, way);
}

void in_trouble(App& app, Change& change, ReleaseNumber release, const std::string& reason) {
  change.kind = Change::Kind::in_trouble;
  change.running.reset();
  change.is_itself = change.release == release;
  change.trouble_on_the_way_back = change.release == release
                                       ? format("{} did not prove itself: {}", release.text(), reason)
                                       : format("{} did not prove itself again: {}", release.text(), reason);
  app.wish.trouble = change.trouble_on_the_way_back;
}

}  // namespace

bool was_up(const App& app, const World& world, ReleaseNumber release) {
  const Release* known = app.find(release);
  const auto instances = plan::instances(app, world);
  return std::any_of(instances.begin(), instances.end(), [&](const plan::Instance& instance) {
    const ReleaseNumber made_for = known != nullptr ? known->container_release(instance.service) : release;
    return instance.release == made_for && instance.container->is_up();
  });
}

void leave_as_it_was(Context& context, App& app, Change& change, const Before& before, const Touched& touched) {
  try {
    World now = observe(context.engine, app, {});
    note_starting(now, touched.unanswered);
    const plan::Plan way = plan_as_before(app, before.world, now, touched.begun, context.defaults);
    if (!way.empty()) {
      carry_out_whole(context, way, {}, {});
    }
    record_names(app, now, {});
    change.never_stopped = ran_on(app, *change.release, before.world, now, touched);
    if (before.wish && !before.wish->is_unfinished()) app.wish = *before.wish;
    change.kind = Change::Kind::rolled_back;
    change.running = change.release;
    if (change.is_judged) in_trouble(app, change, *change.release, change.reason);
    save_if_possible(context, app);
  } catch (const Error& error) {
    change.kind = Change::Kind::stuck;
    change.trouble_on_the_way_back = error.what();
  }
}

void end_way_back(Context& context, App& app, Change& change, const Planned& way) {
  change.trouble_on_the_way_back = change.reason;
  change.kind = Change::Kind::stuck;
  if (!change.is_judged) return;
  is_back(context, app, change, way);
  in_trouble(app, change, *app.wish.release(), change.reason);
  clear_up_if_saved(context, app);
}

void take_back(Context& context, App& app, Change& change, const Before& earlier, const Touched& touched, bool wait) {
  const Wish failed = app.wish;
  auto before = failed.fallback;
  Wish back = wish_for_the_way_back(context, failed, change);
  // What was held down before stays so, whatever the change was to start.
  if (back.run() && earlier.wish && !earlier.wish->is_unfinished()) back.run()->held_down = earlier.wish->held_down();
  bool is_itself = false;
  std::optional<std::string> data_stays;
  try {
    World now = observe(context.engine, app, {});
    note_starting(now, touched.unanswered);
    if (failed.snapshot || !failed.data.empty()) {
      DataBefore data = data_before(app, now);
      back.data = std::move(data.exchanges);
      data_stays = std::move(data.why_not);
    }
    const bool runs_on = before && back.data.empty() && ran_on(app, *before, earlier.world, now, touched);
    // What starts again has its own files, not those that may be the very reason of the failure.
    if (before && !runs_on) before = with_its_files(context, app, *before, {});
    set_goal(back, before, back.held_down());
    back.fallback = before;
    // What never stopped has nothing to prove; what has just failed to would only fail again, but with other data.
    is_itself = before && before == change.release && change.is_judged && back.data.empty();
    back.terms.wait = wait && !runs_on && !is_itself;
  } catch (const Error& error) {
    // Without a look at the world nobody knows what to put back: the change stays unfinished, the next command tries.
    change.kind = Change::Kind::stuck;
    change.trouble_on_the_way_back = error.what();
    return;
  }
  // Once it is put back, the snapshot holds what the failed release wrote. Where that never started the copy was made
  // for nothing, and what was to displace the data is of no more use either.
  if (Snapshot* snapshot = failed.snapshot ? app.find_snapshot(*failed.snapshot) : nullptr;
      snapshot != nullptr && is_displaced_by(*snapshot, back.data)) {
    back.snapshot = snapshot->number;
    snapshot->release = failed.release();
    snapshot->why = format("what {} wrote before it was rolled back", failed.release()->text());
  } else if (snapshot != nullptr && data_stays) {
    back.snapshot = snapshot->number;
    context.report.warning(
        format("the data stays as {} left it: {}. The snapshot {} has what it was before: once that is out of the way, "
               "belay restore {} {} puts it back.",
               failed.release()->text(), *data_stays, snapshot->text(), app.name.text(), snapshot->text()));
  }
  app.wish = back;
  save_if_possible(context, app);
  try {
    Planned way = planned(context, app, {}, touched.unanswered);
    if (const auto missing = missing_for(context, app, way.world, way.plan, {})) throw *missing;
    exec::Outcome outcome;
    if (!way.plan.empty()) {
      forget_creations(app, way.plan);
      save_if_possible(context, app);
      outcome = run_wish(context, app, way, context.report, {});
      if (outcome.error) throw *outcome.error;
    }
    tell_passed_over(context, outcome);
    is_back(context, app, change, way);
    // One that could not be stopped is left to the next command.
    if (left_something_running(way.plan, outcome)) {
      app.wish.progress = Wish::Progress::under_way;
      app.wish.fallback = before;
    }
    change.kind = Change::Kind::rolled_back;
    change.running = before;
    change.never_stopped = before && ran_on(app, *before, earlier.world, way.world, touched);
    if (Release* again = before ? app.find(*before) : nullptr;
        again != nullptr && again->verdict == Verdict::pending && app.wish.terms.wait && !outcome.verdict)
      again->verdict = Verdict::passed;
    // Also where an earlier way back, which had given it files of its own, was cut short.
    if (before) app.last = before;
    if (outcome.verdict)
      in_trouble(app, change, *before, outcome.verdict->reason);
    else if (is_itself)
      in_trouble(app, change, *before, change.reason);
    clear_up_if_saved(context, app);
  } catch (const Error& error) {
    change.kind = Change::Kind::stuck;
    change.trouble_on_the_way_back = error.what();
  }
}

}  // namespace belay::change
