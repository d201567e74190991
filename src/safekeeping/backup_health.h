#pragma once
// How it stands with an app's backups: when the last good one was made, and whether the last try failed.

#include "model/backup_record.h"
#include "state/store.h"

namespace belay::safekeeping {

struct BackupHealth {
  std::optional<Time> last_good;
  // The last try at some place failed, and none has succeeded there since.
  std::optional<Time> failed;
  std::string place, reason;  // of that
};

// `records` and `failures`: of the app.
BackupHealth backup_health(const std::vector<BackupRecord>& records, const std::vector<state::BackupFailure>& failures,
                           Time now);
BackupHealth backup_health(const state::Store& store, const AppName& name, Time now);

// "its backup to /mnt/usb failed 6 hours ago (reason); the last good one is 9 days old"; empty: no try failed.
std::string trouble_text(const BackupHealth& health, Time now);
// The app has data that it writes, of the release that runs or ran last.
bool has_data_to_lose(const App& app);

// A backup of the app failed; kept until one succeeds at the place. Nothing where the state has no such app; never
// throws.
void note_failed_backup(state::Store& store, const AppName& name, const std::string& place, const std::string& reason,
                        Time now);

}  // namespace belay::safekeeping
