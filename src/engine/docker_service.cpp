#include "engine/docker_service.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "engine/docker_encode.h"
#include "engine/log_rotation.h"

namespace belay::engine {

namespace {

std::optional<Milliseconds> duration_of(JsonView value) {
  if (value.number() == 0) return {};
  return std::chrono::duration_cast<Milliseconds>(std::chrono::nanoseconds(value.number()));
}

// 0 is the engine's way to say that nothing was asked for.
template <class Number>
std::optional<Number> asked(JsonView value) {
  const std::int64_t number = value.number();
  if (number == 0) return {};
  return static_cast<Number>(number);
}
std::optional<ByteCount> asked_bytes(JsonView value) {
  const auto number = asked<std::int64_t>(value);
  return number ? std::optional(ByteCount{*number}) : std::nullopt;
}

std::string unless(const std::string& value, const std::string& usual) {
  return value == usual ? std::string() : value;
}

void subtract(std::map<std::string, std::string>& from, const std::map<std::string, std::string>& usual) {
  std::erase_if(from, [&](const auto& entry) {
    const auto found = usual.find(entry.first);
    return found != usual.end() && found->second == entry.second;
  });
}

template <class Value>
void subtract(std::optional<Value>& value, const std::optional<Value>& usual) {
  if (value == usual) value.reset();
}

// The image's command is inherited only together with its entrypoint: under an entrypoint of its own the container has
// just the command it was given.
void decode_command(Service& service, JsonView config, const ImageConfig& image) {
  const auto command = config["Cmd"].texts();
  const auto entrypoint = config["Entrypoint"].texts();
  if (entrypoint != image.entrypoint) {
    service.entrypoint = entrypoint;
    if (!command.empty()) service.command = command;
  } else if (command != image.command) {
    service.command = command;
  }
}

void decode_health_check(Service& service, JsonView config, const ImageConfig& image) {
  service.health = decode_health(config["Healthcheck"]);
  if (!service.health || !image.health) return;
  HealthCheck& health = *service.health;
  if (health.test == image.health->test) health.test.clear();
  subtract(health.interval, image.health->interval);
  subtract(health.timeout, image.health->timeout);
  subtract(health.start_period, image.health->start_period);
  subtract(health.retries, image.health->retries);
  subtract(health.start_interval, image.health->start_interval);
  if (health == HealthCheck()) service.health.reset();
}

// Those that stand there by their names alone, and those of the image that are not there.
std::vector<std::string> removed_variables(JsonView variables, const std::map<std::string, std::string>& of_image) {
  std::set<std::string> present, removed;
  for (const auto& variable : variables.texts()) {
    if (variable.find('=') == std::string::npos) removed.insert(variable);
    present.insert(variable.substr(0, variable.find('=')));
  }
  if (variables)
    for (const auto& [name, value] : of_image)
      if (!present.contains(name)) removed.insert(name);
  return {removed.begin(), removed.end()};
}

void decode_labels(Service& service, JsonView config, const ImageConfig& image) {
  service.labels = config["Labels"].text_map();
  subtract(service.labels, image.labels);
  if (const auto name = service.labels.find(labels::service); name != service.labels.end()) service.name = name->second;
  std::erase_if(service.labels, [](const auto& label) { return labels::is_of_owner(label.first); });
}

std::vector<PortBinding> decode_ports(JsonView bindings_by_port) {
  std::vector<PortBinding> ports;
  bindings_by_port.each_member([&](std::string_view key, JsonView bindings) {
    const auto parts = split(key, '/');
    bindings.each_item([&](JsonView binding) {
      PortBinding port;
      port.container_port = static_cast<std::uint16_t>(parse_number(parts[0]).value_or(0));
      if (parts.size() > 1) port.protocol = parts[1];
      port.host_ip = binding["HostIp"].text();
      if (const auto host = parse_number(binding["HostPort"].text()); host && *host > 0 && *host <= 65535)
        port.host_port = static_cast<std::uint16_t>(*host);
      ports.push_back(port);
    });
  });
  std::sort(ports.begin(), ports.end());
  return ports;
}

std::vector<std::string> decode_exposed_ports(const Service& service, JsonView config, const ImageConfig& image) {
  std::set<std::string> known(image.exposed_ports.begin(), image.exposed_ports.end());
  for (const auto& port : service.ports) known.insert(std::to_string(port.container_port) + "/" + port.protocol);
  std::vector<std::string> ports = config["ExposedPorts"].keys();
  std::erase_if(ports, [&](const std::string& port) { return known.contains(port); });
  std::sort(ports.begin(), ports.end());
  return ports;
}

// A mode's "ro" is a field of ours, "rw" is what goes without saying.
void decode_mode(Mount& mount, const std::string& mode) {
  std::vector<std::string> options;
  for (const auto& word : split(mode, ',')) {
    if (word == "ro") {
      mount.read_only = true;
    } else if (word != "rw" && !word.empty()) {
      options.push_back(word);
    }
  }
  mount.options = join(options, ",");
}

std::optional<Mount> short_mount(const std::string& text) {
  const auto parts = split(text, ':');
  if (parts.size() < 2) return {};
  Mount mount;
  mount.kind = parts[0].starts_with('/') ? Mount::Kind::bind : Mount::Kind::volume;
  mount.source = parts[0];
  mount.target = parts[1];
  if (parts.size() > 2) decode_mode(mount, parts[2]);
  return mount;
}

// nullopt for the types that a spec has no place for.
std::optional<Mount> long_mount(JsonView entry) {
  const auto kind = mount_kind(entry["Type"].text());
  if (!kind) return {};
  Mount mount;
  mount.kind = *kind;
  mount.source = entry["Source"].text();
  mount.target = entry["Target"].text();
  mount.read_only = entry["ReadOnly"].truth();
  mount.options = entry["BindOptions"]["Propagation"].text();
  if (entry["VolumeOptions"]["NoCopy"].truth()) mount.options = "nocopy";
  mount.subpath = entry[mount.kind == Mount::Kind::image ? "ImageOptions" : "VolumeOptions"]["Subpath"].text();
  mount.labels = entry["VolumeOptions"]["Labels"].text_map();
  const JsonView bind = entry["BindOptions"];
  mount.recursive = bind["NonRecursive"].truth()             ? "disabled"
                    : bind["ReadOnlyNonRecursive"].truth()   ? "writable"
                    : bind["ReadOnlyForceRecursive"].truth() ? "readonly"
                                                             : "";
  const JsonView temporary = entry["TmpfsOptions"];
  std::vector<std::string> words;
  if (const auto size = temporary["SizeBytes"].number(); size > 0) words.push_back(format("size={}", size));
  if (const auto mode = temporary["Mode"].number(); mode > 0) words.push_back(format("mode={:o}", mode));
  if (!words.empty()) mount.options = join(words, ",");
  return mount;
}

// As they were asked for, not as they came out: an anonymous volume has no name here (Container::mounts knows it), and
// those that the image asks for are the image's business.
std::vector<Mount> decode_mounts(JsonView config, JsonView host, const ImageConfig& image) {
  std::vector<Mount> mounts;
  for (const auto& text : host["Binds"].texts())
    if (auto mount = short_mount(text)) mounts.push_back(std::move(*mount));
  host["Mounts"].each_item([&](JsonView entry) {
    if (auto mount = long_mount(entry)) mounts.push_back(std::move(*mount));
  });
  host["Tmpfs"].each_member([&](std::string_view target, JsonView mode) {
    Mount mount{
        .kind = Mount::Kind::tmpfs, .source = {}, .target = std::string(target), .read_only = false, .options = {}};
    decode_mode(mount, mode.text());
    mounts.push_back(std::move(mount));
  });
  std::set<std::string> known(image.volumes.begin(), image.volumes.end());
  for (const auto& mount : mounts) known.insert(mount.target);
  for (const auto& target : config["Volumes"].keys())
    if (!known.contains(target))
      mounts.push_back(
          {.kind = Mount::Kind::volume, .source = {}, .target = target, .read_only = false, .options = {}});
  return mounts;
}

bool is_default_network(const std::string& mode) {
  return mode.empty() || mode == "default" || mode == "bridge";
}

// The engine adds the beginning of the container's id and its host name as aliases of its own.
NetworkLink decode_link(const std::string& network, JsonView endpoint, JsonView inspection) {
  NetworkLink link;
  link.network = network;
  link.aliases = endpoint["Aliases"].texts();
  std::erase(link.aliases, inspection["Id"].text().substr(0, 12));
  std::erase(link.aliases, inspection["Config"]["Hostname"].text());
  link.ipv4 = endpoint["IPAMConfig"]["IPv4Address"].text();
  link.ipv6 = endpoint["IPAMConfig"]["IPv6Address"].text();
  link.link_local_ips = endpoint["IPAMConfig"]["LinkLocalIPs"].texts();
  link.options = endpoint["DriverOpts"].text_map();
  if (const auto priority = endpoint["GwPriority"].number(); priority != 0)
    link.gateway_priority = static_cast<int>(priority);
  return link;
}

// The network the container was created with comes first; the engine keeps no order of the others.
void decode_networks(Service& service, JsonView inspection) {
  const std::string mode = inspection["HostConfig"]["NetworkMode"].text();
  if (mode == "host" || mode == "none" || mode.starts_with("container:")) {
    service.network_mode = mode;
    return;
  }
  std::string first = is_default_network(mode) ? "bridge" : mode;
  const auto endpoints = inspection["NetworkSettings"]["Networks"];
  endpoints.each_member([&](std::string_view network, JsonView endpoint) {
    if (endpoint["NetworkID"].text() == mode) first = network;  // some tools create containers by the network's id
  });
  service.networks.push_back(decode_link(first, endpoints[first], inspection));
  endpoints.each_member([&](std::string_view network, JsonView endpoint) {
    if (network != first) service.networks.push_back(decode_link(std::string(network), endpoint, inspection));
  });
  if (is_default_network(mode) && service.networks == std::vector{NetworkLink{"bridge", {}, "", ""}})
    service.networks.clear();
  std::sort(service.networks.begin() + (service.networks.empty() ? 0 : 1), service.networks.end());
}

// "db:database" as it was asked for, or "/db:/web/database" as the engine keeps it on the default network.
std::vector<std::string> decode_links(JsonView inspection, const std::vector<NetworkLink>& networks) {
  std::vector<std::string> links = inspection["HostConfig"]["Links"].texts();
  if (!networks.empty())
    for (auto& link : inspection["NetworkSettings"]["Networks"][networks.front().network]["Links"].texts())
      links.push_back(std::move(link));
  for (auto& link : links) {
    const size_t colon = link.find(':');
    if (!link.starts_with('/') || colon == std::string::npos) continue;
    link = link.substr(1, colon - 1) + ":" + link.substr(link.rfind('/') + 1);
  }
  std::sort(links.begin(), links.end());
  return links;
}

void decode_names(Service& service, JsonView inspection, const EngineDefaults& defaults) {
  const auto config = inspection["Config"];
  if (service.network_mode.starts_with("container:")) return;  // it shows the other's names
  service.hostname = unless(config["Hostname"].text(), inspection["Id"].text().substr(0, 12));
  if (service.network_mode == "host") service.hostname = unless(service.hostname, defaults.host_name);
  service.domainname = config["Domainname"].text();
  service.mac_address = config["MacAddress"].text();
}

Resources decode_resources(JsonView host) {
  Resources resources;
  resources.memory = asked_bytes(host["Memory"]);
  resources.memory_swap = asked_bytes(host["MemorySwap"]);
  if (resources.memory && resources.memory_swap == ByteCount{resources.memory->value * 2})
    resources.memory_swap.reset();  // the engine's own choice
  resources.memory_reservation = asked_bytes(host["MemoryReservation"]);
  resources.kernel_memory = asked_bytes(host["KernelMemory"]);
  resources.nano_cpus = asked<std::int64_t>(host["NanoCpus"]);
  resources.cpu_shares = asked<std::int64_t>(host["CpuShares"]);
  resources.cpu_period = asked<std::int64_t>(host["CpuPeriod"]);
  resources.cpu_quota = asked<std::int64_t>(host["CpuQuota"]);
  resources.pids_limit = asked<std::int64_t>(host["PidsLimit"]);
  resources.cpuset_cpus = host["CpusetCpus"].text();
  resources.cpuset_mems = host["CpusetMems"].text();
  resources.blkio_weight = asked<int>(host["BlkioWeight"]);
  resources.cpu_rt_period = asked<std::int64_t>(host["CpuRealtimePeriod"]);
  resources.cpu_rt_runtime = asked<std::int64_t>(host["CpuRealtimeRuntime"]);
  return resources;
}

std::vector<Device> decode_devices(JsonView entries) {
  std::vector<Device> devices;
  entries.each_item([&](JsonView entry) {
    devices.push_back({entry["PathOnHost"].text(), entry["PathInContainer"].text(), entry["CgroupPermissions"].text()});
  });
  return devices;
}

std::vector<DeviceRequest> decode_device_requests(JsonView entries) {
  std::vector<DeviceRequest> requests;
  entries.each_item([&](JsonView entry) {
    DeviceRequest& request = requests.emplace_back();
    request.driver = entry["Driver"].text();
    request.count = asked<int>(entry["Count"]);
    request.device_ids = entry["DeviceIDs"].texts();
    // Each of the lists would do; more than one is nothing that the docker command makes.
    bool is_first = true;
    entry["Capabilities"].each_item([&](JsonView all) {
      if (std::exchange(is_first, false)) request.capabilities = all.texts();
    });
    request.options = entry["Options"].text_map();
  });
  return requests;
}

std::vector<BlockLimit> decode_block_limits(JsonView host) {
  std::vector<BlockLimit> limits;
  for (const auto& [kind, name] : block_limit_names)
    host[name].each_item([&, &of = kind](JsonView entry) {
      limits.push_back({std::string(of), entry["Path"].text(), entry[of == "weight" ? "Weight" : "Rate"].number()});
    });
  return limits;
}

std::vector<Ulimit> decode_ulimits(JsonView entries) {
  std::vector<Ulimit> limits;
  entries.each_item([&](JsonView entry) {
    limits.push_back({entry["Name"].text(), entry["Soft"].number(), entry["Hard"].number()});
  });
  return limits;
}

bool is_empty_list(JsonView list) {
  return list.is_list() && list.texts().empty();
}

// Where the process shares a name space with the host, the engine switches labels off by itself. Paths of the system
// that are open (docker's systempaths=unconfined) are two empty lists.
std::vector<std::string> decode_security(JsonView host) {
  std::vector<std::string> options = host["SecurityOpt"].texts();
  if (!host["Privileged"].truth() && is_empty_list(host["MaskedPaths"]) && is_empty_list(host["ReadonlyPaths"]))
    options.emplace_back(open_system_paths);
  if (host["Privileged"].truth() || host["PidMode"].text() == "host" || host["IpcMode"].text() == "host")
    std::erase(options, "label=disable");
  return options;
}

void decode_isolation(Service& service, JsonView host, const EngineDefaults& defaults) {
  service.pid_mode = host["PidMode"].text();
  service.ipc_mode = unless(host["IpcMode"].text(), "private");
  service.uts_mode = host["UTSMode"].text();
  service.userns_mode = host["UsernsMode"].text();
  service.cgroup_parent = host["CgroupParent"].text();
  service.cgroupns_mode = host["CgroupnsMode"].text();
  const bool usual_host = service.privileged && defaults.cgroupns_mode == "host";
  service.cgroupns_mode = unless(service.cgroupns_mode, usual_host ? "host" : defaults.cgroupns_mode);
  service.runtime = unless(host["Runtime"].text(), defaults.runtime);
  service.isolation = unless(host["Isolation"].text(), "default");
}

void decode_logging(Service& service, JsonView log, const EngineDefaults& defaults) {
  service.log_driver = log["Type"].text();
  service.log_options = log["Config"].text_map();
  if (service.log_driver == "json-file" && defaults.log_driver == "json-file" &&
      service.log_options == usual_log_rotation())
    service.log_options.clear();
  if (service.log_options.empty()) service.log_driver = unless(service.log_driver, defaults.log_driver);
}

void decode_host_config(Service& service, JsonView host, const EngineDefaults& defaults) {
  service.publish_all_ports = host["PublishAllPorts"].truth();
  service.volumes_from = host["VolumesFrom"].texts();
  service.volume_driver = host["VolumeDriver"].text();
  service.restart = {host["RestartPolicy"]["Name"].text(),
                     static_cast<int>(host["RestartPolicy"]["MaximumRetryCount"].number())};
  if (service.restart.name.empty()) service.restart.name = "no";
  service.resources = decode_resources(host);
  service.privileged = host["Privileged"].truth();
  service.read_only = host["ReadonlyRootfs"].truth();
  if (const auto init = host["Init"]) service.init = init.truth();
  if (host["OomKillDisable"].truth()) service.oom_kill_disable = true;
  service.cap_add = host["CapAdd"].texts();
  service.cap_drop = host["CapDrop"].texts();
  service.security_opt = decode_security(host);
  service.group_add = host["GroupAdd"].texts();
  service.device_cgroup_rules = host["DeviceCgroupRules"].texts();
  service.dns = host["Dns"].texts();
  service.dns_search = host["DnsSearch"].texts();
  service.dns_options = host["DnsOptions"].texts();
  service.extra_hosts = host["ExtraHosts"].texts();
  service.devices = decode_devices(host["Devices"]);
  service.device_requests = decode_device_requests(host["DeviceRequests"]);
  service.block_limits = decode_block_limits(host);
  service.annotations = host["Annotations"].text_map();
  service.ulimits = decode_ulimits(host["Ulimits"]);
  service.sysctls = host["Sysctls"].text_map();
  decode_isolation(service, host, defaults);
  service.shm_size = asked_bytes(host["ShmSize"]);
  if (service.shm_size == ByteCount{64 << 20}) service.shm_size.reset();
  if (const auto value = host["MemorySwappiness"]; value && value.number() >= 0)
    service.memory_swappiness = static_cast<int>(value.number());
  service.oom_score_adj = asked<int>(host["OomScoreAdj"]);
  service.storage_options = host["StorageOpt"].text_map();
  decode_logging(service, host["LogConfig"], defaults);
}

}  // namespace

std::optional<Mount::Kind> mount_kind(const std::string& type) {
  if (type == "bind") return Mount::Kind::bind;
  if (type == "tmpfs") return Mount::Kind::tmpfs;
  if (type == "image") return Mount::Kind::image;
  if (type == "volume" || type.empty()) return Mount::Kind::volume;
  return {};
}

std::map<std::string, std::string> decode_environment(JsonView variables) {
  std::map<std::string, std::string> environment;
  for (const auto& variable : variables.texts()) {
    const size_t equals = variable.find('=');
    if (equals != std::string::npos) environment[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  return environment;
}

std::optional<HealthCheck> decode_health(JsonView health) {
  if (!health) return {};
  HealthCheck check;
  check.test = health["Test"].texts();
  check.interval = duration_of(health["Interval"]);
  check.timeout = duration_of(health["Timeout"]);
  check.start_period = duration_of(health["StartPeriod"]);
  check.retries = asked<int>(health["Retries"]);
  check.start_interval = duration_of(health["StartInterval"]);
  if (check == HealthCheck()) return {};
  return check;
}

Service decode_service(JsonView inspection, const ImageConfig* image, const EngineDefaults& defaults) {
  static const ImageConfig gone;
  const ImageConfig& base = image != nullptr ? *image : gone;
  const auto config = inspection["Config"];
  const auto host = inspection["HostConfig"];
  Service service;
  service.name = inspection["Name"].text();
  if (service.name.starts_with('/')) service.name.erase(0, 1);
  service.image = config["Image"].text();
  decode_command(service, config, base);
  service.environment = decode_environment(config["Env"]);
  service.removed_variables = removed_variables(config["Env"], base.environment);
  subtract(service.environment, base.environment);
  decode_labels(service, config, base);
  decode_health_check(service, config, base);
  service.ports = decode_ports(host["PortBindings"]);
  service.exposed_ports = decode_exposed_ports(service, config, base);
  service.mounts = decode_mounts(config, host, base);
  decode_networks(service, inspection);
  service.links = decode_links(inspection, service.networks);
  decode_names(service, inspection, defaults);
  service.user = unless(config["User"].text(), base.user);
  service.working_dir = unless(config["WorkingDir"].text(), base.working_dir);
  service.stop_signal = unless(config["StopSignal"].text(), base.stop_signal);
  if (const auto timeout = config["StopTimeout"]) service.stop_timeout = static_cast<int>(timeout.number());
  service.tty = config["Tty"].truth();
  service.stdin_open = config["OpenStdin"].truth();
  decode_host_config(service, host, defaults);
  return service;
}

}  // namespace belay::engine
