#include "change/outcome.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/kept_files.h"
#include "change/quarantine.h"
#include "engine/too_new.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

namespace {

// Whether all of the snapshot is there. It is not where the release had begun to write before anything was copied.
bool is_copied(const Snapshot& snapshot, const Planned& done) {
  return std::all_of(snapshot.items.begin(), snapshot.items.end(), [&](const Snapshot::Item& item) {
    return done.world.data.contains(item.kept) ||
           std::any_of(done.plan.actions.begin(), done.plan.actions.end(), [&](const plan::Action& action) {
             const auto* copy = std::get_if<plan::CopyData>(&action.step);
             return copy != nullptr && copy->into == item.kept;
           });
  });
}

void let_go_of_lost_data(Context& context, App& app, const World& world) {
  std::vector<DataPlace> lost;
  const auto drop = [&](std::vector<DataExchange>& exchanges) {
    std::erase_if(exchanges, [&](const DataExchange& exchange) {
      if (!plan::is_lost(exchange, world)) return false;
      if (std::find(lost.begin(), lost.end(), exchange.reserve) == lost.end()) {
        context.report.warning(plan::text_of_lost(exchange));
        lost.push_back(exchange.reserve);
      }
      return true;
    });
  };
  drop(app.wish.data);
  drop(app.wish.fallback_data);
  for (auto& snapshot : app.snapshots)
    std::erase_if(snapshot.items, [&](const Snapshot::Item& item) {
      return std::find(lost.begin(), lost.end(), item.kept) != lost.end() && !world.data.contains(item.kept);
    });
  std::erase_if(app.snapshots, [&](const Snapshot& snapshot) { return !lost.empty() && snapshot.items.empty(); });
}

// Volumes without a name are the container's alone: made anew it would have others.
bool has_data_of_its_own(Context& context, const std::string& name, std::stop_token stop) {
  const auto detail = context.engine.container(name, stop);
  if (!detail) return false;
  const auto is_named = [&](const Mount& mount) {
    return std::any_of(detail->service.mounts.begin(), detail->service.mounts.end(),
                       [&](const Mount& own) { return own.target == mount.target && !own.source.empty(); });
  };
  return std::any_of(detail->container.mounts.begin(), detail->container.mounts.end(),
                     [&](const Mount& mount) { return mount.kind == Mount::Kind::volume && !is_named(mount); });
}

// The service whose container that is, whatever the plan renames it to; empty: not known.
std::string service_of(const Release& release, const plan::Plan& plan, const std::string& container) {
  std::set<std::string> names{container};
  for (const auto& action : plan.actions)
    if (const auto* rename = std::get_if<plan::RenameContainer>(&action.step))
      if (names.contains(rename->from) || rename->to == container) names.insert({rename->from, rename->to});
  for (const auto& action : plan.actions)
    if (const auto* create = std::get_if<plan::CreateContainer>(&action.step); create && names.contains(create->name))
      if (const auto owner = labels::owner(create->labels)) return owner->service;
  for (const auto& service : release.spec.services)
    if (const auto name = release.containers.find(service.name);
        name != release.containers.end() && names.contains(name->second))
      return service.name;
  return release.spec.services.size() == 1 ? release.spec.services.front().name : std::string();
}

// Whether the service goes on as another release had it, which nothing failed: in its container, with its settings.
bool is_unchanged(const App& app, const Release& release, const Service& service) {
  if (!release.bodies.contains(service.name)) return false;
  return std::any_of(app.releases.begin(), app.releases.end(), [&](const Release& other) {
    if (other.number == release.number || other.verdict == Verdict::failed || other.verdict == Verdict::pending)
      return false;
    const auto& services = other.spec.services;
    return std::find(services.begin(), services.end(), service) != services.end() &&
           other.container_release(service.name) == release.container_release(service.name);
  });
}

// The images of services that are unchanged: they have proved themselves, whatever the change brought about.
std::set<std::string> proved_images(const App& app, const Release& release) {
  std::set<std::string> images;
  for (const auto& service : release.spec.services)
    if (const auto image = release.images.find(service.name);
        image != release.images.end() && is_unchanged(app, release, service))
      images.insert(image->second);
  return images;
}

void put_into_quarantine(App& app, const Release& release, const Service& service, const std::string& reason,
                         Time now) {
  const auto image = release.images.find(service.name);
  if (image == release.images.end() || is_quarantined(app, service, image->second)) return;
  const auto digest = release.digests.find(service.name);
  app.quarantine.push_back(
      {image->second, digest == release.digests.end() ? std::string() : digest->second, release.number, reason, now});
}

// Of those that may end: which have, now that all of them have proved themselves.
void record_ends(Context& context, Release& release, const plan::Plan& plan) {
  for (const auto& action : plan.actions) {
    const auto* verdict = std::get_if<plan::AwaitVerdict>(&action.step);
    if (verdict == nullptr || verdict->proof != plan::AwaitVerdict::Proof::runs_or_ends) continue;
    const std::string service = service_of(release, plan, verdict->name);
    const auto detail = context.engine.container(verdict->name, {});
    const auto now = detail ? detail : context.engine.container(release.containers[service], {});
    if (!service.empty() && now && now->container.state == ContainerState::exited && now->exit_code == 0)
      release.ended.insert(service);
  }
}

}  // namespace

