#include "engine/docker_decode.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "engine/docker_service.h"

namespace belay::engine {

namespace {

ContainerState state_of(const std::string& text) {
  for (const auto state : {ContainerState::created, ContainerState::running, ContainerState::paused,
                           ContainerState::restarting, ContainerState::exited, ContainerState::dead})
    if (text == to_text(state)) return state;
  return text == "removing" ? ContainerState::removing : ContainerState::created;
}

Health health_of(const std::string& text) {
  if (text == "healthy") return Health::healthy;
  if (text == "unhealthy") return Health::unhealthy;
  return text == "starting" ? Health::starting : Health::none;
}

Health health_in_status(std::string_view status) {
  if (status.find("(healthy)") != status.npos) return Health::healthy;
  if (status.find("(unhealthy)") != status.npos) return Health::unhealthy;
  return status.find("(health: starting)") != status.npos ? Health::starting : Health::none;
}

// "Exited (137) 5 minutes ago".
std::optional<int> exit_code_in_status(std::string_view status) {
  const size_t open = status.find('('), close = status.find(')');
  if (open == status.npos || close == status.npos || close < open) return {};
  const auto code = parse_number(status.substr(open + 1, close - open - 1));
  return code && *code <= 255 ? std::optional(static_cast<int>(*code)) : std::nullopt;
}

// "Up 12 seconds (healthy)", "Up Less than a second", "Up About a minute", "Up 3 hours", "Up 2 weeks".
std::optional<Milliseconds> up_for_in_status(std::string_view status) {
  using std::chrono::hours;
  static const std::vector<std::pair<std::string_view, Milliseconds>> units{
      {"second", Seconds(1)},  {"minute", Seconds(60)},   {"hour", hours(1)},       {"day", hours(24)},
      {"week", hours(24 * 7)}, {"month", hours(24 * 30)}, {"year", hours(24 * 365)}};
  constexpr std::string_view up = "Up ";
  if (!status.starts_with(up)) return {};
  status.remove_prefix(up.size());
  if (status.starts_with("Less than a second")) return Milliseconds(0);
  const auto number = parse_number(status.substr(0, status.find(' ')));
  for (const auto& [unit, length] : units)
    if (status.find(unit) != status.npos) return length * number.value_or(1);
  return {};
}

// Lists tell some facts only within the status line. This is the one place that reads it.
void read_status(Container& container) {
  const std::string_view status = container.status;
  if (container.is_up()) {
    container.health = health_in_status(status);
    container.up_for = up_for_in_status(status);
  } else if (container.state == ContainerState::exited) {
    container.exit_code = exit_code_in_status(status);
  }
}

// Names come with a slash; a name with two belongs to a link of another container.
std::string own_name(const std::vector<std::string>& names) {
  for (const auto& name : names)
    if (name.starts_with('/') && name.find('/', 1) == std::string::npos) return name.substr(1);
  return names.empty() ? std::string() : names.front();
}

Mount mount_in_use(JsonView entry, Mount::Kind kind) {
  Mount mount;
  mount.kind = kind;
  if (mount.kind == Mount::Kind::volume) {
    mount.source = entry["Name"].text();
  } else if (mount.kind == Mount::Kind::bind) {
    mount.source = entry["Source"].text();
  }
  mount.target = entry["Destination"].text();
  mount.read_only = entry["RW"] && !entry["RW"].truth();
  mount.options = entry["Mode"].text();
  if (mount.options == "ro" || mount.options == "rw") mount.options.clear();
  return mount;
}

std::vector<Mount> mounts_in_use(JsonView entries) {
  std::vector<Mount> mounts;
  entries.each_item([&](JsonView entry) {
    if (const auto kind = mount_kind(entry["Type"].text()); kind && *kind != Mount::Kind::image)
      mounts.push_back(mount_in_use(entry, *kind));
  });
  std::sort(mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) { return a.target < b.target; });
  return mounts;
}

// The engine writes "not yet" as the year 1.
std::optional<Time> time_of(const std::string& text) {
  return text.empty() || text.starts_with("0001-") ? std::nullopt : parse_time(text);
}

// Lists give the creation in seconds, inspections in RFC 3339: one form, so that the two can be compared.
std::string creation_text(JsonView created) {
  if (!created.is_text()) return created ? std::to_string(created.number()) : std::string();
  const auto time = parse_time(created.text());
  if (!time) return created.text();
  return std::to_string(std::chrono::floor<Seconds>(time->time_since_epoch()).count());
}

std::vector<PortBinding> published_ports(JsonView ports) {
  std::vector<PortBinding> result;
  ports.each_member([&](std::string_view key, JsonView bindings) {
    const auto parts = split(key, '/');
    bindings.each_item([&](JsonView binding) {
      PortBinding port;
      port.container_port = static_cast<std::uint16_t>(parse_number(parts[0]).value_or(0));
      if (parts.size() > 1) port.protocol = parts[1];
      port.host_ip = binding["HostIp"].text();
      port.host_port = static_cast<std::uint16_t>(binding["HostPort"].number());
      add_published_port(result, port);
    });
  });
  return result;
}

std::vector<std::string> present(std::vector<std::string> names) {
  std::erase_if(names, [](const std::string& name) { return name.starts_with("<none>"); });
  return names;
}

ImageConfig image_config(JsonView config) {
  ImageConfig result;
  for (const auto& range : config["ExposedPorts"].keys())
    for (auto& port : spread_ports(range)) result.exposed_ports.push_back(std::move(port));
  result.volumes = config["Volumes"].keys();
  std::sort(result.volumes.begin(), result.volumes.end());
  result.environment = decode_environment(config["Env"]);
  result.command = config["Cmd"].texts();
  result.entrypoint = config["Entrypoint"].texts();
  result.user = config["User"].text();
  result.working_dir = config["WorkingDir"].text();
  result.stop_signal = config["StopSignal"].text();
  result.health = decode_health(config["Healthcheck"]);
  result.labels = config["Labels"].text_map();
  return result;
}

// Docker calls a container unhealthy from a pause on until the next probe passes, though no probe has failed. Podman
// and others that count no failures are believed.
Health health_in(JsonView inspection) {
  const auto health = inspection["State"]["Health"];
  const Health said = health_of(health["Status"].text());
  if (said != Health::unhealthy || !health["FailingStreak"]) return said;
  constexpr long long usual_retries = 3;
  const long long retries = inspection["Config"]["Healthcheck"]["Retries"].number();
  return health["FailingStreak"].number() < (retries > 0 ? retries : usual_retries) ? Health::starting : said;
}

Container container_in(JsonView inspection) {
  const auto state = inspection["State"];
  Container container;
  container.name = own_name({inspection["Name"].text()});
  container.image = inspection["Config"]["Image"].text();
  container.image_id = inspection["Image"].text();
  container.created = creation_text(inspection["Created"]);
  container.state = state_of(state["Status"].text());
  container.health = container.is_up() ? health_in(inspection) : Health::none;
  container.status = to_text(container.state);
  if (container.health != Health::none) container.status += format(" ({})", to_text(container.health));
  if (container.state == ContainerState::exited) container.exit_code = static_cast<int>(state["ExitCode"].number());
  container.labels = inspection["Config"]["Labels"].text_map();
  container.ports = published_ports(inspection["NetworkSettings"]["Ports"]);
  container.mounts = mounts_in_use(inspection["Mounts"]);
  container.networks = inspection["NetworkSettings"]["Networks"].keys();
  container.network_mode = inspection["HostConfig"]["NetworkMode"].text();
  return container;
}

std::vector<AddressPool> pools_of(JsonView config) {
  std::vector<AddressPool> pools;
  config.each_item([&](JsonView pool) {
    pools.push_back(
        {pool["Subnet"].text(), pool["Gateway"].text(), pool["IPRange"].text(), pool["AuxiliaryAddresses"].text_map()});
  });
  return pools;
}

std::string last_probe(JsonView log) {
  std::string output;
  log.each_item([&](JsonView probe) { output = probe["Output"].text(); });
  return std::string(trim(output));
}

}  // namespace

