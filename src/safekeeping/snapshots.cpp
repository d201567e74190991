#include "safekeeping/snapshots.h"

#include <algorithm>

#include "base/format.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/change.h"
#include "change/clear_up.h"
#include "change/data_swap.h"
#include "change/data_work.h"
#include "change/reserve_names.h"
#include "data/reserve.h"
#include "plan/sequence.h"
#include "safekeeping/quiesce.h"
#include "state/store.h"

namespace belay::safekeeping {

std::vector<SnapshotRow> snapshots(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = app_with_volumes(context, name, stop);
  const auto volumes = context.engine.volumes({}, stop);
  std::vector<SnapshotRow> rows;
  for (const auto& snapshot : app.snapshots) {
    if (!snapshot.complete) continue;
    SnapshotRow row{snapshot, ByteCount{0}};
    for (const auto& item : snapshot.items) {
      const auto path = data::path_of(item.kept, volumes);
      if (path && data::content_of(*path) && row.size)
        row.size->value += data::size_of(*path, stop).value;
      else
        row.size.reset();
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

TakenSnapshot take_snapshot(change::Context& context, const AppName& name, const std::string& why, bool dry_run,
                            std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  const auto take = [&]() -> TakenSnapshot {
    const Release& release = change::release_of_data(app);
    auto snapshot = next_snapshot(context, app, release, dry_run, stop);
    if (!snapshot) return {};
    snapshot->why = why;
    const App held = held_still(context, app);
    const World world = change::observe(context.engine, held, stop);
    const Quiesce quiesced(context, held, release, world, backup::Consistency::pause, stop);

    TakenSnapshot taken;
    std::vector<size_t> last;
    const auto then = [&](plan::Step step, const std::string& reason) {
      last = {taken.plan.add(std::move(step), reason, last)};
    };
    for (const auto& item : snapshot->items)
      if (item.kept.kind == DataPlace::Kind::volume)
        then(plan::CreateVolume{item.kept.source, labels::for_reserve(name, item.place)}, "for the snapshot");
    for (const auto& action : quiesced.hold()) last = {taken.plan.add(action, last)};
    for (const auto& item : snapshot->items)
      then(plan::CopyData{item.place, item.kept}, format("snapshot {}", snapshot->text()));
    for (const auto& action : quiesced.resume()) last = {taken.plan.add(action, last)};
    if (dry_run) {
      App then_known = app;
      then_known.snapshots.push_back(*snapshot);
      then_known.snapshots.back().complete = true;
      taken.plan = plan::in_sequence(std::move(taken.plan),
                                     change::plan_of_clear_up(std::move(then_known), &release, context.clock.now()));
      return taken;
    }

    StillWatch watch(context.report, context.clock);
    change::DataWork work(context.engine, context.report, change::Copies::for_keeping);
    work.measure(taken.plan, stop);
    // What is made from here on is known to the state before it is there.
    App begun = held;
    begun.highest_snapshot = snapshot->number;
    begun.snapshots.push_back(*snapshot);
    context.store.save(begun,
                       [&](const std::vector<App>& apps) { change::refuse_taken_number(name, *snapshot, apps); });
    app.highest_snapshot = snapshot->number;
    app.snapshots.push_back(*snapshot);
    while_still(
        context, app, begun,
        [&] {
          change::carry_out_whole(context, taken.plan, {&watch, &work}, stop);
          work.settle(stop);
          app.find_snapshot(snapshot->number)->complete = true;
        },
        [&] {
          quiesced.let_go_on(context, change::observe(context.engine, begun, {}));
          drop_unused_reserves(context, app, {});
        });
    write_journal(context, app, "snapshot", "done", format("{}: {}", snapshot->text(), why), release.number);
    remove_snapshots(context, app, snapshots_to_remove(app, change::snapshot_keep(release.spec), context.clock.now()),
                     {});
    taken.snapshot = snapshot->text();
    taken.still = watch.still();
    return taken;
  };
  return doing(format("taking a snapshot of {}", name.text()), [&] {
    if (!dry_run) finish_unfinished(context, app, stop);
    for (;;) {
      try {
        return take();
      } catch (const change::NumberTaken&) {
        context.report.note("another app has taken the number of the snapshot: it gets the next one");
      }
    }
  });
}

change::Removed remove_snapshot(change::Context& context, const AppName& name, int number, bool dry_run,
                                const change::Confirm& confirm, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  const Snapshot* snapshot = app.find_snapshot(number);
  if (snapshot == nullptr || !snapshot->complete)
    throw NotFound(format("{} has no snapshot s{}", name.text(), number),
                   format("belay snapshots {} lists them.", name.text()));
  const auto newer = std::any_of(app.snapshots.begin(), app.snapshots.end(), [&](const Snapshot& other) {
    return other.complete && other.number > number && other.release == snapshot->release;
  });
  if (app.stable && snapshot->release == app.stable && !newer)
    throw Error(
        ErrorCode::conflict,
        format("{} is the only snapshot of the data of the stable release {}", snapshot->text(), app.stable->text()),
        format("Remove the mark first: belay stable {} --clear", name.text()));
  if (const auto mount = change::mount_in(*snapshot, context.engine.volumes({}, stop)))
    throw Error(ErrorCode::mount_in_the_way, format("removing {}: {}", snapshot->text(), *mount));
  change::Removed removed;
  for (const auto& item : snapshot->items)
    removed.plan.add(plan::RemoveData{item.kept}, format("it keeps what {} held", text_of(item.place)));
  if (dry_run) return removed;
  if (!confirm({removed.plan, removed.kept})) {
    removed.declined = true;
    return removed;
  }
  // Not whole any more from the first removal on; what an interruption leaves is dropped the next time.
  app.find_snapshot(number)->complete = false;
  context.store.save(app);
  doing(format("removing s{} of {}", number, name.text()),
        [&] { change::carry_out_whole(context, removed.plan, {}, stop); });
  std::erase_if(app.snapshots, [&](const Snapshot& each) { return each.number == number; });
  context.store.save(app);
  write_journal(context, app, "snapshots", "done", format("s{} removed", number));
  removed.done = true;
  return removed;
}

}  // namespace belay::safekeeping
