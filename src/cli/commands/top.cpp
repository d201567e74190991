#include <algorithm>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "look/inside.h"
#include "report/look_json.h"

namespace belay::cli {

int run_top(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  const auto all = look::processes(run.context(), targets, in.stop());
  if (in.has("json")) {
    print_record(in.console, "containers", list_of(all, processes_json));
    return 0;
  }
  for (const auto& each : all) {
    in.console.line(Style::bold, each.container);
    std::vector<Column> columns;
    for (const auto& title : each.processes.titles) columns.push_back({title});
    Table table(std::move(columns));
    for (const auto& row : each.processes.rows) table.add({row.begin(), row.end()});
    in.console.print(table);
  }
  return 0;
}

}  // namespace belay::cli
