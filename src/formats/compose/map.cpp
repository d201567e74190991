#include "formats/compose/map.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "formats/compose/map_parts.h"
#include "formats/mounts.h"
#include "formats/place.h"
#include "model/check_service.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

void add_replicas(Mapping& mapping, const ServiceBlock& block, const Service& service) {
  for (int number = 1; number <= block.replicas; ++number) {
    Service& replica = mapping.mapped.spec.services.emplace_back(service);
    if (number == 1) continue;
    replica.name = format("{}-{}", service.name, number);
    replica.group = service.name;
    replica.number = number;
    if (mapping.definition("services", replica.name) != nullptr)
      refuse_key(block.node, ErrorCode::bad_definition,
                 format("the replica {} of {} and a service have one name: {}", number, service.name, replica.name),
                 "Give the service another name, or have fewer replicas.");
  }
}

void map_name(Mapping& mapping, const ServiceBlock& block) {
  const Node* name = block.node.find("container_name");
  if (name == nullptr) return;
  if (block.replicas > 1)
    refuse_key(*name, ErrorCode::bad_definition,
               format("{} replicas of {} cannot all be called {}", block.replicas, block.name, name->raw()),
               "Leave out container_name, or have one replica.");
  const auto [found, is_new] = mapping.mapped.container_names.emplace(block.name, name->as_scalar("container_name"));
  for (const auto& [service, other] : mapping.mapped.container_names)
    if (service != block.name && other == found->second)
      refuse_key(*name, ErrorCode::bad_definition,
                 format("the services {} and {} would both be called {}", service, block.name, other),
                 "Give one of them another container_name.");
}

// A service that another waits for the end of is a job; one of which nothing says that it should stay up may be one.
void find_jobs(Mapping& mapping) {
  Spec& spec = mapping.mapped.spec;
  std::set<std::string> ended, waited;
  for (const Service& service : spec.services)
    for (const Need& need : all_needs(service))
      (need.condition == Need::Condition::completed ? ended : waited).insert(need.service);
  for (Service& service : spec.services) {
    service.job = service.job || ended.contains(service.name);
    const Node* settings = block_of(*mapping.definition("services", service.group_name()), "x-belay");
    const bool is_said = settings != nullptr && settings->find("job") != nullptr;
    service.may_end = !service.job && !is_said && may_end_by_itself(service, waited.contains(service.name));
  }
}

// Stop first, for the others of a stack may keep addresses; a service that asks to start first goes by Belay's rule,
// which lets no two write to the same data. What x-belay says counts for those that say nothing.
void choose_orders(Mapping& mapping) {
  for (Service& service : mapping.mapped.spec.services) {
    if (service.order != SwapOrder::by_rule) continue;  // x-belay of the service says so
    const Node* deploy = block_of(*mapping.definition("services", service.group_name()), "deploy");
    const Node* update = deploy == nullptr ? nullptr : block_of(*deploy, "update_config");
    const std::string order = update == nullptr ? std::string() : text_of(*update, "order");
    const bool stops_first = order.empty() ? mapping.mapped.spec.order == SwapOrder::by_rule : order == "stop-first";
    service.order = stops_first ? SwapOrder::stop_first : SwapOrder::by_rule;
  }
}

}  // namespace

bool may_end_by_itself(const Service& service, bool is_waited_for) {
  const bool may_end = service.restart.name == "no" || service.restart.name == "on-failure";
  const bool has_check = service.health && !service.health->test.empty() && service.health->test.front() != "NONE";
  return may_end && service.ports.empty() && !has_check && service.checks.empty() && !is_waited_for;
}

Mapped map_project(const Project& project) {
  Mapped mapped;
  mapped.name = project.name;
  Mapping mapping{project, mapped};
  go_by_the_rules(mapping);
  const auto& services = members_of(project.root, "services");
  std::vector<ServiceBlock> blocks;
  for (const Member& member : services) {
    member.value.as_map("the service");
    blocks.push_back({member.value, member.key, replicas_of(member.value)});
  }
  for (const ServiceBlock& block : blocks) {
    Service service = mapped_service(mapping, block);
    map_settings_of(mapping, block, service);
    map_name(mapping, block);
    map_build(mapping, block);
    map_pull_policy(mapping, block);
    map_hooks(mapping, block);
    add_replicas(mapping, block, service);
  }
  for (const ServiceBlock& block : blocks) map_links(mapping, block);
  define_networks(mapping);
  define_volumes(mapping);
  find_jobs(mapping);
  map_settings(mapping);
  for (const ServiceBlock& block : blocks) map_updates(mapping, block);
  choose_orders(mapping);
  add_preparations(mapping);
  for (const fs::path& path : bound_settings(mapped.spec, project.folder)) mapping.watch(path);
  std::sort(mapped.watched.begin(), mapped.watched.end());
  std::map<std::string, SourcePosition> places;
  for (const Member& member : services) places[member.key] = member.key_where;
  for (const Service& service : mapped.spec.services)
    if (const auto place = places.find(service.group_name()); place != places.end())
      at(place->second, [&] { check_service(service); });
  const SourcePosition place = services.empty() ? project.root.where() : services.front().key_where;
  at(place, [&] { check_spec(mapped.spec); });
  return mapped;
}

}  // namespace belay::formats::compose
