#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "formats/compose/map_parts.h"
#include "formats/definition_values.h"

namespace belay::formats::compose {

namespace {

using document::Member;
using document::Node;

std::optional<std::int64_t> nano_cpus_of(const Node& map) {
  const Node* node = map.find("cpus");
  if (node == nullptr) return {};
  const double cpus = node->as_double("cpus");
  if (!(cpus >= 0) || cpus > 1e6) throw ConfigError(node->where(), "cpus is a number of processors");
  return std::llround(cpus * 1e9);
}

// 0 is "no limit", as if nothing had been said.
template <class Value>
void set(std::optional<Value>& into, const std::optional<Value>& value) {
  if (value && *value != Value{}) into = value;
}

void map_block_devices(const ServiceBlock& block, Service& service) {
  const Node* limits = block_of(block.node, "blkio_config");
  if (limits == nullptr) return;
  service.resources.blkio_weight = number_of(*limits, "weight");
  for (const Node& node : items_of(*limits, "weight_device"))
    service.block_limits.push_back({"weight", text_of(node, "path"), whole_of(node, "weight").value_or(0)});
  for (const char* kind : {"read_bps", "write_bps", "read_iops", "write_iops"})
    for (const Node& node : items_of(*limits, format("device_{}", kind)))
      service.block_limits.push_back({kind, text_of(node, "path"), whole_of(node, "rate").value_or(0)});
}

DeviceRequest mapped_request(const Node& node, bool is_gpu) {
  DeviceRequest request;
  request.driver = text_of(node, "driver");
  request.device_ids = texts_of(node, "device_ids");
  request.count = number_of(node, "count");
  request.capabilities = texts_of(node, "capabilities");
  request.options = pairs_of(node, "options");
  if (is_gpu &&
      std::find(request.capabilities.begin(), request.capabilities.end(), "gpu") == request.capabilities.end())
    request.capabilities.emplace_back("gpu");
  if (request.count && !request.device_ids.empty())
    throw ConfigError(node.where(), "count and device_ids exclude each other");
  if (!request.count && request.device_ids.empty()) request.count = -1;
  return request;
}

// "vendor.com/class=name"
bool is_of_the_device_interface(const std::string& source) {
  return !source.starts_with('/') && source.find('/') != std::string::npos && source.find('=') != std::string::npos;
}

void map_devices(const ServiceBlock& block, Service& service) {
  std::vector<std::string> names;
  for (const Node& node : items_of(block.node, "devices")) {
    const std::string source = text_of(node, "source");
    if (is_of_the_device_interface(source)) {
      names.push_back(source);
      continue;
    }
    Device device{source, text_of(node, "target")};
    if (device.container_path.empty()) device.container_path = source;
    if (const std::string permissions = text_of(node, "permissions"); !permissions.empty())
      device.permissions = permissions;
    service.devices.push_back(device);
  }
  if (!names.empty()) service.device_requests.push_back({"cdi", {}, names, {}});
  for (const Node& node : items_of(block.node, "gpus")) service.device_requests.push_back(mapped_request(node, true));
}

void map_reservations(const Node& deploy, Service& service) {
  const Node* resources = block_of(deploy, "resources");
  if (resources == nullptr) return;
  if (const Node* limits = block_of(*resources, "limits")) {
    set(service.resources.nano_cpus, nano_cpus_of(*limits));
    set(service.resources.memory, bytes_of(*limits, "memory"));
    set(service.resources.pids_limit, whole_of(*limits, "pids"));
  }
  if (const Node* reservations = block_of(*resources, "reservations")) {
    set(service.resources.memory_reservation, bytes_of(*reservations, "memory"));
    for (const Node& node : items_of(*reservations, "devices"))
      service.device_requests.push_back(mapped_request(node, false));
  }
}

void map_restart(const Node& deploy, Service& service) {
  const Node* policy = block_of(deploy, "restart_policy");
  if (policy == nullptr) return;
  const std::string word = text_of(*policy, "condition");
  if (word == "none") {
    service.restart = {"no", 0};
  } else if (word == "on-failure") {
    service.restart = {"on-failure", number_of(*policy, "max_attempts").value_or(0)};
  } else if (word == "any" || word.empty()) {
    service.restart = {"always", 0};
  } else {
    throw ConfigError(policy->find("condition")->where(),
                      format("condition is none, on-failure or any, not '{}'", word));
  }
}

void map_update(Mapping& mapping, const ServiceBlock& block, const Node& deploy) {
  const Node* update = block_of(deploy, "update_config");
  if (update == nullptr) return;
  Spec& spec = mapping.mapped.spec;
  if (block.replicas > 1 && whole_of(*update, "parallelism").value_or(0) == 1) spec.rolling = true;
  if (const Node* node = update->find("parallelism"); node != nullptr && block.replicas > 1 && !spec.rolling)
    mapping.remark(*node, block.path("deploy.update_config.parallelism"),
                   "has no effect unless it is 1: all replicas are exchanged together");
  if (const auto monitor = duration_of(*update, "monitor"); monitor && (!spec.settle || *spec.settle < *monitor))
    spec.settle = monitor;
  const std::string action = text_of(*update, "failure_action");
  if (!action.empty() && action != "rollback")
    mapping.remark(*update->find("failure_action"), block.path("deploy.update_config.failure_action"),
                   format("\"{}\" has no effect: what failed is always rolled back", action));
  const std::string order = text_of(*update, "order");
  if (!order.empty() && order != "start-first" && order != "stop-first")
    throw ConfigError(update->find("order")->where(), format("order is start-first or stop-first, not '{}'", order));
}

}  // namespace

int replicas_of(const Node& service) {
  const Node* deploy = block_of(service, "deploy");
  const Node* node = service.find("scale");
  if (node == nullptr && deploy != nullptr) node = deploy->find("replicas");
  if (deploy != nullptr && text_of(*deploy, "mode") == "global") return 1;
  return node == nullptr ? 1 : static_cast<int>(integer_value(*node, "the number of replicas", 0, 100));
}

void map_resources(Mapping&, const ServiceBlock& block, Service& service) {
  const Node& node = block.node;
  Resources& resources = service.resources;
  set(resources.nano_cpus, nano_cpus_of(node));
  set(resources.cpu_shares, whole_of(node, "cpu_shares"));
  set(resources.cpu_period, whole_of(node, "cpu_period"));
  set(resources.cpu_quota, whole_of(node, "cpu_quota"));
  set(resources.cpu_rt_period, whole_of(node, "cpu_rt_period"));
  set(resources.cpu_rt_runtime, whole_of(node, "cpu_rt_runtime"));
  resources.cpuset_cpus = text_of(node, "cpuset");
  set(resources.memory, bytes_of(node, "mem_limit"));
  set(resources.memory_swap, bytes_of(node, "memswap_limit"));
  set(resources.memory_reservation, bytes_of(node, "mem_reservation"));
  set(resources.pids_limit, whole_of(node, "pids_limit"));
  service.memory_swappiness = number_of(node, "mem_swappiness");
  service.oom_score_adj = number_of(node, "oom_score_adj");
  service.oom_kill_disable = boolean_of(node, "oom_kill_disable");
  set(service.shm_size, bytes_of(node, "shm_size"));
  map_block_devices(block, service);
  map_devices(block, service);
}

void map_deploy(Mapping& mapping, const ServiceBlock& block, Service& service) {
  const Node* deploy = block_of(block.node, "deploy");
  if (deploy == nullptr) return;
  map_reservations(*deploy, service);
  map_restart(*deploy, service);
  map_update(mapping, block, *deploy);
}

}  // namespace belay::formats::compose
