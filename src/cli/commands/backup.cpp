#include "safekeeping/backup.h"

#include <algorithm>
#include <cstdlib>

#include "base/files.h"
#include "base/format.h"
#include "base/plural.h"
#include "cli/backup_schedule.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/pruning.h"
#include "cli/settings_file.h"
#include "cli/which_app.h"
#include "report/safekeeping_json.h"
#include "safekeeping/backup_health.h"

namespace belay::cli {

namespace {

safekeeping::BackupOptions backup_options(const Invocation& in) {
  safekeeping::BackupOptions options;
  options.dry_run = in.has("dry-run");
  options.with_image = in.has("with-image");
  options.replace = in.has("replace");
  options.before = in.list("before");
  options.after = in.list("after");
  options.hook_time = in.duration("hook-timeout").value_or(options.hook_time);
  if (in.has("pause") + in.has("stop") + in.has("live") > 1)
    throw in.usage_error("--pause, --stop and --live exclude each other");
  if (in.has("pause")) options.consistency = backup::Consistency::pause;
  if (in.has("stop")) options.consistency = backup::Consistency::stop;
  if (in.has("live")) options.consistency = backup::Consistency::live;
  return options;
}

// A place that cannot even be asked is a backup that failed.
BackupFile place_of_backup(const Invocation& in, change::Context& context, const AppName& name) {
  const std::string where = in.text_or("output", usual_place());
  try {
    if (in.has("output") || in.has("dry-run")) return backup_file(where);
    return usual_backup_file(read_settings({}));
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    if (!in.has("dry-run")) safekeeping::note_backup_not_begun(context, name, where, error.what());
    throw;
  }
}

}  // namespace

namespace {

// `count`: how many apps are backed up.
int back_up_one(Invocation& in, HostRun& run, const AppName& name, size_t count = 1) {
  std::optional<Keep> keep;
  if (const auto rules = in.text_or("keep", read_settings({}).backup_keep); !rules.empty()) keep = parse_keep(rules);
  const backup::Sealing sealing = sealing_options(in);
  safekeeping::BackupOptions options = backup_options(in);
  const BackupFile file = place_of_backup(in, run.context(), name);
  if (in.has("all") && !file.name.empty()) throw in.usage_error("--all needs a folder: -o FOLDER");
  options.name = file.name;
  const safekeeping::BackedUp made =
      safekeeping::back_up(run.context(), name, *file.destination, sealing, options, in.stop());
  run.report().close();
  if (!made.done) {
    print_plan(in.console, name.text(), count, made.plan);
    return 0;
  }
  safekeeping::Pruning pruned;
  if (keep) pruned = prune_after_backup(run.context(), name, *keep, file.destination->place(), in.stop());
  if (in.has("json")) {
    print_record(in.console, backed_up_json(made, pruned));
    return 0;
  }
  for (const auto& note : made.plan.notes) in.console.note(note);
  in.console.success(format("{}: {} ({})", name.text(), made.where, byte_text(made.size)));
  in.console.success(format("{}: {}, {}{}", made.manifest.release.text(), counted(made.end.files(), "file"),
                            byte_text({made.end.bytes()}),
                            made.still ? format("; interrupted for {}", duration_text(*made.still)) : ""));
  if (keep) print_pruned(in.console, name, pruned);
  return 0;
}

// A backup that fails keeps none of the others.
int back_up_all(Invocation& in, HostRun& run) {
  if (in.optional_argument("NAME")) throw in.usage_error("--all goes without a name");
  for (const std::string_view option : {"json", "install-timer", "remove-timer", "cron", "schedule"})
    if (in.has(option)) throw in.usage_error(format("--{} is for one app", option));
  int code = 0;
  const auto names = all_apps(run.context());
  for (const auto& name : names) {
    const auto app = run.context().store.app(name);
    if (app && !app->last && !app->wish.is<goal::Run>()) {
      in.console.note(format("{} has never run: there is nothing to back up", name.text()));
      continue;
    }
    try {
      code = std::max(code, back_up_one(in, run, name, names.size()));
    } catch (const Cancelled&) {
      throw;
    } catch (const UsageError&) {
      throw;
    } catch (const Error& error) {
      run.report().close();
      in.console.error(error);
      code = 1;
    }
  }
  return code;
}

}  // namespace

int run_backup(Invocation& in) {
  HostRun run(in.session, in.description());
  if (in.has("all")) return back_up_all(in, run);
  const AppName name = Named(in, run).whole_app(in.optional_argument("NAME"));
  if (const auto code = schedule_backup(in, name)) return *code;
  return back_up_one(in, run, name);
}

}  // namespace belay::cli
