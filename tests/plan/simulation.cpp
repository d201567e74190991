#include "simulation.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <set>

#include "base/format.h"

namespace belay::plan {

namespace {

struct Apply {
  const App& app;
  World& world;

  Container& container(const std::string& name) {
    for (auto& each : world.containers)
      if (each.name == name) return each;
    throw NotFound("there is no container " + name);
  }
  Image& image(const std::string& id) {
    const auto found = world.images.find(id);
    if (found == world.images.end()) throw NotFound("there is no image " + id);
    return found->second;
  }
  void demand(bool condition, const std::string& refusal) {
    if (!condition) throw Error(ErrorCode::internal, refusal);
  }

  static bool has(const Container& container, const DataPlace& place) {
    return std::any_of(container.mounts.begin(), container.mounts.end(),
                       [&](const Mount& mount) { return mount.source == place.source; });
  }
  void demand_still(const DataPlace& place) {
    for (const auto& each : world.containers)
      demand(!each.is_up() || !has(each, place), format("{} has {} in use", each.name, place.source));
  }
  void demand_volume(const DataPlace& place) {
    demand(place.kind != DataPlace::Kind::volume || world.find_volume(place.source) != nullptr,
           "there is no volume " + place.source);
  }

  void operator()(const PullImage& s) {
    for (const auto& release : app.releases)
      for (const auto& [service, digest] : release.digests)
        if (digest == s.reference) world.images[release.images.at(service)].id = release.images.at(service);
  }
  void operator()(const TagImage& s) {
    for (auto& [id, each] : world.images) std::erase(each.tags, s.reference);
    image(s.image).tags.push_back(s.reference);
  }
  void operator()(const CommitContainer& s) { demand(false, "no wish commits " + s.container); }
  void operator()(const UntagImage& s) {
    for (auto& [id, each] : world.images) std::erase(each.tags, s.reference);
  }
  void operator()(const RemoveImage& s) {
    for (const auto& each : world.containers) demand(each.image_id != s.image, "the image is in use by " + each.name);
    world.images.erase(s.image);
  }
  void operator()(const CreateNetwork& s) { world.networks.push_back(as_shown(s)); }
  void operator()(const RemoveNetwork& s) {
    for (const auto& each : world.containers)
      for (const auto& network : each.networks) demand(network != s.name, "the network is in use by " + each.name);
    std::erase_if(world.networks, [&](const Network& each) { return each.name == s.name; });
  }
  void operator()(const CreateVolume& s) { world.volumes.push_back(as_shown(s)); }
  void operator()(const RemoveVolume& s) {
    for (const auto& each : world.containers)
      for (const auto& mount : each.mounts) demand(mount.source != s.name, "the volume is in use by " + each.name);
    std::erase_if(world.volumes, [&](const Volume& each) { return each.name == s.name; });
  }
  void operator()(const CreateContainer& s) {
    demand(world.find(s.name) == nullptr, "the name is taken: " + s.name);
    Container made;
    made.name = s.name;
    made.image_id = image(s.image).id;
    made.labels = s.labels;
    made.mounts = s.service.mounts;
    made.network_mode = s.service.network_mode;
    for (const auto& mount : made.mounts)
      demand(mount.kind != Mount::Kind::volume || world.find_volume(mount.source) != nullptr,
             "the engine would make the volume without labels: " + mount.source);
    for (const auto& link : s.service.networks) {
      demand(world.find_network(link.network) != nullptr, "there is no network " + link.network);
      made.networks.push_back(link.network);
    }
    world.containers.push_back(made);
    ContainerDetail detail;
    detail.container = made;
    detail.service = s.service;
    detail.restart = s.restart;
    world.details[s.name] = detail;
  }
  void operator()(const PutFiles& s) {
    demand(container(s.name).state == ContainerState::created, "files come before the first start: " + s.name);
  }
  void operator()(const RenameContainer& s) {
    demand(world.find(s.to) == nullptr, "the name is taken: " + s.to);
    container(s.from).name = s.to;
    auto detail = world.details.extract(s.from);
    if (detail.empty()) return;
    detail.key() = s.to;
    world.details.insert(std::move(detail));
  }
  void operator()(const StartContainer& s) {
    Container& starting = container(s.name);
    const auto owner = starting.owner();
    demand(owner.has_value(), "a stranger was started: " + s.name);
    // A container that later releases share has the ports of the one it was made for: those cannot change in place.
    starting.ports = app.release(owner->release).spec.service(owner->service).ports;
    for (const auto& other : world.containers)
      for (const auto& held : other.ports)
        for (const auto& wanted : starting.ports)
          demand(&other == &starting || !other.is_up() || !clash(held, wanted),
                 format("{} holds the port that {} wants", other.name, s.name));
    for (const auto& exchange : app.wish.data)
      demand(!has(starting, exchange.place) || world.data[exchange.place] == exchange.content,
             format("{} was started without the data of {}", s.name, exchange.place.source));
    starting.state = ContainerState::running;
    Time latest{};
    for (const auto& [name, detail] : world.details) latest = std::max(latest, detail.started.value_or(Time{}));
    world.details[s.name].started = latest + Milliseconds(1);
  }
  void operator()(const StopContainer& s) {
    container(s.name).state = ContainerState::exited;
    container(s.name).ports.clear();
  }
  void operator()(const PauseContainer& s) {
    demand(container(s.name).is_up(), "what does not run was paused: " + s.name);
    container(s.name).state = ContainerState::paused;
  }
  void operator()(const ResumeContainer& s) {
    if (container(s.name).state == ContainerState::paused) container(s.name).state = ContainerState::running;
  }
  void operator()(const RemoveContainer& s) {
    demand(!container(s.name).is_up(), "it runs: " + s.name);
    std::erase_if(world.containers, [&](const Container& each) { return each.name == s.name; });
    world.details.erase(s.name);
  }
  void operator()(const SetRestartPolicy& s) {
    demand(container(s.name).name == s.name, "");
    world.details[s.name].restart = s.policy;
  }
  void operator()(const AwaitVerdict& s) {
    if (s.proof == AwaitVerdict::Proof::completed) {
      container(s.name).state = ContainerState::exited;
      return;
    }
    demand(container(s.name).state == ContainerState::running, "it does not run: " + s.name);
  }
  void operator()(const UpdateResources& s) {
    container(s.name);
    world.details[s.name].service.resources = s.resources;
  }
  void operator()(const ConnectNetwork& s) {
    demand(world.find_network(s.link.network) != nullptr, "there is no network " + s.link.network);
    container(s.name).networks.push_back(s.link.network);
    world.details[s.name].service.networks.push_back(s.link);
  }
  void operator()(const DisconnectNetwork& s) {
    std::erase(container(s.name).networks, s.network);
    std::erase_if(world.details[s.name].service.networks,
                  [&](const NetworkLink& link) { return link.network == s.network; });
  }
  void operator()(const SignalContainer& s) {
    demand(container(s.name).is_up(), "a signal to what does not run: " + s.name);
  }
  void operator()(const CopyData& s) {
    demand_still(s.from);
    demand(world.data.contains(s.from), "there is nothing to copy");
    demand(!world.data.contains(s.into), "the copy is there already");
    demand_volume(s.into);
    world.data[s.into] = "copy of " + world.data[s.from];
  }
  void operator()(const ExchangeData& s) {
    demand_still(s.place);
    demand_still(s.reserve);
    const auto place = world.data.find(s.place), reserve = world.data.find(s.reserve);
    demand(place != world.data.end() && reserve != world.data.end(), "nothing to exchange");
    if (place->second == s.content) return;
    demand(reserve->second == s.content, "neither holds what it should");
    std::swap(place->second, reserve->second);
  }
  template <class Other>
  void operator()(const Other&) {
    throw Error(ErrorCode::internal, "no wish plans such a step");
  }
};

}  // namespace

void apply(const App& app, World& world, const Step& step) {
  doing(step_text(step), [&] { std::visit(Apply{app, world}, step); });
}

void run_as_arrows_allow(const App& app, World& world, const Plan& plan, const std::function<size_t(size_t)>& pick) {
  std::set<size_t> waiting;
  for (size_t i = 0; i < plan.actions.size(); ++i) waiting.insert(i);
  while (!waiting.empty()) {
    std::vector<size_t> ready;
    for (const size_t index : waiting) {
      const auto& after = plan.actions[index].after;
      ASSERT_TRUE(std::all_of(after.begin(), after.end(), [&](size_t before) { return before < index; }));
      if (std::none_of(after.begin(), after.end(), [&](size_t before) { return waiting.contains(before); }))
        ready.push_back(index);
    }
    const size_t next = ready[pick(ready.size())];
    waiting.erase(next);
    ASSERT_NO_THROW(apply(app, world, plan.actions[next].step)) << step_text(plan.actions[next].step) << "\n"
                                                                << plan_text(plan);
  }
}

}  // namespace belay::plan
