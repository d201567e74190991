#include "host/change.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "host/apps.h"
#include "host/data_swap.h"
#include "host/data_work.h"
#include "host/temporary.h"
#include "state/store.h"

namespace belay::host {

namespace {

// How long nothing of the app ran: from the first stop to the end of the last start behind it.
class OutageWatch final : public exec::Listener {
 public:
  OutageWatch(Report& report, const Clock& clock) : report_(report), clock_(clock) {}

  void started(const plan::Plan& plan, size_t action) override {
    if (std::holds_alternative<plan::StopContainer>(plan.actions.at(action).step) && !stopped_)
      stopped_ = clock_.ticks();
    report_.started(plan, action);
  }
  void progress(const plan::Plan& plan, size_t action, const engine::Progress& progress) override {
    report_.progress(plan, action, progress);
  }
  void done(const plan::Plan& plan, size_t action) override {
    if (std::holds_alternative<plan::StartContainer>(plan.actions.at(action).step) && stopped_)
      started_ = clock_.ticks();
    report_.done(plan, action);
  }
  void failed(const plan::Plan& plan, size_t action, const std::string& why) override {
    report_.failed(plan, action, why);
  }

  // nullopt: there was none.
  std::optional<Milliseconds> outage() const {
    if (!stopped_ || !started_) return {};
    return std::chrono::duration_cast<Milliseconds>(*started_ - *stopped_);
  }

