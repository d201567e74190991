#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/compose/map_parts.h"
#include "formats/place.h"
#include "formats/run_values.h"
#include "model/labels.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

std::optional<std::vector<std::string>> words_of(const Node& map, std::string_view key) {
  if (map.find(key) == nullptr || map.find(key)->is_null()) return {};
  return texts_of(map, key);
}

void map_environment(const ServiceBlock& block, Service& service) {
  for (const Member& member : members_of(block.node, "environment")) {
    if (member.value.is_null())
      service.removed_variables.push_back(member.key);
    else
      service.environment[member.key] = member.value.as_scalar("environment");
  }
  std::sort(service.removed_variables.begin(), service.removed_variables.end());
}

void map_labels(const ServiceBlock& block, Service& service) {
  for (const Member& label : members_of(block.node, "labels")) {
    const bool is_taken = label.key.starts_with("com.docker.compose.") ||
                          (label.key.starts_with("belay.") && !labels::is_about_data(label.key));
    if (is_taken)
      refuse_key(label.value, ErrorCode::bad_definition,
                 format("the label {} says whose a container is, and is not for files", label.key),
                 "Labels of your own begin with anything but belay. and com.docker.compose.");
    service.labels[label.key] = label.value.is_null() ? std::string() : label.value.as_scalar("labels");
  }
}

void map_health_check(const ServiceBlock& block, Service& service) {
  const Node* check = block_of(block.node, "healthcheck");
  if (check == nullptr) return;
  HealthCheck health;
  health.test = texts_of(*check, "test");
  health.interval = duration_of(*check, "interval");
  health.timeout = duration_of(*check, "timeout");
  health.start_period = duration_of(*check, "start_period");
  health.start_interval = duration_of(*check, "start_interval");
  health.retries = number_of(*check, "retries");
  if (health != HealthCheck()) service.health = health;
}

void map_security(Mapping& mapping, const ServiceBlock& block, Service& service) {
  service.cap_add = texts_of(block.node, "cap_add");
  service.cap_drop = texts_of(block.node, "cap_drop");
  const fs::path& folder = mapping.project.folder;
  for (const Node& option : items_of(block.node, "security_opt")) {
    const std::string& text = option.as_scalar("security_opt");
    service.security_opt.push_back(at(option.where(), [&] { return security_option(text, folder); }));
    if (const auto profile = seccomp_profile(text, folder)) mapping.mapped.seccomp_profiles.push_back(*profile);
  }
  service.group_add = texts_of(block.node, "group_add");
  service.device_cgroup_rules = texts_of(block.node, "device_cgroup_rules");
  service.userns_mode = text_of(block.node, "userns_mode");
  service.privileged = is_true(block.node, "privileged");
  service.read_only = is_true(block.node, "read_only");
  const Node* isolation = block.node.find("isolation");
  if (isolation != nullptr && isolation->as_scalar("isolation") != "default")
    refuse_key(*isolation, ErrorCode::windows_only,
               format("{} is for Windows containers only", block.path("isolation")),
               "Belay runs Linux containers; leave it out.");
}

void map_namespaces(const ServiceBlock& block, Service& service) {
  service.pid_mode = text_of(block.node, "pid");
  service.ipc_mode = text_of(block.node, "ipc");
  service.uts_mode = text_of(block.node, "uts");
  service.cgroupns_mode = text_of(block.node, "cgroup");
  service.cgroup_parent = text_of(block.node, "cgroup_parent");
  service.runtime = text_of(block.node, "runtime");
  for (const auto& reference : texts_of(block.node, "volumes_from")) {
    constexpr std::string_view of_container = "container:";
    service.volumes_from.push_back(reference.starts_with(of_container) ? reference.substr(of_container.size())
                                                                       : "service:" + reference);
  }
}

