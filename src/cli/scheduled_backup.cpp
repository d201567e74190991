#include "cli/scheduled_backup.h"

#include <cstdlib>

#include "base/format.h"
#include "cli/data_options.h"
#include "cli/pruning.h"
#include "safekeeping/backup.h"
#include "safekeeping/backup_health.h"
#include "safekeeping/backups.h"

namespace belay::cli {

namespace {

backup::Consistency consistency_of(BackupPolicy::While meanwhile) {
  switch (meanwhile) {
    case BackupPolicy::While::stopped:
      return backup::Consistency::stop;
    case BackupPolicy::While::running:
      return backup::Consistency::live;
    case BackupPolicy::While::paused:
      break;
  }
  return backup::Consistency::pause;
}

}  // namespace

void make_scheduled_backup(change::Context& context, const AppName& name, const BackupPolicy& policy,
                           const formats::Settings& settings, std::stop_token stop) {
  safekeeping::BackupOptions options;
  options.with_image = policy.with_image;
  options.consistency = consistency_of(policy.data_is_read);
  const std::string where = policy.place.empty() ? usual_place(settings) : policy.place;
  const std::string rules = policy.keep.empty() ? settings.backup_keep : policy.keep;
  std::optional<BackupFile> file;
  backup::Sealing sealing;
  try {
    add_recipients_of(settings, sealing);
    file = policy.place.empty() ? usual_backup_file(settings) : backup_file(where);
    if (!file->name.empty())
      throw Error(ErrorCode::bad_value, format("the place {} is one file, and each backup needs one of its own", where),
                  "Name a folder.");
  } catch (const Error& error) {
    // A place that cannot even be asked is a backup that failed.
    safekeeping::note_backup_not_begun(context, name, where, error.what());
    throw;
  }
  const auto made = safekeeping::back_up(context, name, *file->destination, sealing, options, stop);
  for (const auto& note : made.plan.notes) context.report.note(note);
  if (rules.empty()) return;
  std::ignore = prune_after_backup(context, name, parse_keep(rules), file->destination->place(), stop);
}

}  // namespace belay::cli
