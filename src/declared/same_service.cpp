#include "declared/same_service.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/files.h"
#include "base/text.h"
#include "engine/log_rotation.h"
#include "formats/ports.h"
#include "model/compose_labels.h"

namespace belay::declared {

namespace {

using Words = std::vector<std::string>;
using Pairs = std::map<std::string, std::string>;

template <class Value>
std::vector<Value> sorted(std::vector<Value> values) {
  std::sort(values.begin(), values.end());
  return values;
}

// Where both come to the same, the definition's words count.
template <class Field, class Meaning>
void reword(Service& shown, const Service& declared, Field field, Meaning&& meaning) {
  if (meaning(shown.*field) == meaning(declared.*field)) shown.*field = declared.*field;
}

Pairs without(Pairs pairs, const Pairs& usual) {
  std::erase_if(pairs, [&](const auto& pair) {
    const auto known = usual.find(pair.first);
    return known != usual.end() && known->second == pair.second;
  });
  return pairs;
}

// docker compose hands the proxies of docker's own settings on to each container; docker-compose 1.29 adds a hint for
// the scheduler of an old Swarm to what it makes anew.
bool is_added_by_compose(const std::string& variable) {
  static const std::set<std::string> names{"http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy",
                                           "HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"};
  return names.contains(variable) || variable == "affinity:container";
}

void reword_environment(Service& shown, const Service& declared, const ImageConfig& image) {
  std::erase_if(shown.environment, [&](const auto& variable) {
    return is_added_by_compose(variable.first) && !declared.environment.contains(variable.first);
  });
  reword(shown, declared, &Service::environment, [&](const Pairs& pairs) { return without(pairs, image.environment); });
  reword(shown, declared, &Service::removed_variables, [&](Words names) {
    std::erase_if(names, [&](const std::string& name) { return !image.environment.contains(name); });
    return sorted(std::move(names));
  });
}

void reword_labels(Service& shown, const Service& declared, const ImageConfig& image) {
  std::erase_if(shown.labels, [](const auto& label) { return label.first.starts_with(labels::compose); });
  reword(shown, declared, &Service::labels, [&](const Pairs& pairs) { return without(pairs, image.labels); });
}

// What the process is started with: the image's command is inherited only together with its entry point, or with none.
std::pair<Words, Words> process_of(const Service& service, const ImageConfig& image) {
  const bool has_own = service.entrypoint && !service.entrypoint->empty();
  Words command = service.command.value_or(Words{});
  if (command.empty() && !has_own) command = image.command;
  Words entrypoint = service.entrypoint.value_or(image.entrypoint);
  if (entrypoint == Words{""}) entrypoint.clear();
  return {std::move(entrypoint), std::move(command)};
}

// The engine takes 0 for "not said", and docker compose shows it either way.
template <class Value>
void forget_zero(std::optional<Value>& value) {
  if (value == Value{}) value.reset();
}

HealthCheck health_of(const std::optional<HealthCheck>& own, const ImageConfig& image) {
  HealthCheck check = own.value_or(HealthCheck());
  for (const auto field :
       {&HealthCheck::interval, &HealthCheck::timeout, &HealthCheck::start_period, &HealthCheck::start_interval})
    forget_zero(check.*field);
  forget_zero(check.retries);
  if (!image.health) return check;
  if (check.test.empty()) check.test = image.health->test;
  for (const auto field :
       {&HealthCheck::interval, &HealthCheck::timeout, &HealthCheck::start_period, &HealthCheck::start_interval})
    if (!(check.*field)) check.*field = image.health.value().*field;
  if (!check.retries) check.retries = image.health->retries;
  return check;
}

void reword_process(Service& shown, const Service& declared, const ImageConfig& image) {
  if (process_of(shown, image) == process_of(declared, image)) {
    shown.entrypoint = declared.entrypoint;
    shown.command = declared.command;
  }
  reword(shown, declared, &Service::health, [&](const auto& check) { return health_of(check, image); });
  const auto or_of_image = [](const std::string& usual) {
    return [usual](const std::string& value) { return value.empty() ? usual : value; };
  };
  reword(shown, declared, &Service::user, or_of_image(image.user));
  reword(shown, declared, &Service::working_dir, or_of_image(image.working_dir));
  reword(shown, declared, &Service::stop_signal, or_of_image(image.stop_signal));
  const auto is_on = [](const std::optional<bool>& value) { return value.value_or(false); };
  reword(shown, declared, &Service::init, is_on);
  reword(shown, declared, &Service::oom_kill_disable, is_on);
}

std::vector<PortBinding> bindings(std::vector<PortBinding> ports) {
  for (auto& port : ports)
    if (port.host_ip == "0.0.0.0" || port.host_ip == "::") port.host_ip.clear();
  ports = sorted(std::move(ports));
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  return ports;
}

// docker compose hands on what its file says: "3000", "8000-8001".
Words one_by_one(const Words& written) {
  Words ports;
  for (const auto& text : written) {
    try {
      for (auto& port : formats::parse_expose(text)) ports.push_back(std::move(port));
    } catch (const Error&) {
      ports.push_back(text);
    }
  }
  return ports;
}

void reword_ports(Service& shown, const Service& declared, const ImageConfig& image) {
  reword(shown, declared, &Service::ports, bindings);
  std::set<std::string> known(image.exposed_ports.begin(), image.exposed_ports.end());
  for (const auto& port : declared.ports) known.insert(std::to_string(port.container_port) + "/" + port.protocol);
  reword(shown, declared, &Service::exposed_ports, [&](const Words& written) {
    Words ports = one_by_one(written);
    std::erase_if(ports, [&](const std::string& port) { return known.contains(port); });
    return sorted(std::move(ports));
  });
}

// The options of a bind that say what goes without saying.
Words options_of(const Mount& mount) {
  Words words = split(mount.options, ',');
  std::erase_if(words, [](const std::string& word) { return word.empty() || word == "rw" || word == "rprivate"; });
  return sorted(std::move(words));
}

// docker compose hands the path of a bind on as its file says it: "/dev/disk/", "/srv/../dev".
std::string source_of(const Mount& mount) {
  if (mount.kind != Mount::Kind::bind) return mount.source;
  std::string source = fs::path(mount.source).lexically_normal().string();
  while (source.size() > 1 && source.ends_with('/')) source.pop_back();
  return source;
}

bool is_same(const Mount& shown, const Mount& declared) {
  return shown.kind == declared.kind && source_of(shown) == source_of(declared) && shown.target == declared.target &&
         shown.read_only == declared.read_only && options_of(shown) == options_of(declared) &&
         shown.subpath == declared.subpath && shown.recursive == declared.recursive;
}

void reword_mounts(Service& shown, const Service& declared) {
  std::vector<Mount> in_order;
  for (const Mount& wanted : declared.mounts) {
    const auto found = std::find_if(shown.mounts.begin(), shown.mounts.end(),
                                    [&](const Mount& mount) { return mount.target == wanted.target; });
    if (found == shown.mounts.end()) continue;
    in_order.push_back(is_same(*found, wanted) ? wanted : *found);
    shown.mounts.erase(found);
  }
  in_order.insert(in_order.end(), shown.mounts.begin(), shown.mounts.end());
  shown.mounts = std::move(in_order);
}

// Every tool gives the names of the container and of the service.
NetworkLink link_of(NetworkLink link, const Service& declared, const std::string& container) {
  std::erase(link.aliases, container);
  std::erase(link.aliases, declared.group_name());
  link.aliases = sorted(std::move(link.aliases));
  return link;
}

void reword_networks(Service& shown, const Service& declared, const std::string& container) {
  std::vector<NetworkLink> in_order;
  for (const NetworkLink& wanted : declared.networks) {
    const auto found = std::find_if(shown.networks.begin(), shown.networks.end(),
                                    [&](const NetworkLink& link) { return link.network == wanted.network; });
    if (found == shown.networks.end()) continue;
    const bool is_equal = link_of(*found, declared, container) == link_of(wanted, declared, container);
    in_order.push_back(is_equal ? wanted : *found);
    shown.networks.erase(found);
  }
  in_order.insert(in_order.end(), shown.networks.begin(), shown.networks.end());
  shown.networks = std::move(in_order);
  reword(shown, declared, &Service::links, sorted<std::string>);
}

Words capabilities(Words names) {
  for (auto& name : names) {
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
    if (name.starts_with("CAP_")) name.erase(0, 4);
  }
  return sorted(std::move(names));
}

// "db:ro": read and written unless it says otherwise.
Words sources_of_volumes(Words names) {
  for (auto& name : names)
    if (name.ends_with(":rw")) name.resize(name.size() - 3);
  return sorted(std::move(names));
}

Words hosts(Words entries) {
  for (auto& entry : entries)
    if (const size_t equals = entry.find('='); equals != std::string::npos && entry.find(':') > equals)
      entry[equals] = ':';
  return sorted(std::move(entries));
}

std::vector<Device> devices(std::vector<Device> all) {
  for (auto& device : all) {
    if (device.permissions.empty()) device.permissions = "rwm";
    if (device.container_path.empty()) device.container_path = device.host_path;
  }
  return sorted(std::move(all));
}

// Both "no-new-privileges:true" and "no-new-privileges=true" are understood.
Words security_options(Words options) {
  for (auto& option : options)
    if (const size_t end = option.find_first_of(":="); end != std::string::npos) option[end] = '=';
  return sorted(std::move(options));
}

void reword_rights(Service& shown, const Service& declared) {
  reword(shown, declared, &Service::cap_add, capabilities);
  reword(shown, declared, &Service::cap_drop, capabilities);
  reword(shown, declared, &Service::security_opt, security_options);
  for (const auto field : {&Service::group_add, &Service::device_cgroup_rules})
    reword(shown, declared, field, sorted<std::string>);
  reword(shown, declared, &Service::volumes_from, sources_of_volumes);
  reword(shown, declared, &Service::extra_hosts, hosts);
  reword(shown, declared, &Service::devices, devices);
  reword(shown, declared, &Service::ulimits, sorted<Ulimit>);
  reword(shown, declared, &Service::block_limits, sorted<BlockLimit>);
  const auto unless = [](const std::string& usual) {
    return [usual](const std::string& value) { return value == usual ? std::string() : value; };
  };
  reword(shown, declared, &Service::ipc_mode, unless("private"));
  reword(shown, declared, &Service::runtime, unless("runc"));
  reword(shown, declared, &Service::isolation, unless("default"));
  reword(shown, declared, &Service::shm_size,
         [](const std::optional<ByteCount>& size) { return size.value_or(ByteCount{64 << 20}); });
}

// Without options the engine's own driver shows as none; with some it shows by its name.
void reword_logging(Service& shown, const Service& declared) {
  // What Belay itself adds is shown as nothing; here somebody asked for just that.
  if (shown.log_driver.empty() && shown.log_options.empty() && declared.log_options == engine::usual_log_rotation() &&
      (declared.log_driver.empty() || declared.log_driver == "json-file")) {
    shown.log_options = declared.log_options;
    shown.log_driver = declared.log_driver;
  }
  if (shown.log_options != declared.log_options) return;
  const bool is_usual = declared.log_options.empty() ? shown.log_driver.empty() : declared.log_driver.empty();
  if (is_usual) shown.log_driver = declared.log_driver;
}

void reword_limits(Service& shown, const Service& declared) {
  Resources& limits = shown.resources;
  const Resources& wanted = declared.resources;
  // What engines drop when the kernel cannot do it (see limits_that_differ).
  if (!limits.memory_swap) limits.memory_swap = wanted.memory_swap;
  if (!limits.kernel_memory) limits.kernel_memory = wanted.kernel_memory;
  if (!limits.blkio_weight) limits.blkio_weight = wanted.blkio_weight;
  const auto number = [](const auto& value) { return value.value_or(0); };
  // docker compose leaves out a 0.
  reword(shown, declared, &Service::memory_swappiness, number);
  reword(shown, declared, &Service::oom_score_adj, number);
  if (number(limits.pids_limit) <= 0 && number(wanted.pids_limit) <= 0) limits.pids_limit = wanted.pids_limit;
}

}  // namespace

Service in_words_of(const Service& declared, Service shown, const ImageConfig& image, const std::string& container) {
  shown.name = declared.name;
  shown.group = declared.group;
  shown.number = declared.number;
  shown.container_name = declared.container_name;
  shown.image = declared.image;
  shown.needs = declared.needs;
  shown.job = declared.job;
  shown.may_end = declared.may_end;
  shown.scheduled = declared.scheduled;
  shown.order = declared.order;
  shown.platform = declared.platform;
  if (shown.volume_driver.empty()) shown.volume_driver = declared.volume_driver;
  reword_environment(shown, declared, image);
  reword_labels(shown, declared, image);
  reword_process(shown, declared, image);
  reword_ports(shown, declared, image);
  reword_mounts(shown, declared);
  reword_networks(shown, declared, container);
  reword_rights(shown, declared);
  reword_logging(shown, declared);
  reword_limits(shown, declared);
  return shown;
}

}  // namespace belay::declared
