#include "formats/setting_keys.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/check_values.h"
#include "formats/docker_run.h"
#include "formats/foreign_keys.h"
#include "formats/mounts.h"

namespace belay::formats {

namespace {

using Shape = SettingKey::Shape;

template <auto field>
void clear(Service& service) {
  service.*field = {};
}
template <auto field>
void clear_limit(Service& service) {
  service.resources.*field = {};
}
template <auto field>
void take_key(Service& service, const std::string& name) {
  (service.*field).erase(name);
}

void clear_network(Service& service) {
  service.networks.clear();
  service.network_mode.clear();
}
// "-v" and "--mount" as against "--tmpfs".
void clear_volumes(Service& service) {
  std::erase_if(service.mounts, [](const Mount& mount) { return mount.kind != Mount::Kind::tmpfs; });
}
void clear_tmpfs(Service& service) {
  std::erase_if(service.mounts, [](const Mount& mount) { return mount.kind == Mount::Kind::tmpfs; });
}
void take_mount(Service& service, const std::string& target) {
  std::erase_if(service.mounts, [&](const Mount& mount) { return mount.target == target; });
}
void clear_ports(Service& service) {
  service.ports.clear();
  service.publish_all_ports = false;
}
void clear_log(Service& service) {
  service.log_driver.clear();
  service.log_options.clear();
}
void take_log(Service& service, const std::string& name) {
  if (name == "driver") service.log_driver.clear();
  service.log_options.erase(name);
}
void take_ulimit(Service& service, const std::string& name) {
  std::erase_if(service.ulimits, [&](const Ulimit& limit) { return limit.name == name; });
}
void take_health(Service& service, const std::string& name) {
  if (!service.health) return;
  if (name == "test") service.health->test.clear();
  if (name == "interval") service.health->interval.reset();
  if (name == "timeout") service.health->timeout.reset();
  if (name == "start_period") service.health->start_period.reset();
  if (name == "retries") service.health->retries.reset();
  if (*service.health == HealthCheck{}) service.health.reset();
}

constexpr SettingKey settings_table[] = {
    {"env", Shape::map, "env", clear<&Service::environment>, take_key<&Service::environment>},
    {"ports", Shape::list, "publish", clear_ports, nullptr},
    {"volumes", Shape::list, "volume", clear_volumes, take_mount},
    {"tmpfs", Shape::list, "tmpfs", clear_tmpfs, take_mount},
    {"volumes_from", Shape::list, "volumes-from", clear<&Service::volumes_from>, nullptr},
    {"volume_driver", Shape::word, "volume-driver", clear<&Service::volume_driver>, nullptr},
    {"network", Shape::list, "network", clear_network, nullptr},
    {"links", Shape::list, "link", clear<&Service::links>, nullptr},
    {"expose", Shape::list, "expose", clear<&Service::exposed_ports>, nullptr},
    {"publish_all", Shape::flag, "publish-all", clear<&Service::publish_all_ports>, nullptr},
    {"hostname", Shape::word, "hostname", clear<&Service::hostname>, nullptr},
    {"domainname", Shape::word, "domainname", clear<&Service::domainname>, nullptr},
    {"mac_address", Shape::word, "mac-address", clear<&Service::mac_address>, nullptr},
    {"extra_hosts", Shape::list, "add-host", clear<&Service::extra_hosts>, nullptr},
    {"dns", Shape::list, "dns", clear<&Service::dns>, nullptr},
    {"dns_search", Shape::list, "dns-search", clear<&Service::dns_search>, nullptr},
    {"dns_opt", Shape::list, "dns-option", clear<&Service::dns_options>, nullptr},
    {"command", Shape::command, "", clear<&Service::command>, nullptr},
    {"entrypoint", Shape::command, "", clear<&Service::entrypoint>, nullptr},
    {"user", Shape::word, "user", clear<&Service::user>, nullptr},
    {"group_add", Shape::list, "group-add", clear<&Service::group_add>, nullptr},
    {"working_dir", Shape::word, "workdir", clear<&Service::working_dir>, nullptr},
    {"restart", Shape::word, "restart", clear<&Service::restart>, nullptr},
    {"stop_signal", Shape::word, "stop-signal", clear<&Service::stop_signal>, nullptr},
    {"stop_timeout", Shape::word, "stop-timeout", clear<&Service::stop_timeout>, nullptr},
    {"init", Shape::flag, "init", clear<&Service::init>, nullptr},
    {"tty", Shape::flag, "tty", clear<&Service::tty>, nullptr},
    {"stdin_open", Shape::flag, "interactive", clear<&Service::stdin_open>, nullptr},
    {"labels", Shape::map, "label", clear<&Service::labels>, take_key<&Service::labels>},
    {"health", Shape::map, "health-", clear<&Service::health>, take_health},
    {"check", Shape::list, "", clear<&Service::checks>, nullptr},
    {"memory", Shape::word, "memory", clear_limit<&Resources::memory>, nullptr},
    {"memory_swap", Shape::word, "memory-swap", clear_limit<&Resources::memory_swap>, nullptr},
    {"memory_reservation", Shape::word, "memory-reservation", clear_limit<&Resources::memory_reservation>, nullptr},
    {"memory_swappiness", Shape::word, "memory-swappiness", clear<&Service::memory_swappiness>, nullptr},
    {"kernel_memory", Shape::word, "kernel-memory", clear_limit<&Resources::kernel_memory>, nullptr},
    {"cpus", Shape::word, "cpus", clear_limit<&Resources::nano_cpus>, nullptr},
    {"cpu", Shape::word, "cpu-shares", clear_limit<&Resources::cpu_shares>, nullptr},
    {"cpu_period", Shape::word, "cpu-period", clear_limit<&Resources::cpu_period>, nullptr},
    {"cpu_quota", Shape::word, "cpu-quota", clear_limit<&Resources::cpu_quota>, nullptr},
    {"cpuset", Shape::word, "cpuset-cpus", clear_limit<&Resources::cpuset_cpus>, nullptr},
    {"cpuset_mems", Shape::word, "cpuset-mems", clear_limit<&Resources::cpuset_mems>, nullptr},
    {"pids_limit", Shape::word, "pids-limit", clear_limit<&Resources::pids_limit>, nullptr},
    {"blkio_weight", Shape::word, "blkio-weight", clear_limit<&Resources::blkio_weight>, nullptr},
    {"ulimits", Shape::map, "ulimit", clear<&Service::ulimits>, take_ulimit},
    {"shm_size", Shape::word, "shm-size", clear<&Service::shm_size>, nullptr},
    {"oom_kill_disable", Shape::flag, "oom-kill-disable", clear<&Service::oom_kill_disable>, nullptr},
    {"oom_score_adj", Shape::word, "oom-score-adj", clear<&Service::oom_score_adj>, nullptr},
    {"storage_opt", Shape::map, "storage-opt", clear<&Service::storage_options>, take_key<&Service::storage_options>},
    {"privileged", Shape::flag, "privileged", clear<&Service::privileged>, nullptr},
    {"read_only", Shape::flag, "read-only", clear<&Service::read_only>, nullptr},
    {"cap_add", Shape::list, "cap-add", clear<&Service::cap_add>, nullptr},
    {"cap_drop", Shape::list, "cap-drop", clear<&Service::cap_drop>, nullptr},
    {"security_opt", Shape::list, "security-opt", clear<&Service::security_opt>, nullptr},
    {"devices", Shape::list, "device", clear<&Service::devices>, nullptr},
    {"device_cgroup_rules", Shape::list, "device-cgroup-rule", clear<&Service::device_cgroup_rules>, nullptr},
    {"sysctls", Shape::map, "sysctl", clear<&Service::sysctls>, take_key<&Service::sysctls>},
    {"userns_mode", Shape::word, "userns", clear<&Service::userns_mode>, nullptr},
    {"pid", Shape::word, "pid", clear<&Service::pid_mode>, nullptr},
    {"ipc", Shape::word, "ipc", clear<&Service::ipc_mode>, nullptr},
    {"uts", Shape::word, "uts", clear<&Service::uts_mode>, nullptr},
    {"cgroup", Shape::word, "cgroupns", clear<&Service::cgroupns_mode>, nullptr},
    {"cgroup_parent", Shape::word, "cgroup-parent", clear<&Service::cgroup_parent>, nullptr},
    {"runtime", Shape::word, "runtime", clear<&Service::runtime>, nullptr},
    {"isolation", Shape::word, "isolation", clear<&Service::isolation>, nullptr},
    {"log", Shape::map, "log-opt", clear_log, take_log},
};

struct Place {
  const SettingKey* key;
  std::string name;  // behind the first '.'
};

// Written as variables of the environment are.
bool is_like_a_variable(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; });
}

