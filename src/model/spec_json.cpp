#include <array>
#include <utility>

#include "base/format.h"
#include "document/json.h"
#include "model/fields.h"

namespace belay {

namespace {

using document::Node;

constexpr std::array mount_kinds{"volume", "bind", "tmpfs", "image"};
constexpr std::array swap_orders{"by-rule", "start-first", "stop-first"};
constexpr std::array conditions{"started", "healthy", "completed"};
constexpr std::array check_kinds{"http", "tcp", "exec"};

// Writing. Fields that have their default value are left out.

Node to_node(const std::string& value) {
  return Node::text(value);
}
Node to_node(bool value) {
  return Node::boolean(value);
}
template <std::integral T>
Node to_node(T value) {
  return Node::number(static_cast<std::int64_t>(value));
}
Node to_node(ByteCount value) {
  return Node::number(value.value);
}
Node to_node(Milliseconds value) {
  return Node::number(value.count());
}
Node to_node(Mount::Kind value) {
  return Node::text(mount_kinds[static_cast<size_t>(value)]);
}
Node to_node(SwapOrder value) {
  return Node::text(swap_orders[static_cast<size_t>(value)]);
}
Node to_node(Need::Condition value) {
  return Node::text(conditions[static_cast<size_t>(value)]);
}
Node to_node(Check::Kind value) {
  return Node::text(check_kinds[static_cast<size_t>(value)]);
}
template <fields::Described T>
Node to_node(const T& value);
template <class T>
Node to_node(const std::vector<T>& values);
template <class T>
Node to_node(const std::optional<T>& value) {
  return value ? to_node(*value) : Node();
}
template <class T>
Node to_node(const std::vector<T>& values) {
  Node list = Node::list();
  for (const auto& value : values) list.add(to_node(value));
  return list;
}
Node to_node(const std::map<std::string, std::string>& values) {
  Node map = Node::map();
  for (const auto& [key, value] : values) map.set(key, Node::text(value));
  return map;
}
template <fields::Described T>
Node to_node(const std::map<std::string, T>& values) {
  Node map = Node::map();
  for (const auto& [key, value] : values) map.set(key, to_node(value));
  return map;
}
template <fields::Described T>
Node to_node(const T& value) {
  // One comparison of texts serves every type of field.
  std::vector<std::string> usual;
  const T fresh{};
  fields::each(fresh, [&](const char*, const auto& field) { usual.push_back(document::write_json(to_node(field))); });
  Node map = Node::map();
  size_t index = 0;
  fields::each(value, [&](const char* name, const auto& field) {
    Node node = to_node(field);
    if (document::write_json(node) != usual[index++]) map.set(name, std::move(node));
  });
  return map;
}

// Reading. Keys that are absent keep the default.

void from_node(const Node& node, const char* name, std::string& value) {
  value = node.as_text(name);
}
void from_node(const Node& node, const char* name, bool& value) {
  value = node.as_bool(name);
}
template <std::integral T>
void from_node(const Node& node, const char* name, T& value) {
  const std::int64_t number = node.as_int(name);
  if (!std::in_range<T>(number)) throw ConfigError(node.where(), format("{} is out of range for {}", number, name));
  value = static_cast<T>(number);
}
void from_node(const Node& node, const char* name, ByteCount& value) {
  value.value = node.as_int(name);
}
void from_node(const Node& node, const char* name, Milliseconds& value) {
  value = Milliseconds(node.as_int(name));
}
template <class Enum, size_t n>
void from_words(const Node& node, const char* name, const std::array<const char*, n>& words, Enum& value) {
  for (size_t i = 0; i < n; ++i) {
    if (node.as_text(name) != words[i]) continue;
    value = static_cast<Enum>(i);
    return;
  }
  throw ConfigError(node.where(), format("'{}' is not a {}", node.raw(), name));
}
void from_node(const Node& node, const char* name, Mount::Kind& value) {
  from_words(node, name, mount_kinds, value);
}
void from_node(const Node& node, const char* name, SwapOrder& value) {
  from_words(node, name, swap_orders, value);
}
void from_node(const Node& node, const char* name, Need::Condition& value) {
  from_words(node, name, conditions, value);
}
void from_node(const Node& node, const char* name, Check::Kind& value) {
  from_words(node, name, check_kinds, value);
}
template <fields::Described T>
void from_node(const Node& node, const char* name, T& value);
template <class T>
void from_node(const Node& node, const char* name, std::optional<T>& value);
template <class T>
void from_node(const Node& node, const char* name, std::vector<T>& values) {
  for (const auto& item : node.as_list(name)) from_node(item, name, values.emplace_back());
}
template <class T>
void from_node(const Node& node, const char* name, std::optional<T>& value) {
  if (!node.is_null()) from_node(node, name, value.emplace());
}
void from_node(const Node& node, const char* name, std::map<std::string, std::string>& values) {
  for (const auto& member : node.as_map(name)) values[member.key] = member.value.as_text(name);
}
template <fields::Described T>
void from_node(const Node& node, const char* name, std::map<std::string, T>& values) {
  for (const auto& member : node.as_map(name)) from_node(member.value, name, values[member.key]);
}
template <fields::Described T>
void from_node(const Node& node, const char* what, T& value) {
  node.as_map(what);
  std::vector<std::string> known;
  fields::each(value, [&](const char* name, auto& field) {
    known.push_back(name);
    if (const Node* found = node.find(name)) from_node(*found, name, field);
  });
  document::refuse_unknown_keys(node, known, what);
}

}  // namespace

std::string spec_to_json(const Spec& spec, int indent) {
  return document::write_json(to_node(spec), indent);
}

Spec spec_from_json(const std::string& json) {
  Spec spec;
  from_node(document::read_json(json, "saved spec"), "the spec", spec);
  return spec;
}

std::string health_check_to_json(const HealthCheck& check) {
  return document::write_json(to_node(check));
}

HealthCheck health_check_from_json(const std::string& json) {
  HealthCheck check;
  from_node(document::read_json(json, "saved health check"), "the health check", check);
  return check;
}

std::string definition_text(const NetworkDefinition& definition) {
  NetworkDefinition plain = definition;
  plain.labels.clear();
  plain.external = false;
  return document::write_json(to_node(plain));
}

std::optional<NetworkDefinition> definition_of(const std::string& text) {
  try {
    NetworkDefinition definition;
    from_node(document::read_json(text, "label"), "the definition", definition);
    return definition;
  } catch (const ConfigError&) {
    return {};
  }
}

}  // namespace belay
