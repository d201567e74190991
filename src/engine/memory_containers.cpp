#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "engine/memory_universe.h"

namespace belay::engine {

namespace {

// The engine's own rules for automatic starts: the delay doubles up to a minute and begins anew after ten good seconds.
constexpr Milliseconds first_restart_delay{100};
constexpr Milliseconds longest_restart_delay = std::chrono::minutes(1);
constexpr Milliseconds good_run = Seconds(10);
constexpr int exit_code_of_refused_start = 128;
constexpr int exit_code_of_bad_command = 127;
constexpr int exit_code_of_killed = 137;

bool is_valid_name(std::string_view name) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return name.size() >= 2 && letter_or_digit(name.front()) && std::all_of(name.begin(), name.end(), [&](char c) {
           return letter_or_digit(c) || c == '_' || c == '.' || c == '-';
         });
}

RestartPolicy checked(RestartPolicy policy) {
  if (policy.name.empty()) policy.name = "no";
  if (policy.name != "no" && policy.name != "always" && policy.name != "unless-stopped" && policy.name != "on-failure")
    throw EngineError(400, format("invalid restart policy '{}'", policy.name));
  if (policy.name != "on-failure" && policy.maximum_retries != 0)
    throw EngineError(400, format("restart policy {} takes no maximum of retries", policy.name));
  return policy;
}

std::string policy_text(const RestartPolicy& policy) {
  return policy.maximum_retries == 0 ? policy.name : format("{}:{}", policy.name, policy.maximum_retries);
}

template <class T>
void take_set(std::optional<T>& value, const std::optional<T>& update) {
  if (update) value = update;
}

Resources merged(Resources resources, const Resources& update) {
  take_set(resources.memory, update.memory);
  take_set(resources.memory_swap, update.memory_swap);
  take_set(resources.memory_reservation, update.memory_reservation);
  take_set(resources.kernel_memory, update.kernel_memory);
  take_set(resources.nano_cpus, update.nano_cpus);
  take_set(resources.cpu_shares, update.cpu_shares);
  take_set(resources.cpu_period, update.cpu_period);
  take_set(resources.cpu_quota, update.cpu_quota);
  take_set(resources.pids_limit, update.pids_limit);
  take_set(resources.blkio_weight, update.blkio_weight);
  if (!update.cpuset_cpus.empty()) resources.cpuset_cpus = update.cpuset_cpus;
  if (!update.cpuset_mems.empty()) resources.cpuset_mems = update.cpuset_mems;
  return resources;
}

bool mounts_at(const std::vector<Mount>& mounts, const std::string& target) {
  return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& mount) { return mount.target == target; });
}

bool is_host_or_none(const std::string& network) {
  return network == "host" || network == "none";
}

}  // namespace

MemoryEngine::Universe::StoredContainer& MemoryEngine::Universe::container(const std::string& name) {
  const auto found = containers.find(name);
  if (found == containers.end()) throw NotFound(format("there is no container {}", name));
  return found->second;
}

std::string MemoryEngine::Universe::add_anonymous_volume(const std::string& container_name, const std::string& target) {
  const std::string name = hex_name(format("{} {} {}", container_name, target, ++last_serial));
  volumes[name] = {{}, now};
  all_volumes.insert(name);
  return name;
}

std::vector<Mount> MemoryEngine::Universe::mounts_for(const ContainerRequest& request, const ImageConfig& image) {
  std::vector<Mount> mounts = request.service.mounts;
  for (const auto& from : request.service.volumes_from) {
    // "name:ro" gives the other's volumes for reading only.
    const auto parts = split(from, ':');
    for (Mount mount : container(parts.front()).mounts) {
      if (mounts_at(mounts, mount.target)) continue;
      if (parts.size() > 1 && parts[1] == "ro") mount.read_only = true;
      mounts.push_back(std::move(mount));
    }
  }
  for (const auto& target : image.volumes) {
    if (mounts_at(mounts, target)) continue;
    Mount mount;
    mount.target = target;
    mounts.push_back(std::move(mount));
  }
  for (auto& mount : mounts) {
    if (mount.kind != Mount::Kind::volume) continue;
    if (mount.source.empty()) mount.source = add_anonymous_volume(request.name, mount.target);
    if (volumes.try_emplace(mount.source, StoredVolume{{}, now}).second) all_volumes.insert(mount.source);
  }
  return mounts;
}

