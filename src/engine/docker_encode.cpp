#include "engine/docker_encode.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "engine/json.h"
#include "engine/too_new.h"

namespace belay::engine {

namespace {

template <class Value>
void number(JsonWriter& json, std::string_view name, const std::optional<Value>& value) {
  if (value) json.member(name, *value);
}
void number(JsonWriter& json, std::string_view name, const std::optional<ByteCount>& size) {
  if (size) json.member(name, size->value);
}
void flag(JsonWriter& json, std::string_view name, bool on) {
  if (on) json.member(name, true);
}
void flag(JsonWriter& json, std::string_view name, const std::optional<bool>& on) {
  if (on) json.member(name, *on);
}
void duration(JsonWriter& json, std::string_view name, const std::optional<Milliseconds>& time) {
  if (time) json.member(name, std::chrono::nanoseconds(*time).count());
}

// A name alone takes a variable out of the image's.
std::vector<std::string> variables(const std::map<std::string, std::string>& environment,
                                   const std::vector<std::string>& removed = {}) {
  std::vector<std::string> result;
  for (const auto& [name, value] : environment) result.push_back(name + "=" + value);
  result.insert(result.end(), removed.begin(), removed.end());
  return result;
}

std::string port_key(const PortBinding& port) {
  return format("{}/{}", port.container_port, port.protocol);
}

// Swap that nobody spoke of is as much again as the memory: the engine's own rule at creation. Said explicitly it holds
// for updates too, where the engine would otherwise refuse a memory limit above the old sum.
void write_resources(JsonWriter& json, const Resources& resources) {
  number(json, "Memory", resources.memory);
  std::optional<ByteCount> swap = resources.memory_swap;
  if (!swap && resources.memory && resources.memory->value > 0) swap = ByteCount{resources.memory->value * 2};
  number(json, "MemorySwap", swap);
  number(json, "MemoryReservation", resources.memory_reservation);
  number(json, "KernelMemory", resources.kernel_memory);
  number(json, "NanoCpus", resources.nano_cpus);
  number(json, "CpuShares", resources.cpu_shares);
  number(json, "CpuPeriod", resources.cpu_period);
  number(json, "CpuQuota", resources.cpu_quota);
  number(json, "PidsLimit", resources.pids_limit);
  json.optional("CpusetCpus", resources.cpuset_cpus);
  json.optional("CpusetMems", resources.cpuset_mems);
  number(json, "CpuRealtimePeriod", resources.cpu_rt_period);
  number(json, "CpuRealtimeRuntime", resources.cpu_rt_runtime);
  number(json, "BlkioWeight", resources.blkio_weight);
}

void write_restart_policy(JsonWriter& json, const RestartPolicy& policy) {
  json.object("RestartPolicy", [&] {
    json.member("Name", policy.name.empty() ? std::string("no") : policy.name);
    json.member("MaximumRetryCount", policy.maximum_retries);
  });
}

void write_health(JsonWriter& json, const HealthCheck& health, ApiMinor api) {
  json.object("Healthcheck", [&] {
    json.optional("Test", health.test);
    duration(json, "Interval", health.interval);
    duration(json, "Timeout", health.timeout);
    duration(json, "StartPeriod", health.start_period);
    number(json, "Retries", health.retries);
    if (api >= first_with_start_interval) duration(json, "StartInterval", health.start_interval);
  });
}

constexpr std::array<std::string_view, 6> bind_propagations{"private", "rprivate", "shared",
                                                            "rshared", "slave",    "rslave"};

// What is only read must be there: a folder that the engine makes in its place would be read instead.
bool must_be_there(const Mount& mount) {
  const auto options = split(mount.options, ',');
  return mount.kind == Mount::Kind::bind && (mount.read_only || mount.must_exist) &&
         (mount.options.empty() || std::all_of(options.begin(), options.end(), [](std::string_view option) {
            return std::find(bind_propagations.begin(), bind_propagations.end(), option) != bind_propagations.end();
          }));
}

// Mounts take one of two ways. The short form ("source:target:mode") makes missing host folders, as `docker run -v`
// does, and takes every mode; but it cannot hold a colon within a path and knows no anonymous volumes with options.
bool needs_long_form(const Mount& mount) {
  return mount.kind == Mount::Kind::image || !mount.subpath.empty() || !mount.recursive.empty() ||
         !mount.labels.empty();
}
bool fits_short_form(const Mount& mount) {
  return !must_be_there(mount) && !needs_long_form(mount) && !mount.source.empty() &&
         mount.source.find(':') == std::string::npos && mount.target.find(':') == std::string::npos;
}
bool is_plain_anonymous(const Mount& mount) {
  return mount.kind == Mount::Kind::volume && mount.source.empty() && !mount.read_only && mount.options.empty() &&
         !needs_long_form(mount);
}

std::string mode_of(const Mount& mount) {
  std::string mode = mount.read_only ? "ro" : "";
  if (!mount.options.empty()) mode += (mode.empty() ? "" : ",") + mount.options;
  return mode;
}

void write_long_mount(JsonWriter& json, const Mount& mount, ApiMinor api) {
  const auto options = split(mount.options, ',');
  const bool bind = mount.kind == Mount::Kind::bind;
  json.object([&] {
    json.member("Type", bind ? "bind" : mount.kind == Mount::Kind::image ? "image" : "volume");
    json.optional("Source", mount.source);
    json.member("Target", mount.target);
    flag(json, "ReadOnly", mount.read_only);
    if (bind) {
      json.object("BindOptions", [&] {
        for (const std::string_view word : bind_propagations)
          if (std::find(options.begin(), options.end(), word) != options.end()) json.member("Propagation", word);
        if (api >= 42 && !must_be_there(mount)) json.member("CreateMountpoint", true);
        flag(json, "NonRecursive", mount.recursive == "disabled");
        flag(json, "ReadOnlyNonRecursive", mount.recursive == "writable");
        flag(json, "ReadOnlyForceRecursive", mount.recursive == "readonly");
      });
    } else if (mount.kind == Mount::Kind::image) {
      if (!mount.subpath.empty()) json.object("ImageOptions", [&] { json.member("Subpath", mount.subpath); });
    } else if (const bool nocopy = std::find(options.begin(), options.end(), "nocopy") != options.end();
               nocopy || !mount.subpath.empty() || !mount.labels.empty()) {
      json.object("VolumeOptions", [&] {
        flag(json, "NoCopy", nocopy);
        json.optional("Subpath", mount.subpath);
        json.optional("Labels", mount.labels);
      });
    }
  });
}

void write_mounts(JsonWriter& json, const std::vector<Mount>& mounts, ApiMinor api) {
  std::vector<std::string> short_forms;
  std::vector<Mount> long_forms;
  std::map<std::string, std::string> temporary;
  for (const auto& mount : mounts) {
    if (mount.kind == Mount::Kind::tmpfs) {
      temporary[mount.target] = mode_of(mount);
    } else if (fits_short_form(mount)) {
      const std::string mode = mode_of(mount);
      short_forms.push_back(mount.source + ":" + mount.target + (mode.empty() ? "" : ":" + mode));
    } else if (!is_plain_anonymous(mount)) {
      long_forms.push_back(mount);
    }
  }
  json.optional("Binds", short_forms);
  json.optional("Tmpfs", temporary);
  if (long_forms.empty()) return;
  json.list("Mounts", [&] {
    for (const auto& mount : long_forms) write_long_mount(json, mount, api);
  });
}

void write_ports(JsonWriter& json, const std::vector<PortBinding>& ports) {
  if (ports.empty()) return;
  std::map<std::string, std::vector<const PortBinding*>> by_port;
  for (const auto& port : ports) by_port[port_key(port)].push_back(&port);
  json.object("PortBindings", [&] {
    for (const auto& [key, bindings] : by_port)
      json.list(key, [&, &list = bindings] {
        for (const PortBinding* binding : list)
          json.object([&] {
            json.member("HostIp", binding->host_ip);
            json.member("HostPort", binding->host_port ? std::to_string(*binding->host_port) : std::string());
          });
      });
  });
}

void write_exposed_ports(JsonWriter& json, const Service& service) {
  std::set<std::string> exposed(service.exposed_ports.begin(), service.exposed_ports.end());
  for (const auto& port : service.ports) exposed.insert(port_key(port));
  if (exposed.empty()) return;
  json.object("ExposedPorts", [&] {
    for (const auto& port : exposed) json.object(port, [] {});
  });
}

void write_anonymous_volumes(JsonWriter& json, const std::vector<Mount>& mounts) {
  if (std::none_of(mounts.begin(), mounts.end(), is_plain_anonymous)) return;
  json.object("Volumes", [&] {
    for (const auto& mount : mounts)
      if (is_plain_anonymous(mount)) json.object(mount.target, [] {});
  });
}

bool is_user_defined(const std::string& network) {
  return !network.empty() && network != "bridge" && network != "default" && network != "host" && network != "none";
}

std::string network_mode(const Service& service) {
  return service.networks.empty() ? service.network_mode : service.networks.front().network;
}

void write_endpoint(JsonWriter& json, const NetworkLink& link, const std::vector<std::string>& links,
                    const std::string& mac_address) {
  json.optional("Aliases", link.aliases);
  json.optional("Links", links);
  json.optional("MacAddress", mac_address.empty() ? link.mac_address : mac_address);
  json.optional("DriverOpts", link.options);
  number(json, "GwPriority", link.gateway_priority);
  if (link.ipv4.empty() && link.ipv6.empty() && link.link_local_ips.empty()) return;
  json.object("IPAMConfig", [&] {
    json.optional("IPv4Address", link.ipv4);
    json.optional("IPv6Address", link.ipv6);
    json.optional("LinkLocalIPs", link.link_local_ips);
  });
}

// From 1.44 on the hardware address belongs to the network's endpoint, as links do on networks of the user's own.
bool address_is_of_the_endpoint(ApiMinor api) {
  return api >= 44;
}

void write_networking(JsonWriter& json, const Service& service, ApiMinor api) {
  const std::string mac = address_is_of_the_endpoint(api) ? service.mac_address : "";
  if (service.networks.empty() && mac.empty()) return;
  const std::string mode = network_mode(service);
  const NetworkLink link =
      service.networks.empty() ? NetworkLink{mode.empty() ? "bridge" : mode, {}, "", ""} : service.networks.front();
  json.object("NetworkingConfig", [&] {
    json.object("EndpointsConfig", [&] {
      json.object(link.network, [&] {
        write_endpoint(json, link, is_user_defined(link.network) ? service.links : std::vector<std::string>(), mac);
      });
    });
  });
}

void write_devices(JsonWriter& json, const std::vector<Device>& devices) {
  if (devices.empty()) return;
  json.list("Devices", [&] {
    for (const auto& device : devices)
      json.object([&] {
        json.member("PathOnHost", device.host_path);
        json.member("PathInContainer", device.container_path.empty() ? device.host_path : device.container_path);
        json.member("CgroupPermissions", device.permissions);
      });
  });
}

void write_device_requests(JsonWriter& json, const std::vector<DeviceRequest>& requests) {
  if (requests.empty()) return;
  json.list("DeviceRequests", [&] {
    for (const auto& request : requests)
      json.object([&] {
        json.optional("Driver", request.driver);
        number(json, "Count", request.count);
        json.optional("DeviceIDs", request.device_ids);
        if (!request.capabilities.empty()) json.list("Capabilities", [&] { json.value(request.capabilities); });
        json.optional("Options", request.options);
      });
  });
}

void write_block_limits(JsonWriter& json, const std::vector<BlockLimit>& limits) {
  for (const auto& [kind, name] : block_limit_names) {
    if (std::none_of(limits.begin(), limits.end(), [&, &of = kind](const BlockLimit& each) { return each.kind == of; }))
      continue;
    json.list(name, [&, &of = kind] {
      for (const auto& limit : limits)
        if (limit.kind == of)
          json.object([&] {
            json.member("Path", limit.path);
            json.member(of == "weight" ? "Weight" : "Rate", limit.value);
          });
    });
  }
}

void write_ulimits(JsonWriter& json, const std::vector<Ulimit>& ulimits) {
  if (ulimits.empty()) return;
  json.list("Ulimits", [&] {
    for (const auto& limit : ulimits)
      json.object([&] {
        json.member("Name", limit.name);
        json.member("Soft", limit.soft);
        json.member("Hard", limit.hard);
      });
  });
}

void write_security(JsonWriter& json, std::vector<std::string> options) {
  if (std::erase(options, open_system_paths) > 0) {
    json.member("MaskedPaths", std::vector<std::string>());
    json.member("ReadonlyPaths", std::vector<std::string>());
  }
  json.optional("SecurityOpt", options);
}

void write_host_config(JsonWriter& json, const ContainerRequest& request, ApiMinor api) {
  const Service& service = request.service;
  write_mounts(json, service.mounts, api);
  write_ports(json, service.ports);
  write_restart_policy(json, request.restart);
  write_resources(json, service.resources);
  json.optional("NetworkMode", network_mode(service));
  if (!is_user_defined(network_mode(service))) json.optional("Links", service.links);
  flag(json, "PublishAllPorts", service.publish_all_ports);
  json.optional("VolumesFrom", service.volumes_from);
  json.optional("VolumeDriver", service.volume_driver);
  flag(json, "Privileged", service.privileged);
  flag(json, "ReadonlyRootfs", service.read_only);
  flag(json, "Init", service.init);
  flag(json, "OomKillDisable", service.oom_kill_disable);
  json.optional("CapAdd", service.cap_add);
  json.optional("CapDrop", service.cap_drop);
  write_security(json, service.security_opt);
  json.optional("GroupAdd", service.group_add);
  json.optional("DeviceCgroupRules", service.device_cgroup_rules);
  json.optional("Dns", service.dns);
  json.optional("DnsSearch", service.dns_search);
  json.optional("DnsOptions", service.dns_options);
  json.optional("ExtraHosts", service.extra_hosts);
  write_devices(json, service.devices);
  write_device_requests(json, service.device_requests);
  write_block_limits(json, service.block_limits);
  json.optional("Annotations", service.annotations);
  write_ulimits(json, service.ulimits);
  json.optional("Sysctls", service.sysctls);
  json.optional("PidMode", service.pid_mode);
  json.optional("IpcMode", service.ipc_mode);
  json.optional("UTSMode", service.uts_mode);
  json.optional("UsernsMode", service.userns_mode);
  json.optional("CgroupParent", service.cgroup_parent);
  json.optional("CgroupnsMode", service.cgroupns_mode);
  json.optional("Runtime", service.runtime);
  json.optional("Isolation", service.isolation);
  number(json, "ShmSize", service.shm_size);
  number(json, "MemorySwappiness", service.memory_swappiness);
  number(json, "OomScoreAdj", service.oom_score_adj);
  json.optional("StorageOpt", service.storage_options);
  if (service.log_driver.empty() && service.log_options.empty()) return;
  json.object("LogConfig", [&] {
    json.optional("Type", service.log_driver);
    json.optional("Config", service.log_options);
  });
}

}  // namespace

std::string create_body(const ContainerRequest& request, ApiMinor api) {
  const Service& service = request.service;
  refuse_what_is_too_new(service, api);
  labels::Labels all_labels = service.labels;
  for (const auto& [name, value] : request.labels) all_labels[name] = value;
  JsonWriter json;
  json.object([&] {
    json.member("Image", request.image);
    if (service.command) json.member("Cmd", *service.command);
    if (service.entrypoint) {
      // None: one empty word. Without a command that would leave nothing to start, where an empty list leaves the
      // image's command.
      const bool has_command = service.command && !service.command->empty();
      const bool is_none = service.entrypoint->empty() && has_command;
      json.member("Entrypoint", is_none ? std::vector<std::string>{""} : *service.entrypoint);
    }
    json.optional("Env", variables(service.environment, service.removed_variables));
    json.optional("Labels", all_labels);
    write_exposed_ports(json, service);
    write_anonymous_volumes(json, service.mounts);
    json.optional("User", service.user);
    json.optional("WorkingDir", service.working_dir);
    json.optional("Hostname", service.hostname);
    json.optional("Domainname", service.domainname);
    if (!address_is_of_the_endpoint(api)) json.optional("MacAddress", service.mac_address);
    json.optional("StopSignal", service.stop_signal);
    number(json, "StopTimeout", service.stop_timeout);
    if (service.health) write_health(json, *service.health, api);
    flag(json, "Tty", service.tty);
    flag(json, "OpenStdin", service.stdin_open);
    flag(json, "StdinOnce", service.stdin_open && request.input_ends_with_session);
    json.object("HostConfig", [&] { write_host_config(json, request, api); });
    write_networking(json, service, api);
  });
  return json.text();
}

std::string network_body(const NetworkRequest& request) {
  const NetworkDefinition& definition = request.definition;
  JsonWriter json;
  json.object([&] {
    json.member("Name", request.name);
    json.member("CheckDuplicate", true);  // else older engines make a second one of the same name
    json.optional("Driver", definition.driver);
    flag(json, "Internal", definition.internal);
    flag(json, "Attachable", definition.attachable);
    flag(json, "EnableIPv4", definition.enable_ipv4);
    flag(json, "EnableIPv6", definition.enable_ipv6);
    json.optional("Options", definition.options);
    json.optional("Labels", all_labels(request));
    if (definition.ipam_driver.empty() && definition.ipam_options.empty() && definition.pools.empty()) return;
    json.object("IPAM", [&] {
      json.optional("Driver", definition.ipam_driver);
      json.optional("Options", definition.ipam_options);
      json.list("Config", [&] {
        for (const auto& pool : definition.pools)
          json.object([&] {
            json.optional("Subnet", pool.subnet);
            json.optional("Gateway", pool.gateway);
            json.optional("IPRange", pool.ip_range);
            json.optional("AuxiliaryAddresses", pool.aux_addresses);
          });
      });
    });
  });
  return json.text();
}

std::vector<NetworkLink> later_networks(const Service& service) {
  if (service.networks.size() < 2) return {};
  return {service.networks.begin() + 1, service.networks.end()};
}

std::string restart_policy_body(const RestartPolicy& policy) {
  JsonWriter json;
  json.object([&] { write_restart_policy(json, policy); });
  return json.text();
}

std::string resources_body(const Resources& resources) {
  JsonWriter json;
  json.object([&] { write_resources(json, resources); });
  return json.text();
}

std::string connect_body(const std::string& container, const NetworkLink& link) {
  JsonWriter json;
  json.object([&] {
    json.member("Container", container);
    json.object("EndpointConfig", [&] { write_endpoint(json, link, {}, ""); });
  });
  return json.text();
}

// A sequence, which the engine holds back as long as it may be one.
constexpr const char* keys_nobody_types = "ctrl-@,ctrl-^,ctrl-@,ctrl-^,ctrl-@,ctrl-^";

std::string exec_body(const ExecRequest& request, const std::optional<Terminal::Size>& window, ApiMinor api) {
  JsonWriter json;
  json.object([&] {
    flag(json, "AttachStdin", request.interactive);
    json.member("AttachStdout", !request.detached);
    json.member("AttachStderr", !request.detached);
    flag(json, "Tty", request.tty);
    // There is no way back into a session that was left by the engine's keys, and its Ctrl-P is a shell's own.
    if (request.tty) json.member("DetachKeys", keys_nobody_types);
    if (request.tty && window && api >= 42)
      json.list("ConsoleSize", [&] {
        json.value(window->rows);
        json.value(window->columns);
      });
    flag(json, "Privileged", request.privileged);
    json.member("Cmd", request.command);
    json.optional("User", request.user);
    json.optional("WorkingDir", request.working_dir);
    json.optional("Env", variables(request.environment));
  });
  return json.text();
}

}  // namespace belay::engine
