#pragma once
// Backups of an app: its data, its configuration and, where asked for, its image, in one file that is streamed to where
// it is kept (docs/backup-format.md).

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/verify.h"
#include "change/context.h"
#include "model/backup_record.h"
#include "state/store.h"

namespace belay::safekeeping {

struct BackupOptions {
  bool dry_run = false;
  // nullopt: what runs is paused.
  std::optional<backup::Consistency> consistency = {};
  bool with_image = false;
  // Run in the container of the app's first service while it runs: before its data is held still, and afterwards,
  // whatever came of it. Beside those of the services' labels belay.backup.before and belay.backup.after.
  std::vector<std::string> before = {}, after = {};
  // The longest that one of them may take; the label belay.backup.hook-timeout of a service is for its own.
  Milliseconds hook_time{3'600'000};
  std::string name = {};  // of the file; empty: from the app and the time
  bool replace = false;   // a file of that name
};

struct BackedUp {
  plan::Plan plan;
  bool done = false;  // false: a dry run
  std::string where;  // the file, with its place
  backup::Manifest manifest;
  backup::End end;
  ByteCount size;  // of the file
  // Volumes whose data is in it and cannot be put back in their place, and why, for people.
  std::vector<std::string> no_way_back = {};
  std::optional<Milliseconds> still;  // how long the app was held still
  BackupRecord record;
};

// Streams a backup of the release that runs, or ran last. What was paused or stopped goes on in any case: on an error,
// on a stop, and, after a crash, at the next command on the app. A backup that is not whole leaves no file behind.
BackedUp back_up(change::Context& context, const AppName& name, backup::Destination& destination,
                 const backup::Sealing& sealing, const BackupOptions& options, std::stop_token stop);

// A backup that failed before it was begun: known as every other that failed, and in the history. Never throws.
void note_backup_not_begun(change::Context& context, const AppName& name, const std::string& place,
                           const std::string& reason);

// The newest backup in the index that no check has found wrong, and whose file is not gone; says which newer one is.
// Throws NotFound where there is none.
backup::FilePlace newest_good_backup(change::Context& context, const AppName& name);

// How many bytes of the file have been read, and how many there are if that is known.
using ByteProgress = std::function<void(std::int64_t done, std::optional<std::int64_t> total)>;
// Checks every byte and every checksum of a backup, and records the result in the index. Throws Error with what is
// wrong.
backup::Verified verify_backup(change::Context& context, backup::Destination& destination, const std::string& name,
                               const crypto::AgeKeys& keys, const ByteProgress& progress, std::stop_token stop);

}  // namespace belay::safekeeping
