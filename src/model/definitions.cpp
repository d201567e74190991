#include "model/definitions.h"

#include <algorithm>

#include "model/labels.h"
#include "model/world.h"

namespace belay {

namespace {

template <class Request>
std::map<std::string, std::string> labels_of(const Request& request) {
  auto labels = request.labels;
  labels.insert(request.definition.labels.begin(), request.definition.labels.end());
  return labels;
}

std::string or_usual(const std::string& driver, const char* usual) {
  return driver == usual ? std::string() : driver;
}

// What the engine shows of it, as far as `wanted` speaks of that: the rest the engine may have filled in.
NetworkDefinition shown_of(const Network& network, const NetworkDefinition& wanted) {
  NetworkDefinition shown;
  if (!wanted.driver.empty()) shown.driver = network.driver;
  for (const auto& [key, value] : wanted.options)
    if (const auto found = network.options.find(key); found != network.options.end()) shown.options.insert(*found);
  shown.internal = network.internal;
  shown.attachable = network.attachable;
  shown.enable_ipv4 = wanted.enable_ipv4;
  if (wanted.enable_ipv6) shown.enable_ipv6 = network.enable_ipv6;
  if (!or_usual(wanted.ipam_driver, "default").empty()) shown.ipam_driver = network.ipam_driver;
  shown.ipam_options = wanted.ipam_options;
  if (wanted.pools.empty()) return shown;
  for (const auto& pool : wanted.pools) {
    const auto found = std::find_if(network.pools.begin(), network.pools.end(),
                                    [&](const AddressPool& each) { return each.subnet == pool.subnet; });
    if (found == network.pools.end()) continue;
    AddressPool& one = shown.pools.emplace_back(*found);
    if (pool.gateway.empty()) one.gateway.clear();
    if (pool.ip_range.empty()) one.ip_range.clear();
    if (pool.aux_addresses.empty()) one.aux_addresses.clear();
    if (pool.subnet.empty()) one.subnet.clear();
  }
  return shown;
}

}  // namespace

std::map<std::string, std::string> all_labels(const NetworkRequest& request) {
  return labels_of(request);
}
std::map<std::string, std::string> all_labels(const VolumeRequest& request) {
  return labels_of(request);
}

Network as_shown(const NetworkRequest& request) {
  const NetworkDefinition& asked = request.definition;
  return {.name = request.name,
          .driver = asked.driver.empty() ? "bridge" : asked.driver,
          .labels = all_labels(request),
          .internal = asked.internal,
          .attachable = asked.attachable,
          .enable_ipv6 = asked.enable_ipv6.value_or(false),
          .options = asked.options,
          .ipam_driver = asked.ipam_driver.empty() ? "default" : asked.ipam_driver,
          .pools = asked.pools};
}

Volume as_shown(const VolumeRequest& request) {
  const VolumeDefinition& asked = request.definition;
  return {.name = request.name,
          .driver = asked.driver.empty() ? "local" : asked.driver,
          .mount_point = {},
          .labels = all_labels(request),
          .created = {},
          .options = asked.options};
}

std::vector<FieldChange> differences(const Network& present, const NetworkDefinition& wanted) {
  NetworkDefinition asked = wanted;
  asked.labels.clear();
  asked.ipam_driver = or_usual(wanted.ipam_driver, "default");
  std::optional<NetworkDefinition> made;
  if (const auto label = present.labels.find(labels::definition); label != present.labels.end())
    made = definition_of(label->second);
  if (made) made->ipam_driver = or_usual(made->ipam_driver, "default");
  if (!made) made = shown_of(present, asked);
  return differences(*made, asked);
}

std::vector<FieldChange> differences(const Volume& present, const VolumeDefinition& wanted) {
  VolumeDefinition there, asked = wanted;
  there.driver = or_usual(present.driver, "local");
  there.options = present.options;
  asked.driver = or_usual(wanted.driver, "local");
  asked.labels.clear();
  return differences(there, asked);
}

namespace {

// Subnets are shown whether they were asked for or not; fixed addresses need one that was.
NetworkDefinition definition_as_shown(const Network& network, bool has_fixed_addresses) {
  if (const auto label = network.labels.find(labels::definition); label != network.labels.end())
    if (auto made = definition_of(label->second)) return *made;
  NetworkDefinition definition;
  definition.driver = or_usual(network.driver, "bridge");
  definition.options = network.options;
  definition.internal = network.internal;
  definition.attachable = network.attachable;
  if (network.enable_ipv6) definition.enable_ipv6 = true;
  definition.ipam_driver = or_usual(network.ipam_driver, "default");
  if (has_fixed_addresses) definition.pools = network.pools;
  return definition;
}

// Belay gives its own anew.
labels::Labels labels_of_others(labels::Labels present) {
  std::erase_if(present, [](const auto& label) { return label.first.starts_with("belay."); });
  return present;
}

bool is_the_engines_own(const std::string& network) {
  return network == "bridge" || network == "host" || network == "none";
}

}  // namespace

void define_what_is_used(Spec& spec, const World& world) {
  for (const auto& service : spec.services) {
    for (const auto& mount : service.mounts) {
      const Volume* volume = mount.kind == Mount::Kind::volume ? world.find_volume(mount.source) : nullptr;
      if (volume == nullptr) continue;
      VolumeDefinition definition;
      definition.driver = or_usual(volume->driver, "local");
      definition.options = volume->options;
      if (definition == VolumeDefinition{}) continue;
      definition.labels = labels_of_others(volume->labels);
      spec.volumes.try_emplace(volume->name, definition);
    }
    for (const auto& link : service.networks) {
      const Network* network = is_the_engines_own(link.network) ? nullptr : world.find_network(link.network);
      if (network == nullptr) continue;
      NetworkDefinition definition = definition_as_shown(*network, !link.ipv4.empty() || !link.ipv6.empty());
      if (definition == NetworkDefinition{}) continue;
      definition.labels = labels_of_others(network->labels);
      spec.networks.try_emplace(network->name, definition);
    }
  }
}

}  // namespace belay
