#include "base/format.h"
#include "change/mark.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "safekeeping/snapshots.h"

namespace belay::cli {

int run_stable(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const bool dry_run = in.has("dry-run");
  if (in.has("show")) {
    const auto marked = change::show_stable(run.context(), name, in.stop());
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
  const std::string words = marked.release
                                ? format("{} is the stable release of {}", marked.release->text(), name.text())
                                : format("{} has no stable release", name.text());
  if (dry_run) {
    in.console.line(marked.changed ? "then: " + words : "nothing to do: " + words);
    if (!marked.plan.empty()) print_plan(in.console, marked.plan);
    if (in.has("with-data") && marked.release)
      print_plan(in.console, safekeeping::take_snapshot(run.context(), name, "", true, in.stop()).plan);
    return 0;
  }
  in.console.success(words);
  if (in.has("with-data") && marked.release) {
    const auto taken = safekeeping::take_snapshot(
        run.context(), name, format("of the stable release {}", marked.release->text()), false, in.stop());
    run.report().close();
    if (!taken.snapshot.empty()) in.console.success(format("its data is the snapshot {}", taken.snapshot));
  }
  return !marked.changed && in.has("exit-unchanged") ? 3 : 0;
}

}  // namespace belay::cli
