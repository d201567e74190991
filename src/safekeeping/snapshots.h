#pragma once
// The snapshots of an app's data.

#include "change/clean.h"
#include "change/context.h"

namespace belay::safekeeping {

struct SnapshotRow {
  Snapshot snapshot;
  std::optional<ByteCount> size;  // as far as this machine can tell; blocks that are shared with the data count too
};

// Oldest first, those that are whole.
std::vector<SnapshotRow> snapshots(change::Context& context, const AppName& name, std::stop_token stop);

struct TakenSnapshot {
  plan::Plan plan;
  std::string snapshot;               // "s3"; empty: there was nothing to copy, or this was a dry run
  std::optional<Milliseconds> still;  // how long the app was held still
};
// Copies the data that the release which runs (or ran last) writes to; what runs is paused meanwhile, and goes on in
// any case, as for a backup.
TakenSnapshot take_snapshot(change::Context& context, const AppName& name, const std::string& why, bool dry_run,
                            std::stop_token stop);

// Removes one with its data. Never the newest one of the release marked stable.
change::Removed remove_snapshot(change::Context& context, const AppName& name, int number, bool dry_run,
                                const change::Confirm& confirm, std::stop_token stop);

}  // namespace belay::safekeeping