exec::Outcome run_wish(Context& context, App& app, Planned& planned, Report& report, std::stop_token stop) {
  exec::Outcome outcome = carry_out(context, planned.plan, {&report}, stop);
  if (!outcome.is_broken) return outcome;
  const auto& start = std::get<plan::StartContainer>(planned.plan.actions.at(*outcome.failed_action).step);
  try {
    if (has_data_of_its_own(context, start.name, stop)) return outcome;
    context.report.note(format("the engine can never start {} again: it is made anew from its release", start.name));
    plan::Plan removal;
    removal.add(plan::RemoveContainer{start.name}, "the engine cannot start it again");
    exec::Outcome removed = carry_out(context, removal, {}, stop);
    if (!removed.done()) return outcome;
    Planned anew = change::planned(context, app, stop);
    forget_creations(app, anew.plan);
    context.store.save(app);
    planned = std::move(anew);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    // The plan failed by its first error, and what it did has to be taken back.
    context.report.warning(format("{} could not be made anew: {}", start.name, error.what()));
    return outcome;
  }
  return carry_out(context, planned.plan, {&report}, stop);
}

void refuse_what_is_too_new(Context& context, const plan::Plan& plan, std::stop_token stop) {
  // Asked at most once, and only where something may need it.
  constexpr int oldest_engine = 0;
  const auto check = [&](int minor) {
    for (const auto& action : plan.actions) {
      if (const auto* create = std::get_if<plan::CreateContainer>(&action.step))
        engine::refuse_what_is_too_new(create->service, minor);
      else if (const auto* network = std::get_if<plan::CreateNetwork>(&action.step))
        engine::refuse_what_is_too_new(network->name, network->definition, minor);
    }
  };
  std::optional<int> minor;
  try {
    check(oldest_engine);
  } catch (const Error&) {
    minor = engine::minor_of(context.engine.info(stop));
    check(*minor);
  }
  for (const auto& action : plan.actions) {
    const auto* create = std::get_if<plan::CreateContainer>(&action.step);
    if (create == nullptr || !create->service.health || !create->service.health->start_interval) continue;
    if (!minor) minor = engine::minor_of(context.engine.info(stop));
    if (*minor < engine::first_with_start_interval)
      context.report.note(
          format("{}: start_interval has no effect on this engine, which is older than Docker 25: it "
                 "checks by the interval from the start on",
                 create->service.name));
  }
}

Planned planned(Context& context, App& app, std::stop_token stop, const std::set<std::string>& starting,
                const plan::Plan* room) {
  World world = observe(context.engine, app, stop);
  note_starting(world, starting);
  if (room != nullptr) world = plan::as_planned(std::move(world), *room);
  let_go_of_lost_data(context, app, world);
  plan::Plan plan = plan::plan_wish({app, world, context.clock.now(), context.defaults});
  if (room != nullptr && !plan.empty()) plan = plan::with_room(*room, plan);
  refuse_what_is_too_new(context, plan, stop);
  return {std::move(world), std::move(plan)};
}

bool is_displaced_by(const Snapshot& snapshot, const std::vector<DataExchange>& exchanges) {
  return !snapshot.items.empty() &&
         std::all_of(snapshot.items.begin(), snapshot.items.end(), [&](const Snapshot::Item& item) {
           return std::any_of(exchanges.begin(), exchanges.end(),
                              [&](const DataExchange& exchange) { return exchange.reserve == item.kept; });
         });
}

const std::vector<DataExchange>& earlier_data(const Wish& wish) {
  return wish.fallback_data.empty() ? wish.data : wish.fallback_data;
}

