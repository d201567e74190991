#include "report/settings_json.h"

#include "report/json.h"

namespace belay::report {

namespace {

Node difference_json(const FieldChange& change) {
  Node node = Node::map();
  node.set("field", Node::text(change.field));
  node.set("before", text_or_null(change.before));
  node.set("after", text_or_null(change.after));
  return node;
}

Node variable_json(const formats::compose::VariableUse& use) {
  Node node = Node::map();
  node.set("name", Node::text(use.name));
  node.set("origin", text_or_null(use.origin));
  return node;
}

Node origin_json(const formats::compose::Origin& origin) {
  const bool is_written = origin.where.line != 0;
  Node node = Node::map();
  node.set("path", texts(origin.path));
  node.set("value", Node::text(origin.value));
  node.set("file", is_written ? text_or_null(origin.where.file) : Node());
  node.set("line", is_written ? Node::number(origin.where.line) : Node());
  node.set("column", is_written ? Node::number(origin.where.column) : Node());
  node.set("variables", list_of(origin.variables, variable_json));
  return node;
}

std::string_view outcome_of(const family::SettingsChanged& changed) {
  if (changed.change) return to_text(changed.change->kind);
  if (changed.lines.empty()) return "unchanged";
  return changed.dry_run ? "planned" : "done";
}

}  // namespace

Node settings_changed_json(const AppName& name, const family::SettingsChanged& changed, const Took& took) {
  Node changes = Node::list();
  if (changed.change) changes.add(change_json(name, *changed.change, took));
  Node node = Node::map();
  node.set("name", Node::text(name.text()));
  node.set("outcome", word(outcome_of(changed)));
  node.set("differences", remarks(changed.lines));
  node.set("changes", std::move(changes));
  return node;
}

Node differences_json(const std::vector<FieldChange>& changes) {
  return list_of(changes, difference_json);
}

Node origins_json(const std::vector<formats::compose::Origin>& origins) {
  return list_of(origins, origin_json);
}

}  // namespace belay::report
