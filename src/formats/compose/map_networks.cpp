#include <algorithm>
#include <iterator>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/map_parts.h"
#include "formats/place.h"
#include "formats/run_values.h"
#include "model/compose_labels.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

std::string name_on_the_engine(const Mapping& mapping, std::string_view of, const std::string& key) {
  const Node* definition = mapping.definition(of, key);
  const std::string name = definition == nullptr ? std::string() : text_of(*definition, "name");
  return name.empty() ? format("{}_{}", mapping.project.name, key) : name;
}

NetworkLink mapped_link(const Mapping& mapping, const ServiceBlock& block, const Member& member) {
  const Node& node = member.value;
  NetworkLink link;
  link.network = name_on_the_engine(mapping, "networks", member.key);
  link.aliases = texts_of(node, "aliases");
  // The service is known by its name, in every network.
  if (std::find(link.aliases.begin(), link.aliases.end(), block.name) == link.aliases.end())
    link.aliases.push_back(block.name);
  link.ipv4 = text_of(node, "ipv4_address");
  link.ipv6 = text_of(node, "ipv6_address");
  link.link_local_ips = texts_of(node, "link_local_ips");
  link.mac_address = text_of(node, "mac_address");
  link.options = pairs_of(node, "driver_opts");
  if (const std::string name = text_of(node, "interface_name"); !name.empty())
    link.options["com.docker.network.endpoint.ifname"] = name;
  link.gateway_priority = number_of(node, "gw_priority");
  if (block.replicas > 1 && (!link.ipv4.empty() || !link.ipv6.empty() || !link.mac_address.empty()))
    refuse_key(node, ErrorCode::bad_definition,
               format("{} replicas of {} cannot all have one address", block.replicas, block.name),
               "Leave the address out, or have one replica.");
  return link;
}

void join_by_mode(Mapping& mapping, const Node& mode, Service& service) {
  const std::string& text = mode.as_scalar("network_mode");
  if (text == "bridge" || text == "default") return;
  if (text == "host" || text == "none" || text.starts_with("service:") || text.starts_with("container:")) {
    service.network_mode = text;
    return;
  }
  service.networks = {{text, {}, {}, {}}};
  mapping.mapped.spec.networks[text].external = true;
}

void refuse_ports_and_names(const ServiceBlock& block, const Service& service) {
  if (service.network_mode.empty()) return;
  const bool is_shared = service.network_mode != "none";
  const Node* ports = block.node.find("ports");
  if (is_shared && ports != nullptr && !ports->items().empty())
    refuse_key(*ports, ErrorCode::bad_definition,
               format("{} publishes ports, and its network is {}", block.name, service.network_mode),
               service.network_mode == "host" ? "Leave them out: its ports are the host's already."
                                              : "Publish them at the service whose network it is.");
}

std::int64_t priority_of(const Member& member) {
  return whole_of(member.value, "priority").value_or(0);
}

}  // namespace

void map_networks(Mapping& mapping, const ServiceBlock& block, Service& service) {
  if (const Node* mode = block.node.find("network_mode"); mode != nullptr && !mode->is_null()) {
    join_by_mode(mapping, *mode, service);
    refuse_ports_and_names(block, service);
  } else {
    std::vector<const Member*> members;
    for (const Member& member : members_of(block.node, "networks")) members.push_back(&member);
    std::stable_sort(members.begin(), members.end(), [](const Member* a, const Member* b) {
      return std::pair(-priority_of(*a), a->key) < std::pair(-priority_of(*b), b->key);
    });
    for (const Member* member : members) service.networks.push_back(mapped_link(mapping, block, *member));
  }
  for (const Node& link : items_of(block.node, "external_links"))
    service.links.push_back(at(link.where(), [&] { return container_link(link.as_scalar("external_links")); }));
}

// "db:database": db is known as database in the networks that both are in, as it would be to this service alone.
void map_links(Mapping& mapping, const ServiceBlock& block) {
  for (const Node& node : items_of(block.node, "links")) {
    const auto parts = split(node.as_scalar("links"), ':');
    if (parts.size() < 2 || parts[0] == parts[1]) continue;
    auto& services = mapping.mapped.spec.services;
    const auto mine =
        std::find_if(services.begin(), services.end(), [&](const Service& each) { return each.name == block.name; });
    for (Service& other : services) {
      if (other.group_name() != parts[0] || mine == services.end()) continue;
      for (NetworkLink& link : other.networks) {
        const bool is_shared = std::any_of(mine->networks.begin(), mine->networks.end(),
                                           [&](const NetworkLink& each) { return each.network == link.network; });
        if (is_shared && std::find(link.aliases.begin(), link.aliases.end(), parts[1]) == link.aliases.end())
          link.aliases.push_back(parts[1]);
      }
    }
    mapping.remark(node, block.path("links"),
                   format("{} is known as {} to every service in the networks that both are in", parts[0], parts[1]));
  }
}

