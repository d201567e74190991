#include "report/plan_json.h"

#include "report/json.h"

namespace belay::report {

Node actions_json(const plan::Plan& plan) {
  Node actions = Node::list();
  for (const auto& action : plan.actions) {
    Node node = Node::map();
    node.set("kind", word(plan::step_kind(action.step)));
    node.set("step", Node::text(plan::step_text(action.step)));
    node.set("reason", text_or_null(action.reason));
    Node after = Node::list();
    for (const size_t index : action.after) after.add(Node::number(static_cast<std::int64_t>(index) + 1));
    node.set("after", std::move(after));
    actions.add(std::move(node));
  }
  return actions;
}

Node plan_json(const AppName& name, const plan::Plan& plan) {
  Node node = Node::map();
  node.set("name", Node::text(name.text()));
  node.set("actions", actions_json(plan));
  node.set("notes", remarks(plan.notes));
  return node;
}

}  // namespace belay::report
