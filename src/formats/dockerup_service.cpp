#include "formats/dockerup_service.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/check_values.h"
#include "formats/definition_values.h"
#include "formats/dockerup_options.h"
#include "formats/dockerup_volumes.h"
#include "formats/networks.h"
#include "formats/ports.h"
#include "formats/run_values.h"
#include "formats/variable_file.h"
#include "model/labels.h"
#include "model/least_memory.h"

namespace belay::formats {

namespace {

using document::Member;
using document::Node;

constexpr int largest_number = 1'000'000;

PortBinding container_port(const Node& mapping) {
  const Node& node = required(mapping, "containerPort", "the port mapping");
  std::vector<PortBinding> ports =
      parsed_value(node, "\"containerPort\"", [](const std::string& text) { return container_ports(text); });
  if (ports.size() != 1) refuse(node, "a port mapping is for one port", "Write one mapping a port.");
  return ports[0];
}

PortBinding port_binding(const Node& mapping, int replicas) {
  PortBinding port = container_port(mapping);
  if (const Node* protocol = mapping.find("protocol"))
    port.protocol = choice_value(*protocol, "\"protocol\"", {"tcp", "udp", "sctp"});
  if (const Node* address = mapping.find("hostIp")) {
    port.host_ip = address->as_text("\"hostIp\"");
    if (!port.host_ip.empty() && !is_ip_address(port.host_ip))
      refuse(*address, format("\"hostIp\": '{}' is not an IP address", printable(port.host_ip)));
  }
  const Node* host = mapping.find("hostPort");
  if (host == nullptr) return port;
  const std::int64_t number = integer_value(*host, "\"hostPort\"", 0, 65535);
  if (number == 0) return port;
  if (replicas > 1)
    refuse(*host, format("{} replicas cannot all have the host port {}", replicas, number),
           "Leave \"hostPort\" out, so that each gets a free one, or put a proxy in front.");
  port.host_port = static_cast<std::uint16_t>(number);
  return port;
}

void add_ports(Service& service, const Node& section, int replicas) {
  const std::vector<Node>& mappings = section.as_list("\"portMappings\"");
  if (!service.network_mode.empty() && !mappings.empty())
    refuse(section, format("the network '{}' has no ports to map", service.network_mode),
           service.network_mode == "host" ? "The container's ports are the host's own: leave \"portMappings\" out."
                                          : "Leave \"portMappings\" out.");
  for (const Node& mapping : mappings) {
    document::refuse_unknown_keys(mapping, {"containerPort", "hostPort", "protocol", "hostIp"}, "a port mapping");
    PortBinding port = port_binding(mapping, replicas);
    for (const PortBinding& other : service.ports)
      if (other == port || clash(other, port))
        refuse(mapping, format("the same port is asked for twice: {} and {}", other.text(), port.text()));
    service.ports.push_back(std::move(port));
  }
}

NetworkLink network_link(const Node& node) {
  const std::string network = word_value(node, "\"network\"");
  if (network == "container")
    refuse(node, "\"network\": 'container' needs the container's name", "Write container:NAME.");
  if (!network.starts_with("name=")) {
    NetworkLink link;
    link.network = network;
    return link;
  }
  NetworkWish wish = at(node.where(), [&] { return parse_network(network); });
  if (!wish.mac_address.empty()) refuse(node, "a MAC address has a key of its own", "The key is \"mac_address\".");
  return std::move(wish.link);
}

void set_network(Service& service, const Node& node) {
  if (!service.networks.empty() || !service.network_mode.empty())
    refuse(node, "networks are named both in \"raw\" and in \"network\"", "Name all of them in \"network\".");
  std::vector<NetworkLink> links;
  if (node.is_list())
    for (const Node& item : node.items()) links.push_back(network_link(item));
  else
    links.push_back(network_link(node));
  at(node.where(), [&] { doing("\"network\"", [&] { join_networks(service, std::move(links)); }); });
}

void add_links(Service& service, const Node& section) {
  if (section.is_list()) {
    for (const Node& item : section.items()) service.links.push_back(parsed_value(item, "a link", container_link));
    if (!service.links.empty() && !service.network_mode.empty())
      refuse(section, format("the network '{}' knows no links", service.network_mode));
    return;
  }
  for (const Member& member : section.as_map("\"links\"")) {
    const std::string& alias = member.value.as_text(format("the alias of {}", printable(member.key)));
    if (member.key.find(':') != std::string::npos || alias.find(':') != std::string::npos)
      throw ConfigError(member.key_where, "a link must not hold a ':'", "\"links\" maps containers to aliases.");
    service.links.push_back(at(member.key_where, [&] { return container_link(member.key + ":" + alias); }));
  }
  if (!service.links.empty() && !service.network_mode.empty())
    refuse(section, format("the network '{}' knows no links", service.network_mode));
}

// ["NAME=value"]
void add_variable_texts(Service& service, const Node& section) {
  for (const Node& item : section.items()) {
    Variable variable = parsed_value(item, "a variable", parse_variable);
    if (!variable.value)
      refuse(item, format("the variable {} has no value", printable(variable.name)), "Write NAME=value.");
    service.environment.insert_or_assign(variable.name, std::move(*variable.value));
  }
}

void add_environment(Service& service, const Node& section) {
  if (section.is_list()) return add_variable_texts(service, section);
  for (const Member& member : section.as_map("\"env\"")) {
    const std::string& value = member.value.as_scalar(format("the value of {}", printable(member.key)));
    if (member.key.find('=') != std::string::npos)
      throw ConfigError(member.key_where, format("the name '{}' holds a '='", printable(member.key)));
    at(member.key_where, [&] { return parse_variable(member.key + "=" + value); });
    service.environment.insert_or_assign(member.key, value);
  }
}

void add_label(Service& service, const SourcePosition& where, const std::string& name, const std::string& value) {
  if (trim(name).empty()) throw ConfigError(where, "a label has no name");
  if (name.starts_with("belay.") && !labels::is_about_data(name))
    throw ConfigError(where, format("the label {} is Belay's own", printable(name)),
                      "Labels that begin with 'belay.' say whose a container is.");
  service.labels.insert_or_assign(name, value);
}

void add_labels(Service& service, const Node& section) {
  if (section.is_list()) {
    for (const Node& item : section.items()) {
      const std::string& text = item.as_text("a label");
      const size_t equals = text.find('=');
      add_label(service, item.where(), text.substr(0, equals),
                equals == std::string::npos ? std::string() : text.substr(equals + 1));
    }
    return;
  }
  for (const Member& member : section.as_map("\"labels\""))
    add_label(service, member.key_where, member.key,
              member.value.as_scalar(format("the label {}", printable(member.key))));
}

std::vector<std::string> health_test(const Node& node) {
  std::vector<std::string> words;
  if (!node.is_list()) return {"CMD-SHELL", word_value(node, "\"test\"")};
  words = command_value(node, "\"test\"");
  if (words.empty()) refuse(node, "\"test\" is empty", "\"health\": false switches the image's check off.");
  if (words[0] == "CMD-SHELL" && words.size() != 2)
    refuse(node, "CMD-SHELL is followed by one command line", "A list without CMD-SHELL is run without a shell.");
  if (words[0] != "CMD" && words[0] != "CMD-SHELL") words.insert(words.begin(), "CMD");
  if (words.size() == 1) refuse(node, "there is no command after CMD");
  return words;
}

// 0 means "as the image has it", to the engine as well.
std::optional<Milliseconds> health_time(const Node& health, const std::string& key) {
  const Node* node = health.find(key);
  if (node == nullptr) return {};
  const Milliseconds time = time_value(*node, format("\"{}\"", key));
  return time.count() == 0 ? std::nullopt : std::optional(time);
}

HealthCheck health_check(const Node& node) {
  HealthCheck check;
  if (node.kind() == Node::Kind::boolean) {
    if (node.as_bool("\"health\"")) refuse(node, "\"health\" is a map, or false to switch the image's check off");
    check.test = {"NONE"};
    return check;
  }
  document::refuse_unknown_keys(node, {"test", "interval", "timeout", "start_period", "retries"}, "\"health\"");
  if (const Node* test = node.find("test")) check.test = health_test(*test);
  check.interval = health_time(node, "interval");
  check.timeout = health_time(node, "timeout");
  check.start_period = health_time(node, "start_period");
  if (const Node* retries = node.find("retries"))
    check.retries = static_cast<int>(integer_value(*retries, "\"retries\"", 1, largest_number));
  return check;
}

RestartPolicy restart_policy(const Node& node) {
  const std::string& text = node.as_text("\"restart\"");
  if (text == "never") return {"no", 0};
  static const std::vector<std::string> words{"always", "on-failure", "unless-stopped", "never", "no"};
  if (text.starts_with("on-failure:")) return parsed_value(node, "\"restart\"", parse_restart);
  return {choice_value(node, "\"restart\"", words), 0};
}

ByteCount memory_limit(const std::string& text) {
  const ByteCount size = size_in_bytes(text);
  if (size < least_memory)
    throw Error(ErrorCode::bad_value, format("{} is less than the engine gives a container", byte_text(size)),
                "The least is 6m.");
  return size;
}

std::string image_reference(const Node& node) {
  return parsed_value(node, "\"image\"", [](const std::string& text) {
    ImageRef::parse(text);
    return text;
  });
}

void refuse_itself(const Node& definition, const AppName& app, const Service& service, int replicas) {
  for (const std::string& other : needed_containers(service))
    for (int i = 1; i <= replicas; ++i)
      if (other == (i == 1 ? app.text() : format("{}-{}", app.text(), i)))
        refuse(definition, format("{} needs itself", app.text()),
               "Its links, volumes or network name its own container.");
}

}  // namespace

const std::vector<std::string>& service_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all{"type",       "image",   "name",         "cpu",          "memory",
                                 "entrypoint", "command", "privileged",   "user",         "network",
                                 "links",      "volumes", "env",          "portMappings", "labels",
                                 "health",     "restart", "stop_timeout", "check"};
    all.insert(all.end(), option_keys().begin(), option_keys().end());
    return all;
  }();
  return keys;
}

