#include "change/clean.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/format.h"
#include "base/plural.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/change.h"
#include "change/data_swap.h"
#include "change/kept_files.h"
#include "change/outcome.h"
#include "change/start.h"
#include "data/reserve.h"
#include "model/overlay.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

void refuse_mounts(Context& context, const App& app, const plan::Plan& plan, std::stop_token stop) {
  const auto volumes = context.engine.volumes({}, stop);
  const data::Reserves here(volumes);
  for (const auto& action : plan.actions)
    if (const auto* volume = std::get_if<plan::RemoveVolume>(&action.step))
      if (const auto mount = here.mount_in({DataPlace::Kind::volume, volume->name}))
        throw Error(ErrorCode::mount_in_the_way, format("removing volume {}: {}", volume->name, *mount));
  for (const auto& snapshot : app.snapshots)
    if (const auto mount = mount_in(snapshot, volumes))
      throw Error(ErrorCode::mount_in_the_way, format("removing the snapshot {}: {}", snapshot.text(), *mount));
}

std::map<std::string, std::string> volumes_of_others(const state::Store& store, const AppName& name) {
  std::map<std::string, std::string> volumes;
  for (const auto& other : store.apps()) {
    if (other.name == name) continue;
    for (const auto& release : other.releases)
      for (const auto& service : release.spec.services)
        for (const auto& mount : service.mounts)
          if (mount.kind == Mount::Kind::volume && !mount.source.empty())
            volumes[mount.source] = format("{} of the app {}", release.number.text(), other.name.text());
  }
  return volumes;
}

namespace {

// Those in volumes go as volumes of the app.
void add_removal_of_snapshots(const App& app, plan::Plan& plan) {
  plan::Plan snapshots;
  for (const auto& snapshot : app.snapshots)
    for (const auto& item : snapshot.items) {
      if (item.kept.kind == DataPlace::Kind::volume) continue;
      snapshots.add(plan::RemoveData{item.kept}, format("you asked to lose the data; {} has it", snapshot.text()));
      snapshots.actions.back().may_fail = true;
    }
  plan = plan::in_sequence(std::move(plan), snapshots);
}

// Whether it says that the state cannot be written, and nothing of the containers.
bool is_of_the_state(const Error& error) {
  const ErrorCode code = error.code();
  return code == ErrorCode::state_unwritable || code == ErrorCode::state_busy || code == ErrorCode::state_damaged;
}

// The policy first: a container in a restart loop would be started again behind our back.
void stop_alone(Context& context, const std::string& container, std::stop_token stop_token) {
  plan::Plan plan;
  const size_t held = plan.add(plan::SetRestartPolicy{container, {"no", 0}}, "it must stay down once it is stopped");
  plan.add(plan::StopContainer{container, {}}, "you asked for it", {held});
  carry_out_whole(context, plan, {}, std::move(stop_token));
}

// Where the containers of `belay run` go too: those of another state are that one's, whose app has the same name.
World with_own_one_offs(World world, const state::Store& store) {
  for (auto& container : world.containers)
    if (const auto state = container.labels.find(labels::state);
        state != container.labels.end() && state->second != store.identity())
      container.labels.erase(labels::one_off);
  return world;
}

// Of the release that runs, or ran last.
std::set<std::string> services_named(const App& app, const Target& target) {
  std::set<std::string> names;
  for (const Service* service : app.services_of(release_of_data(app), target)) names.insert(service->name);
  return names;
}

}  // namespace

