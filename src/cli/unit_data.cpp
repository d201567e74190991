// The orders backup and restore.

#include "base/format.h"
#include "base/plural.h"
#include "cli/change_result.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/unit_orders.h"
#include "formats/dockerstra/order_values.h"
#include "safekeeping/backup.h"
#include "safekeeping/plain_backup.h"
#include "safekeeping/restore.h"

namespace belay::cli {

namespace {

using formats::dockerstra::ArchiveOrder;

void tell_restored(Session& session, const AppName& app, const std::vector<std::string>& places,
                   const std::string& snapshot) {
  for (const auto& place : places) session.console.success("restored " + place);
  if (!snapshot.empty())
    session.console.success(
        format("what was there is the snapshot {0}; back to it: belay restore {1} {0}", snapshot, app.text()));
}

}  // namespace

OrderOutcome Orders::back_up(const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  safekeeping::BackupOptions options;
  options.dry_run = call_.dry_run;
  const std::string place = usual_place();
  if (!call_.dry_run) make_folder(place);
  const BackupFile file = backup_file(place);
  const auto made = safekeeping::back_up(run.context(), app_, *file.destination, {}, options, stop);
  run.report().close();
  if (!made.done) return show_plan(made.plan);
  for (const auto& note : made.plan.notes) session_.console.note(note);
  session_.console.success(format("{}: {} ({})", app_.text(), made.where, byte_text(made.size)));
  return {false, true};
}

OrderOutcome Orders::restore(const std::stop_token& stop) {
  HostRun run(session_, call_.command);
  const std::string where = safekeeping::newest_good_backup(run.context(), app_).text();
  const BackupFile file = backup_file(where);
  session_.console.note("the newest backup is " + where);
  safekeeping::RestoreOptions options;
  options.change.dry_run = call_.dry_run;
  const auto restored = safekeeping::restore(run.context(), app_, *file.destination, file.name, {}, options, stop);
  run.report().close();
  if (call_.dry_run) return show_plan(restored.change.plan);
  if (print_change(session_.console, app_, restored.change) != 0) return {true, false};
  tell_restored(session_, app_, restored.replaced, restored.snapshot);
  return {false, true};
}

OrderOutcome Orders::archive(const formats::dockerstra::Order& order, const std::stop_token& stop) {
  const ArchiveOrder wanted = formats::dockerstra::archive_of(order, fs::current_path());
  HostRun run(session_, call_.command);
  const auto made = safekeeping::back_up_plain(run.context(), app_, wanted.folder,
                                               {{order.container, wanted.source}, wanted.file, call_.dry_run}, stop);
  run.report().close();
  if (!made.done) return show_plan(made.plan);
  for (const auto& note : made.plan.notes) session_.console.note(note);
  session_.console.success(format("{}: {} ({}, {})", order.container, made.file.string(), byte_text(made.size),
                                  counted(made.files, "file")));
  return {false, true};
}

OrderOutcome Orders::unpack(const formats::dockerstra::Order& order, const std::stop_token& stop) {
  const ArchiveOrder wanted = formats::dockerstra::archive_of(order, fs::current_path());
  HostRun run(session_, call_.command);
  change::ChangeOptions options;
  options.dry_run = call_.dry_run;
  const auto restored = safekeeping::restore_plain(run.context(), app_, safekeeping::PlainPart{order.container, {}},
                                                   wanted.folder / wanted.file, options, stop);
  run.report().close();
  if (call_.dry_run) return show_plan(restored.change.plan);
  for (const auto& note : restored.change.plan.notes) session_.console.note(note);
  if (print_change(session_.console, app_, restored.change) != 0) return {true, false};
  tell_restored(session_, app_, restored.replaced, restored.snapshot);
  return {false, true};
}

OrderOutcome Orders::show_plan(const plan::Plan& plan) const {
  if (!call_.json) print_plan(session_.console, plan);
  return {};
}

}  // namespace belay::cli
