// Apps of several services: what a change touches, and in which order.

#include <gtest/gtest.h>

#include "golden.h"
#include "plan/carry_over.h"
#include "scene.h"

namespace belay::plan {
namespace {

constexpr auto running = ContainerState::running;
using Condition = Need::Condition;

Service named(const std::string& name, std::vector<Need> needs = {}) {
  Service service;
  service.name = name;
  service.image = name;
  service.needs = std::move(needs);
  return service;
}

Service changed(Service service) {
  service.environment["CHANGED"] = "1";
  return service;
}

Service job(Service service) {
  service.job = true;
  return service;
}

Service checked(Service service) {
  service.health = HealthCheck{{"CMD", "probe"}, {}, {}, {}, {}};
  return service;
}

// r1 runs, and r2 should: what has not changed is carried over.
struct Stack {
  Scene scene;

  explicit Stack(const std::vector<Service>& services, NamingScheme scheme = NamingScheme::belay) {
    scene.app.scheme = scheme;
    scene.release(1, services);
    for (const auto& service : services) {
      Container& container = scene.container(1, service.job ? ContainerState::exited : running,
                                             service.job ? "no" : "unless-stopped", service.name);
      auto& detail = scene.world.details.at(container.name);
      detail.started = scene.now;
      if (service.health) container.health = detail.container.health = Health::healthy;
    }
    scene.app.last = ReleaseNumber{1};
  }
  std::string plan_of_change(const std::vector<Service>& services) {
    change(services);
    return scene.plan();
  }
  void change(const std::vector<Service>& services) {
    Release& next = scene.release(2, services, Verdict::pending);
    const Release& present = scene.app.release({1});
    // Only what differs has another image.
    for (const auto& service : services)
      for (const auto& before : present.spec.services)
        if (can_go_on(before, service)) next.images[service.name] = present.images.at(service.name);
    next.bodies = carried_over(present, next);
    for (const auto& [service, body] : next.bodies) next.containers[service] = present.containers.at(service);
    scene.wish_up(2);
    scene.app.wish.fallback = ReleaseNumber{1};
  }
  // r2 failed when these of its containers were up and those of r1 down.
  std::string plan_of_way_back(const std::vector<std::string>& replaced) {
    for (const auto& service : replaced) {
      for (auto& container : scene.world.containers)
        if (container.owner()->service == service) {
          container.state = ContainerState::exited;
          scene.world.details.at(container.name).container.state = ContainerState::exited;
          scene.world.details.at(container.name).restart = {"no", 0};
        }
      scene.container(2, running, "no", service);
    }
    scene.wish_up(1);
    scene.app.wish.fallback = ReleaseNumber{1};
    scene.app.wish.rollback = Rollback{ReleaseNumber{2}};
    return scene.plan();
  }
};

// proxy → web → db
std::vector<Service> chain() {
  return {checked(named("db")), named("web", {{"db", Condition::healthy}}), named("proxy", {{"web"}})};
}

TEST(Stacks, AFirstStartGoesAlongTheNeeds) {
  Scene scene;
  scene.release(1,
                {named("proxy", {{"web"}}), named("web", {{"db", Condition::healthy}, {"cache"}}), checked(named("db")),
                 named("cache")},
                Verdict::pending);
  scene.wish_up(1);
  expect_golden("stack_first_start", scene.plan());
}

TEST(Stacks, OnlyTheChangedServiceIsExchanged) {
  auto services = chain();
  Stack stack(services);
  services[1] = changed(services[1]);
  expect_golden("stack_one_changed", stack.plan_of_change(services));
}

TEST(Stacks, TheFirstOfAChainIsExchangedAndTheOthersStayAndAreLookedAfter) {
  auto services = chain();
  Stack stack(services);
  services[0] = changed(services[0]);
  expect_golden("stack_first_changed", stack.plan_of_change(services));
}

TEST(Stacks, ThoseThatNeedEachOtherAreExchangedTogetherInOrder) {
  auto services = chain();
  for (auto& service : services)
    service.mounts.push_back({Mount::Kind::volume, service.name + "_data", "/data", false, ""});
  Stack stack(services);
  for (auto& service : services) service = changed(service);
  expect_golden("stack_chain_changed", stack.plan_of_change(services));
}

TEST(Stacks, IndependentServicesAreExchangedSideBySide) {
  std::vector<Service> services{named("a"), named("b"), named("c")};
  Stack stack(services);
  services[0] = changed(services[0]);
  services[2] = changed(services[2]);
  expect_golden("stack_side_by_side", stack.plan_of_change(services));
}

// docker compose would start what is left, beside its successor.
TEST(Stacks, OfAComposeProjectNoStoppedContainerStays) {
  auto services = chain();
  services[2].container_name = "front";
  Stack stack(services, NamingScheme::compose);
  services[1] = changed(services[1]);
  services[2] = changed(services[2]);
  expect_golden("stack_compose_changed", stack.plan_of_change(services));
}

TEST(Stacks, OfAComposeProjectWhatFailedIsRemovedOnTheWayBack) {
  auto services = chain();
  Stack stack(services, NamingScheme::compose);
  services[1] = changed(services[1]);
  stack.change(services);
  for (auto& container : stack.scene.world.containers)
    if (container.name == "web-web-1") {
      auto detail = stack.scene.world.details.extract(container.name);
      container.name = detail.key() = detail.mapped().container.name = "web-web-1-r1";
      stack.scene.world.details.insert(std::move(detail));
    }
  expect_golden("stack_compose_way_back", stack.plan_of_way_back({"web"}));
}

// A rollback binds a copy of the file as it was in another place.
TEST(Stacks, AFileThatMovesConcernsOnlyTheServiceThatIsBoundToIt) {
  Service web = named("web"), moved = named("web");
  web.mounts.push_back({Mount::Kind::bind, "/srv/shop/key", "/key", true, ""});
  moved.mounts.push_back({Mount::Kind::bind, "/var/lib/belay/files/key", "/key", true, ""});
  Release present, next;
  present.number = {1};
  next.number = {2};
  present.spec.services = {web, named("db")};
  next.spec.services = {moved, named("db")};
  present.files["/srv/shop/key"] = next.files["/var/lib/belay/files/key"] = {};
  EXPECT_TRUE(carried_over(present, next).contains("db"));
  EXPECT_TRUE(carried_over(next, present).contains("db"));
  EXPECT_FALSE(carried_over(present, next).contains("web"));
  // One that nobody is bound to concerns all of it.
  next.files["/srv/shop/other"] = {};
  EXPECT_FALSE(carried_over(present, next).contains("db"));
}

TEST(Stacks, ADiamondWaitsForBothOfItsSides) {
  std::vector<Service> services{named("db"), named("left", {{"db"}}), checked(named("right", {{"db"}})),
                                named("top", {{"left"}, {"right", Condition::healthy}})};
  Stack stack(services);
  for (auto& service : services) service = changed(service);
  expect_golden("stack_diamond", stack.plan_of_change(services));
}

TEST(Stacks, AJobInTheMiddleEndsBeforeWhatWaitsForIt) {
  std::vector<Service> services{named("db"), job(named("migrate", {{"db"}})),
                                named("web", {{"db"}, {"migrate", Condition::completed}})};
  Stack stack(services);
  for (const size_t changed_one : {1U, 2U}) services[changed_one] = changed(services[changed_one]);
  expect_golden("stack_job", stack.plan_of_change(services));
}

TEST(Stacks, AJobThatIsDoneIsNotRunAgain) {
  const std::vector<Service> services{named("db"), job(named("migrate", {{"db"}})),
                                      named("web", {{"migrate", Condition::completed}})};
  Stack stack(services);
  stack.scene.wish_up(1, false);
  expect_golden("stack_job_done", stack.scene.plan());
}

TEST(Stacks, AJobThatFailedIsRunAgain) {
  const std::vector<Service> services{job(named("migrate")), named("web", {{"migrate", Condition::completed}})};
  Stack stack(services);
  stack.scene.world.details.at("web_migrate-r1").exit_code = 3;
  stack.scene.wish_up(1, false);
  expect_golden("stack_job_failed", stack.scene.plan());
}

// r1 and its successor; in r1 it ended, or ran on.
TEST(Stacks, WhatMayEndHasToRunOnWhereItDidSoBefore) {
  std::vector<Service> services{named("tools"), named("web")};
  services[0].may_end = true;
  services[0].restart = {"no", 0};
  for (const bool has_ended : {false, true}) {
    Stack stack(services);
    if (has_ended) {
      stack.scene.app.find({1})->ended = {"tools"};
      for (auto& container : stack.scene.world.containers)
        if (container.owner()->service == "tools") container.state = ContainerState::exited;
    }
    auto next = services;
    next[0] = changed(next[0]);
    const std::string plan = stack.plan_of_change(next);
    EXPECT_EQ(plan.find("or ends with 0") != std::string::npos, has_ended) << plan;
  }
}

TEST(Stacks, WhatHasEndedIsNotRunAgainAndWhatWasStoppedIs) {
  std::vector<Service> services{named("tools"), named("web")};
  services[0].may_end = true;
  for (const bool has_ended : {false, true}) {
    Stack stack(services);
    if (has_ended) stack.scene.app.find({1})->ended = {"tools"};
    for (auto& container : stack.scene.world.containers)
      if (container.owner()->service == "tools") {
        container.state = ContainerState::exited;
        stack.scene.world.details.at(container.name).container.state = ContainerState::exited;
      }
    stack.scene.wish_up(1, false);
    const std::string plan = stack.scene.plan();
    EXPECT_EQ(plan.find("start web_tools-r1") == std::string::npos, has_ended) << plan;
  }
}

TEST(Stacks, WhatSharesANetworkIsMadeAnewWithItsProvider) {
  std::vector<Service> services{named("vpn"), named("web"), named("other")};
  services[1].network_mode = "service:vpn";
  services[2].volumes_from = {"service:web:ro"};
  Stack stack(services);
  services[0] = changed(services[0]);
  expect_golden("stack_shared_namespace", stack.plan_of_change(services));
}

TEST(Stacks, WhatSaysSoIsRestartedWithWhatItNeeds) {
  std::vector<Service> services{named("db"), named("web", {{"db", Condition::started, true, true}}),
                                named("proxy", {{"web", Condition::started, true, true}}), named("other", {{"db"}})};
  services[0].mounts.push_back({Mount::Kind::volume, "data", "/data", false, ""});
  Stack stack(services);
  services[0] = changed(services[0]);
  expect_golden("stack_restarts", stack.plan_of_change(services));
}

TEST(Stacks, AnotherLimitOfOneServiceIsChangedInPlace) {
  auto services = chain();
  services[1].resources.memory = ByteCount{64 << 20};
  Stack stack(services);
  services[1].resources.memory = ByteCount{128 << 20};
  expect_golden("stack_in_place", stack.plan_of_change(services));
}

TEST(Stacks, AServiceThatIsGoneStopsLast) {
  auto services = chain();
  Stack stack(services);
  services.pop_back();
  services[1] = changed(services[1]);
  expect_golden("stack_removed", stack.plan_of_change(services));
}

TEST(Stacks, AServiceThatIsGoneStopsFirstWhereItHoldsAPort) {
  std::vector<Service> services{named("db"), named("old")};
  services[1].ports.push_back({80, "tcp", "", std::uint16_t{8080}});
  Stack stack(services);
  services[1].name = services[1].image = "new";
  expect_golden("stack_port_handed_over", stack.plan_of_change(services));
}

TEST(Stacks, AnAddedServiceStartsBesideTheOthers) {
  auto services = chain();
  Stack stack(services);
  services.push_back(named("worker", {{"db"}}));
  expect_golden("stack_added", stack.plan_of_change(services));
}

TEST(Stacks, APortThatMovesFromOneServiceToAnotherIsFreedFirst) {
  std::vector<Service> services{named("a"), named("b")};
  services[0].ports.push_back({80, "tcp", "", std::uint16_t{8080}});
  Stack stack(services);
  std::swap(services[0].ports, services[1].ports);
  expect_golden("stack_port_moves", stack.plan_of_change(services));
}

TEST(Stacks, OneThatIsDownIsStartedAndTheOthersStay) {
  Stack stack(chain());
  auto& web = stack.scene.world.containers[1];
  web.state = ContainerState::exited;
  stack.scene.wish_up(1, false);
  expect_golden("stack_one_down", stack.scene.plan());
}

TEST(Stacks, TheWayBackTakesBackWhatWasChangedAndNoMore) {
  auto services = chain();
  for (auto& service : services)
    service.mounts.push_back({Mount::Kind::volume, service.name + "_data", "/data", false, ""});
  Stack stack(services);
  services[0] = changed(services[0]);
  services[1] = changed(services[1]);
  stack.change(services);
  expect_golden("stack_way_back", stack.plan_of_way_back({"db", "web"}));
}

TEST(Stacks, EverythingStopsAgainstTheNeeds) {
  Stack stack(chain());
  stack.scene.wish_down();
  expect_golden("stack_stop", stack.scene.plan());
}

TEST(Stacks, WithoutAVerdictConditionsHoldAllTheSame) {
  Scene scene;
  scene.release(1, chain(), Verdict::pending);
  scene.wish_up(1);
  scene.app.wish.terms.wait = false;
  expect_golden("stack_no_wait", scene.plan());
}

TEST(Stacks, WaitingForAHealthThatNothingChecksIsRefused) {
  Scene scene;
  scene.release(1, {named("db"), named("web", {{"db", Condition::healthy}})}, Verdict::pending);
  scene.wish_up(1);
  expect_golden("stack_no_health", scene.plan());
}

TEST(Stacks, ACopyOfDataStopsWhatHasIt) {
  auto services = chain();
  services[0].mounts.push_back({Mount::Kind::volume, "data", "/data", false, ""});
  Stack stack(services);
  services[1] = changed(services[1]);
  stack.change(services);
  Snapshot snapshot;
  snapshot.number = 1;
  snapshot.release = ReleaseNumber{1};
  const DataPlace place{DataPlace::Kind::volume, "data"};
  snapshot.items.push_back({place, reserve_of(place, "s1")});
  stack.scene.app.snapshots.push_back(snapshot);
  stack.scene.app.wish.snapshot = 1;
  stack.scene.world.data[place] = "content";
  expect_golden("stack_snapshot", stack.scene.plan());
}

Service with_hooks(Service service) {
  service.post_start = {{{"warm", "up"}, "root"}, {{"greet"}}};
  service.pre_stop = {{{"drain"}}};
  service.stop_timeout = 20;
  return service;
}

TEST(Stacks, RunsHooksAfterTheStartAndBeforeTheStop) {
  const std::vector<Service> services{named("db"), with_hooks(named("web", {{"db"}}))};
  Stack stack(services);
  auto& detail = stack.scene.world.details.at(stack.scene.world.containers.back().name);
  detail.service.stop_timeout = 20;
  expect_golden("stack_hooks", stack.plan_of_change({services[0], changed(services[1])}));
}

TEST(Stacks, StartsAnewWhatAnInterruptedChangeStartedBeforeItsHooks) {
  const std::vector<Service> services{named("db"), with_hooks(named("web", {{"db"}}))};
  Stack stack(services);
  stack.change({services[0], changed(services[1])});
  stack.scene.container(2, running, "no", "web");
  EXPECT_NE(stack.scene.plan().find("its hooks may not have run"), std::string::npos) << stack.scene.plan();
  stack.scene.app.find({2})->verdict = Verdict::passed;
  EXPECT_EQ(stack.scene.plan().find("its hooks may not have run"), std::string::npos) << stack.scene.plan();
}

}  // namespace
}  // namespace belay::plan