EngineDefaults decode_defaults(JsonView info) {
  EngineDefaults defaults;
  defaults.host_name = info["Name"].text();
  if (const auto driver = info["LoggingDriver"]) defaults.log_driver = driver.text();
  if (const auto runtime = info["DefaultRuntime"]) defaults.runtime = runtime.text();
  if (info["CgroupVersion"].text() == "2") defaults.cgroupns_mode = "private";
  return defaults;
}

RegistryWays decode_registry_ways(JsonView info) {
  const JsonView config = info["RegistryConfig"];
  RegistryWays ways{config["Mirrors"].texts(), config["InsecureRegistryCIDRs"].texts(), info["HttpProxy"].text(),
                    info["HttpsProxy"].text(), info["NoProxy"].text()};
  config["IndexConfigs"].each_member([&](std::string_view host, JsonView index) {
    if (index.has("Secure") && !index["Secure"].truth()) ways.insecure.emplace_back(host);
  });
  for (const auto& option : info["SecurityOptions"].texts()) ways.rootless |= option.starts_with("name=rootless");
  return ways;
}

void add_published_port(std::vector<PortBinding>& ports, PortBinding port) {
  if (port.host_ip == "0.0.0.0" || port.host_ip == "::") port.host_ip.clear();
  if (std::find(ports.begin(), ports.end(), port) == ports.end()) ports.push_back(port);
}