 private:
  Report& report_;
  const Clock& clock_;
  std::optional<Ticks> stopped_, started_;
};

struct Planned {
  World world;
  plan::Plan plan;
};

Planned planned(Context& context, const App& app, std::stop_token stop) {
  World world = observe(context.engine, app, stop);
  plan::Plan plan = plan::plan_wish({app, world, context.clock.now(), context.defaults});
  return {std::move(world), std::move(plan)};
}

// Whether the snapshot is what the exchanges displace.
bool is_displaced_by(const Snapshot& snapshot, const std::vector<DataExchange>& exchanges) {
  return !snapshot.items.empty() &&
         std::all_of(snapshot.items.begin(), snapshot.items.end(), [&](const Snapshot::Item& item) {
           return std::any_of(exchanges.begin(), exchanges.end(),
                              [&](const DataExchange& exchange) { return exchange.reserve == item.kept; });
         });
}

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

// What the places held before this wish's data. A wish that has nothing to return to is itself a way back.
const std::vector<DataExchange>& earlier_data(const Wish& wish) {
  return wish.fallback_data.empty() ? wish.data : wish.fallback_data;
}

// The wish's data is where it should be. What was copied is a snapshot now, and so is what was displaced, unless that
// was put in by a change which failed. The rest goes before the state forgets it.
void record_data(Context& context, App& app, const Planned& done) {
  const bool is_put_back = app.wish.fallback_data.empty();
  for (auto& snapshot : app.snapshots) {
    if (snapshot.complete) continue;
    if (snapshot.number == app.wish.snapshot)
      snapshot.complete = is_copied(snapshot, done);
    else if (!is_put_back)
      snapshot.complete = is_displaced_by(snapshot, app.wish.data);
  }
  app.wish.snapshot.reset();
  app.wish.data.clear();
  app.wish.fallback_data.clear();
  drop_unused_reserves(context, app, {});
}

void record_success(Context& context, App& app, const Planned& done, std::optional<Milliseconds> outage) {
  record_names(app, done.world, done.plan);
  Wish& wish = app.wish;
  if (wish.state == Wish::State::up) {
    if (wish.unfinished) {
      if (wish.fallback != wish.release) wish.previous = wish.fallback;
      wish.proved = context.clock.now();
    }
    if (Release* release = app.find(*wish.release)) {
      if (outage) release->outage = outage;
      if (wish.wait) {
        release->verdict = Verdict::passed;
        // Why it could not be tried, or failed, an earlier time: no longer of interest.
        release->reason.clear();
        release->log_tail.clear();
        // What proved itself is no longer suspect, whoever tried it again.
        std::erase_if(app.quarantine, [&](const Quarantine& entry) {
          return std::any_of(release->images.begin(), release->images.end(),
                             [&](const auto& image) { return image.second == entry.image; });
        });
      } else if (release->verdict == Verdict::pending) {
        release->verdict = Verdict::unproven;
      }
    }
    app.last = wish.release;
  }
  wish.unfinished = false;
  wish.fallback.reset();
  wish.order.reset();
  record_data(context, app, done);
  context.store.save(app);
}

void record_failure(Context& context, App& app, Change& change, bool release_is_at_fault) {
  Release* release = change.release ? app.find(*change.release) : nullptr;
  if (release == nullptr) return;
  release->reason = change.reason;
  release->log_tail = change.log_tail;
  // A release that once passed stays a good one: today's failure may be the host's. So does one that the host, the
  // engine or the user did not let prove itself keep what it had: it was not tried to the end.
  if (release->verdict == Verdict::passed || !release_is_at_fault) return;
  release->verdict = Verdict::failed;
  change.is_held = true;
  for (const auto& [service, image] : release->images)
    if (!app.is_quarantined(image)) {
      const auto digest = release->digests.find(service);
      app.quarantine.push_back({image, digest == release->digests.end() ? std::string() : digest->second,
                                release->number, change.reason, context.clock.now()});
    }
}

// What the app's settings do not ask to keep any longer. That this goes wrong is no failure of the change.
void clear_up_snapshots(Context& context, App& app) {
  if (app.snapshots.empty()) return;
  const Release* release = app.last ? app.find(*app.last) : nullptr;
  try {
    const SnapshotKeep keep = release != nullptr ? snapshot_keep(release->spec) : SnapshotKeep();
    remove_snapshots(context, app, snapshots_to_remove(app, keep, context.clock.now()), {});
  } catch (const Error& error) {
    context.report.warning(format("old snapshots of {} stay: {}", app.name.text(), error.what()));
  }
}

// What the places held before the change that failed: what it was to displace, and the snapshot that was taken before
// the release began to write.
std::vector<DataExchange> data_before(const App& app, const World& world) {
  std::vector<DataExchange> before = earlier_data(app.wish);
  const Snapshot* snapshot = app.wish.snapshot ? app.find_snapshot(*app.wish.snapshot) : nullptr;
  if (snapshot == nullptr) return before;
  const auto containers = plan::instances(app, world);
  const bool has_started = std::any_of(containers.begin(), containers.end(), [&](const plan::Instance& instance) {
    return instance.release == app.wish.release && instance.container->state != ContainerState::created;
  });
  if (!has_started) return before;
  const std::vector<DataExchange> earlier = before;
  for (const auto& item : snapshot->items) {
    const bool is_known = std::any_of(earlier.begin(), earlier.end(),
                                      [&](const DataExchange& exchange) { return exchange.place == item.place; });
    if (const auto kept = world.data.find(item.kept); !is_known && kept != world.data.end())
      before.push_back({item.place, item.kept, kept->second});
  }
  return before;
}

// Wishes back what ran before and makes it so. Not to be stopped: it is short, and it is what a stop asks for.
void take_back(Context& context, App& app, Change& change) {
  const auto before = app.wish.fallback;
  const Wish failed = app.wish;
  Wish back;
  back.state = before ? Wish::State::up : Wish::State::down;
  back.release = before;
  // Killed on the way back, the next change must still know what to return to (is_way_back knows it by that).
  back.fallback = before;
  back.unfinished = true;
  back.wait = false;
  back.who = context.who;
  back.why = change.release ? taken_back_because(*change.release, change.reason)
                            : format("its data could not be exchanged: {}", change.reason);
  back.since = context.clock.now();
  try {
    if (failed.snapshot || !failed.data.empty()) back.data = data_before(app, observe(context.engine, app, {}));
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
    snapshot->release = failed.release;
    snapshot->why = format("what {} wrote before it was taken back", failed.release->text());
  }
  app.wish = back;
  context.store.save(app);
  try {
    const Planned way = planned(context, app, {});
    if (!way.plan.empty()) {
      context.report.running(way.plan);
      const exec::Outcome outcome = run_plan(context, way.plan, context.report, {});
      if (outcome.error) throw *outcome.error;
    }
    record_names(app, way.world, way.plan);
    for (const auto& action : way.plan.actions)
      if (const auto* rename = std::get_if<plan::RenameContainer>(&action.step);
          rename != nullptr && rename->from == change.container)
        change.container = rename->to;
    app.wish.unfinished = false;
    app.wish.fallback.reset();
    record_data(context, app, way);
    context.store.save(app);
    change.kind = Change::Kind::taken_back;
    change.running = before;
  } catch (const Error& error) {
    change.kind = Change::Kind::stuck;
    change.trouble_on_the_way_back = error.what();
  }
}

// What a command that was killed while it removed, or still filled, a snapshot has left: no wish speaks of it.
void clear_up_reserves(Context& context, App& app, const App& saved, std::stop_token stop) {
  const auto is_partial = [](const Snapshot& snapshot) { return !snapshot.complete; };
  if (std::none_of(saved.snapshots.begin(), saved.snapshots.end(), is_partial)) return;
  App left = saved;
  drop_unused_reserves(context, left, stop);
  context.store.save(left);
  app.snapshots = left.snapshots;
}

}  // namespace

std::string_view to_text(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::unchanged:
      return "unchanged";
    case Change::Kind::planned:
      return "planned";
    case Change::Kind::done:
      return "done";
    case Change::Kind::taken_back:
      return "taken_back";
    case Change::Kind::stuck:
      return "stuck";
  }
  return "";
}

