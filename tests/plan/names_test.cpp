#include <gtest/gtest.h>

#include "golden.h"
#include "scene.h"

namespace belay::plan {
namespace {

constexpr auto running = ContainerState::running;
constexpr auto exited = ContainerState::exited;

// r1, r2 of an app made through dockervisor; r2 is the current one.
Scene dockervisor() {
  Scene scene;
  scene.app.scheme = NamingScheme::dcv;
  scene.release(1);
  scene.release(2);
  scene.container(1, exited).name = "dcv_web_save_20260101000000";
  scene.container(2, running, "unless-stopped");
  scene.world.details["dcv_web_save_20260101000000"].restart = {"no", 0};
  scene.app.last = ReleaseNumber{2};
  scene.wish_up(2, false);
  return scene;
}

std::string names(const Scene& scene) {
  return text_of([&] { return plan_names(scene.situation()); });
}

TEST(DockervisorNames, AreLeftAloneWhereTheyAreRight) {
  EXPECT_EQ(dockervisor().plan(), "nothing to do\n");
}

TEST(DockervisorNames, TheDisplacedContainerMakesRoomForItsSuccessor) {
  Scene scene = dockervisor();
  scene.release(3, {Scene::service()}, Verdict::pending);
  scene.wish_up(3);
  expect_golden("dcv_displaced", scene.plan());
}

TEST(DockervisorNames, TwoDisplacedInOneSecondDoNotCollide) {
  Scene scene = dockervisor();
  scene.stranger("dcv_web_save_20260131000000", exited);
  scene.release(3, {Scene::service()}, Verdict::pending);
  scene.wish_up(3);
  EXPECT_NE(scene.plan().find("rename container dcv_web to dcv_web_save_20260131000000_2"), std::string::npos);
}

TEST(DockervisorNames, TheStableOneIsCalledSo) {
  Scene scene = dockervisor();
  scene.app.stable = ReleaseNumber{2};
  std::string text = "the running one is marked stable:\n" + names(scene);
  scene.app.stable = ReleaseNumber{1};
  text += "the older one is marked stable:\n" + names(scene);
  scene.world.containers[0].name = "dcv_web_stable";
  text += "it has its name already:\n" + names(scene);
  scene.app.stable.reset();
  text += "the mark is gone:\n" + names(scene);
  expect_golden("dcv_stable", text);
}

TEST(DockervisorNames, TwoThatWantEachOthersNamesExchangeThem) {
  Scene scene = dockervisor();
  scene.world.containers[0].name = "dcv_web_stable";
  scene.app.stable = ReleaseNumber{2};
  scene.wish_up(1, false);
  expect_golden("dcv_exchange", scene.plan());
}

TEST(DockervisorNames, AStrangersContainerIsNeverRenamed) {
  Scene scene;
  scene.app.scheme = NamingScheme::dcv;
  scene.release(1, {Scene::service()}, Verdict::pending);
  scene.stranger("dcv_web", running);
  scene.wish_up(1);
  std::string text = "to be created:\n" + scene.plan();
  scene.container(1, exited).name = "dcv_web_old";
  scene.app.releases[0].verdict = Verdict::passed;
  text += "to be renamed:\n" + scene.plan();
  expect_golden("dcv_stranger", text);
}

TEST(DockervisorNames, AStrangerBehindAnExchangeIsRefusedToo) {
  // r1 should be called dcv_web, which r2 leaves only for dcv_web_stable, which a stranger bears.
  Scene scene = dockervisor();
  scene.app.stable = ReleaseNumber{2};
  scene.stranger("dcv_web_stable", exited);
  scene.wish_up(1, false);
  EXPECT_TRUE(scene.plan().starts_with("error: the container name dcv_web_stable is taken")) << scene.plan();
}

TEST(DockervisorNames, OtherSchemesNeverRename) {
  Scene scene = dockervisor();
  scene.app.scheme = NamingScheme::belay;
  EXPECT_EQ(names(scene), "nothing to do\n");
}

TEST(AdoptedContainers, AreKnownByNameAndCreationTime) {
  Scene scene;
  Release& release = scene.release(1);
  release.adopted = true;
  release.container_created = {{"web", "2026-01-01T00:00:00.123456789Z"}};
  release.containers["web"] = "jcl_web_20260101000000";
  Container& old = scene.stranger("jcl_web_20260101000000");
  old.created = "2026-01-01T00:00:00.123456789Z";
  Container& other = scene.stranger("jcl_web_20260101000001");
  other.created = "2026-01-01T00:00:01Z";
  const auto found = instances(scene.app, scene.world);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].container->name, "jcl_web_20260101000000");
  EXPECT_EQ(found[0].release, ReleaseNumber{1});
  scene.release(2, {Scene::service()}, Verdict::pending);
  scene.wish_up(2);
  std::string text = "replaced:\n" + scene.plan();
  scene.world.containers[0].name = "renamed_by_somebody";
  scene.world.containers[0].state = exited;
  scene.wish_up(1, false);
  text += "a name that is not ours:\n" + scene.plan();
  scene.app.scheme = NamingScheme::dcv;
  scene.world.containers[0].name = "dcv_web_save_20260101000000";
  text += "a name that a rename of ours gave, cut short before it was recorded:\n" + scene.plan();
  expect_golden("adopted", text);
}

