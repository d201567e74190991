#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/data_swap.h"
#include "change/kept_files.h"
#include "safekeeping/restore.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// Of the releases that are good, the one to go back to.
ReleaseNumber earlier_release(const App& app, const std::optional<ReleaseNumber>& to) {
  if (to) return app.release(*to).number;
  const auto running = change::what_runs(app) ? change::what_runs(app) : app.last;
  if (!running) throw NotFound(ErrorCode::release_not_found, format("{} has never run", app.name.text()));
  if (const auto ways = app.ways_back(*running); !ways.empty()) return ways.front();
  throw NotFound(ErrorCode::nothing_to_go_back_to,
                 format("{} has no good release before {}", app.name.text(), running->text()),
                 format("belay releases {} lists them all.", app.name.text()));
}

const Snapshot& newest_snapshot(const App& app, ReleaseNumber release) {
  for (auto snapshot = app.snapshots.rbegin(); snapshot != app.snapshots.rend(); ++snapshot)
    if (snapshot->complete && snapshot->release == release) return *snapshot;
  throw NotFound(
      format("there is no snapshot of the data that {} {} worked with", app.name.text(), release.text()),
      format("belay snapshots {0} lists them. Without data: belay rollback {0} {1}", app.name.text(), release.text()));
}

std::vector<change::DataSource> sources_of_data(const Snapshot& snapshot, const std::vector<std::string>& only) {
  std::vector<change::DataSource> fillings;
  for (const auto& item : snapshot.items)
    if (only.empty() || std::find(only.begin(), only.end(), item.place.source) != only.end())
      fillings.push_back(
          {item.place,
           {},
           [kept = item.kept](const DataPlace& reserve) -> plan::Step { return plan::CopyData{kept, reserve}; },
           format("as {} has it", snapshot.text())});
  if (fillings.empty()) throw NotFound(format("{} has no data of {}", snapshot.text(), printable(join(only, ", "))));
  return fillings;
}

}  // namespace

Restored restore_snapshot(change::Context& context, const AppName& name, int number, const RestoreOptions& options,
                          std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("restoring {} from s{}", name.text(), number), [&] {
    if (!options.change.dry_run) finish_unfinished(context, app, stop);
    const Snapshot* snapshot = app.find_snapshot(number);
    if (snapshot == nullptr || !snapshot->complete)
      throw NotFound(format("{} has no snapshot s{}", name.text(), number),
                     format("belay snapshots {} lists them.", name.text()));
    Restored restored;
    for (const auto& item : snapshot->items) restored.replaced.push_back(text_of(item.place));
    restored.change = swap_data(context, app, change::what_runs(app), sources_of_data(*snapshot, options.only),
                                {format("replaced by {}", snapshot->text()), {}}, options.change, "restore", stop);
    tell_of_snapshot(app, restored);
    return restored;
  });
}

change::Change rollback_with_data(change::Context& context, const AppName& name, const std::optional<ReleaseNumber>& to,
                                  const change::ChangeOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  return doing(format("rolling {} back with its data", name.text()), [&] {
    if (!options.dry_run) finish_unfinished(context, app, stop);
    if (!to) change::refuse_to_go_further(context, app);
    const ReleaseNumber release = earlier_release(app, to);
    const Snapshot snapshot = newest_snapshot(app, release);
    // As any way back: with the files that it had.
    const bool ran_last = release == change::what_runs(app) || release == app.last;
    const ReleaseNumber with_files = ran_last ? release : with_its_files(context, app, release, stop);
    return swap_data(context, app, with_files, sources_of_data(snapshot, {}),
                     {format("replaced by the rollback to {}", release.text()), {}}, options, "rollback", stop);
  });
}

}  // namespace belay::safekeeping
