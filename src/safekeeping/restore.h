#pragma once
// The way back from a backup: data first, beside the old, checked to its last byte, then exchanged with it in one step.

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/manifest.h"
#include "base/files.h"
#include "change/change.h"

namespace belay::safekeeping {

struct RestoreOptions {
  change::ChangeOptions change = {};
  // Volumes' names, paths on the host or in the containers, or ids of items: only these are restored. Empty: all.
  std::vector<std::string> only = {};
  // Another app that the backup is restored as, with volumes and containers of its own.
  std::optional<AppName> as = {};
  // Where the folder of a Compose project that is not here goes, absolute; nullopt: to where it was.
  std::optional<fs::path> project_folder = {};
};

struct Restored {
  backup::Manifest manifest;
  backup::End end;
  std::vector<std::string> replaced;  // what the data takes the place of, for people
  bool installed = false;             // the app was not there
  change::Change change;              // of what runs
  std::string snapshot;               // that has what was there before; empty: nothing was
  std::vector<std::string> beside;    // the files and folders of that snapshot, each beside what took its place
};

// All that is known of the app is what a restore was about to bring up when it was cut off: nothing of it was ever
// wished.
bool is_barely_begun(const App& app);

// The app that the backup is of.
AppName app_of(backup::Destination& destination, const std::string& file, const crypto::AgeKeys& keys,
               std::stop_token stop);

// Restores the app's data from a backup; installs the app where it is missing, with the files of its project. What was
// there becomes a snapshot. A restore that fails, does not prove itself or is interrupted leaves what was there. Throws
// Error for a backup of another app, or of places that this app does not have.
Restored restore(change::Context& context, const AppName& name, backup::Destination& destination,
                 const std::string& file, const crypto::AgeKeys& keys, const RestoreOptions& options,
                 std::stop_token stop);

// Tells in `restored` which snapshot has what was there before.
void tell_of_snapshot(const App& app, Restored& restored);

// The same from one of the app's own snapshots.
Restored restore_snapshot(change::Context& context, const AppName& name, int snapshot, const RestoreOptions& options,
                          std::stop_token stop);

// Back to an earlier release with the newest data that it worked with.
change::Change rollback_with_data(change::Context& context, const AppName& name, const std::optional<ReleaseNumber>& to,
                                  const change::ChangeOptions& options, std::stop_token stop);

}  // namespace belay::safekeeping
