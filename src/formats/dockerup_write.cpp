#include "formats/dockerup_write.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "document/json.h"
#include "formats/check_values.h"
#include "formats/dockerup.h"

namespace belay::formats {

namespace {

using document::Node;

Node texts_of(const std::vector<std::string>& words) {
  Node list = Node::list();
  for (const auto& word : words) list.add(Node::text(word));
  return list;
}

Node map_of(const std::map<std::string, std::string>& values) {
  Node map = Node::map();
  for (const auto& [key, value] : values) map.set(key, Node::text(value));
  return map;
}

Node port_of(const PortBinding& port) {
  Node node = Node::map();
  node.set("containerPort", Node::number(port.container_port));
  if (port.protocol != "tcp") node.set("protocol", Node::text(port.protocol));
  if (port.host_port) node.set("hostPort", Node::number(*port.host_port));
  if (!port.host_ip.empty()) node.set("hostIp", Node::text(port.host_ip));
  return node;
}

Node mount_of(const Mount& mount) {
  Node node = Node::map();
  node.set("containerPath", Node::text(mount.target));
  if (mount.kind == Mount::Kind::bind) node.set("hostPath", Node::text(mount.source));
  if (mount.kind == Mount::Kind::volume && !mount.source.empty()) node.set("volume", Node::text(mount.source));
  std::vector<std::string> modes;
  if (mount.read_only) modes.emplace_back("ro");
  if (!mount.options.empty()) modes.push_back(mount.options);
  if (!modes.empty()) node.set("mode", Node::text(join(modes, ",")));
  return node;
}

Node volumes_of(const Service& service) {
  Node list = Node::list();
  for (const auto& mount : service.mounts)
    if (mount.kind != Mount::Kind::tmpfs) list.add(mount_of(mount));
  for (const auto& from : service.volumes_from) {
    const auto parts = split(from, ':');
    Node node = Node::map();
    node.set("from", Node::text(parts.front()));
    if (parts.size() > 1) node.set("mode", Node::text(parts[1]));
    list.add(std::move(node));
  }
  return list;
}

Node links_of(const Service& service) {
  Node map = Node::map();
  for (const auto& link : service.links) {
    const auto parts = split(link, ':');
    map.set(parts.front(), Node::text(parts.back()));
  }
  return map;
}

Node seconds(Milliseconds time) {
  return time.count() % 1000 == 0 ? Node::number(time.count() / 1000) : Node::text(format("{}ms", time.count()));
}

Node health_of(const HealthCheck& check) {
  if (check.test == std::vector<std::string>{"NONE"}) return Node::boolean(false);
  Node node = Node::map();
  if (!check.test.empty()) node.set("test", texts_of(check.test));
  if (check.interval) node.set("interval", seconds(*check.interval));
  if (check.timeout) node.set("timeout", seconds(*check.timeout));
  if (check.start_period) node.set("start_period", seconds(*check.start_period));
  if (check.retries) node.set("retries", Node::number(*check.retries));
  return node;
}

// "backend", or "name=backend,alias=db,ip=10.0.0.5".
std::string network_text(const NetworkLink& link) {
  std::string text = link.network;
  for (const auto& alias : link.aliases) text += ",alias=" + alias;
  if (!link.ipv4.empty()) text += ",ip=" + link.ipv4;
  if (!link.ipv6.empty()) text += ",ip6=" + link.ipv6;
  return text == link.network ? text : "name=" + text;
}

void set_network(Node& node, const Service& service) {
  if (!service.network_mode.empty()) node.set("network", Node::text(service.network_mode));
  if (service.networks.size() == 1) node.set("network", Node::text(network_text(service.networks[0])));
  if (service.networks.size() < 2) return;
  std::vector<std::string> texts;
  for (const auto& link : service.networks) texts.push_back(network_text(link));
  node.set("network", texts_of(texts));
}

// The keys that stand for options of `docker run`.
void set_options(Node& node, const Service& service) {
  const auto& limits = service.resources;
  const auto set_list = [&](const char* key, const std::vector<std::string>& words) {
    if (!words.empty()) node.set(key, texts_of(words));
  };
  const auto set_map = [&](const char* key, const std::map<std::string, std::string>& values) {
    if (!values.empty()) node.set(key, map_of(values));
  };
  const auto set_flag = [&](const char* key, bool value) {
    if (value) node.set(key, Node::boolean(true));
  };
  const auto set_number = [&](const char* key, const auto& value) {
    if (value) node.set(key, Node::number(*value));
  };
  const auto set_size = [&](const char* key, const std::optional<ByteCount>& size) {
    if (size) node.set(key, Node::text(size->value == -1 ? std::string("-1") : format("{}b", size->value)));
  };
  const std::pair<const char*, const std::string*> words[] = {
      {"hostname", &service.hostname},
      {"domainname", &service.domainname},
      {"mac_address", &service.mac_address},
      {"working_dir", &service.working_dir},
      {"stop_signal", &service.stop_signal},
      {"cpuset", &limits.cpuset_cpus},
      {"cpuset_mems", &limits.cpuset_mems},
      {"userns_mode", &service.userns_mode},
      {"pid", &service.pid_mode},
      {"ipc", &service.ipc_mode},
      {"uts", &service.uts_mode},
      {"cgroup", &service.cgroupns_mode},
      {"cgroup_parent", &service.cgroup_parent},
      {"runtime", &service.runtime},
      {"isolation", &service.isolation},
      {"volume_driver", &service.volume_driver},
  };
  for (const auto& [key, word] : words)
    if (!word->empty()) node.set(key, Node::text(*word));
  std::vector<std::string> tmpfs, devices;
  for (const auto& mount : service.mounts)
    if (mount.kind == Mount::Kind::tmpfs)
      tmpfs.push_back(mount.options.empty() ? mount.target : mount.target + ":" + mount.options);
  for (const auto& device : service.devices)
    devices.push_back(format("{}:{}:{}", device.host_path, device.container_path, device.permissions));
  std::map<std::string, std::string> ulimits, log = service.log_options;
  for (const auto& limit : service.ulimits) ulimits[limit.name] = format("{}:{}", limit.soft, limit.hard);
  if (!service.log_driver.empty()) log["driver"] = service.log_driver;
  set_list("tmpfs", tmpfs);
  set_list("expose", service.exposed_ports);
  set_flag("publish_all", service.publish_all_ports);
  set_list("extra_hosts", service.extra_hosts);
  set_list("dns", service.dns);
  set_list("dns_search", service.dns_search);
  set_list("dns_opt", service.dns_options);
  set_list("group_add", service.group_add);
  if (service.init) node.set("init", Node::boolean(*service.init));
  set_flag("tty", service.tty);
  set_flag("stdin_open", service.stdin_open);
  set_size("memory_swap", limits.memory_swap);
  set_size("memory_reservation", limits.memory_reservation);
  set_number("memory_swappiness", service.memory_swappiness);
  set_size("kernel_memory", limits.kernel_memory);
  if (limits.nano_cpus)
    node.set("cpus",
             Node::text(format("{}.{:09}", *limits.nano_cpus / 1'000'000'000, *limits.nano_cpus % 1'000'000'000)));
  set_number("cpu_period", limits.cpu_period);
  set_number("cpu_quota", limits.cpu_quota);
  set_number("pids_limit", limits.pids_limit);
  set_number("blkio_weight", limits.blkio_weight);
  set_map("ulimits", ulimits);
  set_size("shm_size", service.shm_size);
  if (service.oom_kill_disable) node.set("oom_kill_disable", Node::boolean(*service.oom_kill_disable));
  set_number("oom_score_adj", service.oom_score_adj);
  set_map("storage_opt", service.storage_options);
  set_flag("read_only", service.read_only);
  set_list("cap_add", service.cap_add);
  set_list("cap_drop", service.cap_drop);
  set_list("security_opt", service.security_opt);
  set_list("devices", devices);
  set_list("device_cgroup_rules", service.device_cgroup_rules);
  set_map("sysctls", service.sysctls);
  set_map("log", log);
}

std::string restart_of(const RestartPolicy& policy) {
  if (policy.name == "on-failure" && policy.maximum_retries > 0) return format("on-failure:{}", policy.maximum_retries);
  return policy.name == "no" ? "never" : policy.name;
}

void set_service(Node& node, const Service& service) {
  const auto set_text = [&](const char* key, const std::string& value) {
    if (!value.empty()) node.set(key, Node::text(value));
  };
  const auto set_full = [&](const char* key, Node value) {
    if (!value.items().empty() || !value.members().empty()) node.set(key, std::move(value));
  };
  if (service.resources.cpu_shares) node.set("cpu", Node::number(*service.resources.cpu_shares));
  if (service.resources.memory) node.set("memory", Node::text(format("{}b", service.resources.memory->value)));
  if (service.entrypoint) {
    const bool is_cleared = *service.entrypoint == std::vector<std::string>{""};
    node.set("entrypoint", texts_of(is_cleared ? std::vector<std::string>{} : *service.entrypoint));
  }
  if (service.command) node.set("command", texts_of(*service.command));
  if (service.privileged) node.set("privileged", Node::boolean(true));
  set_text("user", service.user);
  set_network(node, service);
  set_full("links", links_of(service));
  set_full("volumes", volumes_of(service));
  Node ports = Node::list();
  for (const auto& port : service.ports) ports.add(port_of(port));
  set_full("portMappings", std::move(ports));
  set_full("env", map_of(service.environment));
  set_full("labels", map_of(service.labels));
  if (service.health) node.set("health", health_of(*service.health));
  Node checks = Node::list();
  for (const auto& check : service.checks) checks.add(check_node(check));
  set_full("check", std::move(checks));
  set_text("restart", restart_of(service.restart));
  if (service.stop_timeout) node.set("stop_timeout", Node::number(*service.stop_timeout));
  set_options(node, service);
}

Node definition_of(const AppName& app, const Spec& spec, const std::string& schedule) {
  const Service& service = spec.services.at(0);
  Node node = Node::map();
  node.set("name", Node::text(app.text()));
  node.set("image", Node::text(service.image));
  set_service(node, service);
  if (spec.services.size() > 1) node.set("replicas", Node::number(static_cast<std::int64_t>(spec.services.size())));
  if (spec.order != SwapOrder::by_rule)
    node.set("order", Node::text(spec.order == SwapOrder::start_first ? "start-first" : "stop-first"));
  if (spec.settle) node.set("settle", seconds(*spec.settle));
  if (spec.wait_timeout) node.set("wait_timeout", seconds(*spec.wait_timeout));
  if (!schedule.empty()) node.set("schedule", Node::text(schedule));
  if (!spec.signals.empty()) node.set("signal", map_of(spec.signals));
  Node update = Node::map();
  update.set("pull", Node::boolean(false));
  if (spec.rolling) update.set("rolling", Node::boolean(true));
  node.set("update", std::move(update));
  return node;
}

// A list's order is its author's; what is compared here is what it holds.
Spec sorted(Spec spec) {
  for (auto& service : spec.services) {
    std::sort(service.mounts.begin(), service.mounts.end());
    std::sort(service.ports.begin(), service.ports.end());
    std::sort(service.links.begin(), service.links.end());
    std::sort(service.volumes_from.begin(), service.volumes_from.end());
  }
  return spec;
}

}  // namespace

WrittenDefinition write_dockerup(const AppName& app, const Spec& spec, const std::string& schedule) {
  WrittenDefinition written;
  written.text = document::write_json(definition_of(app, spec, schedule), 2) + "\n";
  // Read back, so that nothing is left out without a word.
  const Definitions read = parse_dockerup({app.text() + ".json", written.text, "/"});
  if (!read.broken.empty()) {
    written.left_out.emplace_back(read.broken[0].error.what());
    return written;
  }
  for (const auto& change : differences(sorted(spec), sorted(read.good.at(0).declaration.spec)))
    written.left_out.push_back(change.text());
  return written;
}

}  // namespace belay::formats
