#include "formats/run_options.h"

#include <cstdlib>
#include <limits>

#include "base/format.h"
#include "base/text.h"
#include "formats/mounts.h"
#include "formats/networks.h"
#include "formats/ports.h"
#include "formats/run_values.h"
#include "formats/variable_file.h"

namespace belay::formats {

namespace {

using In = RunCollection;
using Text = std::string_view;
constexpr auto highest = std::numeric_limits<std::int64_t>::max();

fs::path named_file(const In& in, Text path) {
  const fs::path file(path);
  if (file.is_absolute()) return file;
  return fs::absolute(in.options.base_folder.empty() ? fs::current_path() : in.options.base_folder) / file;
}

// -e KEY takes the value from our environment; there, a variable that is not set is not passed on.
void take_variable(const In& in, Variable variable, std::map<std::string, std::string>& into,
                   std::vector<std::string>& warnings) {
  if (!variable.value) variable.value = in.variable(variable.name);
  if (variable.value) {
    into[variable.name] = std::move(*variable.value);
  } else {
    warnings.push_back(format("{} is not set here, so the container does not get it", printable(variable.name)));
  }
}

void take_environment_file(In& in, Text path) {
  for (Variable& variable : read_variables(named_file(in, path)))
    take_variable(in, std::move(variable), in.file_environment, in.line.warnings);
}

void take_label_file(In& in, Text path) {
  for (Variable& variable : read_variables(named_file(in, path)))
    in.file_labels[variable.name] = variable.value.value_or("");
}

void take_label(In& in, Text text) {
  const size_t equals = text.find('=');
  if (text.empty() || equals == 0) throw Error(ErrorCode::bad_value, "the label has no name");
  in.labels[std::string(text.substr(0, equals))] = equals == Text::npos ? "" : text.substr(equals + 1);
}

void take_network(In& in, Text text) {
  NetworkWish wish = parse_network(text);
  if (!wish.mac_address.empty()) {
    if (!in.networks.empty()) throw Error(ErrorCode::bad_value, "Belay keeps a MAC address for the first network only");
    in.line.service.mac_address = mac_address(wish.mac_address);
  }
  in.networks.push_back(std::move(wish.link));
}

void take_ports(In& in, Text text) {
  auto& ports = in.line.service.ports;
  for (PortBinding& port : parse_publish(text)) {
    bool known = false;
    for (const PortBinding& other : ports) {
      known = known || other == port;
      if (other != port && clash(other, port))
        throw Error(ErrorCode::bad_value, format("the host port {} is asked for twice: {} and {}", *port.host_port,
                                                 other.text(), port.text()));
    }
    if (!known) ports.push_back(std::move(port));
  }
}

void take_mount(In& in, Mount mount) {
  for (const Mount& other : in.line.service.mounts)
    if (other.target == mount.target) throw Error(ErrorCode::bad_value, format("two mounts go to {}", mount.target));
  in.line.service.mounts.push_back(std::move(mount));
}

// As for Docker, the last word on a limit counts.
void take_ulimit(In& in, Text text) {
  const Ulimit limit = parse_ulimit(text);
  std::erase_if(in.line.service.ulimits, [&](const Ulimit& other) { return other.name == limit.name; });
  in.line.service.ulimits.push_back(limit);
}

void take_dns(In& in, Text text) {
  if (!is_ip_address(text)) throw Error(ErrorCode::bad_value, format("'{}' is not an IP address", printable(text)));
  in.line.service.dns.emplace_back(text);
}

HealthCheck& health(In& in) {
  in.has_health = true;
  return in.health;
}

// 0 means "as the image has it", to the engine as well.
void take_health_time(std::optional<Milliseconds>& into, Text text) {
  const Milliseconds time = duration(text);
  into = time.count() == 0 ? std::nullopt : std::optional(time);
}

std::string one_of(Text text, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    if (word == text) return word;
  // The empty word stands for the engine's own choice; it need not be advertised.
  std::vector<std::string> shown = words;
  std::erase(shown, "");
  throw Error(ErrorCode::bad_value, format("'{}' is not known here", printable(text)),
              format("Known: {}.", join(shown, ", ")));
}

std::string mode_or_container(Text text, const std::vector<std::string>& words) {
  if (text.starts_with("container:") && text.size() > 10) return std::string(text);
  return one_of(text, words);
}

std::string not_empty(Text text) {
  if (text.empty()) throw Error(ErrorCode::bad_value, "the value is empty");
  return std::string(text);
}

bool on(Text text) {
  return text == "true";
}

// A flag that changes nothing for a container that Belay keeps, and is so common that a warning would only annoy.
void nothing_to_do(In&, Text) {}

void refuse_removal(In&, Text text) {
  if (on(text))
    throw Error(ErrorCode::bad_value,
                "a container that Belay keeps is not removed when it exits: a release must be there to go back to",
                "Leave --rm out; belay cleanup NAME removes old releases.");
}

void take_pull(In& in, Text text) {
  one_of(text, {"always", "missing", "never"});
  if (text != "missing")
    in.line.warnings.push_back(format("--pull={} is left out: Belay pulls an image when it is deployed", text));
}

// The common shapes of an option, over the field that it fills.
template <auto field>
void set_text(In& in, Text text) {
  in.line.service.*field = text;
}
template <auto field>
void set_word(In& in, Text text) {
  in.line.service.*field = not_empty(text);
}
template <auto field>
void set_flag(In& in, Text text) {
  in.line.service.*field = on(text);
}
template <auto field, auto parse>
void set_parsed(In& in, Text text) {
  in.line.service.*field = parse(text);
}
template <auto field, auto parse>
void add_parsed(In& in, Text text) {
  (in.line.service.*field).push_back(parse(text));
}
template <auto field>
void add_pair(In& in, Text text) {
  auto [key, content] = key_and_value(text);
  (in.line.service.*field).insert_or_assign(std::move(key), std::move(content));
}
template <auto field, auto parse>
void set_resource(In& in, Text text) {
  in.line.service.resources.*field = parse(text);
}
template <std::int64_t lowest, std::int64_t highest>
std::int64_t number(Text text) {
  return whole_number(text, lowest, highest);
}
template <int lowest, int highest>
int small_number(Text text) {
  return static_cast<int>(whole_number(text, lowest, highest));
}

constexpr auto flag = RunOption::Kind::flag;
constexpr auto value = RunOption::Kind::value;
constexpr const char* windows = "it exists on Windows only";
constexpr const char* no_place = "Belay cannot keep it yet; leave it out, or let docker run this container";

// In the order of `docker run --help`; names that only older versions had stand beside their successors.
constexpr RunOption table[] = {
    {"add-host", 0, value, add_parsed<&Service::extra_hosts, extra_host>, {}},
    {"annotation", 0, value, nullptr, no_place},
    {"attach", 'a', value, nullptr, {}},
    {"blkio-weight",
     0,
     value,
     [](In& in, Text v) {
       const auto weight = whole_number(v, 0, 1000);
       if (weight > 0 && weight < 10) throw Error(ErrorCode::bad_value, "the weight is 0 or a number from 10 to 1000");
       in.line.service.resources.blkio_weight = static_cast<int>(weight);
     },
     {}},
    {"blkio-weight-device", 0, value, nullptr, no_place},
    {"cap-add", 0, value, add_parsed<&Service::cap_add, not_empty>, {}},
    {"cap-drop", 0, value, add_parsed<&Service::cap_drop, not_empty>, {}},
    {"cgroup-parent", 0, value, set_text<&Service::cgroup_parent>, {}},
    {"cgroupns",
     0,
     value,
     [](In& in, Text v) { in.line.service.cgroupns_mode = one_of(v, {"", "host", "private"}); },
     {}},
    {"cidfile", 0, value, nullptr, "a release has a new container each time; belay status NAME shows which"},
    {"cpu-count", 0, value, nullptr, windows},
    {"cpu-percent", 0, value, nullptr, windows},
    {"cpu-period", 0, value, set_resource<&Resources::cpu_period, number<0, 1'000'000>>, {}},
    {"cpu-quota", 0, value, set_resource<&Resources::cpu_quota, number<-1, highest>>, {}},
    {"cpu-rt-period", 0, value, nullptr, no_place},
    {"cpu-rt-runtime", 0, value, nullptr, no_place},
    {"cpu-shares", 'c', value, set_resource<&Resources::cpu_shares, number<0, 262144>>, {}},
    {"cpus", 0, value, set_resource<&Resources::nano_cpus, nano_cpus>, {}},
    {"cpuset-cpus", 0, value, set_resource<&Resources::cpuset_cpus, cpu_set>, {}},
    {"cpuset-mems", 0, value, set_resource<&Resources::cpuset_mems, cpu_set>, {}},
    {"detach", 'd', flag, nothing_to_do, {}},
    {"detach-keys", 0, value, nullptr, {}},
    {"device", 0, value, add_parsed<&Service::devices, parse_device>, {}},
    {"device-cgroup-rule", 0, value, add_parsed<&Service::device_cgroup_rules, device_rule>, {}},
    {"device-read-bps", 0, value, nullptr, no_place},
    {"device-read-iops", 0, value, nullptr, no_place},
    {"device-write-bps", 0, value, nullptr, no_place},
    {"device-write-iops", 0, value, nullptr, no_place},
    {"disable-content-trust", 0, flag, nullptr, {}},
    {"dns", 0, value, take_dns, {}},
    {"dns-option", 0, value, add_parsed<&Service::dns_options, not_empty>, {}},
    {"dns-opt", 0, value, add_parsed<&Service::dns_options, not_empty>, {}},
    {"dns-search", 0, value, add_parsed<&Service::dns_search, not_empty>, {}},
    {"domainname", 0, value, set_text<&Service::domainname>, {}},
    // An empty word clears the image's entry point: so the engine has it.
    {"entrypoint", 0, value, [](In& in, Text v) { in.line.service.entrypoint = {std::string(v)}; }, {}},
    {"env",
     'e',
     value,
     [](In& in, Text v) { take_variable(in, parse_variable(v), in.environment, in.line.warnings); },
     {}},
    {"env-file", 0, value, take_environment_file, {}},
    {"expose",
     0,
     value,
     [](In& in, Text v) {
       for (std::string& port : parse_expose(v)) in.line.service.exposed_ports.push_back(std::move(port));
     },
     {}},
    {"gpus", 0, value, nullptr, no_place},
    {"group-add", 0, value, add_parsed<&Service::group_add, not_empty>, {}},
    {"health-cmd", 0, value, [](In& in, Text v) { health(in).test = {"CMD-SHELL", not_empty(v)}; }, {}},
    {"health-interval", 0, value, [](In& in, Text v) { take_health_time(health(in).interval, v); }, {}},
    {"health-retries",
     0,
     value,
     [](In& in, Text v) {
       const auto retries = static_cast<int>(whole_number(v, 0, 1'000'000));
       health(in).retries = retries == 0 ? std::nullopt : std::optional(retries);
     },
     {}},
    {"health-start-interval", 0, value, nullptr, no_place},
    {"health-start-period", 0, value, [](In& in, Text v) { take_health_time(health(in).start_period, v); }, {}},
    {"health-timeout", 0, value, [](In& in, Text v) { take_health_time(health(in).timeout, v); }, {}},
    {"help", 0, flag, nullptr, "it asks Docker for its help"},
    {"hostname", 'h', value, set_text<&Service::hostname>, {}},
    {"init", 0, flag, set_flag<&Service::init>, {}},
    {"interactive", 'i', flag, set_flag<&Service::stdin_open>, {}},
    {"io-maxbandwidth", 0, value, nullptr, windows},
    {"io-maxiops", 0, value, nullptr, windows},
    {"ip",
     0,
     value,
     [](In& in, Text v) {
       if (!is_ip_address(v, IpFamily::v4))
         throw Error(ErrorCode::bad_value, format("'{}' is not an IPv4 address", printable(v)));
       in.ipv4 = v;
     },
     {}},
    {"ip6",
     0,
     value,
     [](In& in, Text v) {
       if (!is_ip_address(v, IpFamily::v6))
         throw Error(ErrorCode::bad_value, format("'{}' is not an IPv6 address", printable(v)));
       in.ipv6 = v;
     },
     {}},
    {"ipc",
     0,
     value,
     [](In& in, Text v) {
       in.line.service.ipc_mode = mode_or_container(v, {"", "private", "shareable", "host", "none"});
     },
     {}},
    {"isolation", 0, value, set_text<&Service::isolation>, {}},
    {"kernel-memory", 0, value, set_resource<&Resources::kernel_memory, size_in_bytes>, {}},
    {"label", 'l', value, take_label, {}},
    {"label-file", 0, value, take_label_file, {}},
    {"link", 0, value, add_parsed<&Service::links, container_link>, {}},
    {"link-local-ip", 0, value, nullptr, no_place},
    {"log-driver", 0, value, set_text<&Service::log_driver>, {}},
    {"log-opt", 0, value, add_pair<&Service::log_options>, {}},
    {"mac-address", 0, value, set_parsed<&Service::mac_address, mac_address>, {}},
    {"memory", 'm', value, set_resource<&Resources::memory, size_in_bytes>, {}},
    {"memory-reservation", 0, value, set_resource<&Resources::memory_reservation, size_in_bytes>, {}},
    {"memory-swap",
     0,
     value,
     [](In& in, Text v) { in.line.service.resources.memory_swap = v == "-1" ? ByteCount{-1} : size_in_bytes(v); },
     {}},
    {"memory-swappiness",
     0,
     value,
     [](In& in, Text v) {
       const auto share = static_cast<int>(whole_number(v, -1, 100));
       in.line.service.memory_swappiness = share == -1 ? std::nullopt : std::optional(share);
     },
     {}},
    {"mount", 0, value, [](In& in, Text v) { take_mount(in, parse_mount(v, in.options.base_folder)); }, {}},
    {"name", 0, value, [](In& in, Text v) { in.line.name = not_empty(v); }, {}},
    {"network", 0, value, take_network, {}},
    {"net", 0, value, take_network, {}},
    {"network-alias", 0, value, [](In& in, Text v) { in.aliases.push_back(not_empty(v)); }, {}},
    {"net-alias", 0, value, [](In& in, Text v) { in.aliases.push_back(not_empty(v)); }, {}},
    {"no-healthcheck", 0, flag, [](In& in, Text v) { in.no_health_check = on(v); }, {}},
    {"oom-kill-disable", 0, flag, set_flag<&Service::oom_kill_disable>, {}},
    {"oom-score-adj", 0, value, set_parsed<&Service::oom_score_adj, small_number<-1000, 1000>>, {}},
    {"pid", 0, value, [](In& in, Text v) { in.line.service.pid_mode = mode_or_container(v, {"", "host"}); }, {}},
    {"pids-limit", 0, value, set_resource<&Resources::pids_limit, number<-1, highest>>, {}},
    {"platform", 0, value, nullptr, "the image decides; build or pull it for that platform"},
    {"privileged", 0, flag, set_flag<&Service::privileged>, {}},
    {"publish", 'p', value, take_ports, {}},
    {"publish-all", 'P', flag, set_flag<&Service::publish_all_ports>, {}},
    {"pull", 0, value, take_pull, {}},
    {"quiet", 'q', flag, nullptr, {}},
    {"read-only", 0, flag, set_flag<&Service::read_only>, {}},
    {"restart", 0, value, set_parsed<&Service::restart, parse_restart>, {}},
    {"rm", 0, flag, refuse_removal, {}},
    {"runtime", 0, value, set_text<&Service::runtime>, {}},
    {"security-opt",
     0,
     value,
     [](In& in, Text v) { in.line.service.security_opt.push_back(security_option(v, in.options.base_folder)); },
     {}},
    {"shm-size", 0, value, set_parsed<&Service::shm_size, size_in_bytes>, {}},
    {"sig-proxy", 0, flag, nullptr, {}},
    {"stop-signal", 0, value, set_word<&Service::stop_signal>, {}},
    {"stop-timeout", 0, value, set_parsed<&Service::stop_timeout, small_number<-1, 1'000'000>>, {}},
    {"storage-opt", 0, value, add_pair<&Service::storage_options>, {}},
    {"sysctl", 0, value, add_pair<&Service::sysctls>, {}},
    {"tmpfs", 0, value, [](In& in, Text v) { take_mount(in, parse_tmpfs(v)); }, {}},
    {"tty", 't', flag, set_flag<&Service::tty>, {}},
    {"ulimit", 0, value, take_ulimit, {}},
    {"use-api-socket", 0, flag, nullptr,
     "it would hand the engine to the container; mount the socket in so many words"},
    {"user", 'u', value, set_text<&Service::user>, {}},
    {"userns", 0, value, [](In& in, Text v) { in.line.service.userns_mode = one_of(v, {"", "host"}); }, {}},
    {"uts", 0, value, [](In& in, Text v) { in.line.service.uts_mode = one_of(v, {"", "host"}); }, {}},
    {"volume", 'v', value, [](In& in, Text v) { take_mount(in, parse_volume(v, in.options.base_folder)); }, {}},
    {"volume-driver", 0, value, set_text<&Service::volume_driver>, {}},
    {"volumes-from", 0, value, add_parsed<&Service::volumes_from, volumes_from>, {}},
    {"workdir",
     'w',
     value,
     [](In& in, Text v) {
       if (!v.starts_with('/'))
         throw Error(ErrorCode::bad_value, format("'{}' is not an absolute path in the container", printable(v)));
       in.line.service.working_dir = v;
     },
     {}},
};

}  // namespace

std::optional<std::string> RunCollection::variable(const std::string& name) const {
  if (options.variable) return options.variable(name);
  const char* found = std::getenv(name.c_str());
  return found == nullptr ? std::nullopt : std::optional<std::string>(found);
}

const RunOption* find_run_option(std::string_view name) {
  for (const RunOption& option : table)
    if (option.name == name) return &option;
  return nullptr;
}

const RunOption* find_run_option(char letter) {
  for (const RunOption& option : table)
    if (letter != 0 && option.letter == letter) return &option;
  return nullptr;
}

std::vector<std::string> run_option_names() {
  std::vector<std::string> names;
  for (const RunOption& option : table) names.push_back(format("--{}", option.name));
  return names;
}

}  // namespace belay::formats
