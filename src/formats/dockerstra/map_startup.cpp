#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/map_parts.h"
#include "formats/networks.h"
#include "formats/run_values.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

constexpr std::string_view of_container = "container:";

// "container:NAME" of the unit is its service's.
std::string namespace_mode(const Wanted& wanted, const std::string& text) {
  if (!text.starts_with(of_container)) return text;
  const Container* other = container_of_unit(wanted.unit, text.substr(of_container.size()));
  return other == nullptr ? text : "service:" + other->name;
}

void set_network_mode(const Wanted& wanted, Service& service, const Node& node) {
  const std::string mode = namespace_mode(wanted, node.as_text("\"network_mode\""));
  if (mode.starts_with("service:")) {
    service.network_mode = mode;
    return;
  }
  NetworkLink link;
  link.network = mode == "default" ? "bridge" : mode;
  at(node.where(), [&] { doing("\"network_mode\"", [&] { join_networks(service, {link}); }); });
}

void set_restart(Service& service, const Node& node) {
  refuse_other_keys(node, {"Name", "MaximumRetryCount"}, "\"restart_policy\"");
  const Node *name = find_any(node, "Name"), *count = find_any(node, "MaximumRetryCount");
  std::string word = name == nullptr || name->is_null() ? "no" : name->as_scalar("\"Name\"");
  if (word.empty() || word == "false") word = "no";
  service.restart = at(node.where(), [&] { return parse_restart(word); });
  if (count == nullptr) return;
  service.restart.maximum_retries = static_cast<int>(integer_value(*count, "\"MaximumRetryCount\"", 0, 1'000'000));
  if (service.restart.maximum_retries != 0 && word != "on-failure")
    refuse(*count, format("the restart policy '{}' takes no number of tries", word), "Only on-failure does.");
}

void set_log(Service& service, const Node& node) {
  refuse_other_keys(node, {"type", "config"}, "\"log_config\"");
  if (const Node* type = find_any(node, "type")) service.log_driver = type->as_text("\"type\"");
  if (const Node* config = find_any(node, "config")) service.log_options = pairs_of(*config, "\"config\"");
}

void add_links(const Wanted& wanted, Service& service, const Node& node) {
  for (const auto& [container, alias] : links_of(node)) {
    const Container* other = container_of_unit(wanted.unit, container);
    const std::string name = other == nullptr ? container : engine_name(*other);
    if (other == &wanted.container) refuse(node, format("{} links to itself", container));
    service.links.push_back(at(node.where(), [&] { return container_link(name + ":" + alias); }));
  }
}

void add_volumes_from(const Wanted& wanted, Service& service, const Node& node) {
  for (const auto& word : comma_words_of(node, "\"volumes_from\"")) {
    const std::string text = at(node.where(), [&] { return volumes_from(word); });
    const Container* other = container_of_unit(wanted.unit, text.substr(0, text.find(':')));
    const size_t mode = text.find(':');
    service.volumes_from.push_back(
        other == nullptr ? text : "service:" + other->name + (mode == std::string::npos ? "" : text.substr(mode)));
  }
}

void add_hosts(Service& service, const Node& node) {
  if (node.is_map()) {
    for (const Member& member : node.members())
      service.extra_hosts.push_back(
          at(member.key_where, [&] { return extra_host(member.key + ":" + member.value.as_scalar("an address")); }));
    return;
  }
  for (const Node& item : node.as_list("\"extra_hosts\""))
    service.extra_hosts.push_back(parsed_value(item, "\"extra_hosts\"", extra_host));
}

}  // namespace

void map_startup(const Wanted& wanted, Service& service) {
  const auto read = [&](const char* key, const auto& take) {
    if (const Node* node = wanted.find(key)) take(*node, format("\"{}\"", key));
  };
  const auto words = [&](const char* key, std::vector<std::string>& into) {
    read(key, [&](const Node& node, const std::string& what) { into = words_of(node, what); });
  };
  const auto flag = [&](const char* key, bool& into) {
    read(key, [&](const Node& node, const std::string& what) { into = node.as_bool(what); });
  };
  const auto text = [&](const char* key, std::string& into) {
    read(key, [&](const Node& node, const std::string& what) { into = namespace_mode(wanted, node.as_text(what)); });
  };
  read("network_mode", [&](const Node& node, const std::string&) { set_network_mode(wanted, service, node); });
  read("port_bindings", [&](const Node& node, const std::string&) { service.ports = port_bindings_of(node); });
  read("links", [&](const Node& node, const std::string&) { add_links(wanted, service, node); });
  read("volumes_from", [&](const Node& node, const std::string&) { add_volumes_from(wanted, service, node); });
  read("extra_hosts", [&](const Node& node, const std::string&) { add_hosts(service, node); });
  read("restart_policy", [&](const Node& node, const std::string&) { set_restart(service, node); });
  read("log_config", [&](const Node& node, const std::string&) { set_log(service, node); });
  flag("publish_all_ports", service.publish_all_ports);
  flag("privileged", service.privileged);
  flag("read_only", service.read_only);
  words("dns", service.dns);
  words("dns_search", service.dns_search);
  words("dns_opt", service.dns_options);
  words("cap_add", service.cap_add);
  words("cap_drop", service.cap_drop);
  words("group_add", service.group_add);
  text("pid_mode", service.pid_mode);
  text("ipc_mode", service.ipc_mode);
  text("userns_mode", service.userns_mode);
  text("cgroup_parent", service.cgroup_parent);
  read("sysctls", [&](const Node& node, const std::string& what) { service.sysctls = pairs_of(node, what); });
  read("devices", [&](const Node& node, const std::string& what) {
    for (const Node& one : node.as_list(what)) service.devices.push_back(parsed_value(one, what, parse_device));
  });
  read("security_opt", [&](const Node& node, const std::string& what) {
    for (const Node& one : node.as_list(what))
      service.security_opt.push_back(parsed_value(
          one, what, [&](const std::string& option) { return security_option(option, wanted.unit.configuration); }));
  });
}

}  // namespace belay::formats::dockerstra
