#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "host/start.h"

namespace belay::cli {

int run_plan(Invocation& in) {
  HostRun run(in.session, in.description());
  const plan::Plan plan = host::plan_now(run.context(), app_name(in), in.stop());
  if (!in.has("json")) {
    print_plan(in.console, plan);
    return 0;
  }
  Node actions = Node::list();
  for (const auto& action : plan.actions) {
    Node node = Node::map();
    node.set("step", Node::text(plan::step_text(action.step)));
    node.set("reason", Node::text(action.reason));
    Node after = Node::list();
    for (const size_t index : action.after) after.add(Node::number(static_cast<std::int64_t>(index) + 1));
    node.set("after", std::move(after));
    actions.add(std::move(node));
  }
  Node node = Node::map();
  node.set("name", Node::text(in.argument("NAME")));
  node.set("actions", std::move(actions));
  node.set("notes", texts(plan.notes));
  in.console.print_json(node);
  return 0;
}

}  // namespace belay::cli
