#include <algorithm>

#include "base/format.h"
#include "formats/compose/map_parts.h"

namespace belay::formats::compose {

namespace {

// What belongs to the container of the service alone: that others reach it, that it stays up, what is made of its
// labels, data without a name.
Service without_its_own(Service service) {
  service.group.clear();
  service.number = 1;
  service.command.reset();
  service.ports.clear();
  service.publish_all_ports = false;
  service.exposed_ports.clear();
  service.labels.clear();
  service.hostname.clear();
  service.mac_address.clear();
  service.health.reset();
  service.checks.clear();
  service.restart = {"no", 0};
  service.may_end = false;
  std::erase_if(service.mounts,
                [](const Mount& mount) { return mount.kind == Mount::Kind::volume && mount.source.empty(); });
  for (NetworkLink& link : service.networks) {
    NetworkLink bare;
    bare.network = link.network;
    link = std::move(bare);
  }
  return service;
}

Service preparation_of(const Service& service, const Hook& hook, size_t number) {
  Service made = without_its_own(service);
  made.name = format("{}-pre-start-{}", service.name, number);
  made.prepares = service.group_name();
  made.job = true;
  if (!hook.command.empty()) made.command = hook.command;
  if (!hook.image.empty()) {
    made.image = hook.image;
    made.entrypoint.reset();
    made.environment.clear();
    made.removed_variables.clear();
    made.user.clear();
    made.working_dir.clear();
  }
  for (const auto& [name, value] : hook.environment) made.environment[name] = value;
  if (!hook.user.empty()) made.user = hook.user;
  if (!hook.working_dir.empty()) made.working_dir = hook.working_dir;
  made.privileged = hook.privileged;
  return made;
}

void refuse_a_taken_name(const Mapping& mapping, const Hook& hook, const std::string& name) {
  const auto& services = mapping.mapped.spec.services;
  if (std::any_of(services.begin(), services.end(), [&](const Service& other) { return other.name == name; }))
    throw ConfigError(hook.where, format("what prepares the start and a service have one name: {}", name),
                      "Give the service another name.");
}

// Its image is that of the service: it is built and pulled by the same rules.
void take_image_rules(Mapped& mapped, const std::string& service, const std::string& job) {
  const auto take = [&](auto& by_service) {
    if (const auto rule = by_service.find(service); rule != by_service.end()) by_service.emplace(job, rule->second);
  };
  take(mapped.builds);
  take(mapped.pull);
  take(mapped.updates);
}

}  // namespace

// Each is a job that the service waits for, and waits itself for what the service waits for.
void add_preparations(Mapping& mapping) {
  Mapped& mapped = mapping.mapped;
  std::vector<Service> made;
  for (Service& service : mapped.spec.services) {
    const std::string group = service.group_name();
    const auto hooks = mapped.hooks.find(group);
    if (hooks == mapped.hooks.end()) continue;
    std::vector<Need> last = service.needs;
    size_t number = 0;
    for (const Hook& hook : hooks->second.pre_start) {
      ++number;
      const bool is_shared = service.number > 1 && !hook.per_replica;
      const std::string owner = is_shared ? group : service.name;
      const Need done{format("{}-pre-start-{}", owner, number), Need::Condition::completed};
      if (!is_shared) {
        Service& job = made.emplace_back(preparation_of(service, hook, number));
        refuse_a_taken_name(mapping, hook, job.name);
        job.needs = last;
        if (hook.image.empty()) take_image_rules(mapped, group, job.name);
      }
      service.needs.push_back(done);
      last.push_back(done);
    }
  }
  auto& services = mapped.spec.services;
  services.insert(services.end(), std::make_move_iterator(made.begin()), std::make_move_iterator(made.end()));
}

}  // namespace belay::formats::compose
