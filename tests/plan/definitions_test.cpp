// Networks and volumes as a spec defines them: made, taken, made anew, refused.

#include <gtest/gtest.h>

#include "golden.h"
#include "model/compose_labels.h"
#include "scene.h"
#include "simulation.h"

namespace belay::plan {
namespace {

constexpr auto running = ContainerState::running;

NetworkDefinition back() {
  NetworkDefinition network;
  network.driver = "bridge";
  network.options = {{"com.docker.network.bridge.name", "shop0"}};
  network.internal = true;
  network.pools = {{"10.5.0.0/16", "10.5.0.1"}};
  return network;
}

VolumeDefinition share(const std::string& options) {
  VolumeDefinition volume;
  volume.driver = "local";
  volume.options = {{"type", "nfs"}, {"o", options}, {"device", ":/data"}};
  return volume;
}

Service joined_service(const std::string& name) {
  Service service = Scene::service({}, {"data"});
  service.name = name;
  service.networks = {{"back", {name}, "", ""}};
  return service;
}

// r1 runs in the network as it was, r2 wants another; both go on with the same containers.
Scene another_network() {
  Scene scene;
  const std::vector<Service> services{joined_service("web"), joined_service("db")};
  scene.release(1, services).spec.networks = {{"back", back()}};
  scene.container(1, running, "unless-stopped", "web");
  scene.container(1, running, "unless-stopped", "db");
  Release& next = scene.release(2, services, Verdict::pending);
  next.spec.networks = {{"back", back()}};
  next.spec.networks["back"].internal = false;
  next.images = scene.app.release({1}).images;
  for (const auto& [service, container] : scene.app.release({1}).containers) {
    next.bodies[service] = {ReleaseNumber{1}, scene.app.release({1}).identity};
    next.containers[service] = container;
  }
  for (auto& container : scene.world.containers) {
    container.networks = {"back"};
    auto& detail = scene.world.details.at(container.name);
    detail.container = container;
    detail.service.networks = {{"back", {}, "", ""}};
  }
  scene.world.networks.push_back(as_shown({"back", labels::for_network(scene.app.name, back()), back()}));
  scene.app.last = ReleaseNumber{1};
  scene.wish_up(2);
  scene.app.wish.fallback = ReleaseNumber{1};
  return scene;
}

TEST(Definitions, WhatIsMissingIsMadeWithAllThatTheReleaseSaysOfIt) {
  Scene scene;
  Release& release = scene.release(1, {joined_service("web")}, Verdict::pending);
  release.spec.networks = {{"back", back()}, {"unused", {}}};
  release.spec.volumes = {{"data", share("addr=10.0.0.1")}};
  scene.wish_up(1);
  const Plan plan = plan_wish(scene.situation());
  std::vector<std::string> made;
  for (const auto& action : plan.actions) {
    if (const auto* network = std::get_if<CreateNetwork>(&action.step)) {
      made.push_back(network->name);
      EXPECT_EQ(network->definition, back());
      EXPECT_EQ(definition_of(network->labels.at(labels::definition)), back());
    }
    if (const auto* volume = std::get_if<CreateVolume>(&action.step)) {
      made.push_back(volume->name);
      EXPECT_EQ(volume->definition, share("addr=10.0.0.1"));
    }
  }
  EXPECT_EQ(made, (std::vector<std::string>{"back", "data"}));
}

TEST(Definitions, WhatIsExternalMustBeThere) {
  Scene scene;
  Release& release = scene.release(1, {joined_service("web")}, Verdict::pending);
  release.spec.networks["back"].external = true;
  release.spec.volumes["data"].external = true;
  scene.wish_up(1);
  expect_golden("external_network_missing", scene.plan());
  scene.world.networks.push_back({"back", "overlay", {}});
  expect_golden("external_volume_missing", scene.plan());
  scene.world.volumes.push_back({"data", "ceph", "", {}, {}});
  EXPECT_EQ(scene.plan().find("create network"), std::string::npos);
  EXPECT_EQ(scene.plan().find("error"), std::string::npos);
}

TEST(Definitions, ANetworkWithAnotherDefinitionIsMadeAnewWhileNothingIsInIt) {
  expect_golden("network_made_anew", another_network().plan());
}

TEST(Definitions, ANetworkThatIsAttachableIsTheSameOutsideASwarm) {
  Scene scene = another_network();
  scene.app.find({2})->spec.networks["back"].internal = back().internal;
  scene.world.networks.back().attachable = !scene.world.networks.back().attachable;
  EXPECT_EQ(scene.plan().find("remove network"), std::string::npos) << scene.plan();
}

TEST(Definitions, AfterwardsNothingIsLeftToDoAndTheWayBackMakesTheOldOneAgain) {
  Scene scene = another_network();
  for (const auto& action : plan_wish(scene.situation()).actions) apply(scene.app, scene.world, action.step);
  scene.app.releases[1].verdict = Verdict::passed;
  scene.app.wish.progress = Wish::Progress::fulfilled;
  EXPECT_EQ(scene.plan(), "nothing to do\n");
  EXPECT_FALSE(scene.world.find_network("back")->internal);
  scene.wish_up(1);
  scene.app.wish.rollback = Rollback{ReleaseNumber{2}};
  for (const auto& action : plan_wish(scene.situation()).actions) apply(scene.app, scene.world, action.step);
  scene.app.wish.progress = Wish::Progress::fulfilled;
  EXPECT_EQ(scene.plan(), "nothing to do\n");
  EXPECT_TRUE(scene.world.find_network("back")->internal);
  for (const auto& container : scene.world.containers) {
    EXPECT_TRUE(container.is_up()) << container.name;
    EXPECT_EQ(container.networks, std::vector<std::string>{"back"}) << container.name;
  }
}

TEST(Definitions, AnInterruptedRemakingIsFinished) {
  const Scene scene = another_network();
  const Plan whole = plan_wish(scene.situation());
  for (size_t done = 0; done <= whole.actions.size(); ++done) {
    Scene cut = scene;
    for (size_t i = 0; i < done; ++i) apply(cut.app, cut.world, whole.actions[i].step);
    for (const auto& action : plan_wish(cut.situation()).actions) apply(cut.app, cut.world, action.step);
    cut.app.wish.progress = Wish::Progress::fulfilled;
    EXPECT_EQ(cut.plan(), "nothing to do\n") << done;
    for (const auto& container : cut.world.containers) {
      EXPECT_TRUE(container.is_up()) << done;
      EXPECT_EQ(container.networks, std::vector<std::string>{"back"}) << done;
    }
  }
}

TEST(Definitions, ANetworkThatOthersAreInIsNotMadeAnew) {
  Scene scene = another_network();
  scene.stranger("proxy").networks = {"back"};
  expect_golden("network_of_others", scene.plan());
}

TEST(Definitions, AStrangersNetworkIsTakenAsItIsOrRefused) {
  Scene scene = another_network();
  scene.world.networks[0].labels = {};
  expect_golden("network_of_a_stranger", scene.plan());
  scene.app.releases[1].spec.networks["back"] = {};
  scene.world.networks[0] = {"back", "bridge", {}};
  EXPECT_EQ(scene.plan().find("network"), std::string::npos);
}

TEST(Definitions, ANetworkThatComposeMadeForTheProjectIsTheApps) {
  Scene scene = another_network();
  NetworkDefinition& wanted = scene.app.releases[1].spec.networks["back"];
  wanted.labels = {{labels::compose_project, "web"}, {"com.docker.compose.version", "5.5.0"}};
  scene.world.networks[0].labels = {{labels::compose_project, "web"}, {"com.docker.compose.version", "2.40.3"}};
  EXPECT_NE(scene.plan().find("remove network back"), std::string::npos);
  scene.world.networks[0].labels[labels::compose_project] = "another";
  EXPECT_EQ(scene.plan().find("remove network back"), std::string::npos);
  EXPECT_NE(scene.plan().find("error: the network back is there and not web's"), std::string::npos);
}

TEST(Definitions, AVolumeIsNeverMadeAnew) {
  Scene scene;
  scene.release(1, {Scene::service({}, {"data"})}, Verdict::pending).spec.volumes = {
      {"data", share("addr=10.0.0.2,password=geheim")}};
  scene.world.volumes.push_back(
      as_shown({"data", labels::for_volume(scene.app.name, "/data"), share("addr=10.0.0.1,password=geheim")}));
  scene.wish_up(1);
  expect_golden("volume_with_another_definition", scene.plan());
  EXPECT_EQ(scene.plan().find("geheim"), std::string::npos);
  scene.world.volumes[0].options["o"] = "addr=10.0.0.2,password=geheim";
  EXPECT_EQ(scene.plan().find("error"), std::string::npos);
}

TEST(Files, AreWrittenBeforeTheFirstStartAndNeverAgain) {
  Service web = Scene::service();
  web.files = {{"/run/secrets/token", "geheim"}};
  Scene scene;
  scene.release(1, {web}, Verdict::pending);
  scene.wish_up(1);
  EXPECT_NE(scene.plan().find("write /run/secrets/token into web-r1 — its configs and secrets"), std::string::npos);
  EXPECT_EQ(scene.plan().find("geheim"), std::string::npos);
  // It was made, and perhaps the files were not.
  scene.container(1, ContainerState::created);
  EXPECT_NE(scene.plan().find("write /run/secrets/token into web-r1"), std::string::npos);
  scene.world.containers[0].state = ContainerState::exited;
  EXPECT_EQ(scene.plan().find("write"), std::string::npos);
}

}  // namespace
}  // namespace belay::plan
