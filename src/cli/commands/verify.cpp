#include "base/files.h"
#include "base/format.h"
#include "cli/backup_words.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "report/safekeeping_json.h"
#include "safekeeping/backup.h"

namespace belay::cli {

namespace {

// An app stands for its newest backup. A file of that name goes before it.
std::string backup_to_verify(const Invocation& in, change::Context& context) {
  const std::string word = in.argument("FILE");
  std::error_code unknown;
  const bool is_app = AppName::is_valid(word) && !is_backup_id(word) && !fs::exists(word, unknown) &&
                      (context.store.app(AppName(word)) || !context.store.backups(word).empty());
  const std::string where =
      is_app ? safekeeping::newest_good_backup(context, AppName(word)).text() : backup_named(in, context, {}, word);
  if (where != word) in.console.note("the backup is " + where);
  return where;
}

}  // namespace

int run_verify(Invocation& in) {
  HostRun run(in.session, in.description());
  const std::string where = backup_to_verify(in, run.context());
  const BackupFile file = existing_backup(in, where);
  Progress progress(in.console, in.clock);
  progress.begin("verify", "checking " + file.name);
  const backup::Verified verified = safekeeping::verify_backup(
      run.context(), *file.destination, file.name, key_options(in),
      [&](std::int64_t done, std::optional<std::int64_t> total) {
        progress.update("verify", "reading", done, total.value_or(0));
      },
      in.stop());
  progress.finish("verify", true);
  if (in.has("json")) {
    print_record(in.console, verified_json(verified));
    return 0;
  }
  for (const auto& warning : verified.end.warnings) in.console.note("when it was made: " + warning);
  for (const auto& why : verified.manifest.left_out) in.console.note("not in it: " + why);
  if (verified.manifest.lacks_an_image())
    in.console.note(format("belay {}backup {} --with-image makes one that holds the image too",
                           verified.manifest.service ? "service " : "", verified.manifest.app));
  in.console.success(format("{} is whole and right: {}", file.name, text_of(verified.manifest, verified.end)));
  return 0;
}

}  // namespace belay::cli
