#include "change/start.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/clean.h"
#include "change/data_swap.h"
#include "change/kept_files.h"
#include "model/naming.h"
#include "model/origin.h"
#include "plan/planner.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

namespace {

ReleaseNumber release_for(const App& app, const std::string& which) {
  if (which == "last") {
    if (app.last) return *app.last;
    throw NotFound(ErrorCode::release_not_found,
                   format("{} has no last release: nothing of it has run yet", app.name.text()), first_start_hint(app));
  }
  if (which == "stable") {
    if (app.stable) return *app.stable;
    throw NotFound(ErrorCode::release_not_found, format("no release of {} is marked stable", app.name.text()),
                   format("Mark the one that runs with: belay stable {}", app.name.text()));
  }
  return app.release(ReleaseNumber::parse(which)).number;
}

// The release whose services are stopped and started one by one.
ReleaseNumber release_of_services(const App& app) {
  if (const auto running = what_runs(app)) return *running;
  throw Error(ErrorCode::not_running, format("{} is stopped", app.name.text()),
              format("Start it with: belay start {}", app.name.text()));
}

}  // namespace

void wish_without(Context& context, App& app, const Target& target) {
  const ReleaseNumber release = release_of_services(app);
  ChangeOptions options;
  options.held_down = app.wish.held_down();
  for (const Service* service : app.services_of(app.release(release), target)) options.held_down->insert(service->name);
  wish_up(app, release, options, context);
  app.wish.fallback = release;
}

Change start_known(Context& context, App& app, ReleaseNumber release, const ChangeOptions& options,
                   const JournalVerb& verb, std::stop_token stop, Files files) {
  if (!options.dry_run) finish_data(context, app, stop);
  const auto running = what_runs(app);
  if (files == Files::of_then && release != running && release != app.last)
    release = with_its_files(context, app, release, stop);
  wish_up(app, release, options, context);
  if (options.snapshot && running != release) wish_snapshot(context, app, options.dry_run, stop);
  return fulfil(context, app, verb, options.dry_run, stop);
}

Change start_release(Context& context, const AppName& name, const std::string& which, const ChangeOptions& options,
                     std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  const ReleaseNumber release = release_for(app, which);
  ChangeOptions all = options;
  all.held_down.emplace();
  return doing(format("starting {}", name.text()), [&] {
    return start_known(context, app, release, all, JournalVerb("start").of(which), stop, Files::of_then);
  });
}

std::optional<ContainerOwner> owner_of(Context& context, const std::string& container, std::stop_token stop) {
  World world;
  world.containers = context.engine.containers({}, stop);
  const Container* asked = world.find(container);
  if (asked == nullptr) return {};
  for (const auto& app : context.store.apps()) {
    const plan::Containers sorted = plan::sort_out(app, world);
    for (const auto& instance : sorted.instances)
      if (instance.container == asked) return ContainerOwner{app.name, instance.release};
    if (std::find(sorted.copies.begin(), sorted.copies.end(), asked) != sorted.copies.end()) return {};
  }
  if (const auto owner = asked->owner()) return ContainerOwner{AppName(owner->app), owner->release};
  return {};
}

Change start_container(Context& context, const std::string& container, const ChangeOptions& options,
                       std::stop_token stop) {
  const auto owner = owner_of(context, container, stop);
  if (!owner) {
    const auto there = context.engine.container(container, stop);
    if (!there)
      throw NotFound(ErrorCode::app_not_found, format("there is no app and no container {}", container),
                     "belay ls shows the apps.");
    throw NotFound(ErrorCode::container_not_found, format("the container {} is not one of Belay's", container),
                   format("Take it over with: belay adopt NAME {}", container));
  }
  return start_release(context, owner->app, owner->release.text(), options, stop);
}

void wish_stopped(Context& context, App& app, const Target& target) {
  // Where all of it is to be down, so is the part.
  const bool is_all_down = !target.service.empty() && ran_until_stopped(app) != nullptr;
  if (is_all_down) std::ignore = app.services_of(release_of_data(app), target);
  if (target.service.empty() || is_all_down)
    wish_down(app, context);
  else
    wish_without(context, app, target);
}

