#include "safekeeping/backup_health.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/places.h"
#include "model/schedule.h"
#include "state/store.h"

namespace belay::safekeeping {

namespace {

// Nobody goes on with a place for that long that always fails, while another one works.
constexpr auto given_up = std::chrono::days(30);

// A place that never held a good backup of the app was mistyped, or tried once. If a schedule goes there it fails
// again, and that is told again.
bool is_a_slip(const state::BackupFailure& failure, const std::vector<BackupRecord>& records,
               const std::vector<Errand>& errands) {
  const bool was_used = std::any_of(records.begin(), records.end(), [&](const BackupRecord& record) {
    return record.place == failure.place && record.trouble.empty();
  });
  return !was_used && std::none_of(errands.begin(), errands.end(), [](const Errand& errand) {
    return errand.kind == Errand::Kind::backup && errand.has_failed();
  });
}

}  // namespace

BackupHealth backup_health(const std::vector<BackupRecord>& records, const std::vector<state::BackupFailure>& failures,
                           const std::vector<Errand>& errands, Time now) {
  BackupHealth health;
  // One that is dated by a clock which was ahead says nothing about today.
  for (const auto& record : records)
    if (record.trouble.empty() && record.taken <= now + clocks_differ)
      health.last_good = std::max(health.last_good.value_or(record.taken), record.taken);
  for (const auto& failure : failures) {
    const bool is_made_up_for = health.last_good && *health.last_good > failure.failed;
    const bool is_over = is_made_up_for && (now - failure.failed > given_up || is_a_slip(failure, records, errands));
    if (is_over || (health.failed && failure.failed <= *health.failed)) continue;
    health.failed = failure.failed;
    health.place = failure.place;
    health.reason = failure.reason;
  }
  for (const auto& errand : errands) {
    if (errand.kind != Errand::Kind::backup) continue;
    health.schedule = errand.schedule;
    // What was declared a moment ago is late for nothing that was before.
    health.late_from = Schedule::parse(errand.schedule)
                           .late_from(std::max(health.last_good.value_or(Time()), std::min(errand.since, now)));
  }
  return health;
}

namespace {

// Nothing says when they are made; some are made.
void judge_by_age(const state::Store& store, const AppName& name, BackupHealth& health, Time now) {
  if (health.late_from || !health.last_good || now - *health.last_good < old_for_a_backup) return;
  if (const auto app = store.app(name); app && has_data_to_lose(*app))
    health.late_from = *health.last_good + old_for_a_backup;
}

}  // namespace

BackupHealth backup_health(const state::Store& store, const AppName& name, Time now) {
  BackupHealth health =
      backup_health(store.backups(name.text()), store.backup_failures(name.text()), store.errands(name.text()), now);
  judge_by_age(store, name, health, now);
  return health;
}

std::map<std::string, BackupHealth> backup_health_of_all(const state::Store& store, Time now) {
  struct Facts {
    std::vector<BackupRecord> records;
    std::vector<state::BackupFailure> failures;
    std::vector<Errand> errands;
  };
  std::map<std::string, Facts> facts;
  for (auto& record : store.backups({})) facts[record.app].records.push_back(std::move(record));
  for (auto& failure : store.backup_failures({})) facts[failure.app].failures.push_back(std::move(failure));
  for (auto& errand : store.errands({})) facts[errand.app].errands.push_back(std::move(errand));
  std::map<std::string, BackupHealth> all;
  for (const auto& [name, of_app] : facts) {
    BackupHealth& health = all[name] = backup_health(of_app.records, of_app.failures, of_app.errands, now);
    if (AppName::is_valid(name)) judge_by_age(store, AppName(name), health, now);
  }
  return all;
}

std::string late_text(const BackupHealth& health, Time now) {
  const std::string last = health.last_good ? format("its last good backup was taken {}", ago(*health.last_good, now))
                                            : std::string("no good backup of it was made yet");
  return health.schedule.empty() ? last : format("{}, and its schedule is {}", last, health.schedule);
}

std::string trouble_text(const BackupHealth& health, Time now) {
  if (!health.failed) return health.is_late(now) ? late_text(health, now) : std::string();
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
