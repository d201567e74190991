#include <algorithm>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "look/inside.h"

namespace belay::cli {

namespace {

Node processes_node(const look::ContainerProcesses& each) {
  Node node = Node::map();
  node.set("service", Node::text(each.service));
  node.set("container", Node::text(each.container));
  Node rows = Node::list();
  for (const auto& row : each.processes.rows) {
    Node process = Node::map();
    for (size_t i = 0; i < std::min(row.size(), each.processes.titles.size()); ++i)
      process.set(each.processes.titles[i], Node::text(row[i]));
    rows.add(std::move(process));
  }
  node.set("processes", std::move(rows));
  return node;
}

}  // namespace

int run_top(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto targets = Named(in, run).of_all(in.arguments("NAME"), "NAME");
  const auto all = look::processes(run.context(), targets, in.stop());
  if (in.has("json")) {
    Node list = Node::list();
    for (const auto& each : all) list.add(processes_node(each));
    print_record(in.console, "containers", std::move(list));
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