void MemoryEngine::Universe::create(const ContainerRequest& request) {
  if (!is_valid_name(request.name)) throw EngineError(400, format("invalid container name '{}'", request.name));
  const RestartPolicy policy = checked(request.restart);
  const auto image_id = find_image(request.image);
  if (!image_id) throw NotFound(format("there is no image {}", request.image));
  if (containers.contains(request.name))
    throw Conflict(format("the container name {} is already in use", request.name));
  const Service& service = request.service;
  // Refused with 400, not 404, where the request names another container.
  for (const auto& others : {service.volumes_from, service.links})
    for (const auto& other : others)
      if (const auto& name = split(other, ':').front(); !containers.contains(name))
        throw EngineError(400, format("there is no container {}", name));

  const ImageConfig& image = images.at(*image_id).recipe.config;
  StoredContainer made;
  made.image = request.image;
  made.image_id = *image_id;
  made.serial = ++last_serial;
  made.created = now;
  made.service = service;
  made.labels = request.labels;
  made.labels.insert(service.labels.begin(), service.labels.end());
  made.labels.insert(image.labels.begin(), image.labels.end());
  made.restart = policy;
  made.mounts = mounts_for(request, image);
  for (const auto& link : service.networks) made.networks.push_back({link, {}});
  // Networks are looked for by the start only, as the engine does it; those after the first are connected here and now
  // if they are there.
  for (size_t at = 1; at < made.networks.size(); ++at)
    if (const auto network = networks.find(made.networks[at].link.network); network != networks.end())
      made.networks[at].serial = network->second.serial;
  if (made.networks.empty() && is_host_or_none(service.network_mode))
    made.networks.push_back({{service.network_mode, {}, {}, {}}, {}});
  else if (made.networks.empty() && !service.network_mode.starts_with("container:"))
    made.networks.push_back({{"bridge", {}, {}, {}}, {}});
  containers[request.name] = std::move(made);
  changes.push_back("create " + request.name);
  record(now, "container", "create", request.name);
}

void MemoryEngine::Universe::join_networks(StoredContainer& container) {
  if (container.service.network_mode.starts_with("container:")) {
    const std::string host = container.service.network_mode.substr(std::string_view("container:").size());
    if (!this->container(host).is_up())
      throw Conflict(format("cannot share the network of container {}: it is not running", host));
  }
  for (auto& joined : container.networks) {
    const auto found = networks.find(joined.link.network);
    if (found == networks.end() || joined.serial.value_or(found->second.serial) != found->second.serial)
      throw NotFound(format("there is no network {}", joined.link.network));
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
      if (is_held(binding)) throw Conflict(format("port {} is already in use on this host", *binding.host_port));
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
  if (starting.is_up()) return;
  try {
    join_networks(starting);
    starting.behaviour = images.at(starting.image_id).recipe.behaviour;
    auto ports = free_ports(starting);
    if (!starting.behaviour.start_error.empty()) throw EngineError(400, starting.behaviour.start_error);
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
  std::erase_if(turns, [&](const Turn& turn) { return !turn.after || *container.started + *turn.after > until; });
  std::stable_sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return *a.after < *b.after; });
  // Whoever looked earlier may have seen some of these turns already: only the rest is news.
  const auto seen =
      std::find_if(turns.begin(), turns.end(), [&](const Turn& turn) { return turn.to == container.health; });
  for (auto turn = seen == turns.end() ? turns.begin() : std::next(seen); turn != turns.end(); ++turn) {
    container.health = turn->to;
    record(*container.started + *turn->after, "container", format("health_status: {}", to_text(turn->to)), name);
  }
}

