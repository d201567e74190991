#include "safekeeping/backups.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/backup_words.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/pruning.h"
#include "report/safekeeping_json.h"

namespace belay::cli {

namespace {

using Records = std::vector<BackupRecord>;

// "verified 2 hours ago, with its image"
std::string state_of(const BackupRecord& record, Time now) {
  std::vector<std::string> parts;
  if (safekeeping::is_gone(record)) parts.emplace_back("the file is gone");
  if (!record.trouble.empty()) parts.push_back("BAD: " + record.trouble);
  if (record.verified) parts.push_back("verified " + ago(*record.verified, now));
  if (record.drilled) parts.push_back("drilled " + ago(*record.drilled, now));
  if (!record.drill_failure.empty()) parts.push_back("drill failed: " + record.drill_failure);
  if (record.encrypted) parts.emplace_back("encrypted");
  if (record.with_image) parts.emplace_back("with image");
  return join(parts, ", ");
}

void print(Invocation& in, const Records& records) {
  if (in.has("json")) {
    print_record(in.console, "backups", list_of(records, backup_record_json));
    return;
  }
  if (records.empty()) {
    in.console.note("no backups are known: belay backup NAME makes one, belay backups --scan PLACE finds others");
    return;
  }
  Table table({{"ID", Align::left, false},
               {"APP", Align::left, false},
               {"TAKEN", Align::left, false},
               {"RELEASE", Align::left, false},
               {"SIZE", Align::right, false},
               {"DATA", Align::right, false},
               {"CHECKED"},
               {"FILE", Align::left, false, Narrow::below}});
  for (const auto& record : records)
    table.add({safekeeping::backup_id(record), record.app, ago(record.taken, in.clock.now()),
               record.release ? record.release->text() : "?", byte_text(record.size),
               safekeeping::is_measured(record) ? byte_text(record.data_size) : "?", state_of(record, in.clock.now()),
               safekeeping::where(record)});
  in.console.print(table);
}

void scan(Invocation& in, change::Context& context, const std::string& place) {
  const BackupFile folder = backup_file(place);
  if (!folder.name.empty()) throw in.usage_error("--scan takes a folder");
  const auto scanned = safekeeping::scan_backups(context, *folder.destination, in.stop());
  for (const auto& note : scanned.notes) in.console.warning(note);
  for (const auto& record : scanned.vanished) in.console.note("gone: " + safekeeping::where(record));
  in.console.note(format("{}: {} new, {} known before, {} gone", folder.destination->text(), scanned.added.size(),
                         scanned.known, scanned.vanished.size()));
}

int prune(Invocation& in, change::Context& context, const AppName& name) {
  safekeeping::PruneOptions options;
  options.dry_run = in.has("dry-run");
  if (const auto keep = in.text("keep")) options.keep = parse_keep(*keep);
  const auto pruned = safekeeping::prune_backups(
      context, name, open_place, options,
      [&](const safekeeping::Pruning& pruning) {
        in.console.line(format("to do for {}:", name.text()));
        print_pruning(in.console, pruning, in.clock.now());
        return in.has("yes") || in.console.confirm("Go on?", in.stop());
      },
      in.stop());
  if (options.dry_run) {
    print_pruning(in.console, pruned, in.clock.now());
    return 0;
  }
  if (pruned.declined) {
    in.console.line("nothing was removed");
    return 1;
  }
  print_pruned(in.console, name, pruned);
  return 0;
}

}  // namespace

int run_backups(Invocation& in) {
  const auto place = in.text("scan");
  if (in.has("prune") && place) throw in.usage_error("--scan and --prune do not go together");
  if (in.has("prune") && in.has("json")) throw in.usage_error("--json only goes with the list");
  if (!in.has("prune") && (in.has("keep") || in.has("yes") || in.has("dry-run")))
    throw in.usage_error("--keep, --yes and --dry-run go with --prune");
  HostRun run(in.session, in.description());
  std::optional<AppName> name;
  if (const auto word = in.optional_argument("NAME"))
    name = AppName(*word);
  else if (!place)
    name = Named(in, run).app_here();
  if (in.has("prune") && !name) throw in.usage_error("--prune needs the app's name");
  if (in.has("prune")) return prune(in, run.context(), *name);
  if (place) scan(in, run.context(), *place);
  print(in, safekeeping::backups(run.context(), name, in.stop()));
  return 0;
}

}  // namespace belay::cli
