#include "safekeeping/backup_health.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/places.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// Nobody goes on with a place for that long that always fails, while another one works.
constexpr auto given_up = std::chrono::days(30);

}  // namespace

BackupHealth backup_health(const std::vector<BackupRecord>& records, const std::vector<state::BackupFailure>& failures,
                           Time now) {
  BackupHealth health;
  for (const auto& record : records)
    if (record.trouble.empty() && (!health.last_good || record.taken > *health.last_good))
      health.last_good = record.taken;
  for (const auto& failure : failures) {
    const bool is_old = now - failure.failed > given_up && health.last_good && *health.last_good > failure.failed;
    if (is_old || (health.failed && failure.failed <= *health.failed)) continue;
    health.failed = failure.failed;
    health.place = failure.place;
    health.reason = failure.reason;
  }
  return health;
}

BackupHealth backup_health(const state::Store& store, const AppName& name, Time now) {
  return backup_health(store.backups(name.text()), store.backup_failures(name.text()), now);
}

std::string trouble_text(const BackupHealth& health, Time now) {
  if (!health.failed) return {};
  return format("its backup to {} failed {} ({}); {}", health.place, ago(*health.failed, now), health.reason,
                health.last_good ? format("the last good one was taken {}", ago(*health.last_good, now))
                                 : std::string("there is no good one"));
}

bool has_data_to_lose(const App& app) {
  const auto number = change::what_runs(app) ? change::what_runs(app) : app.last;
  const Release* release = number ? app.find(*number) : nullptr;
  if (release == nullptr) return false;
  const auto uses = change::places_of(release->spec).uses;
  return std::any_of(uses.begin(), uses.end(), [](const change::DataUse& use) { return use.written; });
}

void note_failed_backup(state::Store& store, const AppName& name, const std::string& place, const std::string& reason,
                        Time now) {
  try {
    if (store.app(name)) store.save(state::BackupFailure{name.text(), place, now, reason, false});
  } catch (const Error&) {
    // What the backup failed of is what its user has to know.
  }
}

}  // namespace belay::safekeeping
