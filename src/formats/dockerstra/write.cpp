#include "base/format.h"
#include "document/json.h"
#include "document/yaml.h"
#include "formats/dockerstra/unit.h"

namespace belay::formats::dockerstra {

namespace {

using document::Node;

// Text that reads as itself without quotes.
bool is_plain(const std::string& text) {
  if (text.empty() || !document::yaml_scalar(text).is_text()) return false;
  if (std::string_view("-?:,[]{}#&*!|>'\"%@`~= \t").find(text.front()) != std::string_view::npos) return false;
  if (text.back() == ' ' || text.back() == ':' || text == "---") return false;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) return false;
  return text.find(": ") == std::string::npos && text.find(" #") == std::string::npos;
}

std::string scalar(const Node& node) {
  if (node.is_text()) return is_plain(node.raw()) ? node.raw() : document::write_json(node);
  return node.is_null() ? "null" : node.raw();
}

std::string key_text(const std::string& key) {
  const bool is_number = !key.empty() && key.find_first_not_of("0123456789") == std::string::npos;
  return is_plain(key) || is_number ? key : document::write_json(Node::text(key));
}

bool is_block(const Node& node) {
  return (node.is_map() && !node.members().empty()) || (node.is_list() && !node.items().empty());
}

std::string flow(const Node& node) {
  return node.is_map() ? "{}" : node.is_list() ? "[]" : scalar(node);
}

Node step_map(const Container& container) {
  Node map = Node::map();
  const auto add = [&](const char* name, const Node& step) {
    if (!step.is_null()) map.set(name, step);
  };
  add("build", container.build);
  add("creation", container.creation);
  add("startup", container.startup);
  add("daemon", container.daemon);
  add("job", container.job);
  add("tests", container.tests);
  return map;
}

}  // namespace

std::string to_yaml(const Node& node, int indent) {
  const std::string margin(static_cast<size_t>(indent), ' ');
  std::string text;
  for (const auto& member : node.members())
    text += format("{}{}:{}", margin, key_text(member.key),
                   is_block(member.value) ? "\n" + to_yaml(member.value, indent + 2) : " " + flow(member.value) + "\n");
  for (const Node& item : node.items()) {
    // The first line of a block goes behind its dash.
    const std::string inner = is_block(item) ? to_yaml(item, indent + 2).substr(margin.size() + 2) : flow(item) + "\n";
    text += format("{}- {}", margin, inner);
  }
  if (!is_block(node)) text = margin + flow(node) + "\n";
  return text;
}

std::string to_text(const Unit& unit) {
  Node composition = Node::map(), orders = Node::list();
  for (const Container& container : unit.containers) composition.set(container.name, step_map(container));
  for (const Order& order : unit.orders) {
    Node arguments = Node::map();
    arguments.set("command", Node::text(order.command));
    for (const auto& member : order.arguments.members()) arguments.set(member.key, member.value);
    if (!order.variants.empty()) {
      Node variants = Node::list();
      for (const auto& variant : order.variants) variants.add(Node::text(variant));
      arguments.set("variants", std::move(variants));
    }
    Node entry = Node::map();
    entry.set(order.container, std::move(arguments));
    orders.add(std::move(entry));
  }
  return format("# {}{}\n---\n{}---\n{}", unit.address.text(),
                unit.is_derived ? " follows from " + unit.file.string() : " is " + unit.file.string(),
                to_yaml(composition), to_yaml(orders));
}

}  // namespace belay::formats::dockerstra
