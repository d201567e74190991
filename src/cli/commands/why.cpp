#include "base/format.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "look/look.h"
#include "report/look_json.h"

namespace belay::cli {

namespace {

// Something of the app needs a look: it is not as it should be, it waits, or what was tried last failed.
bool is_worth_telling(const look::AppSummary& row) {
  using look::AppState;
  const bool is_well = row.state == AppState::running || row.state == AppState::stopped ||
                       row.state == AppState::built || row.state == AppState::done;
  return !is_well || row.health == Health::unhealthy || row.unfinished || !row.trouble.empty() ||
         !row.last_failed.empty() || !row.waits.empty() || !row.backup_trouble.empty() || !row.known;
}

// What is wrong on the whole host, a paragraph for each app.
int why_of_host(Invocation& in, HostRun& run) {
  const auto rows = look::list(run.context(), in.stop());
  Node list = Node::list();
  size_t told = 0;
  for (const auto& row : rows) {
    if (!is_worth_telling(row)) continue;
    look::Why why;
    if (row.known)
      why = look::why(run.context(), AppName(row.name), in.stop());
    else
      why.text = format("{} has containers on the engine, but the state does not know it: belay recover", row.name);
    if (in.has("json")) {
      list.add(why_json(row.name, why));
      continue;
    }
    if (told++ > 0) in.console.line("");
    in.console.prose(why.text);
  }
  if (in.has("json"))
    print_record(in.console, "apps", std::move(list));
  else if (told == 0)
    in.console.line(rows.empty() ? "there are no apps yet" : "all apps are as they should be");
  return 0;
}

}  // namespace

int run_why(Invocation& in) {
  HostRun run(in.session, in.description());
  Named named(in, run);
  const auto asked = in.optional_argument("NAME");
  if (!asked && !named.project()) return why_of_host(in, run);
  const AppName name = named.app_of(asked);
  const look::Why why = look::why(run.context(), name, in.stop());
  if (in.has("json"))
    print_record(in.console, why_json(name.text(), why));
  else
    in.console.prose(why.text);
  return 0;
}

}  // namespace belay::cli