[[noreturn]] void refuse_key(const std::string& text) {
  if (is_like_a_variable(text) && find_setting_key(lower(text)) == nullptr)
    throw UsageError(format("there is no setting '{}'", text),
                     format("Did you mean the variable of the environment? That is env.{}", text));
  const std::string answer = answer_to_key(text.substr(0, text.find('.')));
  if (!answer.empty()) throw UsageError(format("there is no setting '{}'", printable(text)), answer);
  std::vector<std::string> known;
  for (const auto& key : settings_table) known.emplace_back(key.key);
  const std::string near = did_you_mean(text.substr(0, text.find('.')), known);
  throw UsageError(format("there is no setting '{}'", printable(text)),
                   near.empty() ? "belay set --help lists the settings." : near);
}

Place place_of(const std::string& text) {
  const size_t dot = text.find('.');
  const SettingKey* key = find_setting_key(text.substr(0, dot));
  if (key == nullptr) refuse_key(text);
  return {key, dot == std::string::npos ? std::string() : text.substr(dot + 1)};
}

Service& service_of(Configuration& configuration) {
  if (configuration.spec.services.empty()) configuration.spec.services.emplace_back();
  return configuration.spec.services[0];
}

// The words of `docker run` for KEY=VALUE.
void add_option(const Place& place, const std::string& value, std::vector<std::string>& options) {
  const auto& [key, name] = place;
  if (key->key == "health") {
    options.push_back(name == "test" ? "--health-cmd=" + value
                                     : format("--health-{}={}", name == "start_period" ? "start-period" : name, value));
  } else if (key->key == "log" && name == "driver") {
    options.push_back("--log-driver=" + value);
  } else if (key->shape == Shape::map) {
    options.push_back(format("--{}={}={}", key->option, name, value));
  } else {
    options.push_back(format("--{}={}", key->option, value));
  }
}

