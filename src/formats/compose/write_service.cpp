#include <algorithm>

#include "base/format.h"
#include "formats/compose/write_parts.h"
#include "model/compose_labels.h"

namespace belay::formats::compose {

namespace {

using document::Node;

// Those that say whose the container is are made anew.
std::map<std::string, std::string> labels_of_its_own(const Service& service) {
  std::map<std::string, std::string> own;
  for (const auto& [key, value] : service.labels)
    if (!key.starts_with(labels::compose) && (!key.starts_with("belay.") || labels::is_about_data(key)))
      own.emplace(key, value);
  return own;
}

std::string restart_word(const Service& service) {
  const RestartPolicy& policy = service.restart;
  if (policy.name.empty()) return service.job ? "" : "unless-stopped";
  if (policy.name == "no") return {};
  return policy.maximum_retries > 0 ? format("{}:{}", policy.name, policy.maximum_retries) : policy.name;
}

void write_health(const HealthCheck& health, Node& node) {
  Node check = Node::map();
  put_texts(check, "test", health.test);
  put_time(check, "interval", health.interval);
  put_time(check, "timeout", health.timeout);
  put_number(check, "retries", health.retries);
  put_time(check, "start_period", health.start_period);
  // Compose takes it with a start period only.
  if (health.start_period) put_time(check, "start_interval", health.start_interval);
  put_full(node, "healthcheck", std::move(check));
}

// A profile that was read is no longer a file.
std::vector<std::string> security_options(const Service& service) {
  std::vector<std::string> options = service.security_opt;
  std::erase_if(options, [](const std::string& option) { return option.starts_with("seccomp={"); });
  return options;
}

void write_security(const Service& service, Node& node) {
  put_true(node, "privileged", service.privileged);
  put_true(node, "read_only", service.read_only);
  put_texts(node, "cap_add", service.cap_add);
  put_texts(node, "cap_drop", service.cap_drop);
  put_texts(node, "security_opt", security_options(service));
  put_texts(node, "group_add", service.group_add);
  put_texts(node, "device_cgroup_rules", service.device_cgroup_rules);
  put_text(node, "userns_mode", service.userns_mode);
}

void write_namespaces(const Service& service, Node& node) {
  put_text(node, "pid", service.pid_mode);
  put_text(node, "ipc", service.ipc_mode);
  put_text(node, "uts", service.uts_mode);
  put_text(node, "cgroup", service.cgroupns_mode);
  put_text(node, "cgroup_parent", service.cgroup_parent);
  put_text(node, "runtime", service.runtime);
  constexpr std::string_view of_service = "service:";
  std::vector<std::string> others;
  for (const auto& other : service.volumes_from)
    others.push_back(other.starts_with(of_service) ? other.substr(of_service.size()) : "container:" + other);
  put_texts(node, "volumes_from", others);
}

void write_process(const Service& service, Node& node) {
  if (service.entrypoint) node.set("entrypoint", plain_texts(*service.entrypoint));
  if (service.command) node.set("command", plain_texts(*service.command));
  put_text(node, "user", service.user);
  put_text(node, "working_dir", service.working_dir);
  put_text(node, "hostname", service.hostname);
  put_text(node, "domainname", service.domainname);
  put_text(node, "mac_address", service.mac_address);
  put_true(node, "tty", service.tty);
  put_true(node, "stdin_open", service.stdin_open);
  if (service.init) node.set("init", Node::boolean(*service.init));
  put_text(node, "stop_signal", service.stop_signal);
  if (service.stop_timeout && *service.stop_timeout >= 0)
    node.set("stop_grace_period", Node::text(format("{}s", *service.stop_timeout)));
  put_text(node, "restart", restart_word(service));
}

void write_surroundings(const Service& service, Node& node) {
  put_pairs(node, "sysctls", service.sysctls);
  put_pairs(node, "storage_opt", service.storage_options);
  put_texts(node, "dns", service.dns);
  put_texts(node, "dns_search", service.dns_search);
  put_texts(node, "dns_opt", service.dns_options);
  Node hosts = Node::list();
  for (std::string entry : service.extra_hosts) {
    if (const size_t colon = entry.find(':'); colon != std::string::npos) entry[colon] = '=';
    hosts.add(plain(entry));
  }
  put_full(node, "extra_hosts", std::move(hosts));
  Node logging = Node::map();
  put_text(logging, "driver", service.log_driver);
  put_pairs(logging, "options", service.log_options);
  put_full(node, "logging", std::move(logging));
}

std::string pull_word(const Declaration& declared, const std::string& service) {
  const auto pull = declared.pulls.find(service);
  if (pull == declared.pulls.end()) return {};
  if (const auto period = declared.pull_periods.find(service); period != declared.pull_periods.end())
    return format("every_{}s", period->second.count() / 1000);
  if (pull->second == Pull::always) return "always";
  if (pull->second == Pull::build && declared.builds.contains(service)) return "build";
  return pull->second == Pull::never ? "never" : "";
}

void write_pull_policy(const Writing& writing, const Service& service, Node& node) {
  for (const ExportedApp& app : writing.what.apps) {
    const auto& services = app.spec.services;
    const bool is_its =
        std::any_of(services.begin(), services.end(), [&](const Service& each) { return each.name == service.name; });
    if (is_its && app.declared) put_text(node, "pull_policy", pull_word(*app.declared, service.group_name()));
  }
}

}  // namespace

Node written_variables(Writing& writing, const Service& service) {
  Node map = Node::map();
  for (const auto& [name, value] : service.environment)
    map.set(name, writing.variables.value(service.group_name(), name, value));
  for (const auto& name : service.removed_variables) map.set(name, Node());
  return map;
}

Node written_service(Writing& writing, const Group& group) {
  const Service& service = *group.front();
  Node node = Node::map();
  node.set("image", plain(service.image));
  write_build(writing, service, node);
  put_text(node, "platform", service.platform);
  write_pull_policy(writing, service, node);
  if (group.size() == 1) put_text(node, "container_name", service.container_name);
  write_process(service, node);
  put_full(node, "environment", written_variables(writing, service));
  write_ports(service, node);
  write_networks(writing, service, node);
  write_mounts(writing, service, node);
  write_files(writing, service, node);
  write_needs(writing, service, node);
  if (service.health) write_health(*service.health, node);
  put_pairs(node, "labels", labels_of_its_own(service));
  put_pairs(node, "annotations", service.annotations);
  write_security(service, node);
  write_namespaces(service, node);
  write_surroundings(service, node);
  write_limits(service, node);
  write_deploy(writing, group, node);
  write_hooks(writing, service, node);
  write_settings_of(writing, service, node);
  return node;
}

}  // namespace belay::formats::compose