Removed cleanup(Context& context, const AppName& name, int keep, bool dry_run, const Confirm& confirm,
                std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  const World world = observe(context.engine, app, stop);
  plan::Cleanup cleanup = plan::plan_cleanup({app, world, context.clock.now(), context.defaults}, keep);
  Removed removed{agreed_plan(context, name, std::move(cleanup.plan)), std::move(cleanup.kept), false, false};
  if (dry_run || (removed.plan.empty() && cleanup.forgotten.empty())) return removed;
  if (!removed.plan.empty()) {
    if (!confirm({removed.plan, removed.kept})) {
      removed.declined = true;
      return removed;
    }
    doing(format("cleaning up {}", name.text()), [&] { carry_out_whole(context, removed.plan, {}, stop); });
  }
  // Only now: a release is forgotten when nothing of it is left.
  const Time tried = app.releases.empty() ? Time{} : app.releases.back().created;
  std::erase_if(app.releases, [&](const Release& release) {
    return std::find(cleanup.forgotten.begin(), cleanup.forgotten.end(), release.number) != cleanup.forgotten.end();
  });
  const auto present = what_runs(app) ? what_runs(app) : app.last;
  keep_needed_builds(app, present ? app.find(*present) : nullptr, tried);
  context.store.save(app);
  drop_unneeded_files(context, app);
  write_journal(context, app, "cleanup", "done",
                format("{} forgotten", counted(static_cast<std::int64_t>(cleanup.forgotten.size()), "release")));
  removed.done = true;
  return removed;
}

plan::Plan plan_cleanup(Context& context, const AppName& name, int keep, std::stop_token stop) {
  const App app = app_with_volumes(context, name, stop);
  const World world = observe(context.engine, app, stop);
  return plan::plan_cleanup({app, world, context.clock.now(), context.defaults}, keep).plan;
}

Removed take_down(Context& context, const AppName& name, bool dry_run, const Confirm& confirm, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  if (!dry_run) finish_data(context, app, stop);
  const auto situation = [&](const App& of, const World& world) {
    return plan::Situation{of, world, context.clock.now(), context.defaults};
  };
  App stopped = app;
  wish_down(stopped, context);
  const World world = with_own_one_offs(observe(context.engine, app, stop), context.store);
  const plan::Plan stopping = plan::plan_wish(situation(stopped, world));
  const World when_stopped = plan::as_planned(world, stopping);
  Removed removed{plan::in_sequence(stopping, plan::plan_teardown(situation(stopped, when_stopped))), {}, false, false};
  for (const auto& volume : world.volumes)
    if (const auto label = volume.labels.find(labels::app);
        label != volume.labels.end() && label->second == name.text())
      removed.kept.push_back(format("volume {} with its data", volume.name));
  if (dry_run || (removed.plan.empty() && app.wish.is<goal::Stopped>())) return removed;
  if (!confirm({removed.plan, removed.kept})) {
    removed.declined = true;
    return removed;
  }
  return doing(format("taking {} down", name.text()), [&] {
    wish_down(app, context);
    context.store.save(app);
    write_journal(context, app, "down", "started", "");
    carry_out_whole(context, removed.plan, {}, stop);
    // A copy that a change was cut off in is no snapshot, and no way back for a later one.
    settle_data(app, [](const Snapshot&) { return false; });
    app.wish.progress = Wish::Progress::fulfilled;
    context.store.save(app);
    write_journal(context, app, "down", "done", "");
    removed.done = true;
    return removed;
  });
}

