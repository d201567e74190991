#pragma once
// The index of backups: what this host knows of, what somebody else made, and what may go.

#include <functional>

#include "backup/destination.h"
#include "backup/envelope.h"
#include "change/context.h"
#include "model/backup_record.h"
#include "model/keep.h"
#include "state/store.h"

namespace belay::safekeeping {

// Newest first; without a name, of all apps. Throws NotFound for a name that neither the index nor the state knows.
std::vector<BackupRecord> backups(change::Context& context, const std::optional<AppName>& name, std::stop_token stop);
// "/srv/backups/web-20260131T090507Z.belay.tar.zst"
std::string where(const BackupRecord& record);
// "b7": the same for as long as the index has the backup, and never given to another one.
std::string backup_id(const BackupRecord& record);
// Its file is on this host, or was, and is not there now. What is kept elsewhere is not asked for it.
bool is_gone(const BackupRecord& record);
// Newest first: the good ones, those last whose time is still to come by this host's clock.
std::vector<BackupRecord> good_backups(change::Context& context, const AppName& name);
// Whether what is in it was counted; the index may know only the file.
bool is_measured(const BackupRecord& record);

// The file is called as the app's backups are, without an end of its own choosing.
bool is_called_as_backup_of(const std::string& file, const AppName& name);

struct Scanned {
  std::vector<BackupRecord> added, vanished;  // the index has the one now, and not the other any more
  int known = 0;                              // were in the index before
  std::vector<std::string> notes;             // what looks like a backup and could not be read
};
// Makes the index know all backups in the folder, by their manifests; encrypted ones by their names. Backups that are
// in the index and not in the folder any more are forgotten. Throws where the folder cannot be listed.
Scanned scan_backups(change::Context& context, backup::Destination& folder, std::stop_token stop);

struct PruneOptions {
  bool dry_run = false;
  // nullopt: as the label belay.backup.keep of the app says.
  std::optional<Keep> keep = {};
  // Only what is kept there; empty: everywhere.
  std::string place = {};
};

// What goes and what stays, each oldest first; shown before anything is removed.
struct Pruning {
  Keep keep;
  std::vector<BackupRecord> remove, stay;
  // Their files are gone already: only the index forgets them.
  std::vector<BackupRecord> vanished;
  std::vector<std::string> notes;  // places that could not be asked: all of theirs stays
  bool done = false;               // false: a dry run, the user said no, or there was nothing to do
  bool declined = false;
};
using ConfirmPruning = std::function<bool(const Pruning&)>;
using OpenPlace = std::function<std::unique_ptr<backup::Destination>(const backup::Place&)>;

// The rules count for each place by itself: copies elsewhere are no reason to let one go here. The newest good backup
// of each place stays in any case. The user is only asked where files go.
Pruning prune_backups(change::Context& context, const AppName& name, const OpenPlace& open, const PruneOptions& options,
                      const ConfirmPruning& confirm, std::stop_token stop);

}  // namespace belay::safekeeping
