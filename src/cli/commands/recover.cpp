#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "family/take_over.h"
#include "look/look.h"
#include "report/result_json.h"

namespace belay::cli {

namespace {

std::string recovered_text(const family::Recovered& app) {
  return format("{}: {}{}{}", app.app, app.releases.empty() ? std::string("no new releases") : join(app.releases, ", "),
                app.last ? format(", last {}", app.last->text()) : std::string(),
                app.stable ? format(", stable {}", app.stable->text()) : std::string());
}

// The state knows of those: nothing is rebuilt, and something may stand still.
void tell_of_interrupted(Invocation& in, change::Context& context) {
  for (const auto& row : look::list(context, in.stop()))
    if (row.unfinished && row.at_work.empty())
      in.console.note(
          format("a change of {0} was interrupted; belay why {0} says which command finishes it", row.name));
}

}  // namespace

int run_recover(Invocation& in) {
  HostRun run(in.session, in.description());
  const family::TakeOver how{.dry_run = in.has("dry-run"), .lossy = in.has("lossy")};
  const auto all = family::recover(run.context(), how, in.stop());
  const bool json = in.has("json");
  bool refused = false;
  Node list = Node::list();
  for (const auto& app : all) {
    if (json) list.add(recovered_json(app, how.dry_run));
    if (app.refused) {
      refused = true;
      in.console.error(Conflict(ErrorCode::settings_lost,
                                format("{} is not recovered: Belay has no place for all settings of what is there: {}",
                                       app.app, join(app.lost, "; ")),
                                "belay recover --lossy takes it without them."));
      continue;
    }
    if (json) continue;
    for (const std::string& lost : app.lost) in.console.warning(format("the next release is without it: {}", lost));
    in.console.success((how.dry_run ? "then: " : "") + recovered_text(app));
  }
  if (json)
    print_record(in.console, "apps", std::move(list));
  else if (all.empty())
    in.console.success("the state knows everything that carries Belay's labels");
  tell_of_interrupted(in, run.context());
  if (refused) return 1;
  return all.empty() && in.has("exit-unchanged") ? 3 : 0;
}

}  // namespace belay::cli