namespace {

// The state could not be written, and not because somebody else is at it.
bool is_lost_for_writing(ErrorCode code) {
  return code == ErrorCode::state_unwritable || code == ErrorCode::state_damaged;
}

// That it stays down could not be written down first, and was not: what must stop must stop all the same. Called where
// `why` is handled.
[[noreturn]] void stop_unrecorded(Context& context, const App& app, const Target& target, const Error& why,
                                  std::stop_token stop_token) {
  const World world = observe(context.engine, app, stop_token);
  const plan::Plan plan = plan::plan_wish({app, world, context.clock.now(), context.defaults});
  if (plan.empty()) throw;
  carry_out_whole(context, plan, {}, stop_token);
  throw Error(why.code(), format("{} is stopped, but that could not be recorded: {}", target.text(), why.what()),
              format("{} Once that is done, run the command again: until this is recorded, belay serve, and belay "
                     "start-all when the "
                     "host boots, may start it again.",
                     why.hint().empty() ? "belay doctor explains it." : why.hint()));
}

}  // namespace

Change stop(Context& context, const Target& target, bool dry_run, std::stop_token stop_token) {
  const FileLock lock = lock_app(context, target.app, stop_token);
  App app = known_app(context, target.app, stop_token);
  const auto running = what_runs(app);
  try {
    return doing(format("stopping {}", target.text()), [&] {
      if (!target.service.empty() && !dry_run) finish_unfinished(context, app, stop_token);
      wish_stopped(context, app, target);
      Change change = fulfil(context, app, "stop", dry_run, stop_token);
      change.release = running;
      return change;
    });
  } catch (const Error& why) {
    if (dry_run || !is_lost_for_writing(why.code())) throw;
    App stopped = known_app(context, target.app, stop_token);
    wish_stopped(context, stopped, target);
    stop_unrecorded(context, stopped, target, why, stop_token);
  }
}

Change start_services(Context& context, const Target& target, const ChangeOptions& options, std::stop_token stop) {
  if (target.service.empty()) return start_release(context, target.app, "last", options, stop);
  const FileLock lock = lock_app(context, target.app, stop);
  App app = app_with_volumes(context, target.app, stop);
  return doing(format("starting {}", target.text()), [&] {
    if (!options.dry_run) finish_unfinished(context, app, stop);
    const ReleaseNumber release = release_of_services(app);
    ChangeOptions with = options;
    with.held_down = app.wish.held_down();
    for (const Service* service : app.services_of(app.release(release), target)) with.held_down->erase(service->name);
    wish_up(app, release, with, context);
    app.wish.fallback = release;
    return fulfil(context, app, "start", options.dry_run, stop);
  });
}

Change make_services(Context& context, const AppName& name, const ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("making containers of {}", name.text()), [&] {
    if (!options.dry_run) finish_unfinished(context, app, stop);
    const ReleaseNumber release = release_of_services(app);
    wish_up(app, release, options, context);
    app.wish.fallback = release;
    return fulfil(context, app, "create", options.dry_run, stop);
  });
}

Change restart(Context& context, const Target& target, const ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, target.app, stop);
  App app = known_app(context, target.app, stop);
  return doing(format("restarting {}", target.text()), [&] {
    if (!options.dry_run) finish_unfinished(context, app, stop);
    const auto running = what_runs(app);
    if (!running && target.service.empty())
      return start_known(context, app, release_for(app, "last"), options, "restart", stop);
    const ReleaseNumber release = release_of_services(app);
    const auto services = app.services_of(app.release(release), target);
    wish_up(app, release, options, context);
    // It has nothing else to return to; one that is merely unhealthy goes on running.
    app.wish.fallback = release;
    const World world = observe(context.engine, app, stop);
    for (const Service* service : services) {
      if (!target.service.empty()) app.wish.run()->held_down.erase(service->name);
      const Container* container = plan::find_instance(app, world, release, service->name);
      if (container == nullptr || !container->is_up()) continue;
      const auto detail = world.details.find(container->name);
      if (detail == world.details.end() || !detail->second.started)
        throw Error(ErrorCode::engine_refused, format("the engine does not tell when {} was started", container->name));
      app.wish.run()->restart[service->name] = *detail->second.started;
    }
    return fulfil(context, app, "restart", options.dry_run, stop);
  });
}

namespace {

// What is wished is bound to kept copies: a step back, whatever its number.
bool has_kept_copies(Context& context, const App& app) {
  const Release* wished = app.find(*app.wish.release());
  return wished != nullptr && !kept_paths(context.store, app, *wished).empty();
}

}  // namespace

