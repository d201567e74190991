#include "base/format.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "report/result_json.h"
#include "safekeeping/snapshots.h"

namespace belay::cli {

int print_snapshot(Console& console, const AppName& name, const safekeeping::TakenSnapshot& taken, bool dry_run) {
  if (dry_run) {
    print_plan(console, taken.plan);
    return 0;
  }
  if (!taken.snapshot.empty())
    console.success(format("{}: snapshot {}{}", name.text(), taken.snapshot,
                           taken.still ? format(", interrupted for {}", duration_text(*taken.still)) : ""));
  return 0;
}

int run_snapshot(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const bool dry_run = in.has("dry-run");
  const auto taken = safekeeping::take_snapshot(run.context(), name, in.text_or("why", "by hand"), dry_run, in.stop());
  run.report().close();
  if (!in.has("json")) return print_snapshot(in.console, name, taken, dry_run);
  print_record(in.console, taken_snapshot_json(name, taken, dry_run));
  return 0;
}

}  // namespace belay::cli
