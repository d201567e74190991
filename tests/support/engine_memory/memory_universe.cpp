#include "engine_memory/memory_universe.h"

#include <algorithm>
#include <utility>

#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

bool MemoryEngine::Universe::enter(Time time) {
  bool answered = true;
  if (calls_until_crash) {
    if (*calls_until_crash == 0) {
      if (!answer_is_lost) throw Crash();
      answer_is_lost = false;
      answered = false;
    } else {
      --*calls_until_crash;
    }
  }
  ++calls;
  pass_to(time);
  return answered;
}

std::optional<MemoryEngine::Universe::PlannedFailure> MemoryEngine::Universe::failure_of_this_call() {
  if (!failure || failure->calls_until-- > 0) return {};
  return std::exchange(failure, std::nullopt);
}

void MemoryEngine::Universe::record(Time time, const std::string& type, const std::string& action,
                                    const std::string& name, std::map<std::string, std::string> attributes) {
  attributes["name"] = name;
  if (type == "container") {
    if (const auto found = containers.find(name); found != containers.end()) {
      attributes["image"] = found->second.image;
      attributes.insert(found->second.labels.begin(), found->second.labels.end());
    }
  }
  events.push_back({time, type, action, name, std::move(attributes)});
}

void MemoryEngine::Universe::add_volume(const VolumeRequest& request) {
  if (volumes.contains(request.name)) return;
  const Volume shown = as_shown(request);
  make_volume(request.name, {shown.labels, now, shown.driver, shown.options, false});
  changes.push_back("volume +" + request.name);
  record(now, "volume", "create", request.name);
}

void MemoryEngine::Universe::remove_volume(const std::string& name) {
  if (!volumes.contains(name)) return;
  for (const auto& [holder, stored] : containers)
    for (const auto& mount : stored.mounts)
      if (mount.kind == Mount::Kind::volume && mount.source == name)
        throw Conflict(ErrorCode::data_in_use, format("volume {} is in use by container {}", name, holder));
  drop_volume(name);
  changes.push_back("volume -" + name);
  record(now, "volume", "destroy", name);
}

void MemoryEngine::Universe::add_network(const NetworkRequest& request) {
  if (networks.contains(request.name)) return;
  networks[request.name] = {as_shown(request), ++last_serial};
  changes.push_back("network +" + request.name);
  record(now, "network", "create", request.name);
}

void MemoryEngine::Universe::remove_network(const std::string& name) {
  const auto found = networks.find(name);
  if (found == networks.end()) return;
  if (name == "bridge" || name == "host" || name == "none")
    throw EngineError(403, format("network {} is one of the engine's own", name));
  // Stopped containers do not hold a network: the engine lets it go and their next start fails.
  for (const auto& [member, stored] : containers)
    for (const auto& joined : stored.networks)
      if (stored.is_up() && joined.link.network == name)
        throw Conflict(ErrorCode::data_in_use, format("network {} is in use by container {}", name, member));
  networks.erase(found);
  changes.push_back("network -" + name);
  record(now, "network", "destroy", name);
}

std::optional<HealthCheck> MemoryEngine::Universe::health_check(const StoredContainer& container) const {
  auto check = container.service.health;
  if (!check || check->test.empty()) check = images.at(container.image_id).recipe.config.health;
  if (!check || check->test.empty() || check->test.front() == "NONE") return {};
  return check;
}

namespace {

// The engine's own words for the first minute: a list has no other word of the start.
std::string up_words(std::optional<Milliseconds> up) {
  const Milliseconds time = up.value_or(Milliseconds(0));
  if (time < Seconds(1)) return "Up Less than a second";
  return time < Seconds(60) ? format("Up {} seconds", time.count() / 1'000) : "Up " + duration_text(time);
}

std::string status_text(ContainerState state, Health health, int exit_code, std::optional<Milliseconds> up,
                        std::optional<Milliseconds> down) {
  switch (state) {
    case ContainerState::running: {
      const std::string text = up_words(up);
      if (health == Health::starting) return text + " (health: starting)";
      return health == Health::none ? text : format("{} ({})", text, to_text(health));
    }
    case ContainerState::paused:
      return up_words(up) + " (Paused)";
    case ContainerState::restarting:
      return format("Restarting ({}) {} ago", exit_code, duration_text(down.value_or(Milliseconds(0))));
    case ContainerState::exited:
      return format("Exited ({}) {} ago", exit_code, duration_text(down.value_or(Milliseconds(0))));
    default:
      return "Created";
  }
}

}  // namespace

Container MemoryEngine::Universe::listed(const std::string& name, const StoredContainer& stored) const {
  const auto since = [&](std::optional<Time> time) -> std::optional<Milliseconds> {
    if (!time) return {};
    return now - *time;
  };
  Container shown;
  shown.name = name;
  shown.image = stored.image;
  shown.image_id = stored.image_id;
  shown.created = iso_time(stored.created);
  shown.state = stored.state;
  shown.health = stored.health;
  shown.status =
      status_text(stored.state, stored.health, stored.exit_code, since(stored.started), since(stored.finished));
  if (stored.state == ContainerState::exited) shown.exit_code = stored.exit_code;
  if (shown.is_up()) shown.up_for = since(stored.started);
  shown.labels = stored.labels;
  shown.ports = stored.published;
  shown.mounts = stored.mounts;
  for (const auto& joined : stored.networks) shown.networks.push_back(joined.link.network);
  std::sort(shown.networks.begin(), shown.networks.end());
  shown.network_mode = stored.service.network_mode;
  if (shown.network_mode.empty())
    shown.network_mode = stored.service.networks.empty() ? "default" : stored.service.networks.front().network;
  return shown;
}

ContainerDetail MemoryEngine::Universe::inspected(const std::string& name, const StoredContainer& stored) const {
  ContainerDetail detail;
  detail.container = listed(name, stored);
  detail.service = stored.service;
  if (stored.service.network_mode.empty()) {
    detail.service.networks.clear();
    for (const auto& joined : stored.networks)
      if (joined.link.network != "bridge") detail.service.networks.push_back(joined.link);
  }
  detail.exit_code = stored.exit_code;
  detail.restart_count = stored.restart_count;
  detail.error = stored.error;
  detail.started = stored.started;
  detail.finished = stored.finished;
  detail.health_output = stored.health == Health::unhealthy ? "not well" : "";
  detail.restart = stored.restart;
  detail.has_health_check = health_check(stored).has_value();
  detail.tty = stored.service.tty;
  if (stored.is_up()) {
    for (const auto& joined : stored.networks) {
      if (joined.link.network == "host" || joined.link.network == "none") continue;
      detail.network_addresses[joined.link.network] = joined.link.ipv4.empty()
                                                          ? format("10.{}.{}.{}", joined.serial.value_or(0) % 256,
                                                                   stored.serial / 250 % 256, 2 + stored.serial % 250)
                                                          : joined.link.ipv4;
    }
  }
  return detail;
}

}  // namespace belay::engine
