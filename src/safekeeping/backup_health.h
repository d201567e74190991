#pragma once
// How it stands with an app's backups: when the last good one was made, and whether the last try failed.

#include <map>

#include "model/backup_record.h"
#include "model/errand.h"
#include "state/store.h"

namespace belay::safekeeping {

// As far as the clocks of two machines may be apart: a backup may have come from another one.
inline constexpr Seconds clocks_differ{300};

struct BackupHealth {
  std::optional<Time> last_good;
  // The last try at some place failed, and none has succeeded there since; where none ever has, also none elsewhere.
  std::optional<Time> failed;
  std::string place, reason;  // of that
  // From when on the backups are late; nullopt: nothing says when they are made.
  std::optional<Time> late_from{};
  std::string schedule{};  // as the definition has it

  bool is_late(Time now) const { return late_from && now >= *late_from; }
};

// `records`, `failures` and `errands`: of the app. Without a schedule no backup is late.
BackupHealth backup_health(const std::vector<BackupRecord>& records, const std::vector<state::BackupFailure>& failures,
                           const std::vector<Errand>& errands, Time now);
// Of what is backed up without a schedule that Belay knows, a backup is late that is older than this, if there is data
// to lose.
inline constexpr auto old_for_a_backup = std::chrono::days(8);
BackupHealth backup_health(const state::Store& store, const AppName& name, Time now);
// The same of all apps that have backups, failures or a schedule, by name; a few questions to the state.
std::map<std::string, BackupHealth> backup_health_of_all(const state::Store& store, Time now);

// "its last good backup was taken 9 days ago, and its schedule is 04:30".
std::string late_text(const BackupHealth& health, Time now);
// "its backup to /mnt/usb failed 6 hours ago (reason); the last good one is 9 days old", or late_text;
// empty: neither.
std::string trouble_text(const BackupHealth& health, Time now);
// The app has data that it writes, of the release that runs or ran last.
bool has_data_to_lose(const App& app);

// A backup of the app failed; kept until one succeeds at the place. Nothing where the state has no such app; never
// throws.
void note_failed_backup(state::Store& store, const AppName& name, const std::string& place, const std::string& reason,
                        Time now);

}  // namespace belay::safekeeping