Container decode_list_entry(JsonView entry) {
  Container container;
  container.name = own_name(entry["Names"].texts());
  container.image = entry["Image"].text();
  container.image_id = entry["ImageID"].text();
  container.created = creation_text(entry["Created"]);
  container.state = state_of(entry["State"].text());
  container.status = entry["Status"].text();
  read_status(container);
  container.labels = entry["Labels"].text_map();
  entry["Ports"].each_item([&](JsonView item) {
    if (!item["PublicPort"]) return;
    PortBinding port;
    port.container_port = static_cast<std::uint16_t>(item["PrivatePort"].number());
    port.host_port = static_cast<std::uint16_t>(item["PublicPort"].number());
    if (const auto protocol = item["Type"]) port.protocol = protocol.text();
    port.host_ip = item["IP"].text();
    add_published_port(container.ports, port);
  });
  std::sort(container.ports.begin(), container.ports.end());
  container.mounts = mounts_in_use(entry["Mounts"]);
  container.networks = entry["NetworkSettings"]["Networks"].keys();
  container.network_mode = entry["HostConfig"]["NetworkMode"].text();
  return container;
}

ContainerDetail decode_inspection(JsonView inspection, const ImageConfig* image, const EngineDefaults& defaults) {
  const auto state = inspection["State"];
  ContainerDetail detail;
  detail.container = container_in(inspection);
  detail.service = decode_service(inspection, image, defaults);
  detail.exit_code = static_cast<int>(state["ExitCode"].number());
  detail.oom_killed = state["OOMKilled"].truth();
  detail.restart_count = static_cast<int>(inspection["RestartCount"].number());
  detail.error = state["Error"].text();
  detail.started = time_of(state["StartedAt"].text());
  detail.finished = time_of(state["FinishedAt"].text());
  detail.health_output = last_probe(state["Health"]["Log"]);
  detail.restart = detail.service.restart;
  const auto test = inspection["Config"]["Healthcheck"]["Test"].texts();
  detail.has_health_check = !test.empty() && test.front() != "NONE";
  detail.tty = inspection["Config"]["Tty"].truth();
  inspection["NetworkSettings"]["Networks"].each_member([&](std::string_view network, JsonView endpoint) {
    if (const std::string address = endpoint["IPAddress"].text(); !address.empty())
      detail.network_addresses.emplace(network, address);
  });
  return detail;
}

namespace {

// What a list and an inspection of images say alike.
Image known_image(JsonView entry) {
  Image image;
  image.id = entry["Id"].text();
  image.tags = present(entry["RepoTags"].texts());
  image.digests = present(entry["RepoDigests"].texts());
  image.size = {entry["Size"].number()};
  return image;
}

}  // namespace

Image decode_image_entry(JsonView entry) {
  Image image = known_image(entry);
  if (const auto created = entry["Created"]) image.created = Time(Seconds(created.number()));
  image.config.labels = entry["Labels"].text_map();
  return image;
}

Image decode_image(JsonView inspection) {
  Image image = known_image(inspection);
  image.created = time_of(inspection["Created"].text());
  image.config = image_config(inspection["Config"]);
  return image;
}

Volume decode_volume(JsonView volume) {
  return {.name = volume["Name"].text(),
          .driver = volume["Driver"].text(),
          .mount_point = volume["Mountpoint"].text(),
          .labels = volume["Labels"].text_map(),
          .created = time_of(volume["CreatedAt"].text()),
          .options = volume["Options"].text_map()};
}

Network decode_network(JsonView network) {
  return {.name = network["Name"].text(),
          .driver = network["Driver"].text(),
          .labels = network["Labels"].text_map(),
          .internal = network["Internal"].truth(),
          .attachable = network["Attachable"].truth(),
          .enable_ipv6 = network["EnableIPv6"].truth(),
          .options = network["Options"].text_map(),
          .ipam_driver = network["IPAM"]["Driver"].text(),
          .pools = pools_of(network["IPAM"]["Config"])};
}

std::optional<Event> decode_event(JsonView event) {
  Event result;
  result.type = event["Type"].text();
  result.action = event["Action"].text();
  // Every probe of every health check would come as three of these.
  if (result.type.empty() || result.action.starts_with("exec_")) return {};
  const auto nanoseconds = event["timeNano"];
  result.time = nanoseconds
                    ? Time(std::chrono::duration_cast<Milliseconds>(std::chrono::nanoseconds(nanoseconds.number())))
                    : Time(Seconds(event["time"].number()));
  result.attributes = event["Actor"]["Attributes"].text_map();
  const auto name = result.attributes.find("name");
  if (name != result.attributes.end()) {
    result.name = name->second;
  } else if (result.type != "container") {
    result.name = event["Actor"]["ID"].text();  // of a volume or an image: its name
  }
  return result;
}

}  // namespace belay::engine
