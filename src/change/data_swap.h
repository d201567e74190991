#pragma once
// Other data for an app, and copies of what it has. Private to host.

#include <functional>

#include "change/change.h"

namespace belay::change {

// Adds to the wish of a change that is about to be made that the data of what runs is copied before the new release
// starts. Says so where there is nothing to copy. Throws Error where this machine cannot reach the data; a dry run does
// not try whether it can.
void wish_snapshot(Context& context, App& app, bool dry_run, std::stop_token stop);

// The record of a snapshot of what the release writes to, not whole yet and without a reason; in no app so far.
// nullopt: it writes to nothing that a snapshot could hold, which is said. Throws as wish_snapshot.
std::optional<Snapshot> next_snapshot(Context& context, const App& app, const Release& release, bool dry_run,
                                      std::stop_token stop);

// Whether the release's own settings ask for a snapshot at every swap (the label belay.snapshot).
bool asks_for_snapshots(const Spec& spec);

// One place that gets other data.
struct DataSource {
  DataPlace place;
  std::string target;  // where the containers have it: for the label of a volume that has to be made
  // The step that fills the reserve it is given.
  std::function<plan::Step(const DataPlace& reserve)> step;
  std::string reason;
};

// Places inside each other are one: what is asked for an inner one comes with the outer one.
//
// Fills reserves, and when all are whole and on the disk lets the app run with them: what runs now, or `release`.
// Whatever fails or is interrupted leaves the old data in its places. What was there becomes a snapshot, unless nothing
// was. Throws Conflict where a place is not the app's to change. The app's lock is held by the caller, and nothing of
// it is unfinished; the context's run knows how to do the fillings' steps.
struct SwapReason {
  std::string why;                    // of the snapshot: "replaced by the rollback to r3"
  std::vector<plan::Step> finally{};  // done behind the fillings, before anything is exchanged
  // Made first where they are missing: with the driver and the options that they had.
  std::vector<plan::CreateVolume> volumes{};
  // Known to be the app's, whatever the state has of it.
  std::vector<DataPlace> own{};
  // Of the images that `first` pulls and `finally` loads, by service, as far as it is known; nullopt: it has none.
  std::map<std::string, std::optional<HealthCheck>> health_checks{};
  // Done before anything is filled.
  std::vector<plan::Step> first{};
};
Change swap_data(Context& context, App& app, std::optional<ReleaseNumber> release, std::vector<DataSource> asked,
                 const SwapReason& reason, const ChangeOptions& options, const JournalVerb& verb, std::stop_token stop);

struct SnapshotKeep {
  int newest = 3;
  std::optional<std::chrono::days> younger_than;  // older ones go even among the newest
};
// As the release's settings say (labels belay.snapshot.keep, belay.snapshot.days); throws Error for what is none.
SnapshotKeep snapshot_keep(const Spec& spec);
// The snapshots that need not be kept. Never the newest one of the stable release, nor one that a wish speaks of.
std::vector<int> snapshots_to_remove(const App& app, const SnapshotKeep& keep, Time now);
// The mount that a removal of the snapshot would run into, for people. `volumes`: as the engine has them.
std::optional<std::string> mount_in(const Snapshot& snapshot, const std::vector<Volume>& volumes);
}  // namespace belay::change