Change fulfil(Context& context, App& app, const std::string& verb, bool dry_run, std::stop_token stop) {
  if (!dry_run) clear_announced(context, app.name, stop);
  Change change;
  change.release = app.wish.release;
  const auto saved = context.store.app(app.name);
  const Planned wanted = planned(context, app, stop);
  change.plan = wanted.plan;
  const bool same_wish = saved && saved->wish.state == app.wish.state && saved->wish.release == app.wish.release &&
                         !saved->wish.unfinished && app.wish.data.empty() && !app.wish.snapshot;
  if (change.plan.empty() && same_wish) {
    change.running = what_runs(*saved);
    if (!dry_run) clear_up_reserves(context, app, *saved, stop);
    return change;
  }
  // The wait for a verdict alone, on what is already tried and wished, is no change.
  const Release* asked = change.release ? app.find(*change.release) : nullptr;
  const bool is_tried = asked == nullptr || asked->verdict != Verdict::pending;
  if (same_wish && is_tried && change.plan.actions.size() == 1 &&
      std::holds_alternative<plan::AwaitVerdict>(change.plan.actions[0].step)) {
    change.plan = {};
    change.running = what_runs(*saved);
    return change;
  }
  if (dry_run) {
    change.kind = Change::Kind::planned;
    return change;
  }

  context.store.save(app);  // durable before the first effect (promise 2)
  write_journal(context, app, verb, "started", app.wish.why, app.wish.release);
  bool release_is_at_fault = false;
  bool cancelled = false;
  try {
    context.report.running(change.plan);
    OutageWatch watch(context.report, context.clock);
    const exec::Outcome outcome = run_plan(context, change.plan, watch, stop);
    if (outcome.done()) {
      record_success(context, app, wanted, watch.outage());
      change.kind = Change::Kind::done;
      change.running = what_runs(app);
      write_journal(context, app, verb, "done", "", change.release);
      clear_up_snapshots(context, app);
      return change;
    }
    release_is_at_fault = outcome.release_is_at_fault;
    if (outcome.verdict) {
      change.reason = outcome.verdict->reason;
      change.log_tail = outcome.verdict->log_tail;
      change.container = outcome.verdict->container;
    } else {
      change.reason = outcome.error->what();
      change.hint = outcome.error->hint();
      const auto& failed = change.plan.actions.at(outcome.failed_action.value()).step;
      if (const auto* start = std::get_if<plan::StartContainer>(&failed)) change.container = start->name;
    }
  } catch (const Cancelled& stopped) {
    cancelled = true;
    change.reason = stopped.what();
    context.report.note("stopping: taking the change back (once more to leave at once)");
  }

  if (app.wish.state != Wish::State::up && app.wish.fallback_data.empty()) {
    // There is no way back from a stop that failed half-way but to try again: the wish stays.
    if (cancelled) throw Cancelled(format("stopped half-way; the next command on {} finishes it", app.name.text()));
    write_journal(context, app, verb, "failed", change.reason, change.release);
    change.kind = Change::Kind::stuck;
    change.trouble_on_the_way_back = "the wish stays";
    return change;
  }
  record_failure(context, app, change, release_is_at_fault && !cancelled);
  take_back(context, app, change);
  const bool back = change.kind == Change::Kind::taken_back;
  write_journal(context, app, verb, back ? "taken back" : "failed",
                back ? change.reason : format("{}; on the way back: {}", change.reason, change.trouble_on_the_way_back),
                change.release);
  if (cancelled)
    throw Cancelled(back ? format("stopped on request; {}", change.running ? change.running->text() + " runs again"
                                                                           : std::string("nothing runs, as before"))
                         : format("stopped on request; the way back failed: {}", change.trouble_on_the_way_back));
  return change;
}