void map_process(const ServiceBlock& block, Service& service) {
  const Node& node = block.node;
  service.command = words_of(node, "command");
  service.entrypoint = words_of(node, "entrypoint");
  service.user = text_of(node, "user");
  service.working_dir = text_of(node, "working_dir");
  service.hostname = text_of(node, "hostname");
  service.domainname = text_of(node, "domainname");
  service.mac_address = text_of(node, "mac_address");
  service.platform = text_of(node, "platform");
  service.annotations = pairs_of(node, "annotations");
  service.tty = is_true(node, "tty");
  service.stdin_open = is_true(node, "stdin_open");
  service.init = boolean_of(node, "init");
  service.stop_signal = text_of(node, "stop_signal");
  if (const auto grace = duration_of(node, "stop_grace_period"))
    service.stop_timeout = static_cast<int>(std::chrono::ceil<Seconds>(*grace).count());
  service.restart = {"no", 0};
  if (const Node* restart = node.find("restart"))
    service.restart = at(restart->where(), [&] { return parse_restart(restart->as_scalar("restart")); });
  service.sysctls = pairs_of(node, "sysctls");
  service.storage_options = pairs_of(node, "storage_opt");
  service.dns = texts_of(node, "dns");
  service.dns_search = texts_of(node, "dns_search");
  service.dns_options = texts_of(node, "dns_opt");
  for (std::string entry : texts_of(node, "extra_hosts")) {
    if (const size_t equals = entry.find('='); equals != std::string::npos) entry[equals] = ':';
    service.extra_hosts.push_back(entry);
  }
  if (const Node* logging = block_of(node, "logging")) {
    service.log_driver = text_of(*logging, "driver");
    service.log_options = pairs_of(*logging, "options");
  }
}

// "started" is what a dependency means unless it says more.
Need::Condition condition_of(const Node& need) {
  const std::string word = text_of(need, "condition");
  if (word.empty() || word == "service_started") return Need::Condition::started;
  if (word == "service_healthy") return Need::Condition::healthy;
  if (word == "service_completed_successfully") return Need::Condition::completed;
  throw ConfigError(
      need.find("condition")->where(),
      format("condition is service_started, service_healthy or service_completed_successfully, not '{}'", word));
}

// What has several replicas is needed as all of them; what is scaled to 0 is not waited for.
void map_needs(Mapping& mapping, const ServiceBlock& block, Service& service) {
  for (const Member& member : members_of(block.node, "depends_on")) {
    const Node* other = mapping.definition("services", member.key);
    Need need;
    need.service = member.key;
    need.condition = condition_of(member.value);
    need.required = boolean_of(member.value, "required").value_or(true);
    need.restart = is_true(member.value, "restart");
    if (other == nullptr) {
      if (need.required)
        refuse_key(member.value, ErrorCode::bad_definition,
                   format("{} needs {}, and there is no such service", block.name, member.key),
                   "Its profile may be off; switch it on with --profile, or say \"required: false\".");
      continue;
    }
    const int count = replicas_of(*other);
    for (int number = 1; number <= count; ++number) {
      if (number > 1) need.service = format("{}-{}", member.key, number);
      service.needs.push_back(need);
    }
  }
}

}  // namespace

std::vector<Ulimit> ulimits_of(const Node& map) {
  std::vector<Ulimit> limits;
  for (const Member& member : members_of(map, "ulimits")) {
    const auto soft = whole_of(member.value, "soft"), hard = whole_of(member.value, "hard");
    limits.push_back({member.key, soft.value_or(hard.value_or(0)), hard.value_or(soft.value_or(0))});
  }
  return limits;
}

Service mapped_service(Mapping& mapping, const ServiceBlock& block) {
  Service service;
  service.name = block.name;
  service.image = text_of(block.node, "image");
  if (service.image.empty() && block.node.find("build") != nullptr)
    service.image = format("{}-{}", mapping.project.name, block.name);
  if (service.image.empty())
    refuse_key(block.node, ErrorCode::bad_definition, format("services.{} has neither image nor build", block.name),
               "Name an image, or say how it is built.");
  at(block.node.where(), [&] { std::ignore = ImageRef::parse(service.image); });
  map_process(block, service);
  map_environment(block, service);
  map_labels(block, service);
  map_health_check(block, service);
  map_security(mapping, block, service);
  map_namespaces(block, service);
  map_networks(mapping, block, service);
  map_ports(block, service);
  map_mounts(mapping, block, service);
  map_files(mapping, block, service);
  map_resources(mapping, block, service);
  map_deploy(mapping, block, service);
  map_needs(mapping, block, service);
  service.ulimits = ulimits_of(block.node);
  return service;
}

}  // namespace belay::formats::compose
