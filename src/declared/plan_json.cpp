#include "declared/plan_json.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "declared/step_fields.h"
#include "document/json.h"

namespace belay::declared {

namespace {

using document::Node;

// What belongs to a spec is written as the state writes specs: alone in one.
Spec spec_of(const Service& service) {
  Spec spec;
  spec.services.push_back(service);
  return spec;
}
Node written(const Spec& spec) {
  return document::read_json(spec_to_json(spec), "spec");
}
Spec read_spec(const Node& node) {
  try {
    Spec spec = spec_from_json(document::write_json(node));
    if (spec.services.size() > 1) throw ConfigError(node.where(), "one service is expected here");
    return spec;
  } catch (const ConfigError& error) {
    throw ConfigError(node.where(), error.what());
  }
}
Service read_service(const Node& node) {
  const Spec spec = read_spec(node);
  return spec.services.empty() ? Service{} : spec.services.front();
}

Node value(const std::string& text) {
  return Node::text(text);
}
Node value(const fs::path& path) {
  return Node::text(path.string());
}
Node value(bool is_so) {
  return Node::boolean(is_so);
}
Node value(Milliseconds time) {
  return Node::number(time.count());
}
Node value(const std::optional<Seconds>& time) {
  return time ? Node::number(time->count()) : Node();
}
Node value(const std::vector<std::string>& words) {
  Node list = Node::list();
  for (const auto& word : words) list.add(Node::text(word));
  return list;
}
Node value(const std::map<std::string, std::string>& words) {
  Node map = Node::map();
  for (const auto& [key, word] : words) map.set(key, Node::text(word));
  return map;
}
Node value(plan::BuilderChoice choice) {
  return Node::text(builder_names.at(static_cast<size_t>(choice)));
}
Node value(plan::AwaitVerdict::Proof proof) {
  return Node::text(proof_names.at(static_cast<size_t>(proof)));
}
Node value(const DataPlace& place) {
  Node map = Node::map();
  map.set("kind", Node::text(std::string(to_text(place.kind))));
  map.set("source", Node::text(place.source));
  return map;
}
Node value(const Service& service) {
  return written(spec_of(service));
}
Node value(const RestartPolicy& policy) {
  Service service;
  service.restart = policy;
  return value(service);
}
Node value(const Resources& resources) {
  Service service;
  service.resources = resources;
  return value(service);
}
Node value(const NetworkLink& link) {
  Service service;
  service.networks = {link};
  return value(service);
}
Node value(const std::vector<ServiceFile>& files) {
  Service service;
  service.files = files;
  return value(service);
}
Node value(const std::optional<std::string>& text) {
  return text ? Node::text(*text) : Node();
}
Node value(const std::optional<ByteCount>& size) {
  return size ? Node::number(size->value) : Node();
}
Node value(const std::vector<Ulimit>& ulimits) {
  Service service;
  service.ulimits = ulimits;
  return value(service);
}
Node value(const std::vector<Check>& checks) {
  Service service;
  service.checks = checks;
  return value(service);
}
Node value(const NetworkDefinition& definition) {
  Spec spec;
  spec.networks["it"] = definition;
  return written(spec);
}
Node value(const VolumeDefinition& definition) {
  Spec spec;
  spec.volumes["it"] = definition;
  return written(spec);
}

void read(const Node& node, const char* name, std::string& text) {
  text = node.as_text(name);
}
void read(const Node& node, const char* name, fs::path& path) {
  path = node.as_text(name);
}
void read(const Node& node, const char* name, bool& is_so) {
  is_so = node.as_bool(name);
}
void read(const Node& node, const char* name, Milliseconds& time) {
  time = Milliseconds(node.as_int(name));
}
void read(const Node& node, const char* name, std::optional<Seconds>& time) {
  if (!node.is_null()) time = Seconds(node.as_int(name));
}
void read(const Node& node, const char* name, std::optional<std::string>& text) {
  if (!node.is_null()) text = node.as_text(name);
}
void read(const Node& node, const char* name, std::optional<ByteCount>& size) {
  if (!node.is_null()) size = ByteCount{node.as_int(name)};
}
void read(const Node& node, const char* name, std::vector<std::string>& words) {
  for (const auto& item : node.as_list(name)) words.push_back(item.as_text(name));
}
void read(const Node& node, const char* name, std::map<std::string, std::string>& words) {
  for (const auto& member : node.as_map(name)) words[member.key] = member.value.as_text(name);
}
template <class Enum, size_t n>
Enum one_of(const Node& node, const char* name, const std::array<const char*, n>& words) {
  const auto found = std::find(words.begin(), words.end(), node.as_text(name));
  if (found == words.end()) throw ConfigError(node.where(), format("'{}' is no {}", node.raw(), name));
  return static_cast<Enum>(found - words.begin());
}
void read(const Node& node, const char* name, plan::BuilderChoice& choice) {
  choice = one_of<plan::BuilderChoice>(node, name, builder_names);
}
void read(const Node& node, const char* name, plan::AwaitVerdict::Proof& proof) {
  proof = one_of<plan::AwaitVerdict::Proof>(node, name, proof_names);
}
const Node& needed(const Node& map, const char* key, const char* what) {
  map.as_map(what);
  if (const Node* node = map.find(key)) return *node;
  throw ConfigError(map.where(), format("{} lacks '{}'", what, key));
}
void read(const Node& node, const char* name, DataPlace& place) {
  const Node& kind = needed(node, "kind", name);
  try {
    place.kind = data_kind(kind.as_text("kind"));
  } catch (const ConfigError&) {
    throw;
  } catch (const Error& error) {
    throw ConfigError(kind.where(), error.what());
  }
  place.source = needed(node, "source", name).as_text("source");
}
void read(const Node& node, const char* /*name*/, Service& service) {
  service = read_service(node);
}
void read(const Node& node, const char* /*name*/, RestartPolicy& policy) {
  policy = read_service(node).restart;
}
void read(const Node& node, const char* /*name*/, Resources& resources) {
  resources = read_service(node).resources;
}
void read(const Node& node, const char* name, NetworkLink& link) {
  const Service service = read_service(node);
  if (service.networks.size() != 1) throw ConfigError(node.where(), format("{} lacks its network", name));
  link = service.networks.front();
}
void read(const Node& node, const char* /*name*/, std::vector<ServiceFile>& files) {
  files = read_service(node).files;
}
void read(const Node& node, const char* /*name*/, std::vector<Ulimit>& ulimits) {
  ulimits = read_service(node).ulimits;
}
void read(const Node& node, const char* /*name*/, std::vector<Check>& checks) {
  checks = read_service(node).checks;
}
void read(const Node& node, const char* /*name*/, NetworkDefinition& definition) {
  Spec spec = read_spec(node);
  definition = std::move(spec.networks["it"]);
}
void read(const Node& node, const char* /*name*/, VolumeDefinition& definition) {
  Spec spec = read_spec(node);
  definition = std::move(spec.volumes["it"]);
}

Node written(const plan::Action& action) {
  Node node = Node::map();
  node.set("step", Node::text(step_names.at(action.step.index())));
  plan::Step step = action.step;
  std::visit(
      [&](auto& each_step) {
        each(each_step, [&](const char* name, const auto& field) { node.set(name, value(field)); });
      },
      step);
  node.set("reason", Node::text(action.reason));
  Node after = Node::list();
  for (const size_t index : action.after) after.add(Node::number(static_cast<std::int64_t>(index) + 1));
  node.set("after", std::move(after));
  node.set("may_fail", Node::boolean(action.may_fail));
  node.set("deadline_ms", action.deadline ? Node::number(action.deadline->count()) : Node());
  return node;
}

template <size_t... index>
plan::Step fresh_step(size_t wanted, std::index_sequence<index...>) {
  plan::Step step;
  std::ignore = ((index == wanted && (step.emplace<index>(), true)) || ...);
  return step;
}

plan::Action read_action(const Node& node, size_t number) {
  constexpr const char* what = "the step";
  const Node& kind = needed(node, "step", what);
  const auto found = std::find(step_names.begin(), step_names.end(), kind.as_text("step"));
  if (found == step_names.end()) throw ConfigError(kind.where(), format("there is no step '{}'", kind.raw()));
  plan::Action action;
  action.step = fresh_step(static_cast<size_t>(found - step_names.begin()),
                           std::make_index_sequence<std::variant_size_v<plan::Step>>());
  std::vector<std::string> known{"step", "reason", "after", "may_fail", "deadline_ms"};
  std::visit(
      [&](auto& step) {
        each(step, [&](const char* name, auto& field) {
          known.emplace_back(name);
          read(needed(node, name, what), name, field);
        });
      },
      action.step);
  document::refuse_unknown_keys(node, known, what);
  action.reason = needed(node, "reason", what).as_text("reason");
  for (const auto& item : needed(node, "after", what).as_list("after")) {
    const std::int64_t before = item.as_int("after");
    // Also what keeps the plan free of circles.
    if (before < 1 || static_cast<size_t>(before) > number)
      throw ConfigError(item.where(), format("a step cannot come after step {}, which is not before it", before));
    action.after.push_back(static_cast<size_t>(before) - 1);
  }
  action.may_fail = needed(node, "may_fail", what).as_bool("may_fail");
  const Node& deadline = needed(node, "deadline_ms", what);
  if (!deadline.is_null()) action.deadline = Milliseconds(deadline.as_int("deadline_ms"));
  return action;
}

}  // namespace

Node to_node(const plan::Plan& plan) {
  Node actions = Node::list();
  for (const auto& action : plan.actions) actions.add(written(action));
  Node node = Node::map();
  node.set("actions", std::move(actions));
  node.set("notes", value(plan.notes));
  return node;
}

plan::Plan plan_from(const Node& node) {
  constexpr const char* what = "the plan";
  plan::Plan plan;
  for (const auto& action : needed(node, "actions", what).as_list("actions"))
    plan.actions.push_back(read_action(action, plan.actions.size()));
  read(needed(node, "notes", what), "notes", plan.notes);
  return plan;
}

}  // namespace belay::declared