void map_ports(const ServiceBlock& block, Service& service) {
  for (const Node& node : items_of(block.node, "ports")) {
    PortBinding port;
    port.container_port = static_cast<std::uint16_t>(whole_of(node, "target").value_or(0));
    if (const std::string protocol = text_of(node, "protocol"); !protocol.empty()) port.protocol = protocol;
    port.host_ip = text_of(node, "host_ip");
    if (port.host_ip == "0.0.0.0") port.host_ip.clear();
    const std::string published = text_of(node, "published");
    if (published.find('-') != std::string::npos)
      refuse_key(node, ErrorCode::no_way_back,
                 format("{} may have any host port of {} for its port {}, another one each time", block.name, published,
                        port.container_port),
                 "Name one host port, or none.");
    if (!published.empty()) {
      const auto number = parse_number(published);
      if (!number || *number < 0 || *number > 65535)
        throw ConfigError(node.where(), format("'{}' is no port of the host", published));
      if (*number > 0) port.host_port = static_cast<std::uint16_t>(*number);
    }
    if (port.host_port && block.replicas > 1)
      refuse_key(
          node, ErrorCode::bad_definition,
          format("{} replicas of {} cannot all have the host port {}", block.replicas, block.name, *port.host_port),
          "Leave the host's port out; the engine gives each a free one.");
    service.ports.push_back(port);
  }
  for (const auto& range : texts_of(block.node, "expose")) {
    auto ports = spread_ports(range);
    if (ports.empty())
      throw ConfigError(block.node.find("expose")->where(), format("'{}' is no port, nor a range of ports", range));
    std::move(ports.begin(), ports.end(), std::back_inserter(service.exposed_ports));
  }
}

namespace {

NetworkDefinition mapped_network(const Mapping& mapping, const std::string& key, const Node& node) {
  NetworkDefinition network;
  network.external = is_true(node, "external");
  if (network.external) return network;
  network.driver = text_of(node, "driver");
  if (network.driver == "default") network.driver.clear();
  network.options = pairs_of(node, "driver_opts");
  network.internal = is_true(node, "internal");
  network.attachable = is_true(node, "attachable");
  network.enable_ipv4 = boolean_of(node, "enable_ipv4");
  network.enable_ipv6 = boolean_of(node, "enable_ipv6");
  network.labels = pairs_of(node, "labels");
  if (const Node* addresses = block_of(node, "ipam")) {
    network.ipam_driver = text_of(*addresses, "driver");
    network.ipam_options = pairs_of(*addresses, "options");
    for (const Node& pool : items_of(*addresses, "config"))
      network.pools.push_back({text_of(pool, "subnet"), text_of(pool, "gateway"), text_of(pool, "ip_range"),
                               pairs_of(pool, "aux_addresses")});
  }
  network.labels[labels::compose_project] = mapping.project.name;
  network.labels[labels::compose_network] = key;
  network.labels[labels::compose_version] = labels::followed_compose;
  return network;
}

VolumeDefinition mapped_volume(const Mapping& mapping, const std::string& key, const Node& node) {
  VolumeDefinition volume;
  volume.external = is_true(node, "external");
  if (volume.external) return volume;
  volume.driver = text_of(node, "driver");
  volume.options = pairs_of(node, "driver_opts");
  volume.labels = pairs_of(node, "labels");
  // A folder of the host by its path in the project.
  const auto options = volume.options.find("o"), device = volume.options.find("device");
  if (options != volume.options.end() && device != volume.options.end() &&
      (volume.driver.empty() || volume.driver == "local")) {
    const auto words = split(options->second, ',');
    if (std::find(words.begin(), words.end(), "bind") != words.end() && !device->second.starts_with('/'))
      device->second = (mapping.project.folder / device->second).lexically_normal().string();
  }
  volume.labels[labels::compose_project] = mapping.project.name;
  volume.labels[labels::compose_volume] = key;
  volume.labels[labels::compose_version] = labels::followed_compose;
  return volume;
}

// Two keys may name the same thing, but not define it twice.
template <class Definition>
void define(std::map<std::string, Definition>& into, const std::string& name, const Node& at, Definition definition,
            const char* kind) {
  const auto [found, is_new] = into.try_emplace(name, definition);
  if (is_new) return;
  Definition a = found->second, b = definition;
  a.labels = b.labels = {};
  if (a == b) return;
  refuse_key(at, ErrorCode::bad_definition, format("two {}s of the project are both {}", kind, name),
             "Give one of them another name.");
}

}  // namespace

// Those that a service is in; the others are not made.
void define_networks(Mapping& mapping) {
  Spec& spec = mapping.mapped.spec;
  const auto is_used = [&](const std::string& name) {
    return std::any_of(spec.services.begin(), spec.services.end(), [&](const Service& service) {
      return std::any_of(service.networks.begin(), service.networks.end(),
                         [&](const NetworkLink& link) { return link.network == name; });
    });
  };
  for (const Member& member : members_of(mapping.project.root, "networks")) {
    const std::string name = name_on_the_engine(mapping, "networks", member.key);
    if (is_used(name))
      define(spec.networks, name, member.value, mapped_network(mapping, member.key, member.value), "network");
  }
  // "default" need not be written.
  const std::string usual = name_on_the_engine(mapping, "networks", "default");
  if (is_used(usual) && !spec.networks.contains(usual))
    spec.networks[usual] = mapped_network(mapping, "default", Node::map());
}

void define_volumes(Mapping& mapping) {
  Spec& spec = mapping.mapped.spec;
  for (const Member& member : members_of(mapping.project.root, "volumes")) {
    const std::string name = name_on_the_engine(mapping, "volumes", member.key);
    const bool is_used = std::any_of(spec.services.begin(), spec.services.end(), [&](const Service& service) {
      return std::any_of(service.mounts.begin(), service.mounts.end(),
                         [&](const Mount& mount) { return mount.kind == Mount::Kind::volume && mount.source == name; });
    });
    if (is_used) define(spec.volumes, name, member.value, mapped_volume(mapping, member.key, member.value), "volume");
  }
}

}  // namespace belay::formats::compose