void settle_data(App& app, const std::function<bool(const Snapshot&)>& is_copied) {
  const bool is_put_back = app.wish.fallback_data.empty();
  for (auto& snapshot : app.snapshots) {
    if (snapshot.complete) continue;
    if (snapshot.number == app.wish.snapshot)
      snapshot.complete = is_copied(snapshot);
    else if (!is_put_back)
      snapshot.complete = is_displaced_by(snapshot, app.wish.data);
  }
  app.wish.snapshot.reset();
  app.wish.data.clear();
  app.wish.fallback_data.clear();
}

void record_data(App& app, const Planned& done) {
  settle_data(app, [&](const Snapshot& snapshot) { return is_copied(snapshot, done); });
}

void record_success(Context& context, App& app, const Planned& done, std::optional<Milliseconds> outage) {
  record_names(app, done.world, done.plan);
  record_creations(context, app, done.plan);
  Wish& wish = app.wish;
  if (goal::Run* run = wish.run()) {
    if (wish.progress == Wish::Progress::under_way) {
      if (wish.fallback != run->release) run->previous = wish.fallback;
      run->proved = context.clock.now();
    }
    run->restart.clear();
    if (Release* release = app.find(run->release)) {
      if (outage) release->outage = outage;
      const auto before = wish.fallback ? wish.fallback : app.last;
      if (wish.progress == Wish::Progress::under_way && !release->predecessor && before && *before < release->number)
        release->predecessor = before;
      if (wish.terms.wait) {
        record_ends(context, *release, done.plan);
        release->proofs.clear();
        release->verdict = Verdict::passed;
        // Why it could not be tried, or failed, an earlier time: no longer of interest.
        release->reason.clear();
        release->log_tail.clear();
        // What proved itself is no longer suspect, whoever tried it again.
        std::erase_if(app.quarantine, [&](const Quarantine& entry) {
          return std::any_of(release->spec.services.begin(), release->spec.services.end(), [&](const Service& service) {
            const auto image = release->images.find(service.name);
            return image != release->images.end() && image->second == entry.image &&
                   is_about(app, entry, service.group_name());
          });
        });
      } else if (release->verdict == Verdict::pending) {
        release->verdict = Verdict::unproven;
      }
    }
    app.last = run->release;
  }
  wish.progress = Wish::Progress::fulfilled;
  wish.trouble.clear();
  wish.fallback.reset();
  wish.terms.order.reset();
  record_data(app, done);
  context.store.save(app);
  drop_unneeded_files(context, app);
}

std::string with_its_service(const Release& release, const plan::Plan& plan, const std::string& container,
                             const std::string& reason) {
  if (release.spec.services.size() < 2) return reason;
  std::string service = service_of(release, plan, container);
  std::replace(service.begin(), service.end(), '#', '/');  // a replica, as users write it
  return service.empty() ? reason : format("{}: {}", service, reason);
}

void record_failure(Context& context, App& app, Change& change, bool release_is_at_fault) {
  Release* release = change.release ? app.find(*change.release) : nullptr;
  if (release == nullptr) return;
  // A step beside it failed (a tag, a policy): that says nothing of a good release.
  if (release->verdict == Verdict::passed && change.container.empty()) return;
  release->reason = change.reason;
  release->log_tail = change.log_tail;
  // A release that once passed stays a good one: today's failure may be the host's. So does one that the host, the
  // engine or the user did not let prove itself keep what it had: it was not tried to the end.
  if (release->verdict == Verdict::passed || !release_is_at_fault) return;
  release->verdict = Verdict::failed;
  change.is_held = true;
  // The blame is that of the service that failed, not of those that it failed beside. Where that one is unchanged, it
  // is the change as a whole that failed, and no image of it.
  const std::string failed = service_of(*release, change.plan, change.container);
  const std::set<std::string> proved = proved_images(app, *release);
  release->proofs.clear();
  for (const auto& service : release->spec.services) {
    if (failed.empty() ? is_unchanged(app, *release, service) : service.name != failed) {
      release->proofs[service.name].verdict =
          release->bodies.contains(service.name) ? Verdict::passed : Verdict::pending;
      continue;
    }
    release->proofs[service.name] = {Verdict::failed, change.own_reason, change.log_tail};
    const auto image = release->images.find(service.name);
    if (image == release->images.end() || proved.contains(image->second)) continue;
    put_into_quarantine(app, *release, service, change.own_reason, context.clock.now());
  }
}

}  // namespace belay::change
