#include "host/snapshots.h"

#include <algorithm>

#include "base/format.h"
#include "data/reserve.h"
#include "host/apps.h"
#include "host/change.h"
#include "host/data_swap.h"
#include "state/store.h"

namespace belay::host {

std::vector<SnapshotRow> snapshots(Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
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

Removed remove_snapshot(Context& context, const AppName& name, int number, bool dry_run, const Confirm& confirm,
                        std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = known_app(context, name, stop);
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
        format("{} is the only snapshot of the data of the stable release {}", snapshot->text(), app.stable->text()),
        format("Take the mark away first: belay stable {} --clear", name.text()));
  Removed removed;
  for (const auto& item : snapshot->items)
    removed.plan.add(plan::RemoveData{item.kept}, format("it keeps what {} held", text_of(item.place)));
  if (dry_run) return removed;
  if (!confirm({removed.plan, removed.kept})) {
    removed.declined = true;
    return removed;
  }
  remove_snapshots(context, app, {number}, stop);
  write_journal(context, app, "snapshots", "done", format("s{} removed", number));
  removed.done = true;
  return removed;
}

}  // namespace belay::host
