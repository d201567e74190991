#include "base/format.h"
#include "formats/compose/write_parts.h"

namespace belay::formats::compose {

namespace {

using document::Node;

// "0.5" for 500000000.
Node cpus_node(std::int64_t nano) {
  std::string text = format("{}.{:09}", nano / 1'000'000'000, nano % 1'000'000'000);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return Node::number_text(text);
}

void write_block_devices(const Service& service, Node& node) {
  Node limits = Node::map();
  put_number(limits, "weight", service.resources.blkio_weight);
  for (const char* kind : {"weight", "read_bps", "write_bps", "read_iops", "write_iops"}) {
    const bool is_weight = std::string_view(kind) == "weight";
    Node list = Node::list();
    for (const BlockLimit& limit : service.block_limits) {
      if (limit.kind != kind) continue;
      Node entry = Node::map();
      put_text(entry, "path", limit.path);
      entry.set(is_weight ? "weight" : "rate", Node::number(limit.value));
      list.add(std::move(entry));
    }
    put_full(limits, is_weight ? "weight_device" : format("device_{}", kind).c_str(), std::move(list));
  }
  put_full(node, "blkio_config", std::move(limits));
}

// Names of the Container Device Interface stand among the devices.
bool is_of_names_alone(const DeviceRequest& request) {
  return request.driver == "cdi" && !request.count && request.capabilities.empty() && request.options.empty();
}

Node written_request(const DeviceRequest& request) {
  Node node = Node::map();
  put_text(node, "driver", request.driver);
  if (request.count) node.set("count", *request.count < 0 ? Node::text("all") : Node::number(*request.count));
  put_texts(node, "device_ids", request.device_ids);
  put_texts(node, "capabilities", request.capabilities);
  put_pairs(node, "options", request.options);
  return node;
}

void write_devices(const Service& service, Node& node) {
  Node devices = Node::list();
  for (const DeviceRequest& request : service.device_requests)
    if (is_of_names_alone(request))
      for (const auto& name : request.device_ids) devices.add(plain(name));
  for (const Device& device : service.devices)
    devices.add(plain(format("{}:{}:{}", device.host_path, device.container_path, device.permissions)));
  put_full(node, "devices", std::move(devices));
}

Node written_update(const Writing& writing, const Group& group) {
  Node update = Node::map();
  // Compose stops first; Belay's own rule goes by whether two may run at once.
  if (group.front()->order == SwapOrder::by_rule && writing.spec.order == SwapOrder::by_rule)
    update.set("order", Node::text("start-first"));
  return update;
}

}  // namespace

Node written_ulimits(const std::vector<Ulimit>& ulimits) {
  Node limits = Node::map();
  for (const Ulimit& limit : ulimits) {
    if (limit.soft == limit.hard) {
      limits.set(limit.name, Node::number(limit.soft));
      continue;
    }
    Node both = Node::map();
    both.set("soft", Node::number(limit.soft));
    both.set("hard", Node::number(limit.hard));
    limits.set(limit.name, std::move(both));
  }
  return limits;
}

void write_limits(const Service& service, Node& node) {
  const Resources& resources = service.resources;
  if (resources.nano_cpus) node.set("cpus", cpus_node(*resources.nano_cpus));
  put_number(node, "cpu_shares", resources.cpu_shares);
  put_number(node, "cpu_period", resources.cpu_period);
  put_number(node, "cpu_quota", resources.cpu_quota);
  put_number(node, "cpu_rt_period", resources.cpu_rt_period);
  put_number(node, "cpu_rt_runtime", resources.cpu_rt_runtime);
  put_text(node, "cpuset", resources.cpuset_cpus);
  put_bytes(node, "mem_limit", resources.memory);
  put_bytes(node, "memswap_limit", resources.memory_swap);
  put_bytes(node, "mem_reservation", resources.memory_reservation);
  put_number(node, "pids_limit", resources.pids_limit);
  put_number(node, "mem_swappiness", service.memory_swappiness);
  put_number(node, "oom_score_adj", service.oom_score_adj);
  if (service.oom_kill_disable) node.set("oom_kill_disable", Node::boolean(*service.oom_kill_disable));
  put_bytes(node, "shm_size", service.shm_size);
  put_full(node, "ulimits", written_ulimits(service.ulimits));
  write_block_devices(service, node);
  write_devices(service, node);
}

void write_deploy(const Writing& writing, const Group& group, Node& node) {
  Node deploy = Node::map();
  if (group.size() > 1) deploy.set("replicas", Node::number(static_cast<std::int64_t>(group.size())));
  put_full(deploy, "update_config", written_update(writing, group));
  Node requests = Node::list();
  for (const DeviceRequest& request : group.front()->device_requests)
    if (!is_of_names_alone(request)) requests.add(written_request(request));
  if (!requests.items().empty()) {
    Node reservations = Node::map(), resources = Node::map();
    reservations.set("devices", std::move(requests));
    resources.set("reservations", std::move(reservations));
    deploy.set("resources", std::move(resources));
  }
  put_full(node, "deploy", std::move(deploy));
}

}  // namespace belay::formats::compose
