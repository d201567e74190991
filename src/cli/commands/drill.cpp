#include "base/format.h"
#include "cli/backup_words.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/trial_result.h"
#include "report/safekeeping_json.h"
#include "safekeeping/backup.h"

namespace belay::cli {

int run_drill(Invocation& in) {
  const safekeeping::TrialOptions options = trial_options(in);
  HostRun run(in.session, in.description());
  auto asked = in.optional_argument("FILE");
  // An id of the list says whose backup it is.
  const bool is_id_alone =
      !asked && is_backup_id(in.argument("NAME")) && !run.context().store.app(AppName(in.argument("NAME")));
  if (is_id_alone) asked = in.argument("NAME");
  const AppName name = is_id_alone ? AppName(backup_of_id(run.context(), *asked).app) : app_name(in);
  const std::string where = asked ? backup_named(in, run.context(), name, *asked)
                                  : safekeeping::newest_good_backup(run.context(), name).text();
  const BackupFile file = existing_backup(in, where);
  if (where != asked) in.console.note("the backup is " + where);
  const safekeeping::Drilled drilled =
      safekeeping::drill(run.context(), name, *file.destination, file.name, key_options(in), options, in.stop());
  run.report().close();
  for (const auto& why : drilled.obstacles) in.console.warning("a restore in place will be refused: " + why);
  if (!drilled.trial.done) {
    print_plan(in.console, drilled.trial.plan);
    return 0;
  }
  if (in.has("json")) {
    print_record(in.console, drilled_json(drilled));
    return drilled.trial.passed() ? 0 : 1;
  }
  const std::string what = format("{} with the backup {}", name.text(), file.name);
  if (!drilled.trial.passed())
    return print_failed_trial(
        in.console, what, drilled.trial,
        "Every byte of the backup is right. What the app needs besides may not be reachable from an "
        "isolated network: --network NAME joins another.");
  in.console.success(format("{} proved itself: {}", what, text_of(drilled.manifest, drilled.end)));
  return 0;
}

}  // namespace belay::cli
