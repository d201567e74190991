// How containers start, live and end.

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "engine_memory/memory_universe.h"

namespace belay::engine {

namespace {

// The engine's own rules for automatic starts: the delay doubles up to a minute and begins anew after ten good seconds.
constexpr Milliseconds first_restart_delay{100};
constexpr Milliseconds longest_restart_delay = std::chrono::minutes(1);
constexpr Milliseconds good_run = Seconds(10);
constexpr int exit_code_of_refused_start = 128;
constexpr int exit_code_of_bad_command = 127;
constexpr int exit_code_of_killed = 137;

bool is_host_or_none(const std::string& network) {
  return network == "host" || network == "none";
}

}  // namespace

void MemoryEngine::Universe::join_networks(StoredContainer& container) {
  if (container.service.network_mode.starts_with("container:")) {
    const std::string host = container.service.network_mode.substr(std::string_view("container:").size());
    if (!containers.contains(host))
      throw NotFound(ErrorCode::container_not_found, format("it needs the container {}, which is not there", host));
    if (!this->container(host).is_up())
      throw Conflict(ErrorCode::not_running,
                     format("cannot share the network of container {}: it is not running", host));
  }
  for (auto& joined : container.networks) {
    const auto found = networks.find(joined.link.network);
    if (found == networks.end() || joined.serial.value_or(found->second.serial) != found->second.serial)
      throw NotFound(format("there is no network {}", joined.link.network));
    const auto has_its_address = [&](const auto& other) {
      return other.second.is_up() &&
             std::any_of(other.second.networks.begin(), other.second.networks.end(), [&](const Joined& its) {
               return its.link.network == joined.link.network && its.link.ipv4 == joined.link.ipv4;
             });
    };
    if (!joined.link.ipv4.empty() && std::any_of(containers.begin(), containers.end(), has_its_address))
      throw EngineError(403, "Address already in use");
    joined.serial = found->second.serial;
  }
}

// The ports to publish, with free host ports chosen; Conflict when a fixed one is held by a running container.
std::vector<PortBinding> MemoryEngine::Universe::free_ports(const StoredContainer& container) const {
  if (container.networks.empty() || is_host_or_none(container.networks.front().link.network)) return {};
  std::vector<PortBinding> held;
  for (const auto& [name, other] : containers)
    if (other.is_up()) held.insert(held.end(), other.published.begin(), other.published.end());
  const auto is_held = [&](const PortBinding& wanted) {
    return std::any_of(held.begin(), held.end(), [&](const PortBinding& other) { return clash(wanted, other); });
  };

  std::vector<PortBinding> wanted = container.service.ports;
  if (container.service.publish_all_ports) {
    std::vector<std::string> exposed = images.at(container.image_id).recipe.config.exposed_ports;
    exposed.insert(exposed.end(), container.service.exposed_ports.begin(), container.service.exposed_ports.end());
    for (const auto& text : exposed) {
      const auto parts = split(text, '/');
      PortBinding binding;
      binding.container_port = static_cast<std::uint16_t>(parse_number(parts.front()).value_or(0));
      if (parts.size() > 1) binding.protocol = parts[1];
      const bool named = std::any_of(wanted.begin(), wanted.end(), [&](const PortBinding& other) {
        return other.container_port == binding.container_port && other.protocol == binding.protocol;
      });
      if (!named) wanted.push_back(binding);
    }
  }
  for (auto& binding : wanted) {
    if (binding.host_port) {
      if (is_held(binding))
        throw Conflict(ErrorCode::port_held, format("port {} is already in use on this host", *binding.host_port));
    } else {
      binding.host_port = 32768;
      while (is_held(binding)) ++*binding.host_port;
    }
    held.push_back(binding);
  }
  return wanted;
}

void MemoryEngine::Universe::start(const std::string& name) {
  StoredContainer& starting = container(name);
  if (starting.state == ContainerState::paused) unpause(name);
  if (starting.is_up()) return;
  try {
    if (const auto trouble = cannot_start.find(name); trouble != cannot_start.end()) throw trouble->second;
    join_networks(starting);
    starting.behaviour = images.at(starting.image_id).recipe.behaviour;
    auto ports = free_ports(starting);
    if (!starting.behaviour.start_error.empty())
      throw EngineError(starting.behaviour.start_status, starting.behaviour.start_error, {},
                        starting.behaviour.start_cause);
    starting.published = std::move(ports);
  } catch (const Error& error) {
    starting.error = error.what();
    starting.exit_code =
        starting.error == starting.behaviour.start_error ? exit_code_of_bad_command : exit_code_of_refused_start;
    throw;
  }
  starting.stopped_by_hand = false;
  starting.restart_count = 0;
  starting.restart_delay = first_restart_delay;
  changes.push_back("start " + name);
  begin(name, starting, now);
}

void MemoryEngine::Universe::begin(const std::string& name, StoredContainer& container, Time time) {
  container.state = ContainerState::running;
  container.started = time;
  container.stood_still = {};
  container.exit_code = 0;
  container.error.clear();
  container.health = health_check(container) ? Health::starting : Health::none;
  std::string_view rest = container.behaviour.output;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size() - 1) + 1;
    container.log.push_back({time, std::string(rest.substr(0, end))});
    rest.remove_prefix(end);
  }
  record(time, "container", "start", name);
}