Removed remove_part(Context& context, const Target& target, bool volumes, bool dry_run, const Confirm& confirm,
                    std::stop_token stop) {
  const FileLock lock = lock_app(context, target.app, stop);
  App app = app_with_volumes(context, target.app, stop);
  if (!dry_run) finish_data(context, app, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  const auto services = services_named(app, target);
  const auto of_others = volumes ? volumes_of_others(context.store, target.app) : std::map<std::string, std::string>();
  if (what_runs(app)) wish_without(context, app, target);
  const auto situation = [&](const World& world) {
    return plan::Situation{app, world, context.clock.now(), context.defaults, of_others};
  };
  const World world = observe(context.engine, app, stop);
  const plan::Plan stopping = what_runs(app) ? plan::plan_wish(situation(world)) : plan::Plan();
  const World when_stopped = plan::as_planned(world, stopping);
  Removed removed{plan::in_sequence(stopping, plan::plan_part_removal(situation(when_stopped), services, volumes)),
                  {},
                  false,
                  false};
  if (volumes) refuse_mounts(context, app, removed.plan, stop);
  if (dry_run || removed.plan.empty()) return removed;
  if (!confirm({removed.plan, removed.kept})) {
    removed.declined = true;
    return removed;
  }
  return doing(format("removing {}", target.text()), [&] {
    app.wish.progress = what_runs(app) ? Wish::Progress::under_way : Wish::Progress::fulfilled;
    context.store.save(app);
    write_journal(context, app, "remove", "started", target.text());
    carry_out_whole(context, removed.plan, {}, stop);
    app.wish.progress = Wish::Progress::fulfilled;
    context.store.save(app);
    write_journal(context, app, "remove", "done", target.text());
    removed.done = true;
    return removed;
  });
}

Removed remove(Context& context, const AppName& name, bool volumes, bool dry_run, const Confirm& confirm,
               std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  // Data that is kept must be the old or the new, not some of both.
  if (!dry_run) finish_data(context, app, stop);
  World world = with_own_one_offs(observe(context.engine, app, stop), context.store);
  if (context.room != nullptr) world = plan::as_planned(std::move(world), *context.room);
  const auto of_others = volumes ? volumes_of_others(context.store, name) : std::map<std::string, std::string>();
  Removed removed{
      plan::plan_removal({app, world, context.clock.now(), context.defaults, of_others}, volumes), {}, false, false};
  if (volumes) add_removal_of_snapshots(app, removed.plan);
  for (const auto& snapshot : app.snapshots)
    for (const auto& item : snapshot.items)
      if (!volumes && item.kept.kind != DataPlace::Kind::volume)
        removed.kept.push_back(format("{} (snapshot {})", text_of(item.kept), snapshot.text()));
  removed.plan = agreed_plan(context, name, std::move(removed.plan));
  if (volumes) refuse_mounts(context, app, removed.plan, stop);
  if (dry_run) return removed;
  if (!confirm({removed.plan, removed.kept})) {
    removed.declined = true;
    return removed;
  }
  // The answer may have taken its time.
  if (volumes) refuse_mounts(context, app, removed.plan, stop);
  Wish gone;
  gone.goal = goal::Removed{volumes};
  gone.progress = Wish::Progress::under_way;
  gone.who = context.who;
  gone.why = context.command;
  gone.since = context.clock.now();
  app.wish = gone;
  context.store.save(app);
  write_journal(context, app, "remove", "started", volumes ? "with its volumes" : "");
  doing(format("removing {}", name.text()), [&] { carry_out_whole(context, removed.plan, {}, stop); });
  // The files first: they may hold secrets, and once the app is forgotten nothing leads to them.
  app.releases.clear();
  drop_unneeded_files(context, app);
  context.store.forget(app.name);
  write_journal(context, app, "remove", "done", "");
  removed.done = true;
  return removed;
}

plan::Plan plan_left(const state::Store& store, const App& app, const World& world, Time now,
                     const plan::Defaults& defaults) {
  const auto* removed = std::get_if<goal::Removed>(&app.wish.goal);
  if (removed == nullptr) return plan::plan_wish({app, world, now, defaults});
  // Only a removal takes those along.
  const World own = with_own_one_offs(world, store);
  plan::Situation situation{app, own, now, defaults};
  if (!removed->with_data) return plan::plan_wish(situation);
  situation.volumes_of_others = volumes_of_others(store, app.name);
  plan::Plan plan = plan::plan_wish(situation);
  add_removal_of_snapshots(app, plan);
  return plan;
}

std::vector<std::string> stop_containers(Context& context, const std::vector<std::string>& containers,
                                         std::stop_token stop_token) {
  std::vector<std::string> stopped;
  for (const auto& container : containers) {
    const auto detail = context.engine.container(container, stop_token);
    if (!detail)
      throw NotFound(ErrorCode::container_not_found, format("there is no container {}", container),
                     "docker ps -a shows them all.");
    const auto owner = owner_of(context, container, stop_token);
    const auto app = owner ? context.store.app(owner->app) : std::nullopt;
    try {
      if (app && app->wish.is<goal::Run>() && app->wish.release() == owner->release)
        std::ignore = stop(context, owner->app, false, stop_token);
      else
        stop_alone(context, container, stop_token);
    } catch (const Error& error) {
      if (!is_of_the_state(error)) throw;
      stop_alone(context, container, stop_token);
      context.report.warning(
          format("{} is stopped, but {} is still wished up: {}", container, owner->app.text(), error.what()));
    }
    stopped.push_back(container);
  }
  return stopped;
}

}  // namespace belay::change