void MemoryEngine::Universe::live(const std::string& name, StoredContainer& container) {
  while (container.is_up()) {
    if (container.state == ContainerState::restarting) {
      if (container.next_start > now) return;
      ++container.restart_count;
      begin(name, container, container.next_start);
      continue;
    }
    std::optional<Time> exit;
    if (container.behaviour.exits_after) exit = *container.started + *container.behaviour.exits_after;
    turn_health(name, container, exit ? std::min(*exit, now) : now);
    if (!exit || *exit > now) return;
    end(name, container, *exit, container.behaviour.exit_code);
  }
}

void MemoryEngine::Universe::pass_to(Time time) {
  now = std::max(now, time);
  for (auto& [name, living] : containers) live(name, living);
}

void MemoryEngine::Universe::stop(const std::string& name) {
  StoredContainer& stopping = container(name);
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

void MemoryEngine::Universe::rename(const std::string& from, const std::string& to) {
  StoredContainer& renamed = container(from);
  if (from == to) return;
  if (!is_valid_name(to)) throw EngineError(400, format("invalid container name '{}'", to));
  if (containers.contains(to)) throw Conflict(format("the container name {} is already in use", to));
  StoredContainer moved = std::move(renamed);
  containers.erase(from);
  containers[to] = std::move(moved);
  changes.push_back(format("rename {} {}", from, to));
  record(now, "container", "rename", to, {{"oldName", "/" + from}});
}

void MemoryEngine::Universe::remove(const std::string& name) {
  const auto found = containers.find(name);
  if (found == containers.end()) return;
  if (found->second.is_up()) throw Conflict(format("container {} is running", name));
  containers.erase(found);
  changes.push_back("remove " + name);
  record(now, "container", "destroy", name);
}

void MemoryEngine::Universe::set_policy(const std::string& name, const RestartPolicy& policy) {
  StoredContainer& changed = container(name);
  const RestartPolicy wanted = checked(policy);
  if (changed.restart == wanted) return;
  changed.restart = wanted;
  changes.push_back(format("policy {} {}", name, policy_text(wanted)));
  record(now, "container", "update", name);
}

void MemoryEngine::Universe::update(const std::string& name, const Resources& resources) {
  StoredContainer& changed = container(name);
  const Resources wanted = merged(changed.service.resources, resources);
  if (changed.service.resources == wanted) return;
  changed.service.resources = wanted;
  changes.push_back("resources " + name);
  record(now, "container", "update", name);
}

void MemoryEngine::Universe::connect(const std::string& name, const NetworkLink& link) {
  StoredContainer& joining = container(name);
  const auto network = networks.find(link.network);
  // The engine looks for the network only when it has to join it now: a container that is down fails at its next start.
  if (network == networks.end() && joining.is_up()) throw NotFound(format("there is no network {}", link.network));
  for (const auto& joined : joining.networks)
    if (joined.link.network == link.network) return;
  joining.networks.push_back({link, {}});
  if (network != networks.end()) joining.networks.back().serial = network->second.serial;
  changes.push_back(format("connect {} {}", name, link.network));
  record(now, "network", "connect", link.network, {{"container", name}});
}

void MemoryEngine::Universe::disconnect(const std::string& name, const std::string& network) {
  StoredContainer& leaving = container(name);
  const auto joined = std::find_if(leaving.networks.begin(), leaving.networks.end(),
                                   [&](const Joined& each) { return each.link.network == network; });
  if (joined == leaving.networks.end()) return;
  leaving.networks.erase(joined);
  changes.push_back(format("disconnect {} {}", name, network));
  record(now, "network", "disconnect", network, {{"container", name}});
}

}  // namespace belay::engine
