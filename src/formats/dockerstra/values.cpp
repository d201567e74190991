#include "formats/dockerstra/values.h"

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/text.h"
#include "formats/ports.h"
#include "formats/run_values.h"

namespace belay::formats::dockerstra {

using document::Member;
using document::Node;

std::vector<std::string> words_of(const Node& node, std::string_view what) {
  if (node.is_null()) return {};
  if (!node.is_list()) return {node.as_scalar(what)};
  std::vector<std::string> words;
  for (const Node& item : node.items()) words.push_back(item.as_scalar(what));
  return words;
}

std::vector<std::string> comma_words_of(const Node& node, std::string_view what) {
  if (node.is_list() || node.is_null()) return words_of(node, what);
  std::vector<std::string> words;
  for (const auto& word : split(node.as_scalar(what), ',')) words.emplace_back(trim(word));
  return words;
}

std::vector<std::string> command_of(const Node& node, std::string_view what) {
  if (node.is_list()) return words_of(node, what);
  return at(node.where(), [&] { return doing(what, [&] { return shell_words(node.as_scalar(what)); }); });
}

std::map<std::string, std::string> pairs_of(const Node& node, std::string_view what) {
  std::map<std::string, std::string> pairs;
  if (node.is_list()) {
    for (const Node& item : node.items()) {
      const std::string& text = item.as_scalar(what);
      const size_t equals = text.find('=');
      if (text.empty() || equals == 0) refuse(item, format("{}: '{}' has no name", what, printable(text)));
      pairs[text.substr(0, equals)] = equals == std::string::npos ? "" : text.substr(equals + 1);
    }
    return pairs;
  }
  if (node.is_null()) return pairs;
  for (const Member& member : node.as_map(what))
    pairs[member.key] = member.value.is_null() ? std::string() : member.value.as_scalar(what);
  return pairs;
}

ByteCount size_of(const Node& node, std::string_view what, bool may_be_unlimited) {
  if (node.kind() == Node::Kind::number) {
    const double size = node.as_double(what);
    if (size == -1 && may_be_unlimited) return {-1};
    if (!(size >= 0) || size > 9e18) refuse(node, format("{}: {} is no size", what, node.raw()));
    return {static_cast<std::int64_t>(size)};
  }
  if (may_be_unlimited && node.raw() == "-1") return {-1};
  return parsed_value(node, what, size_in_bytes);
}

std::int64_t whole_of(const Node& node, std::string_view what) {
  return integer_value(node, what, std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max());
}

const Node* find_any(const Node& map, std::string_view key) {
  for (const Member& member : map.members())
    if (lower(member.key) == lower(key)) return &member.value;
  return nullptr;
}

void refuse_other_keys(const Node& map, const std::vector<std::string>& known, std::string_view what) {
  for (const Member& member : map.as_map(what)) {
    const bool is_known = std::any_of(known.begin(), known.end(),
                                      [&](const std::string& key) { return lower(key) == lower(member.key); });
    if (is_known) continue;
    std::string hint = did_you_mean(member.key, known);
    throw ConfigError(member.key_where, format("unknown key \"{}\" in {}", printable(member.key), what),
                      hint.empty() ? format("Known keys: {}.", join(known, ", ")) : hint);
  }
}

namespace {

// "80/tcp" of 80, "80/udp" and [80, udp].
std::string one_port(const Node& node) {
  if (!node.is_list()) return node.as_scalar("the port");
  if (node.items().size() != 2) refuse(node, "a port is 80, '80/udp' or [80, udp]");
  return format("{}/{}", node.items()[0].as_scalar("the port"), node.items()[1].as_scalar("the protocol"));
}

std::uint16_t host_port_of(const Node& node) {
  return static_cast<std::uint16_t>(integer_value(node, "the host port", 1, 65535));
}

bool begins_with_address(const Node& list) {
  return !list.items().empty() && list.items().front().is_text() && is_ip_address(list.items().front().raw());
}

// One host side: a port, [address, port], [address] or null.
void add_binding(const Node& node, PortBinding binding, std::vector<PortBinding>& into) {
  if (node.is_list()) {
    if (node.items().size() > 2 || !begins_with_address(node))
      refuse(node, "the host's side is a port, [address, port] or [address]");
    binding.host_ip = node.items()[0].raw();
    if (node.items().size() == 2 && !node.items()[1].is_null()) binding.host_port = host_port_of(node.items()[1]);
  } else if (!node.is_null()) {
    const std::string& text = node.as_scalar("the host port");
    if (node.is_text() && is_ip_address(text))
      binding.host_ip = text;
    else
      binding.host_port = host_port_of(node);
  }
  into.push_back(std::move(binding));
}

}  // namespace

std::vector<std::string> exposed_ports_of(const Node& node) {
  std::vector<std::string> ports;
  const auto add = [&](const Node& port) {
    for (auto& text :
         at(port.where(), [&] { return doing("\"ports\"", [&] { return parse_expose(one_port(port)); }); }))
      ports.push_back(std::move(text));
  };
  if (!node.is_list()) {
    if (!node.is_null()) add(node);
    return ports;
  }
  for (const Node& port : node.items()) add(port);
  return ports;
}

std::vector<PortBinding> port_bindings_of(const Node& map) {
  std::vector<PortBinding> bindings;
  for (const Member& member : map.as_map("\"port_bindings\"")) {
    const auto ports =
        at(member.key_where, [&] { return doing("\"port_bindings\"", [&] { return container_ports(member.key); }); });
    if (ports.size() != 1) throw ConfigError(member.key_where, "\"port_bindings\" has one port a key");
    if (member.value.is_list() && !begins_with_address(member.value))
      for (const Node& one : member.value.items()) add_binding(one, ports[0], bindings);
    else
      add_binding(member.value, ports[0], bindings);
  }
  return bindings;
}

Ulimit ulimit_of(const Node& node) {
  refuse_other_keys(node, {"name", "soft", "hard"}, "a limit");
  const Node *name = find_any(node, "name"), *soft = find_any(node, "soft"), *hard = find_any(node, "hard");
  if (name == nullptr || (soft == nullptr && hard == nullptr)) refuse(node, "a limit has a name, and soft or hard");
  const std::string low = (soft != nullptr ? soft : hard)->as_scalar("soft"),
                    high = (hard != nullptr ? hard : soft)->as_scalar("hard");
  return at(node.where(), [&] { return parse_ulimit(format("{}={}:{}", name->as_scalar("name"), low, high)); });
}

std::vector<BlockLimit> block_limits_of(const Node& list, const std::string& kind) {
  const std::string amount = kind == "weight" ? "Weight" : "Rate";
  std::vector<BlockLimit> limits;
  for (const Node& node : list.as_list("the limits of devices")) {
    refuse_other_keys(node, {"Path", amount}, "the limit of a device");
    const Node *path = find_any(node, "Path"), *value = find_any(node, amount);
    if (path == nullptr || value == nullptr) refuse(node, format("the limit of a device has Path and {}", amount));
    limits.push_back({kind, path->as_text("Path"), size_of(*value, amount).value});
  }
  return limits;
}

std::vector<std::pair<std::string, std::string>> links_of(const Node& node) {
  std::vector<std::pair<std::string, std::string>> links;
  if (node.is_map()) {
    for (const Member& member : node.members())
      links.emplace_back(member.key, member.value.is_null() ? member.key : member.value.as_scalar("an alias"));
    return links;
  }
  for (const Node& item : node.as_list("\"links\"")) {
    if (item.is_list()) {
      if (item.items().size() != 2) refuse(item, "a link is a pair: [container, alias]");
      links.emplace_back(item.items()[0].as_scalar("a container"), item.items()[1].as_scalar("an alias"));
      continue;
    }
    const std::string link = parsed_value(item, "\"links\"", container_link);
    links.emplace_back(link.substr(0, link.find(':')), link.substr(link.find(':') + 1));
  }
  return links;
}

}  // namespace belay::formats::dockerstra