void MemoryEngine::Universe::end(const std::string& name, StoredContainer& container, Time time, int exit_code) {
  container.exit_code = exit_code;
  container.finished = time;
  container.health = Health::none;
  record(time, "container", "die", name, {{"exitCode", format("{}", exit_code)}});
  const auto& policy = container.restart;
  const bool again = !container.stopped_by_hand &&
                     (policy.name == "always" || policy.name == "unless-stopped" ||
                      (policy.name == "on-failure" && exit_code != 0 &&
                       (policy.maximum_retries == 0 || container.restart_count < policy.maximum_retries)));
  if (!again) {
    container.state = ContainerState::exited;
    container.published.clear();
    return;
  }
  if (time - *container.started >= good_run) container.restart_delay = first_restart_delay;
  container.state = ContainerState::restarting;
  container.next_start = time + container.restart_delay;
  container.restart_delay = std::min(container.restart_delay * 2, longest_restart_delay);
}

void MemoryEngine::Universe::turn_health(const std::string& name, StoredContainer& container, Time until) {
  if (!health_check(container)) return;
  struct Turn {
    std::optional<Milliseconds> after;
    Health to;
  };
  std::vector<Turn> turns{{container.behaviour.healthy_after, Health::healthy},
                          {container.behaviour.unhealthy_after, Health::unhealthy}};
  std::erase_if(turns, [&](const Turn& turn) { return !turn.after || container.lives_from() + *turn.after > until; });
  std::stable_sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return *a.after < *b.after; });
  // Whoever looked earlier may have seen some of these turns already: only the rest is news.
  const auto seen =
      std::find_if(turns.begin(), turns.end(), [&](const Turn& turn) { return turn.to == container.health; });
  for (auto turn = seen == turns.end() ? turns.begin() : std::next(seen); turn != turns.end(); ++turn) {
    container.health = turn->to;
    record(container.lives_from() + *turn->after, "container", format("health_status: {}", to_text(turn->to)), name);
  }
}

void MemoryEngine::Universe::live(const std::string& name, StoredContainer& container) {
  while (container.is_up() && container.state != ContainerState::paused) {
    if (container.state == ContainerState::restarting) {
      if (container.next_start > now) return;
      ++container.restart_count;
      begin(name, container, container.next_start);
      continue;
    }
    std::optional<Time> exit;
    if (container.behaviour.exits_after) exit = container.lives_from() + *container.behaviour.exits_after;
    turn_health(name, container, exit ? std::min(*exit, now) : now);
    if (!exit || *exit > now) return;
    end(name, container, *exit, container.behaviour.exit_code);
  }
}

void MemoryEngine::Universe::pause(const std::string& name) {
  StoredContainer& pausing = container(name);
  if (pausing.state == ContainerState::paused) return;
  if (pausing.state != ContainerState::running)
    throw Conflict(ErrorCode::not_running, format("container {} is not running", name));
  pausing.state = ContainerState::paused;
  pausing.paused = now;
  changes.push_back("pause " + name);
  record(now, "container", "pause", name);
}

void MemoryEngine::Universe::unpause(const std::string& name) {
  StoredContainer& resuming = container(name);
  if (resuming.state != ContainerState::paused) return;
  resuming.state = ContainerState::running;
  resuming.stood_still += now - resuming.paused;
  changes.push_back("unpause " + name);
  record(now, "container", "unpause", name);
}

void MemoryEngine::Universe::pass_to(Time time) {
  now = std::max(now, time);
  for (auto& [name, living] : containers) live(name, living);
}

void MemoryEngine::Universe::stop(const std::string& name) {
  StoredContainer& stopping = container(name);
  if (stopping.state == ContainerState::paused) unpause(name);
  if (!stopping.is_up()) return;
  stopping.stopped_by_hand = true;
  const int exit_code = stopping.state == ContainerState::running ? 0 : stopping.exit_code;
  changes.push_back("stop " + name);
  end(name, stopping, now, exit_code);
  record(now, "container", "stop", name);
}

void MemoryEngine::Universe::restart_engine() {
  for (auto& [name, stopping] : containers) {
    if (!stopping.is_up()) continue;
    end(name, stopping, now, exit_code_of_killed);
    stopping.state = ContainerState::exited;
    stopping.published.clear();
  }
  for (auto& [name, stored] : containers) {
    const auto& policy = stored.restart.name;
    // One that was created and never started stays so, whatever its policy.
    const bool again =
        stored.started && (policy == "always" || (policy == "unless-stopped" && !stored.stopped_by_hand) ||
                           (policy == "on-failure" && stored.exit_code != 0));
    if (!again) continue;
    try {
      stored.published = free_ports(stored);
      stored.restart_count = 0;
      stored.restart_delay = first_restart_delay;
      stored.stopped_by_hand = false;
      begin(name, stored, now);
    } catch (const Conflict& error) {
      stored.error = error.what();
    }
  }
}

}  // namespace belay::engine
