// Whatever the world looks like: a plan can be run in any order that its arrows allow, and then nothing is left to do.

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

#include "base/format.h"
#include "scene.h"
#include "simulation.h"

namespace belay::plan {
namespace {

class Dice {
 public:
  explicit Dice(unsigned seed) : engine_(seed) {}
  size_t below(size_t count) { return engine_() % count; }
  bool one_in(size_t count) { return below(count) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

 private:
  std::mt19937 engine_;
};

Service random_service(Dice& dice, const std::string& name) {
  Service service;
  service.name = service.image = name;
  if (dice.one_in(2)) service.ports.push_back({80, "tcp", "", static_cast<std::uint16_t>(8080 + dice.below(3))});
  if (dice.one_in(2))
    service.mounts.push_back({Mount::Kind::volume, dice.one_in(2) ? "a" : "b", "/data", dice.one_in(3), ""});
  if (dice.one_in(3)) service.networks.push_back({"inner", {}, "", ""});
  if (dice.one_in(4)) service.restart = {"always", 0};
  if (dice.one_in(4)) service.health = HealthCheck{{"CMD", "check"}, {}, {}, {}, {}};
  return service;
}

// Other data is wished for one or both volumes, in any state that an interruption may leave; and a snapshot.
void wish_random_data(Scene& scene, Dice& dice) {
  std::vector<DataPlace> places;
  for (const auto* name : {"a", "b"})
    if (!dice.one_in(3)) places.push_back({DataPlace::Kind::volume, name});
  const auto has_volume = [&](const DataPlace& place) {
    if (scene.world.find_volume(place.source) == nullptr)
      scene.world.volumes.push_back({place.source, "local", "", labels::for_volume(scene.app.name, "/data"), {}});
  };
  for (const auto& place : places) {
    has_volume(place);
    scene.world.data[place] = place.source + " as it was";
  }
  if (!dice.one_in(3))
    for (const auto& place : places) {
      const DataPlace reserve = reserve_of(place, "s1");
      has_volume(reserve);
      scene.world.data[reserve] = place.source + " as wished";
      scene.app.wish.data.push_back({place, reserve, scene.world.data[reserve]});
      scene.app.wish.fallback_data.push_back({place, reserve, scene.world.data[place]});
      if (dice.one_in(3)) std::swap(scene.world.data[place], scene.world.data[reserve]);
    }
  if (scene.app.wish.data.empty() || dice.one_in(4)) {
    Snapshot snapshot;
    snapshot.number = 2;
    snapshot.release = ReleaseNumber{1};
    for (const auto& place : places) {
      snapshot.items.push_back({place, reserve_of(place, "s2")});
      if (dice.one_in(2)) continue;
      has_volume(snapshot.items.back().kept);
      if (dice.one_in(2)) scene.world.data[snapshot.items.back().kept] = "copy of " + place.source;
    }
    scene.app.snapshots.push_back(snapshot);
    scene.app.wish.snapshot = snapshot.number;
  }
}

Scene random_scene(Dice& dice) {
  Scene scene;
  scene.app.scheme =
      dice.pick(std::vector{NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv, NamingScheme::fixed});
  const int releases = 1 + static_cast<int>(dice.below(4));
  const bool two_services = dice.one_in(3);
  std::vector<std::string> names{"dcv_web",        "dcv_web_stable",   "dcv_web_save_20260131000000",
                                 "dcv_web_save_1", "dcv_web_save_2",   "dcv_web_save_3",
                                 "dcv_web_db",     "dcv_web_db_stable"};
  for (int number = 1; number <= releases; ++number) {
    std::vector<Service> services{random_service(dice, "web")};
    if (two_services) services.push_back(random_service(dice, "db"));
    if (two_services && !services[0].ports.empty()) services[1].ports.clear();
    Release& release =
        scene.release(number, services, dice.pick(std::vector{Verdict::pending, Verdict::passed, Verdict::failed}));
    for (auto& [service, name] : release.containers)
      if (scene.app.scheme == NamingScheme::jcl) name += format("_{}", number);
    if (dice.one_in(3)) scene.world.images.at(image_id(number)).tags.clear();
    for (const auto& service : services) {
      if (dice.one_in(3)) continue;
      // Under a name that no other has: what is told of a container must not go to another that bore it before.
      release.containers[service.name] = scene.app.scheme == NamingScheme::dcv
                                             ? format("new_{}_{}", service.name, number)
                                             : release.containers[service.name];
      Container& made =
          scene.container(number, ContainerState::exited, dice.one_in(2) ? "no" : "unless-stopped", service.name);
      if (scene.app.scheme == NamingScheme::fixed) {
        auto detail = scene.world.details.extract(made.name);
        made.name = scene.world.find(service.name) == nullptr && dice.one_in(2)
                        ? service.name
                        : format("{}-r{}", service.name, number);
        detail.key() = made.name;
        scene.world.details.insert(std::move(detail));
      } else if (scene.app.scheme == NamingScheme::dcv) {
        const std::string name = dice.pick(names);
        std::erase(names, name);
        auto detail = scene.world.details.extract(made.name);
        made.name = detail.key() = name;
        scene.world.details.insert(std::move(detail));
      }
      const std::string name = made.name;
      if (!service.networks.empty() && scene.world.find_network("inner") == nullptr)
        scene.world.networks.push_back({"inner", "bridge", labels::for_network(scene.app.name)});
      if (dice.one_in(2)) continue;
      try {
        apply(scene.app, scene.world, StartContainer{name});
        if (dice.one_in(5)) scene.world.containers.back().state = ContainerState::paused;
      } catch (const Error&) {
        // Another release holds its port: it stays down.
        scene.world.containers.back().ports.clear();
      }
    }
    if (dice.one_in(4)) {
      scene.forget_image(number);
      if (dice.one_in(2)) {
        release.digests["web"] = "web@" + image_id(number);
        if (two_services) release.digests["db"] = "web@" + image_id(number);
      }
    }
  }
  // The newest may have changed an older one's containers in place.
  if (releases > 1 && dice.one_in(3)) {
    Release& newest = scene.app.releases.back();
    const Release& older = scene.app.releases[dice.below(static_cast<size_t>(releases) - 1)];
    newest.spec = older.spec;
    for (const auto& service : newest.spec.services) newest.bodies[service.name] = {older.number, ""};
    newest.images = older.images;
    newest.digests = older.digests;
    newest.containers = older.containers;
    for (auto& service : newest.spec.services) {
      service.resources.cpu_shares = 512;
      if (!service.networks.empty()) service.networks.push_back({"outer", {}, "", ""});
    }
    const auto is_newest = [&](const Container& each) {
      return each.owner() && each.owner()->release == newest.number;
    };
    for (const auto& each : scene.world.containers)
      if (is_newest(each)) scene.world.details.erase(each.name);
    std::erase_if(scene.world.containers, is_newest);
    if (scene.world.find_network("outer") == nullptr)
      scene.world.networks.push_back({"outer", "bridge", labels::for_network(scene.app.name)});
  }
  if (dice.one_in(3))
    for (auto& release : scene.app.releases) release.spec.rolling = true;
  const auto any_release = [&] { return 1 + static_cast<int>(dice.below(static_cast<size_t>(releases))); };
  if (dice.one_in(2)) scene.app.last = ReleaseNumber{any_release()};
  if (dice.one_in(2)) scene.app.stable = ReleaseNumber{any_release()};
  scene.wish_up(any_release(), dice.one_in(2));
  if (dice.one_in(4)) scene.app.wish.terms.wait = false;
  if (dice.one_in(4)) scene.app.wish.terms.order = dice.one_in(2) ? SwapOrder::start_first : SwapOrder::stop_first;
  if (dice.one_in(5)) scene.wish_down();
  const bool is_removed = dice.one_in(6), with_data = dice.one_in(2);
  if (is_removed) scene.app.wish.goal = goal::Removed{with_data};
  if (dice.one_in(8)) scene.stranger("nginx").ports = {{80, "tcp", "", std::uint16_t{8080}}};
  if (dice.one_in(3) && !scene.app.wish.is<goal::Removed>()) wish_random_data(scene, dice);
  // A paused container keeps what it holds, and so does everything up: the world begins without clashes.
  return scene;
}

TEST(AnyWorld, IsAsWishedAfterItsPlanRan) {
  int planned = 0, refused = 0, exchanged = 0, copied = 0;
  for (unsigned seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE(format("seed {}", seed));
    Dice dice(seed);
    Scene scene = random_scene(dice);
    Plan plan;
    try {
      plan = plan_wish(scene.situation());
      ++planned;
    } catch (const Error&) {
      ++refused;
      continue;
    }
    run_as_arrows_allow(scene.app, scene.world, plan, [&](size_t count) { return dice.below(count); });
    if (HasFatalFailure()) return;
    for (const auto& exchange : scene.app.wish.data) {
      ++exchanged;
      ASSERT_EQ(scene.world.data.at(exchange.place), exchange.content) << plan_text(plan);
      // Nothing was lost and nothing was made twice.
      for (const auto* suffix : {" as wished", " as it was"})
        ASSERT_EQ(std::count_if(scene.world.data.begin(), scene.world.data.end(),
                                [&](const auto& held) { return held.second == exchange.place.source + suffix; }),
                  1)
            << plan_text(plan);
    }
    for (const auto& action : plan.actions) copied += std::holds_alternative<CopyData>(action.step) ? 1 : 0;
    scene.app.wish.progress = Wish::Progress::fulfilled;
    scene.now += Seconds(5);
    const Plan next = plan_wish(scene.situation());
    ASSERT_TRUE(next.empty()) << "first\n" << plan_text(plan) << "then\n" << plan_text(next);
  }
  // The dice must not make worlds that all end in a refusal.
  EXPECT_GT(planned, 2000);
  EXPECT_GT(refused, 50);
  EXPECT_GT(exchanged, 200);
  EXPECT_GT(copied, 50);
}

TEST(AnyWorld, IsCleanAfterItsCleanUp) {
  for (unsigned seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE(format("seed {}", seed));
    Dice dice(seed);
    Scene scene = random_scene(dice);
    const int keep = static_cast<int>(dice.below(3));
    const Cleanup first = plan_cleanup(scene.situation(), keep);
    for (const auto& container : scene.world.containers)
      if (container.is_up()) {
        const std::string kept = format("container {} ", container.name);
        EXPECT_TRUE(!container.owner() || std::any_of(first.kept.begin(), first.kept.end(),
                                                      [&](const std::string& line) { return line.starts_with(kept); }))
            << container.name;
      }
    run_as_arrows_allow(scene.app, scene.world, first.plan, [&](size_t count) { return dice.below(count); });
    if (HasFatalFailure()) return;
    for (const auto& number : first.forgotten)
      std::erase_if(scene.app.releases, [&](const Release& release) { return release.number == number; });
    const Cleanup second = plan_cleanup(scene.situation(), keep);
    ASSERT_TRUE(second.plan.empty()) << plan_text(first.plan) << "then\n" << plan_text(second.plan);
    ASSERT_TRUE(second.forgotten.empty());
  }
}

}  // namespace
}  // namespace belay::plan
