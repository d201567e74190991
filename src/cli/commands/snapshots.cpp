#include "safekeeping/snapshots.h"

#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/removal.h"
#include "report/safekeeping_json.h"

namespace belay::cli {

namespace {

int number_of(const Invocation& in, const std::string& text) {
  const auto number = text.starts_with("s") ? parse_number(std::string_view(text).substr(1)) : std::nullopt;
  if (!number || *number > 1'000'000'000)
    throw in.usage_error(format("'{}' is not a snapshot: snapshots are called s1, s2, …", printable(text)));
  return static_cast<int>(*number);
}

int remove(Invocation& in, const AppName& name, int number) {
  HostRun run(in.session, in.description());
  const bool dry_run = in.has("dry-run");
  const auto removed = safekeeping::remove_snapshot(
      run.context(), name, number, dry_run, confirm_removal(in.console, name, in.has("yes"), in.stop(), in.has("json")),
      in.stop());
  run.report().close();
  return print_removed(in.console, name, removed,
                       {.done = "rid of the snapshot", .dry_run = dry_run, .json = in.has("json")});
}

}  // namespace

int run_snapshots(Invocation& in) {
  const AppName name = app_name(in);
  if (const auto gone = in.text("remove")) return remove(in, name, number_of(in, *gone));
  HostRun run(in.session, in.description());
  const auto rows = safekeeping::snapshots(run.context(), name, in.stop());
  if (in.has("json")) {
    print_record(in.console, "snapshots", list_of(rows, snapshot_json));
    return 0;
  }
  if (rows.empty()) {
    in.console.note(format("{0} has no snapshots: belay snapshot {0} takes one", name.text()));
    return 0;
  }
  Table table({{"SNAPSHOT"}, {"DATA OF"}, {"TAKEN"}, {"SIZE", Align::right, false}, {"WHY"}});
  for (const auto& row : rows)
    table.add({row.snapshot.text(), row.snapshot.release ? row.snapshot.release->text() : "",
               ago(row.snapshot.taken, in.clock.now()), row.size ? byte_text(*row.size) : "?", row.snapshot.why});
  in.console.print(table);
  return 0;
}

}  // namespace belay::cli
