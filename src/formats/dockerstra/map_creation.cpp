#include "base/format.h"
#include "base/text.h"
#include "formats/dockerstra/map_parts.h"
#include "formats/networks.h"
#include "formats/run_values.h"
#include "model/labels.h"

namespace belay::formats::dockerstra {

namespace {

using document::Member;
using document::Node;

void set_labels(const Wanted& wanted, Service& service) {
  const Node* node = wanted.find("labels");
  if (node == nullptr) return;
  service.labels = pairs_of(*node, "\"labels\"");
  for (const auto& [label, value] : service.labels)
    if (label.starts_with("belay.") && !labels::is_about_data(label))
      refuse(*node, format("the label {} is Belay's own", printable(label)),
             "Labels that begin with 'belay.' say whose a container is.");
}

// What docker-py's create_networking_config makes.
void set_networks(const Wanted& wanted, Service& service) {
  const Node* node = wanted.find("networking_config");
  if (node == nullptr) return;
  document::refuse_unknown_keys(*node, {"EndpointsConfig"}, "\"networking_config\"");
  const Node* endpoints = node->find("EndpointsConfig");
  if (endpoints == nullptr) return;
  if (const Node* mode = wanted.find("network_mode"))
    refuse(*mode, "\"network_mode\" and \"networking_config\" exclude each other", "Keep one of the two.");
  std::vector<NetworkLink> links;
  for (const Member& member : endpoints->as_map("\"EndpointsConfig\"")) {
    NetworkLink& link = links.emplace_back();
    link.network = member.key;
    if (member.value.is_null()) continue;
    document::refuse_unknown_keys(member.value, {"Aliases", "IPAMConfig"}, "the network");
    if (const Node* aliases = member.value.find("Aliases")) link.aliases = words_of(*aliases, "\"Aliases\"");
    const Node* addresses = member.value.find("IPAMConfig");
    if (addresses == nullptr || addresses->is_null()) continue;
    document::refuse_unknown_keys(*addresses, {"IPv4Address", "IPv6Address", "LinkLocalIPs"}, "\"IPAMConfig\"");
    if (const Node* address = addresses->find("IPv4Address")) link.ipv4 = address->as_text("\"IPv4Address\"");
    if (const Node* address = addresses->find("IPv6Address")) link.ipv6 = address->as_text("\"IPv6Address\"");
    if (const Node* local = addresses->find("LinkLocalIPs")) link.link_local_ips = words_of(*local, "\"LinkLocalIPs\"");
  }
  at(node->where(), [&] { join_networks(service, std::move(links)); });
}

}  // namespace

void map_creation(const Wanted& wanted, Service& service) {
  const auto read = [&](const char* key, const auto& take) {
    if (const Node* node = wanted.find(key)) take(*node, format("\"{}\"", key));
  };
  const auto text = [&](const char* key, std::string& into) {
    read(key, [&](const Node& node, const std::string& what) { into = node.as_scalar(what); });
  };
  read("command", [&](const Node& node, const std::string& what) {
    if (auto words = command_of(node, what); !words.empty()) service.command = std::move(words);
  });
  read("entrypoint", [&](const Node& node, const std::string& what) {
    service.entrypoint = command_of(node, what);
    if (service.entrypoint->empty()) service.entrypoint = {""};
  });
  text("hostname", service.hostname);
  text("domainname", service.domainname);
  text("user", service.user);
  text("working_dir", service.working_dir);
  text("volume_driver", service.volume_driver);
  read("stdin_open", [&](const Node& node, const std::string& what) { service.stdin_open = node.as_bool(what); });
  read("tty", [&](const Node& node, const std::string& what) { service.tty = node.as_bool(what); });
  read("stop_signal",
       [&](const Node& node, const std::string& what) { service.stop_signal = signal_value(node, what); });
  read("mac_address",
       [&](const Node& node, const std::string& what) { service.mac_address = parsed_value(node, what, mac_address); });
  read("environment", [&](const Node& node, const std::string& what) { service.environment = pairs_of(node, what); });
  read("ports", [&](const Node& node, const std::string&) { service.exposed_ports = exposed_ports_of(node); });
  set_labels(wanted, service);
  set_networks(wanted, service);
  read("network_disabled", [&](const Node& node, const std::string& what) {
    if (!node.as_bool(what)) return;
    const Node* mode = wanted.find("network_mode");
    if (!service.networks.empty() || (mode != nullptr && mode->raw() != "none"))
      refuse(node, "\"network_disabled\" excludes every network", "Keep one of the two.");
    service.network_mode = "none";
  });
}

}  // namespace belay::formats::dockerstra