// Whichever of the two runs: the other is a copy that somebody made.
TEST(Instances, OfTwoWithOneIdentityTheOneThatTheStateKnowsCounts) {
  Scene scene;
  scene.release(1);
  scene.container(1, exited);
  const Container copy = scene.world.containers[0];
  scene.world.containers.push_back(copy);
  scene.world.containers[1].name = "web-r1-copy";
  scene.world.containers[1].state = running;
  EXPECT_EQ(find_instance(scene.app, scene.world, {1}, "web")->name, "web-r1");
  EXPECT_EQ(sort_out(scene.app, scene.world).copies, std::vector<const Container*>{&scene.world.containers[1]});
  EXPECT_EQ(find_instance(scene.app, scene.world, {2}, "web"), nullptr);
  EXPECT_EQ(find_instance(scene.app, scene.world, {1}, "db"), nullptr);
}

std::string sorted(const Scene& scene) {
  const Containers containers = sort_out(scene.app, scene.world);
  std::string text;
  for (const auto& each : containers.instances) text += " " + each.container->name;
  for (const auto& each : containers.unknown) text += " unknown:" + each.container->name;
  for (const auto& each : containers.copies) text += " copy:" + each->name;
  return text;
}

TEST(Instances, AContainerIsTakenForAReleaseOnlyIfIdentityImageAndCreationFit) {
  Scene scene;
  Release& release = scene.release(1);
  release.identity = "a1";
  release.container_created["web"] = "1000";
  Container& container = scene.container(1, running);
  container.labels = labels::for_container({"web", "web", {1}, NamingScheme::belay, "a1", "s1"});
  container.created = "1000";
  EXPECT_EQ(sorted(scene), " web-r1");
  container.created = "1001";
  EXPECT_EQ(sorted(scene), " copy:web-r1");
  container.created = "1000";
  container.image_id = image_id(2);
  EXPECT_EQ(sorted(scene), " copy:web-r1");
  container.image_id = image_id(1);
  container.labels = labels::for_container({"web", "web", {1}, NamingScheme::belay, "b1", "s2"});
  EXPECT_EQ(sorted(scene), " unknown:web-r1");
  EXPECT_NE(scene.plan().find("web-r1 (r1, made by the state s2)"), std::string::npos);
  // One from before there were identities is none of a release that has one.
  container.labels = labels::for_container({"web", "web", {1}, NamingScheme::belay, {}, {}});
  EXPECT_EQ(sorted(scene), " unknown:web-r1");
  release.identity.clear();
  EXPECT_EQ(sorted(scene), " web-r1");
  container.image_id = image_id(2);
  EXPECT_EQ(sorted(scene), " unknown:web-r1");
}

TEST(Instances, OfOldReleasesTheImageAndTheTimeMustFit) {
  Scene scene;
  Release& release = scene.release(1);
  release.created = Time(Seconds(100'000));
  Container& container = scene.container(1, running);
  container.created = "100001";
  EXPECT_EQ(sorted(scene), " web-r1");
  container.created = "90000";
  EXPECT_EQ(sorted(scene), " unknown:web-r1") << "it was there before the release was made";
}

TEST(Instances, AReleaseGoesOnWithTheContainersOfAForgottenOne) {
  Scene scene;
  scene.release(1).identity = "a1";
  Container& container = scene.container(1, running);
  container.labels = labels::for_container({"web", "web", {1}, NamingScheme::belay, "a1", "s1"});
  Release next = scene.app.releases[0];
  next.number = {2};
  for (const auto& service : next.spec.services) next.bodies[service.name] = {{1}, "a1"};
  scene.app.releases = {next};
  EXPECT_EQ(sorted(scene), " web-r1");
  EXPECT_EQ(find_instance(scene.app, scene.world, {2}, "web")->name, "web-r1");
}

}  // namespace
}  // namespace belay::plan
