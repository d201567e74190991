#include "formats/compose/resolved.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/yaml_write.h"

namespace belay::formats::compose {

namespace {

using document::Node;

void double_dollars(Node& node) {
  if (node.is_text() && node.raw().find('$') != std::string::npos) {
    std::string text;
    for (const char c : node.raw()) text += c == '$' ? "$$" : std::string(1, c);
    Node doubled = Node::text(text);
    doubled.set_where(node.where());
    node = std::move(doubled);
  }
  for (Node& item : node.items()) double_dollars(item);
  for (auto& member : node.members()) double_dollars(member.value);
}

// The uses of variables by the place of the value that they stand in.
class Uses {
 public:
  explicit Uses(const Project& project) {
    for (const auto& use : project.uses) by_place_[use.where.text()].push_back(use);
  }
  std::vector<VariableUse> at(const SourcePosition& where) const {
    const auto found = where.line == 0 ? by_place_.end() : by_place_.find(where.text());
    return found == by_place_.end() ? std::vector<VariableUse>{} : found->second;
  }

 private:
  std::map<std::string, std::vector<VariableUse>> by_place_;
};

std::string origin_text(const SourcePosition& where, const std::vector<VariableUse>& variables) {
  std::vector<std::string> texts;
  if (where.line == 0)
    texts.push_back(where.file.empty() ? "by default" : where.file);
  else
    texts.push_back(format("{}:{}", where.file, where.line));
  for (const auto& use : variables)
    texts.push_back(use.origin.empty() ? format("{} is not set", use.name)
                                       : format("{} from {}", use.name, use.origin));
  return join(texts, "; ");
}

void collect(const Node& node, const Uses& uses, std::vector<std::string>& path, std::vector<Origin>& origins) {
  if (node.members().empty() && node.items().empty()) {
    origins.push_back({path, node.raw(), node.where(), uses.at(node.where())});
    return;
  }
  const auto below = [&](std::string step, const Node& value) {
    path.push_back(std::move(step));
    collect(value, uses, path, origins);
    path.pop_back();
  };
  for (const auto& member : node.members()) below(member.key, member.value);
  for (size_t i = 0; i < node.items().size(); ++i) below(format("{}", i), node.items()[i]);
}

// Of a config or secret whose content is that of a variable, the variable is named: its value may be a password.
Node without_contents(Node root) {
  for (const char* section : {"configs", "secrets"})
    if (Node* files = root.find(section))
      for (auto& file : files->members())
        if (file.value.find("environment") != nullptr) file.value.remove("content");
  return root;
}

constexpr const char* hidden = "(hidden)";

size_t hide_secrets_in(Node& node) {
  size_t count = 0;
  for (auto& [key, where, value] : node.members()) {
    const bool is_value = value.is_text() || value.kind() == Node::Kind::number;
    if (is_value && !value.raw().empty() && holds_a_secret(key, value.raw())) {
      Node instead = Node::text(hidden);
      instead.set_where(value.where());
      value = std::move(instead);
      ++count;
    } else {
      count += hide_secrets_in(value);
    }
  }
  for (Node& item : node.items()) count += hide_secrets_in(item);
  return count;
}

}  // namespace

size_t hide_secrets(Project& project) {
  // Whose name says nothing of it: the content of a secret.
  size_t count = 0;
  if (Node* secrets = project.root.find("secrets"))
    for (auto& secret : secrets->members())
      if (secret.value.find("content") != nullptr && secret.value.find("environment") == nullptr) {
        secret.value.set("content", Node::text(hidden));
        ++count;
      }
  count += hide_secrets_in(project.root);
  const auto hide = [&](const std::string& name, std::string& value) {
    if (value.empty() || !holds_a_secret(name, value)) return;
    value = hidden;
    ++count;
  };
  for (auto& [name, value] : project.environment) hide(name, value);
  for (auto& used : project.variables)
    if (used.value) hide(used.name, *used.value);
  return count;
}

Node resolved(const Project& project) {
  const Node shown = without_contents(project.root);
  Node root = Node::map();
  root.set("name", Node::text(project.name));
  for (const auto& member : shown.members())
    if (member.key != "name") root.add_member(member);
  double_dollars(root);
  return root;
}

std::string resolved_text(const Project& project, Origins origins) {
  if (origins == Origins::left_out) return document::yaml_text(resolved(project));
  const Uses uses(project);
  return document::yaml_text(resolved(project),
                             [&](const Node& value) { return origin_text(value.where(), uses.at(value.where())); });
}

std::vector<Origin> origins_of(const Project& project) {
  const Uses uses(project);
  std::vector<Origin> origins;
  std::vector<std::string> path;
  collect(without_contents(project.root), uses, path, origins);
  return origins;
}

std::vector<std::string> of_services(const Project& project, std::string_view key) {
  std::vector<std::string> values;
  if (const Node* services = project.root.find("services"))
    for (const auto& service : services->members())
      if (const Node* value = service.value.find(key);
          value != nullptr && std::find(values.begin(), values.end(), value->raw()) == values.end())
        values.push_back(value->raw());
  return values;
}

}  // namespace belay::formats::compose
