#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/write_parts.h"
#include "model/compose_labels.h"

namespace belay::formats::compose {

namespace {

template <class T>
void sort(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
}

// Its name is one of them without a word.
void even_out_names(Service& service) {
  for (NetworkLink& link : service.networks) std::erase(link.aliases, service.group_name());
  NetworkLink usual;
  usual.network = "bridge";
  if (service.networks == std::vector{usual}) service.networks.clear();
}

void even_out_mounts(Service& service) {
  for (Mount& mount : service.mounts) {
    auto words = split(mount.options, ',');
    sort(words);
    mount.options = join(words, ",");
    while (mount.target.size() > 1 && mount.target.ends_with('/')) mount.target.pop_back();
  }
  sort(service.mounts);
  sort(service.files);
}

void even_out_ports(Service& service) {
  for (PortBinding& port : service.ports)
    if (port.host_ip == "0.0.0.0") port.host_ip.clear();
  sort(service.ports);
  sort(service.exposed_ports);
}

// 0 is no limit.
template <class T>
void drop_zero(std::optional<T>& value) {
  if (value && *value == T{}) value.reset();
}

void even_out_limits(Service& service) {
  Resources& resources = service.resources;
  for (auto* bytes : {&resources.memory, &resources.memory_swap, &resources.memory_reservation, &service.shm_size})
    drop_zero(*bytes);
  for (auto* number : {&resources.nano_cpus, &resources.cpu_shares, &resources.cpu_period, &resources.cpu_quota,
                       &resources.pids_limit, &resources.cpu_rt_period, &resources.cpu_rt_runtime})
    drop_zero(*number);
  sort(service.ulimits);
  sort(service.block_limits);
  sort(service.device_requests);
  sort(service.devices);
}

void even_out(Service& service) {
  service.group = service.group_name();
  // Belay's own rule gives what has proved itself this policy.
  if (service.restart.name.empty()) service.restart.name = service.job ? "no" : "unless-stopped";
  if (service.health == HealthCheck()) service.health.reset();
  if (service.isolation == "default") service.isolation.clear();
  service.needs = all_needs(service);
  sort(service.needs);
  sort(service.links);
  sort(service.volumes_from);
  sort(service.removed_variables);
  std::erase_if(service.labels, [](const auto& label) {
    return label.first.starts_with(labels::compose) ||
           (label.first.starts_with("belay.") && !labels::is_about_data(label.first));
  });
  even_out_names(service);
  even_out_mounts(service);
  even_out_ports(service);
  even_out_limits(service);
}

// What is taken as it is, or is as the engine makes it, has no definition to compare.
template <class Definition>
void even_out(std::map<std::string, Definition>& definitions) {
  for (auto& [name, definition] : definitions)
    std::erase_if(definition.labels, [](const auto& label) { return label.first.starts_with(labels::compose); });
  std::erase_if(definitions, [](const auto& each) { return each.second.external || each.second == Definition{}; });
}

Spec evened_out(Spec spec) {
  spec.project.reset();
  for (Service& service : spec.services) even_out(service);
  std::sort(spec.services.begin(), spec.services.end(),
            [](const Service& a, const Service& b) { return a.name < b.name; });
  even_out(spec.networks);
  even_out(spec.volumes);
  return spec;
}

}  // namespace

std::vector<Leftover> leftovers(const Spec& wanted, const Spec& read) {
  std::vector<Leftover> found;
  for (const FieldChange& change : differences(evened_out(wanted), evened_out(read)))
    found.push_back({change.field, change.text()});
  return found;
}

}  // namespace belay::formats::compose