void refuse_to_go_further(const Context& context, const App& app) {
  const auto& back = app.wish.rollback;
  if (!back || !back->failed || app.wish.is_unfinished() || !app.wish.trouble.empty() || !app.wish.is<goal::Run>())
    return;
  const ReleaseNumber present = *app.wish.release();
  const auto earlier = app.ways_back(present);
  throw Conflict(ErrorCode::conflict,
                 format("{} failed and was rolled back already, {}: {} runs {}", back->failed->text(),
                        ago(app.wish.since, context.clock.now()), app.name.text(), present.text()),
                 !earlier.empty() ? format("To go back further, name the release: belay rollback {} {}",
                                           app.name.text(), earlier.front().text())
                                  : format("There is no good release before it: belay releases {}", app.name.text()));
}

Change rollback(Context& context, const AppName& name, const std::optional<ReleaseNumber>& to,
                const ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("rolling {} back", name.text()), [&] {
    if (to) return start_known(context, app, app.release(*to).number, options, "rollback", stop, Files::of_then);
    // On the way back already: what failed is what is rolled back, not what ran before it.
    if (app.wish.is_rolling_back() && app.wish.is<goal::Run>())
      return start_known(context, app, *app.wish.release(), options, "rollback", stop);
    if (app.wish.is_rolling_back()) {
      wish_down(app, context);
      return fulfil(context, app, "rollback", options.dry_run, stop);
    }
    if (!options.goes_further) refuse_to_go_further(context, app);
    // An interrupted step forward has not come to pass: taking it back is the rollback. An interrupted step back is not
    // taken back but begun anew, with the same target.
    const auto running = what_runs(app);
    if (app.wish.is_unfinished() && app.wish.is<goal::Run>() && running && *running < *app.wish.release() &&
        !has_kept_copies(context, app))
      return start_known(context, app, *running, options, "rollback", stop);
    const ReleaseNumber present = running ? *running : release_for(app, "last");
    const auto gone = gone_images(context.engine, app, stop);
    // A container that is still there needs its image no more.
    const auto is_lost = [&](const Release& release) {
      return std::any_of(gone.begin(), gone.end(), [&](const GoneImage& image) {
        const auto container = release.containers.find(image.service);
        return image.release == release.number && image.digest.empty() &&
               (container == release.containers.end() || !context.engine.container(container->second, stop));
      });
    };
    for (const ReleaseNumber release : app.ways_back(present)) {
      if (!is_lost(app.release(release)))
        return start_known(context, app, release, options, "rollback", stop, Files::of_then);
      context.report.warning(
          format("the image of {} is gone and cannot be pulled: an older release is looked for", release.text()));
    }
    if (!gone.empty())
      throw NotFound(ErrorCode::release_not_found,
                     format("{} has no release before {} whose image is still there", name.text(), present.text()),
                     format("belay releases {} shows which are gone; {} makes a new one from today's files.",
                            name.text(), command_of_origin(app)));
    throw NotFound(ErrorCode::nothing_to_go_back_to,
                   format("{} has no good release before {}", name.text(), present.text()),
                   format("belay releases {} lists them all.", name.text()));
  });
}

Change retry(Context& context, const AppName& name, const ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("trying {} again", name.text()), [&] {
    // What was interrupted (a retry, or the first try) has no verdict yet: that is the one to try.
    if (const Release* begun =
            app.wish.is_unfinished() && app.wish.is<goal::Run>() ? app.find(*app.wish.release()) : nullptr;
        begun != nullptr && begun->verdict == Verdict::pending)
      return start_known(context, app, begun->number, options, "retry", stop);
    // One with a reason and no verdict was stopped by the host, the engine or the user before it could prove itself.
    const auto failed = std::find_if(app.releases.rbegin(), app.releases.rend(), [](const Release& r) {
      return r.verdict == Verdict::failed || (r.verdict == Verdict::pending && !r.reason.empty());
    });
    if (failed == app.releases.rend())
      throw NotFound(ErrorCode::release_not_found, format("no release of {} has failed", name.text()),
                     format("belay releases {} lists them all.", name.text()));
    const ReleaseNumber number = failed->number;
    std::erase_if(app.quarantine, [&](const Quarantine& q) {
      return std::any_of(failed->images.begin(), failed->images.end(),
                         [&](const auto& image) { return image.second == q.image; });
    });
    failed->verdict = Verdict::pending;
    failed->reason.clear();
    failed->log_tail.clear();
    return start_known(context, app, number, options, "retry", stop);
  });
}

plan::Plan plan_now(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  const World world = observe(context.engine, app, stop);
  plan::Plan plan = plan_left(context.store, app, world, context.clock.now(), context.defaults);
  if (const auto loop = restart_loop(app, world, context.clock.now())) plan.notes.push_back(*loop);
  return plan;
}

}  // namespace belay::change
