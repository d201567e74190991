#include "base/format.h"
#include "change/mark.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "report/result_json.h"
#include "safekeeping/snapshots.h"

namespace belay::cli {

namespace {

void print_marked(Console& console, const AppName& name, const change::Marked& marked,
                  const std::optional<safekeeping::TakenSnapshot>& taken, bool dry_run) {
  const std::string words = marked.release
                                ? format("{} is the stable release of {}", marked.release->text(), name.text())
                                : format("{} has no stable release", name.text());
  if (dry_run) {
    console.line(marked.changed ? "then: " + words : "nothing to do: " + words);
    if (!marked.plan.empty()) print_plan(console, marked.plan);
    if (taken) print_plan(console, taken->plan);
    return;
  }
  console.success(words);
  if (taken && !taken->snapshot.empty()) console.success(format("its data is the snapshot {}", taken->snapshot));
}

}  // namespace

int run_stable(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const bool dry_run = in.has("dry-run");
  if (in.has("show")) {
    const auto marked = change::show_stable(run.context(), name, in.stop());
    if (in.has("json"))
      print_record(in.console, marked_json(name, marked, {}, false));
    else
      in.console.line(marked.release ? format("{} {}", marked.release->text(), marked.container) : std::string("none"));
    return 0;
  }
  std::optional<ReleaseNumber> which;
  if (const auto text = in.optional_argument("RELEASE")) which = ReleaseNumber::parse(*text);
  if (in.has("with-data") && (in.has("clear") || which))
    throw in.usage_error("--with-data is for the release that runs: name none, and leave --clear out");
  if (in.has("clear") && which) throw in.usage_error("--clear takes the mark away, whichever release has it");
  const auto marked = in.has("clear") ? change::clear_stable(run.context(), name, dry_run, in.stop())
                                      : change::mark_stable(run.context(), name, which, dry_run, in.stop());
  run.report().close();
  std::optional<safekeeping::TakenSnapshot> taken;
  if (in.has("with-data") && marked.release)
    taken = safekeeping::take_snapshot(run.context(), name, format("of the stable release {}", marked.release->text()),
                                       dry_run, in.stop());
  run.report().close();
  if (in.has("json"))
    print_record(in.console, marked_json(name, marked, taken, dry_run));
  else
    print_marked(in.console, name, marked, taken, dry_run);
  return !dry_run && !marked.changed && in.has("exit-unchanged") ? 3 : 0;
}

}  // namespace belay::cli
