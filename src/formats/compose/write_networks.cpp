#include <algorithm>

#include "base/format.h"
#include "formats/compose/write_parts.h"
#include "model/compose_labels.h"

namespace belay::formats::compose {

namespace {

using document::Node;

constexpr const char* interface_name = "com.docker.network.endpoint.ifname";

bool is_container_network(const Service& service) {
  return !service.network_mode.empty() && service.network_mode != "none";
}

// The service is known by its name in any case: after the others where the file does not say it.
std::vector<std::string> further_names(const Service& service, const NetworkLink& link) {
  std::vector<std::string> names = link.aliases;
  if (!names.empty() && names.back() == service.group_name()) names.pop_back();
  return names;
}

Node written_link(const Service& service, const NetworkLink& link) {
  Node node = Node::map();
  put_texts(node, "aliases", further_names(service, link));
  put_text(node, "ipv4_address", link.ipv4);
  put_text(node, "ipv6_address", link.ipv6);
  put_texts(node, "link_local_ips", link.link_local_ips);
  put_text(node, "mac_address", link.mac_address);
  std::map<std::string, std::string> options = link.options;
  if (const auto name = options.find(interface_name); name != options.end()) {
    put_text(node, "interface_name", name->second);
    options.erase(name);
  }
  put_pairs(node, "driver_opts", options);
  put_number(node, "gw_priority", link.gateway_priority);
  return node;
}

// The engine's own network knows no names, and Compose gives names in every network that a service lists.
std::vector<NetworkLink> named_networks(const Service& service) {
  std::vector<NetworkLink> links = service.networks;
  std::erase_if(links, [](const NetworkLink& link) { return link.network == "bridge"; });
  return links;
}

std::map<std::string, std::string> without_labels_of_compose(std::map<std::string, std::string> all) {
  std::erase_if(all, [](const auto& label) { return label.first.starts_with(labels::compose); });
  return all;
}

Node written_pool(const AddressPool& pool) {
  Node node = Node::map();
  put_text(node, "subnet", pool.subnet);
  put_text(node, "ip_range", pool.ip_range);
  put_text(node, "gateway", pool.gateway);
  put_pairs(node, "aux_addresses", pool.aux_addresses);
  return node;
}

Node written_network(const NetworkDefinition& network) {
  Node node = Node::map();
  put_text(node, "driver", network.driver);
  put_pairs(node, "driver_opts", network.options);
  put_true(node, "internal", network.internal);
  put_true(node, "attachable", network.attachable);
  if (network.enable_ipv4) node.set("enable_ipv4", Node::boolean(*network.enable_ipv4));
  if (network.enable_ipv6) node.set("enable_ipv6", Node::boolean(*network.enable_ipv6));
  Node addresses = Node::map();
  put_text(addresses, "driver", network.ipam_driver);
  Node pools = Node::list();
  for (const AddressPool& pool : network.pools) pools.add(written_pool(pool));
  put_full(addresses, "config", std::move(pools));
  put_pairs(addresses, "options", network.ipam_options);
  put_full(node, "ipam", std::move(addresses));
  put_pairs(node, "labels", without_labels_of_compose(network.labels));
  return node;
}

std::string port_text(const PortBinding& port) {
  std::string text;
  if (!port.host_ip.empty()) {
    const bool is_long = port.host_ip.find(':') != std::string::npos;
    text = (is_long ? "[" + port.host_ip + "]" : port.host_ip) + ":";
  }
  if (port.host_port) text += format("{}", *port.host_port);
  if (!text.empty()) text += ":";
  text += format("{}", port.container_port);
  return port.protocol == "tcp" ? text : text + "/" + port.protocol;
}

// The volume or network has a definition, and the label of its own project, or nothing of that name is there yet.
template <class Definition>
bool is_external(const std::map<std::string, Definition>& defined, const std::set<std::string>& present,
                 const std::string& name) {
  const auto found = defined.find(name);
  return found == defined.end() ? present.contains(name) : found->second.external;
}

// The key in the file: the one of the project that it came from, else the name.
template <class Definition>
std::string key_of(const std::map<std::string, Definition>& defined, const std::string& name, const char* label) {
  const auto found = defined.find(name);
  if (found == defined.end()) return name;
  const auto key = found->second.labels.find(label);
  return key == found->second.labels.end() ? name : key->second;
}

template <class Definition>
void take_key(std::map<std::string, std::string>& keys, const std::map<std::string, Definition>& defined,
              const std::string& name, const char* label) {
  if (keys.contains(name)) return;
  std::string key = key_of(defined, name, label);
  const bool is_taken = std::any_of(keys.begin(), keys.end(), [&](const auto& known) { return known.second == key; });
  keys.emplace(name, is_taken ? name : key);
}

Node with_name(Node node, const Writing& writing, const std::string& key, const std::string& name, bool external) {
  if (external) node.set("external", Node::boolean(true));
  if (external || name != writing.name + "_" + key) node.set("name", plain(name));
  return node;
}

}  // namespace

void write_ports(const Service& service, Node& node) {
  Node ports = Node::list();
  // The engine drops them where the network is another's.
  if (!is_container_network(service))
    for (const PortBinding& port : service.ports) ports.add(Node::text(port_text(port)));
  put_full(node, "ports", std::move(ports));
  put_texts(node, "expose", service.exposed_ports);
}

void define_network_keys(Writing& writing) {
  for (const Service& service : writing.spec.services)
    for (const NetworkLink& link : named_networks(service))
      take_key(writing.network_keys, writing.spec.networks, link.network, labels::compose_network);
  for (const auto& [name, key] : writing.network_keys) {
    const auto found = writing.spec.networks.find(name);
    const bool external = is_external(writing.spec.networks, writing.what.networks, name);
    Node node = found == writing.spec.networks.end() || external ? Node::map() : written_network(found->second);
    node = with_name(std::move(node), writing, key, name, external);
    if (key != "default" || !node.members().empty()) writing.networks.set(key, std::move(node));
  }
}

void define_volume_keys(Writing& writing) {
  for (const Service& service : writing.spec.services)
    for (const Mount& mount : service.mounts)
      if (mount.kind == Mount::Kind::volume && !mount.source.empty())
        take_key(writing.volume_keys, writing.spec.volumes, mount.source, labels::compose_volume);
  for (const auto& [name, key] : writing.volume_keys) {
    const auto found = writing.spec.volumes.find(name);
    const bool external = is_external(writing.spec.volumes, writing.what.volumes, name);
    Node node = Node::map();
    if (found != writing.spec.volumes.end() && !external) {
      put_text(node, "driver", found->second.driver);
      put_pairs(node, "driver_opts", found->second.options);
      put_pairs(node, "labels", without_labels_of_compose(found->second.labels));
    }
    writing.volumes.set(key, with_name(std::move(node), writing, key, name, external));
  }
}

void write_networks(Writing& writing, const Service& service, Node& node) {
  put_texts(node, "external_links", service.links);
  const auto joined = named_networks(service);
  if (joined.empty()) {
    node.set("network_mode", plain(service.network_mode.empty() ? "bridge" : service.network_mode));
    return;
  }
  Node links = Node::map();
  std::vector<std::string> keys;
  bool is_plain = true;
  for (const NetworkLink& link : joined) {
    keys.push_back(writing.network_keys.at(link.network));
    Node written = written_link(service, link);
    is_plain = is_plain && written.members().empty();
    links.set(keys.back(), std::move(written));
  }
  // The order counts: it is by name where no priority says otherwise.
  if (!std::is_sorted(keys.begin(), keys.end())) {
    auto priority = static_cast<std::int64_t>(keys.size());
    for (auto& link : links.members()) link.value.set("priority", Node::number(--priority));
    is_plain = false;
  }
  if (is_plain && keys == std::vector<std::string>{"default"}) return;
  node.set("networks", is_plain ? plain_texts(keys) : std::move(links));
}

}  // namespace belay::formats::compose
