#include "formats/dockerup.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/definition_values.h"
#include "formats/dockerup_policies.h"
#include "formats/dockerup_service.h"
#include "formats/foreign_keys.h"

namespace belay::formats {

namespace {

using document::Node;

constexpr size_t longest_name = 63;

// A valid name as near to `text` as can be.
std::string made_valid(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (plain) {
      if (!name.empty() || (c != '_' && c != '.' && c != '-')) name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name = name.substr(0, longest_name);
  while (name.ends_with('-')) name.pop_back();
  if (name.empty()) return "container";
  return name.size() == 1 ? "container-" + name : name;
}

// One definition of a text.
struct Element {
  const Node& node;
  std::string origin;
  std::string derived_name;  // where it says none
  bool is_whole_text = false;
};

std::string told_name(const Element& element) {
  const Node* node = element.node.find("name");
  return node != nullptr && AppName::is_valid(node->raw()) ? node->raw() : element.derived_name;
}

AppName app_name(const Element& element) {
  const Node* node = element.node.find("name");
  if (node == nullptr) return AppName(element.derived_name);
  return parsed_value(*node, "\"name\"", [](const std::string& text) { return AppName(text); });
}

int replicas(const Node& definition, const AppName& name) {
  const Node* node = definition.find("replicas");
  if (node == nullptr) return 1;
  const int count = static_cast<int>(integer_value(*node, "\"replicas\"", 1, 100));
  if (count > 1 && format("{}-{}", name.text(), count).size() > longest_name)
    throw ConfigError(node->where(), "the name is too long for so many replicas",
                      format("{}-{} has more than {} characters.", name.text(), count, longest_name));
  return count;
}

// The same service several times; the first bears the app's own name.
std::vector<Service> replicated(const Service& service, int count) {
  std::vector<Service> services(static_cast<size_t>(count), service);
  for (int i = 2; i <= count; ++i) {
    Service& replica = services[static_cast<size_t>(i - 1)];
    replica.name = format("{}-{}", service.name, i);
    replica.group = service.name;
    replica.number = i;
  }
  return services;
}

// What Compose and docker have other words for.
void refuse_foreign_keys(const Node& node, const std::vector<std::string>& known) {
  for (const document::Member& member : node.as_map("the definition")) {
    if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    if (const std::string answer = answer_to_key(member.key); !answer.empty())
      throw ConfigError(member.key_where, format("unknown key \"{}\" in the definition", printable(member.key)),
                        answer);
  }
}

Definition definition(const Element& element, const fs::path& folder) {
  static const std::vector<std::string> known = [] {
    std::vector<std::string> keys = service_keys();
    keys.insert(keys.end(), policy_keys().begin(), policy_keys().end());
    return keys;
  }();
  const Node& node = element.node;
  std::vector<std::string> keys = known;
  // Not there, or there would be several; but it may have been meant.
  if (element.is_whole_text) keys.emplace_back("containers");
  refuse_foreign_keys(node, keys);
  document::refuse_unknown_keys(node, keys, "the definition");
  Definition result{Declaration(app_name(element)), {}};
  Declaration& declaration = result.declaration;
  const int count = replicas(node, declaration.name);
  DefinedService defined = defined_service(node, declaration.name, folder, count);
  if (auto schedule = defined_schedule(node, defined.service)) {
    if (count > 1)
      throw ConfigError(node.find("replicas")->where(), "what runs by a schedule has no replicas",
                        "Leave \"replicas\" or \"schedule\" out.");
    declaration.schedules[defined.service.name] = std::move(*schedule);
  }
  declaration.needs = needed_containers(defined.service);
  declaration.spec.services = replicated(defined.service, count);
  define_swap(declaration.spec, node);
  declaration.policies = defined_policies(node);
  declaration.named_volumes = std::move(defined.named_volumes);
  declaration.origin = element.origin;
  declaration.place = node.where();
  declaration.watched = std::move(defined.watched.asked_for);
  result.watched_by_rule = std::move(defined.watched.by_rule);
  declaration.watched.insert(declaration.watched.end(), result.watched_by_rule.begin(), result.watched_by_rule.end());
  std::sort(declaration.watched.begin(), declaration.watched.end());
  at(node.where(), [&] { check_spec(declaration.spec); });
  return result;
}

// The name that a text which is no JSON gives its app, as far as its letters tell: the text behind the first "name"
// that is a key of the outermost map.
std::string name_in(std::string_view text) {
  int depth = 0;
  bool is_name = false;  // "name" and a colon came last
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (c != '"') continue;
    const size_t end = text.find('"', i + 1);
    if (end == std::string_view::npos) return {};
    const std::string_view word = text.substr(i + 1, end - i - 1);
    if (is_name) return AppName::is_valid(word) ? std::string(word) : std::string();
    i = end;
    if (depth != 1 || word != "name") continue;
    const size_t colon = text.find_first_not_of(" \t\r\n", end + 1);
    is_name = colon != std::string_view::npos && text[colon] == ':' &&
              text.find_first_not_of(" \t\r\n", colon + 1) == text.find('"', colon + 1);
  }
  return {};
}

void take(const Element& element, const fs::path& folder, Definitions& into) {
  try {
    into.good.push_back(definition(element, folder));
  } catch (const ConfigError& error) {
    into.broken.push_back({element.origin, told_name(element), error});
  }
}

}  // namespace

Definitions parse_dockerup(const DefinitionText& source) {
  Definitions definitions;
  const std::string derived = made_valid(fs::path(source.origin).stem().string());
  document::JsonOptions with_comments;
  with_comments.comments = true;
  try {
    const Node root = document::read_json(source.text, source.origin, with_comments);
    root.as_map("a definition");
    const Node* several = root.find("containers");
    if (several == nullptr) {
      take({root, source.origin, derived, true}, source.folder, definitions);
      return definitions;
    }
    document::refuse_unknown_keys(root, {"containers"}, "the list of definitions");
    int number = 0;
    for (const Node& item : several->as_list("\"containers\"")) {
      ++number;
      take({item, format("{}#{}", source.origin, number), made_valid(format("{}-{}", derived, number)), false},
           source.folder, definitions);
    }
  } catch (ConfigError& error) {
    std::string name = name_in(source.text);
    const bool is_file = !source.folder.empty();
    // Only a file bears a name of its author's choice.
    if (name.empty() && is_file) name = derived;
    if (!is_file) error.offer_hint(R"(It must be JSON: one definition, or {"containers": […]}.)");
    definitions.broken.push_back({source.origin, name, error});
  }
  return definitions;
}

}  // namespace belay::formats
