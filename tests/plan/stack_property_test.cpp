// Random apps of several services, in any state that an interruption may leave them in: a plan can be run in any order
// that its arrows allow, then nothing is left to do, and what did not have to change was never stopped.

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "base/format.h"
#include "plan/carry_over.h"
#include "scene.h"
#include "simulation.h"

namespace belay::plan {
namespace {

class Chance {
 public:
  explicit Chance(unsigned seed) : engine_(seed) {}
  size_t below(size_t count) { return engine_() % count; }
  bool one_in(size_t count) { return below(count) == 0; }

 private:
  std::mt19937 engine_;
};

std::vector<Service> random_services(Chance& chance) {
  std::vector<Service> services;
  const size_t count = 2 + chance.below(4);
  for (size_t i = 0; i < count; ++i) {
    Service service;
    service.name = service.image = std::string(1, static_cast<char>('a' + i));
    service.job = chance.one_in(6);
    if (!service.job && chance.one_in(3)) service.health = HealthCheck{{"CMD", "check"}, {}, {}, {}, {}};
    if (!service.job && chance.one_in(3))
      service.ports.push_back({80, "tcp", "", static_cast<std::uint16_t>(8080 + i)});
    if (chance.one_in(3))
      service.mounts.push_back({Mount::Kind::volume, chance.one_in(2) ? "x" : "y", "/data", false, ""});
    if (chance.one_in(3)) service.resources.memory = ByteCount{64 << 20};
    for (const auto& other : services) {
      if (!chance.one_in(3)) continue;
      Need need{other.name};
      if (other.job) need.condition = Need::Condition::completed;
      if (other.health && chance.one_in(2)) need.condition = Need::Condition::healthy;
      need.restart = chance.one_in(3);
      service.needs.push_back(need);
    }
    if (!service.job && i > 0 && service.ports.empty() && chance.one_in(6) && !services.back().job)
      service.network_mode = "service:" + services.back().name;
    services.push_back(service);
  }
  // The order of the definition is not that of the needs.
  if (chance.one_in(2)) std::reverse(services.begin(), services.end());
  return services;
}

std::vector<Service> changed_at_random(std::vector<Service> services, Chance& chance) {
  for (auto& service : services) {
    if (chance.one_in(3)) service.environment["CHANGED"] = "1";
    if (service.resources.memory && chance.one_in(2)) service.resources.memory = ByteCount{128 << 20};
  }
  // A port goes from one to another.
  auto& first = services.front();
  auto& last = services.back();
  if (chance.one_in(4) && first.network_mode.empty() && last.network_mode.empty() && !first.job && !last.job)
    std::swap(first.ports, last.ports);
  if (chance.one_in(4)) {
    Service added;
    added.name = added.image = "z";
    services.push_back(added);
  }
  if (chance.one_in(4)) {
    const std::string gone = services[chance.below(services.size())].name;
    const bool is_needed = std::any_of(services.begin(), services.end(), [&](const Service& each) {
      const auto needs = all_needs(each);
      return std::any_of(needs.begin(), needs.end(), [&](const Need& need) { return need.service == gone; });
    });
    if (!is_needed && services.size() > 1)
      std::erase_if(services, [&](const Service& each) { return each.name == gone; });
  }
  return services;
}

void add_container(Scene& scene, int release, const Service& service, Chance& chance, bool runs) {
  Container& made = scene.container(release, ContainerState::exited, runs ? "unless-stopped" : "no", service.name);
  const std::string name = made.name;
  auto& detail = scene.world.details.at(name);
  detail.started = scene.now - Seconds(60);
  if (service.job) {
    detail.restart = {"no", 0};
    detail.exit_code = runs ? 0 : 1;
    return;
  }
  if (!runs) return;
  try {
    apply(scene.app, scene.world, StartContainer{name});
  } catch (const Error&) {
    return;  // a container of the other release holds its port
  }
  detail.started = scene.now - Seconds(60);
  scene.world.find(name);
  if (service.health)
    for (auto& each : scene.world.containers)
      if (each.name == name) each.health = Health::healthy;
  if (chance.one_in(12))
    for (auto& each : scene.world.containers)
      if (each.name == name) each.state = ContainerState::paused;
}

Scene random_stack(Chance& chance) {
  Scene scene;
  if (chance.one_in(3)) scene.app.scheme = NamingScheme::fixed;
  const auto before = random_services(chance);
  const auto after = changed_at_random(before, chance);
  scene.release(1, before);
  scene.release(2, after, chance.one_in(3) ? Verdict::passed : Verdict::pending);
  Release& next = scene.app.releases.back();
  const Release& present = scene.app.releases.front();
  for (const auto& service : after)
    for (const auto& old : before)
      if (can_go_on(old, service)) next.images[service.name] = present.images.at(service.name);
  next.bodies = carried_over(present, next);
  for (const auto& [service, body] : next.bodies) next.containers[service] = present.containers.at(service);
  if (chance.one_in(6))
    for (auto& release : scene.app.releases) release.spec.rolling = true;
  scene.app.last = ReleaseNumber{1};
  const bool half_way = chance.one_in(2);
  for (const auto& service : before) {
    if (half_way && chance.one_in(8)) continue;
    add_container(scene, 1, service, chance, !half_way || !chance.one_in(3));
  }
  if (scene.app.scheme == NamingScheme::fixed)
    for (const auto& service : after)
      if (!next.bodies.contains(service.name)) next.containers[service.name] = service.name + "-r2";
  for (const auto& service : after)
    if (half_way && !next.bodies.contains(service.name) && chance.one_in(2))
      add_container(scene, 2, service, chance, chance.one_in(2));
  const bool is_rollback = half_way && chance.one_in(3);
  scene.wish_up(is_rollback ? 1 : 2, true);
  scene.app.wish.fallback = ReleaseNumber{1};
  if (is_rollback) {
    scene.app.wish.rollback = Rollback{ReleaseNumber{2}};
  }
  if (chance.one_in(5)) scene.app.wish.terms.wait = false;
  if (chance.one_in(4)) scene.app.wish.terms.order = chance.one_in(2) ? SwapOrder::start_first : SwapOrder::stop_first;
  if (chance.one_in(10)) scene.wish_down();
  return scene;
}

// Of the wished release: up, of another release before, and not bound to be restarted.
std::set<std::string> must_stay(const Scene& scene) {
  std::set<std::string> names;
  if (!scene.app.wish.is<goal::Run>()) return names;
  const Release& release = scene.app.release(*scene.app.wish.release());
  for (const auto& service : release.spec.services) {
    const auto needs = all_needs(service);
    const bool may_restart = std::any_of(needs.begin(), needs.end(), [](const Need& need) { return need.restart; });
    const Container* container = find_instance(scene.app, scene.world, release.number, service.name);
    const auto detail = container == nullptr ? scene.world.details.end() : scene.world.details.find(container->name);
    const bool may_end = detail != scene.world.details.end() && detail->second.restart.name == "no";
    if (container != nullptr && container->state == ContainerState::running && !may_restart && !may_end)
      names.insert(container->name);
  }
  return names;
}

TEST(AnyStack, IsAsWishedAfterItsPlanRanAndOnlyWhatHadToWasTouched) {
  int planned = 0, stayed = 0, jobs = 0;
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(format("seed {}", seed));
    Chance chance(seed);
    Scene scene = random_stack(chance);
    Plan plan;
    try {
      plan = plan_wish(scene.situation());
    } catch (const Error&) {
      continue;
    }
    ++planned;
    const auto untouched = must_stay(scene);
    stayed += static_cast<int>(untouched.size());
    for (const auto& action : plan.actions) {
      const auto* stop = std::get_if<StopContainer>(&action.step);
      ASSERT_TRUE(stop == nullptr || !untouched.contains(stop->name)) << stop->name << "\n" << plan_text(plan);
      const auto* verdict = std::get_if<AwaitVerdict>(&action.step);
      jobs += verdict != nullptr && verdict->proof == AwaitVerdict::Proof::completed ? 1 : 0;
    }
    run_as_arrows_allow(scene.app, scene.world, plan, [&](size_t count) { return chance.below(count); });
    if (HasFatalFailure()) return;
    // Jobs that nothing waited for have ended by now, and what was to become healthy is.
    for (auto& container : scene.world.containers) {
      const auto owner = container.owner();
      const Service& service = scene.app.release(owner->release).spec.service(owner->service);
      if (service.job && container.is_up()) container.state = ContainerState::exited;
      if (service.job) scene.world.details.at(container.name).exit_code = 0;
      if (service.health && container.is_up()) container.health = Health::healthy;
    }
    scene.app.wish.progress = Wish::Progress::fulfilled;
    scene.app.wish.rollback.reset();
    const Plan next = plan_wish(scene.situation());
    ASSERT_TRUE(next.empty()) << "first\n" << plan_text(plan) << "then\n" << plan_text(next);
  }
  // The dice must not make worlds that are all refused, or in which nothing may stay.
  EXPECT_GT(planned, 2500);
  EXPECT_GT(stayed, 2000);
  EXPECT_GT(jobs, 300);
}

}  // namespace
}  // namespace belay::plan