namespace {

void check_own_labels(const Node& definition, const Service& service) {
  for (const auto& [name, value] : service.labels)
    if (name.starts_with("belay.") && !labels::is_about_data(name))
      refuse(definition, format("the label {} is Belay's own", printable(name)),
             "Labels that begin with 'belay.' say whose a container is.");
}

// Those of "raw" and "ports" as against the network of the definition.
void check_ports(const Node& definition, const Service& service) {
  if (service.network_mode.empty() || service.ports.empty()) return;
  const Node* ports = definition.find("ports");
  refuse(ports != nullptr ? *ports : definition, format("the network '{}' has no ports to map", service.network_mode),
         "Leave the ports out.");
}

void add_secrets(Service& service, const Node& definition, const fs::path& folder) {
  for (Mount& mount : secret_mounts(definition, folder)) {
    for (const Mount& other : service.mounts)
      if (other.target == mount.target)
        refuse(*definition.find("secrets"), format("two mounts go to {}", mount.target));
    service.mounts.push_back(std::move(mount));
  }
}

}  // namespace

DefinedService defined_service(const Node& definition, const AppName& app, const fs::path& folder, int replicas) {
  DefinedService defined;
  defined.service = service_of_options(definition, folder, replicas);
  Service& service = defined.service;
  const auto read = [&](const char* key, const auto& take) {
    if (const Node* node = definition.find(key)) take(*node);
  };
  read("type", [](const Node& n) { choice_value(n, "\"type\"", {"docker"}); });
  service.name = app.text();
  service.image = image_reference(required(definition, "image", "the definition"));
  read("cpu", [&](const Node& n) { service.resources.cpu_shares = integer_value(n, "\"cpu\"", 0, 262144); });
  read("memory", [&](const Node& n) { service.resources.memory = parsed_value(n, "\"memory\"", memory_limit); });
  // An empty entry point clears the image's own; an empty command means the image's own.
  read("entrypoint", [&](const Node& n) {
    service.entrypoint = command_value(n, "\"entrypoint\"");
    if (service.entrypoint->empty()) service.entrypoint = {""};
  });
  read("command", [&](const Node& n) {
    std::vector<std::string> words = command_value(n, "\"command\"");
    if (!words.empty()) service.command = std::move(words);
  });
  read("privileged", [&](const Node& n) { service.privileged = n.as_bool("\"privileged\""); });
  read("user", [&](const Node& n) { service.user = word_value(n, "\"user\""); });
  read("network", [&](const Node& n) { set_network(service, n); });
  read("links", [&](const Node& n) { add_links(service, n); });
  read("volumes", [&](const Node& n) { add_volumes(service, defined.watched, defined.named_volumes, n, app, folder); });
  read("portMappings", [&](const Node& n) { add_ports(service, n, replicas); });
  read("env", [&](const Node& n) { add_environment(service, n); });
  read("labels", [&](const Node& n) { add_labels(service, n); });
  read("health", [&](const Node& n) { service.health = health_check(n); });
  read("check", [&](const Node& n) { service.checks = check_values(n, folder); });
  read("restart", [&](const Node& n) { service.restart = restart_policy(n); });
  read("stop_timeout", [&](const Node& n) {
    service.stop_timeout = static_cast<int>(integer_value(n, "\"stop_timeout\"", 0, largest_number));
  });
  add_secrets(service, definition, folder);
  check_own_labels(definition, service);
  check_ports(definition, service);
  refuse_itself(definition, app, service, replicas);
  return defined;
}

std::vector<std::string> needed_containers(const Service& service) {
  std::vector<std::string> names;
  for (const std::string& link : service.links) names.push_back(split(link, ':').front());
  for (const std::string& from : service.volumes_from) names.push_back(split(from, ':').front());
  if (service.network_mode.starts_with("container:")) names.push_back(service.network_mode.substr(10));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace belay::formats
