#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "engine_memory/memory_universe.h"

namespace belay::engine {

namespace {

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

}  // namespace

MemoryEngine::Universe::StoredContainer& MemoryEngine::Universe::container(const std::string& name) {
  const auto found = containers.find(name);
  if (found == containers.end())
    throw NotFound(ErrorCode::container_not_found, format("there is no container {}", name));
  return found->second;
}

std::string MemoryEngine::Universe::add_anonymous_volume(const std::string& container_name, const std::string& target) {
  const std::string name = hex_name(format("{} {} {}", container_name, target, ++last_serial));
  make_volume(name, {{}, now});
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
    if (!volumes.contains(mount.source)) make_volume(mount.source, {{}, now});
    volumes.at(mount.source).used = true;
  }
  return mounts;
}

void MemoryEngine::Universe::create(const ContainerRequest& request) {
  if (!is_valid_name(request.name)) throw EngineError(400, format("invalid container name '{}'", request.name));
  const RestartPolicy policy = checked(request.restart);
  const auto image_id = find_image(request.image);
  if (!image_id) throw NotFound(ErrorCode::image_not_found, format("there is no image {}", request.image));
  if (containers.contains(request.name))
    throw Conflict(ErrorCode::name_taken, format("the container name {} is already in use", request.name));
  const Service& service = request.service;
  // Refused with 400, not 404, where the request names another container.
  for (const auto& others : {service.volumes_from, service.links})
    for (const auto& other : others)
      if (const std::string name(split(other, ':').front()); !containers.contains(name))
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
  if (made.networks.empty() && (service.network_mode == "host" || service.network_mode == "none"))
    made.networks.push_back({{service.network_mode, {}, {}, {}}, {}});
  else if (made.networks.empty() && !service.network_mode.starts_with("container:"))
    made.networks.push_back({{"bridge", {}, {}, {}}, {}});
  containers[request.name] = std::move(made);
  changes.push_back("create " + request.name);
  record(now, "container", "create", request.name);
}

void MemoryEngine::Universe::rename(const std::string& from, const std::string& to) {
  StoredContainer& renamed = container(from);
  if (from == to) return;
  if (!is_valid_name(to)) throw EngineError(400, format("invalid container name '{}'", to));
  if (containers.contains(to))
    throw Conflict(ErrorCode::name_taken, format("the container name {} is already in use", to));
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
  if (const auto trouble = cannot_start.find(name);
      trouble != cannot_start.end() && trouble->second.cause() == EngineError::Cause::broken_container)
    cannot_start.erase(trouble);
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

void MemoryEngine::Universe::signal(const std::string& name, const std::string& signal) {
  StoredContainer& told = container(name);
  if (told.state != ContainerState::running) return;
  changes.push_back(format("signal {} {}", name, signal));
  const bool kills = signal == "KILL" || signal == "SIGKILL";
  record(now, "container", "kill", name, {{"signal", kills ? "9" : signal}});
  // It stays down, whatever its policy is.
  if (kills) told.stopped_by_hand = true;
  if (kills) end(name, told, now, 137);
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

void MemoryEngine::Universe::remove_link(const std::string& name, const std::string& alias) {
  const auto found = containers.find(name);
  if (found == containers.end()) return;
  auto& links = found->second.service.links;
  const size_t before = links.size();
  std::erase_if(links, [&](const std::string& link) { return split(link, ':').back() == alias; });
  if (links.size() != before) changes.push_back(format("unlink {} {}", name, alias));
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