void check_name(const Place& place, const std::string& text) {
  const auto& [key, name] = place;
  if (key->shape == Shape::map && name.empty())
    throw UsageError(format("'{}' needs a name: {}.NAME=VALUE", printable(text), key->key));
  if (key->shape != Shape::map && !name.empty())
    throw UsageError(format("'{}' has no parts: write {}=VALUE", key->key, key->key));
  static const std::vector<std::string> parts{"test", "interval", "timeout", "start_period", "retries"};
  if (key->key == "health" && std::find(parts.begin(), parts.end(), name) == parts.end())
    throw UsageError(format("there is no setting '{}'", printable(text)),
                     "A health check has test, interval, timeout, start_period and retries.");
}

// Its errors name the key, not the option that it stands for.
GivenSettings named_by_keys(const std::vector<std::string>& keys, const std::vector<std::string>& options,
                            const fs::path& folder) {
  try {
    return settings_of_options(options, folder);
  } catch (const RunLineError& error) {
    if (!error.argument() || *error.argument() >= keys.size() || keys[*error.argument()] == "raw") throw;
    const std::string& option = options[*error.argument()];
    std::string message = error.what();
    const std::string prefix = option.substr(0, option.find('=')) + ": ";
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
    throw UsageError(format("{}: {}", keys[*error.argument()], message), error.hint());
  }
}

// Errors of a line that some words were taken out of, about the line as it was.
template <class Read>
RunLine placed(const std::vector<size_t>& places, Read&& read) {
  try {
    return read();
  } catch (const RunLineError& error) {
    if (!error.argument() || *error.argument() >= places.size()) throw;
    throw RunLineError(places[*error.argument()], error.what(), error.hint());
  }
}

}  // namespace

std::span<const SettingKey> container_settings() {
  return settings_table;
}

const SettingKey* find_setting_key(std::string_view key) {
  for (const SettingKey& each : settings_table)
    if (each.key == key) return &each;
  return nullptr;
}

std::vector<std::string> setting_key_texts() {
  std::vector<std::string> texts;
  for (const SettingKey& each : settings_table)
    texts.push_back(each.shape == Shape::map ? format("{}.NAME", each.key) : std::string(each.key));
  return texts;
}

