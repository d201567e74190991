#include "base/format.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/removal.h"

namespace belay::cli {

int print_removed(Console& console, const AppName& name, const change::Removed& removed, const RemovalWords& words) {
  if (words.dry_run) {
    print_plan(console, removed.plan);
    for (const auto& kept : removed.kept) console.line("stays: " + kept);
    return 0;
  }
  if (removed.declined) {
    console.line("nothing was removed");
    return 1;
  }
  if (!removed.done) {
    console.success(format("{}: nothing to remove", name.text()));
    return words.exit_unchanged ? 3 : 0;
  }
  console.success(format("{} is {}", name.text(), words.done));
  for (const auto& note : removed.plan.notes) console.note(note);
  return 0;
}

int run_cleanup(Invocation& in) {
  const AppName name = app_name(in);
  HostRun run(in.session, in.description());
  const bool dry_run = in.has("dry-run");
  const auto removed =
      change::cleanup(run.context(), name, static_cast<int>(std::min(in.number("keep").value_or(0), 1'000'000LL)),
                      dry_run, confirm_removal(in.console, name, in.has("yes"), in.stop()), in.stop());
  run.report().close();
  return print_removed(in.console, name, removed,
                       {.done = "cleaned up", .dry_run = dry_run, .exit_unchanged = in.has("exit-unchanged")});
}

}  // namespace belay::cli
