#include "safekeeping/restore.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/backup_words.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "safekeeping/backup.h"
#include "safekeeping/unpack.h"

namespace belay::cli {

namespace {

// "s3": a snapshot.
std::optional<int> snapshot_number(const std::string& text) {
  if (text.size() < 2 || text.front() != 's') return {};
  const auto number = parse_number(std::string_view(text).substr(1));
  if (!number || *number > 1'000'000'000) return {};
  return static_cast<int>(*number);
}

// A word that stands alone: a backup's file and not an app.
bool is_backup(const std::string& word) {
  if (!AppName::is_valid(word) || is_backup_id(word)) return true;
  return word.find(".belay.tar.") != std::string::npos;
}

AppName app_of_backup(Invocation& in, const std::string& word) {
  HostRun run(in.session, in.description());
  const std::string where = backup_named(in, run.context(), {}, word);
  const BackupFile file = existing_backup(in, where);
  return safekeeping::app_of(*file.destination, file.name, key_options(in), in.stop());
}

// "./shop/" and "shop" are one.
fs::path absolute_folder(const std::string& text) {
  const fs::path path = plain_absolute(text);
  return path.has_filename() ? path : path.parent_path();
}

int print_restored(Invocation& in, const AppName& name, const safekeeping::Restored& restored, const Took& took) {
  if (in.has("json")) return print_change(in.console, name, restored.change, {.json = true, .took = took});
  if (restored.change.kind == change::Change::Kind::planned) {
    for (const auto& place : restored.replaced) in.console.line("replaces: " + place);
    print_plan(in.console, restored.change.plan);
    return 0;
  }
  for (const auto& note : restored.change.plan.notes) in.console.note(note);
  const int code = print_change(in.console, name, restored.change, {.took = took});
  if (code != 0) return code;
  for (const auto& place : restored.replaced) in.console.success("restored " + place);
  if (!restored.snapshot.empty())
    in.console.success(format("what was there is the snapshot {0}; back to it: belay restore {1} {0}",
                              restored.snapshot, name.text()));
  // A version control that leaves out a file by its name does not know its copy.
  if (!restored.beside.empty()) in.console.note(format("it lies in {}", join(restored.beside, ", ")));
  return 0;
}

int unpack_into(Invocation& in, HostRun& run, const AppName& name, const std::string& where, const fs::path& folder) {
  const BackupFile file = existing_backup(in, where);
  const auto unpacked = safekeeping::unpack(run.report(), *file.destination, file.name, key_options(in), folder,
                                            in.list("only"), in.has("dry-run"), in.stop());
  run.report().close();
  if (unpacked.manifest.app != name.text()) in.console.note(format("it is a backup of {}", unpacked.manifest.app));
  for (const auto& warning : unpacked.warnings) in.console.warning(warning);
  for (const auto& [source, into] : unpacked.items) {
    const std::string line = format("{} in {}", printable(source), into.string());
    if (unpacked.done)
      in.console.success(line);
    else
      in.console.line(line);
  }
  return 0;
}

}  // namespace

int run_restore(Invocation& in) {
  safekeeping::RestoreOptions options;
  options.change = change_options(in);
  options.only = in.list("only");
  if (const auto as = in.text("as")) options.as = AppName(*as);
  if (const auto folder = in.text("project-directory")) options.project_folder = absolute_folder(*folder);
  if (options.project_folder && (options.as || in.has("into")))
    throw in.usage_error("--project-directory goes neither with --as nor with --into");
  const std::string word = in.argument("NAME");
  auto what = in.optional_argument("WHAT");
  const bool is_file_alone = !what && is_backup(word);
  if (is_file_alone) what = word;
  const std::string given = what.value_or("");
  const AppName name = is_file_alone ? app_of_backup(in, word) : AppName(word);
  HostRun run(in.session, in.description());
  if (what) what = backup_named(in, run.context(), name, *what);
  const auto snapshot = what ? snapshot_number(*what) : std::nullopt;
  if (const auto folder = in.text("into")) {
    if (in.has("json")) throw in.usage_error("--json does not go with --into");
    if (options.as || snapshot)
      throw in.usage_error("--into unpacks a backup; it goes neither with --as nor with a snapshot");
    return unpack_into(in, run, name, what ? *what : safekeeping::newest_good_backup(run.context(), name).text(),
                       *folder);
  }
  safekeeping::Restored restored;
  if (snapshot && !options.as) {
    if (options.project_folder) throw in.usage_error("a snapshot has no files of a project");
    restored = safekeeping::restore_snapshot(run.context(), name, *snapshot, options, in.stop());
  } else {
    const std::string where = what ? *what : safekeeping::newest_good_backup(run.context(), name).text();
    const BackupFile file = existing_backup(in, where);
    if (where != given) in.console.note("the backup is " + where);
    restored =
        safekeeping::restore(run.context(), name, *file.destination, file.name, key_options(in), options, in.stop());
  }
  run.report().close();
  return print_restored(in, options.as.value_or(name), restored, run.report().took());
}

}  // namespace belay::cli