GivenSettings settings_of_options(const std::vector<std::string>& options, const fs::path& folder) {
  GivenSettings given;
  // Every way to write it.
  std::vector<std::string> words;
  std::vector<size_t> places;  // of the words among the options
  bool publishes_nothing = false;
  for (size_t i = 0; i < options.size(); ++i) {
    const bool is_apart = (options[i] == "-p" || options[i] == "--publish") && i + 1 < options.size();
    if (options[i] == "--publish=none" || options[i] == "-pnone" || (is_apart && options[i + 1] == "none")) {
      publishes_nothing = true;
      i += is_apart ? 1 : 0;
    } else {
      words.push_back(options[i]);
      places.push_back(i);
    }
  }
  RunLineOptions how;
  how.form = RunLineOptions::Form::options;
  how.base_folder = folder;
  RunLine line = placed(places, [&] { return parse_run_line(words, how); });
  if (!line.name.empty())
    throw UsageError("--name has no place here: containers are called after their app", "Leave --name out.");
  const bool publishes = !line.service.ports.empty() || line.service.publish_all_ports;
  if (publishes_nothing && publishes)
    throw UsageError("'none' does not go with other ports", "Give the ports, or none.");
  given.settings.ports_overridden = publishes || publishes_nothing;
  given.settings.spec.services.push_back(std::move(line.service));
  given.warnings = std::move(line.warnings);
  return given;
}

GivenSettings settings_of_words(const std::vector<std::string>& words, const fs::path& folder) {
  std::vector<std::string> options, cleared;
  std::vector<std::string> keys;  // of the options
  std::optional<std::vector<std::string>> command, entrypoint;
  std::vector<Check> checks;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos)
      throw UsageError(format("'{}' has no value", printable(word)),
                       "Write KEY=VALUE; belay unset NAME KEY takes a setting out.");
    const std::string key = word.substr(0, equals), value = word.substr(equals + 1);
    if (key == "raw") {
      const auto more = doing("raw", [&] { return shell_words(value); });
      options.insert(options.end(), more.begin(), more.end());
      keys.resize(options.size(), "raw");
      continue;
    }
    const Place place = place_of(key);
    doing(key, [&] {
      const bool is_none = value == "none" && place.name.empty() &&
                           (place.key->shape == Shape::list || place.key->key == "health") &&
                           place.key->key != "network";
      if (place.key->key == "health" && is_none) {
        options.emplace_back("--no-healthcheck");
      } else if (is_none && place.key->key == "ports") {
        options.emplace_back("--publish=none");
      } else if (is_none || (place.key->shape == Shape::flag && value == "false")) {
        cleared.push_back(key);
      } else if (place.key->key == "check") {
        checks.push_back(check_line(value, folder));
      } else if (place.key->shape == Shape::command) {
        (place.key->key == "command" ? command : entrypoint) = shell_words(value);
      } else {
        check_name(place, key);
        add_option(place, value, options);
      }
      keys.resize(options.size(), key);
    });
  }
  GivenSettings given = named_by_keys(keys, options, folder);
  Service& service = service_of(given.settings);
  if (command && !command->empty()) service.command = std::move(command);
  // An empty one clears the image's.
  if (entrypoint) service.entrypoint = entrypoint->empty() ? std::vector<std::string>{""} : std::move(*entrypoint);
  service.checks = std::move(checks);
  given.cleared = std::move(cleared);
  return given;
}

bool unset_setting(Configuration& configuration, const std::string& key) {
  const Place place = place_of(key);
  const Configuration before = configuration;
  Service& service = service_of(configuration);
  if (place.name.empty()) {
    place.key->clear(service);
  } else if (place.key->take_out != nullptr) {
    place.key->take_out(service, place.name);
  } else {
    throw UsageError(format("'{}' has no parts", place.key->key), format("belay unset NAME {}", place.key->key));
  }
  if (place.key->key == "ports") configuration.ports_overridden = false;
  const bool changed = configuration != before;
  // What was mounted there at the user's wish is not kept as the image's own data.
  if (changed && (place.key->key == "volumes" || place.key->key == "tmpfs")) configuration.volumes_overridden = true;
  return changed;
}

}  // namespace belay::formats