Change withdraw(Context& context, App& app, const std::string& reason, const std::string& log_tail) {
  const auto previous = app.wish.previous;
  if (app.wish.state != Wish::State::up || !app.wish.release || !previous || app.find(*previous) == nullptr)
    throw NotFound(format("{} has nothing to go back to", app.name.text()));
  Change change;
  change.release = app.wish.release;
  change.reason = reason;
  change.log_tail = log_tail;
  // Its good verdict was premature.
  app.find(*change.release)->verdict = Verdict::pending;
  record_failure(context, app, change, true);
  app.wish.fallback = previous;
  app.wish.unfinished = true;
  write_journal(context, app, "soak", "started", reason, change.release);
  take_back(context, app, change);
  if (change.kind == Change::Kind::taken_back) app.last = previous;
  context.store.save(app);
  write_journal(context, app, "soak", change.kind == Change::Kind::taken_back ? "taken back" : "failed", reason,
                change.release);
  return change;
}

bool is_way_back(const Wish& wish) {
  if (!wish.unfinished || wish.wait) return false;
  // Data is exchanged under a release that goes on, and a proved one held still for a backup: neither is a way back.
  if (!wish.fallback_data.empty() || wish.proved) return false;
  return wish.state == Wish::State::down || (wish.state == Wish::State::up && wish.fallback == wish.release);
}

std::string taken_back_because(ReleaseNumber release, const std::string& reason) {
  return format("{} failed: {}", release.text(), reason);
}

void finish_unfinished(Context& context, App& app, std::stop_token stop) {
  if (app.wish.state == Wish::State::gone) return;
  if (!app.wish.unfinished) {
    clear_announced(context, app.name, stop);
    clear_up_reserves(context, app, app, stop);
    return;
  }
  context.report.note(format("finishing what was interrupted: {}", app.wish.why));
  const Change change = fulfil(context, app, "finish", false, stop);
  if (change.kind == Change::Kind::stuck)
    throw Error(format("finishing what was interrupted: {}; on the way back: {}", change.reason,
                       change.trouble_on_the_way_back));
  if (change.kind == Change::Kind::taken_back)
    context.report.warning(format("{} failed: {}; it was taken back", change.release->text(), change.reason));
}

void finish_data(Context& context, App& app, std::stop_token stop) {
  if (!app.wish.data.empty()) finish_unfinished(context, app, stop);
}

namespace {

// The wish that follows an interrupted one must know what became of the data: half of the places may hold other data
// by now. They get back what they held.
Wish wish_after(const Wish& earlier) {
  Wish wish;
  wish.snapshot = earlier.snapshot;
  wish.data = earlier_data(earlier);
  return wish;
}

}  // namespace

void wish_up(App& app, ReleaseNumber release, const ChangeOptions& options, const Context& context) {
  Wish wish = wish_after(app.wish);
  wish.state = Wish::State::up;
  wish.release = release;
  wish.unfinished = true;
  wish.fallback = what_runs(app);
  // Nothing else to return to than itself: then a failure means that it is down.
  if (wish.fallback == release) wish.fallback.reset();
  wish.wait = options.wait;
  wish.order = options.order;
  wish.settle = options.settle;
  wish.wait_timeout = options.wait_timeout;
  wish.who = context.who;
  wish.why = context.command;
  wish.since = context.clock.now();
  app.wish = std::move(wish);
}

void wish_down(App& app, const Context& context) {
  Wish wish = wish_after(app.wish);
  wish.state = Wish::State::down;
  wish.unfinished = true;
  wish.who = context.who;
  wish.why = context.command;
  wish.since = context.clock.now();
  app.wish = std::move(wish);
}

}  // namespace belay::host
