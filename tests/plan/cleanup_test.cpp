#include <gtest/gtest.h>

#include "base/format.h"
#include "golden.h"
#include "model/compose_labels.h"
#include "model/naming.h"
#include "scene.h"

namespace belay::plan {
namespace {

constexpr auto running = ContainerState::running;
constexpr auto exited = ContainerState::exited;

std::string words_of(const Cleanup& cleanup) {
  std::string text = plan_text(cleanup.plan);
  for (const auto& kept : cleanup.kept) text += format("kept: {}\n", kept);
  for (const auto& number : cleanup.forgotten) text += format("forgotten: {}\n", number.text());
  return text;
}

// Six releases; r2 stable, r6 last and up, r4 failed.
Scene family() {
  Scene scene;
  for (int number = 1; number <= 6; ++number) {
    scene.release(number, {Scene::service()}, number == 4 ? Verdict::failed : Verdict::passed);
    scene.container(number, number == 6 ? running : exited, number == 6 ? "unless-stopped" : "no");
    Build build;
    build.number = number;
    build.image = image_id(number);
    build.tag = "web:latest";
    scene.app.builds.push_back(build);
  }
  scene.world.images.at(image_id(6)).tags.emplace_back("web:latest");
  scene.app.last = ReleaseNumber{6};
  scene.app.stable = ReleaseNumber{2};
  scene.wish_up(6, false);
  return scene;
}

TEST(Cleanup, KeepsLastStableAndTheNewest) {
  expect_golden("cleanup", words_of(plan_cleanup(family().situation(), 1)));
}

TEST(Cleanup, CanKeepNothingButTheMarks) {
  expect_golden("cleanup_all", words_of(plan_cleanup(family().situation(), 0)));
}

TEST(Cleanup, KeepsWhatIsWishedForAndWhatItWouldFallBackOn) {
  Scene scene = family();
  scene.wish_up(3);
  scene.app.wish.fallback = ReleaseNumber{1};
  expect_golden("cleanup_unfinished", words_of(plan_cleanup(scene.situation(), 0)));
}

TEST(Cleanup, KeepsTheImageOfTheNewestBuild) {
  Scene scene = family();
  scene.world.images[image_id(7)].id = image_id(7);
  scene.world.images[image_id(7)].config.labels = labels::for_image(scene.app.name);
  Build build;
  build.image = image_id(7);
  scene.app.builds.push_back(build);
  const std::string text = words_of(plan_cleanup(scene.situation(), 0));
  EXPECT_NE(text.find("kept: image 777777777777"), std::string::npos) << text;
  EXPECT_EQ(text.find("remove image 777777777777"), std::string::npos) << text;
}

TEST(Cleanup, DoesNotForgetTheReleaseOfAContainerThatRuns) {
  Scene scene = family();
  scene.world.containers[4].state = running;
  const Cleanup cleanup = plan_cleanup(scene.situation(), 0);
  const std::string text = words_of(cleanup);
  EXPECT_NE(text.find("kept: container web-r5 (it is running)"), std::string::npos) << text;
  EXPECT_EQ(text.find("forgotten: r5"), std::string::npos) << text;
  EXPECT_EQ(text.find("remove image 555555555555"), std::string::npos) << text;
  EXPECT_EQ(text.find("untag image belay/web:r5"), std::string::npos) << text;
}

TEST(Cleanup, LetsGoOfThePinsOfAnImageThatOthersStillUse) {
  Scene scene;
  scene.release(1);
  scene.release(2).images["web"] = image_id(1);
  scene.world.images.at(image_id(1)).tags = {"belay/web:r1", "belay/web:r2"};
  scene.forget_image(2);
  scene.app.last = ReleaseNumber{2};
  expect_golden("cleanup_shared_image", words_of(plan_cleanup(scene.situation(), 0)));
}

Scene to_be_removed() {
  Scene scene = family();
  scene.world.volumes.push_back({"web_data", "local", "", labels::for_volume(scene.app.name, "/data"), {}});
  scene.world.volumes.push_back({"web_shared", "local", "", labels::for_volume(scene.app.name, "/shared"), {}});
  scene.world.volumes.push_back({"foreign", "local", "", {}, {}});
  scene.world.networks.push_back({"front", "bridge", labels::for_network(scene.app.name)});
  scene.world.networks.push_back({"inner", "bridge", labels::for_network(scene.app.name)});
  scene.world.networks.push_back({"bridge", "bridge", {}});
  Container& other = scene.stranger("other");
  other.mounts = {{Mount::Kind::volume, "web_shared", "/x", false, ""}};
  other.networks = {"front"};
  scene.world.images.at(image_id(3)).tags.emplace_back("registry.example/web:3");
  scene.app.wish = {};
  scene.app.wish.goal = goal::Removed{};
  return scene;
}

TEST(Removal, KeepsTheDataUnlessTheUserSaidOtherwise) {
  expect_golden("removal", to_be_removed().plan());
}

TEST(Removal, LosesTheDataOnExplicitWords) {
  Scene scene = to_be_removed();
  scene.app.wish.goal = goal::Removed{true};
  expect_golden("removal_with_volumes", scene.plan());
}

TEST(Removal, AnAdoptedContainerIsNoStrangerToTheAppsNetwork) {
  Scene scene;
  Release& release = scene.release(1);
  release.adopted = true;
  release.container_created = {{"web", "then"}};
  release.containers = {{"web", "dcv_web"}};
  Container& adopted = scene.stranger("dcv_web", exited);
  adopted.created = "then";
  adopted.networks = {"inner"};
  scene.world.networks.push_back({"inner", "bridge", labels::for_network(scene.app.name)});
  scene.app.wish.goal = goal::Removed{};
  EXPECT_NE(scene.plan().find("remove network inner"), std::string::npos) << scene.plan();
}

TEST(Removal, AnImageThatWasOnlyTakenOverKeepsItsOwnTag) {
  Scene scene;
  scene.release(1);
  Image& image = scene.world.images.at(image_id(1));
  image.config.labels.clear();
  image.tags.emplace_back("postgres:15");
  scene.app.wish.goal = goal::Removed{};
  EXPECT_EQ(scene.plan(),
            "  1. untag image belay/web:r1 — the app is removed\n"
            "note: image 111111111111 stays: it is also tagged postgres:15\n");
}

// Services "web" and "backup", which have the volume "data"; "web" has "archive" as well, which somebody else made.
Scene of_two_services() {
  Service backup = Scene::service({}, {"data"});
  backup.name = "backup";
  Scene scene;
  scene.release(1, {Scene::service({}, {"data", "archive"}), backup});
  scene.container(1, running);
  scene.app.last = ReleaseNumber{1};
  for (auto& volume : scene.world.volumes)
    if (volume.name == "archive") volume.labels.clear();
  return scene;
}

TEST(PartRemoval, LosesNoDataThatOthersHave) {
  Scene scene = of_two_services();
  const auto words = [&](const std::set<std::string>& services) {
    return plan_text(plan_part_removal(scene.situation(), services, true));
  };
  const std::string one = words({"web"});
  EXPECT_NE(one.find("volume data stays: the service backup of r1 has it too"), std::string::npos) << one;
  EXPECT_NE(one.find("volume archive stays: it was not made for web"), std::string::npos) << one;
  EXPECT_EQ(one.find("remove volume"), std::string::npos) << one;
  const std::string both = words({"web", "backup"});
  EXPECT_NE(both.find("remove volume data"), std::string::npos) << both;
  EXPECT_EQ(both.find("remove volume archive"), std::string::npos) << both;
  // What nobody named is nobody else's.
  const std::string unnamed(64, 'a');
  scene.world.containers.front().mounts.push_back({Mount::Kind::volume, unnamed, "/more", false, {}});
  scene.world.volumes.push_back({unnamed, "local", "", {}, {}});
  const std::string with_unnamed = words({"web"});
  EXPECT_NE(with_unnamed.find("remove volume " + unnamed), std::string::npos) << with_unnamed;
}

// Of two projects in folders of the same name one is Belay's, and the other is down.
TEST(Removal, LeavesWhatAProjectOfTheSameNameHas) {
  const labels::Labels of_compose{{labels::compose_project, "web"}};
  Service service = Scene::service({}, {"web_used"});
  service.networks = {{"web_default", {}, "", ""}};
  Scene scene;
  scene.app.scheme = NamingScheme::compose;
  scene.release(1, {service}).spec.volumes["web_defined"] = {};
  scene.container(1, exited);
  scene.world.volumes.clear();
  for (const auto* name : {"web_used", "web_defined", "web_pgdata"})
    scene.world.volumes.push_back({name, "local", "", of_compose, {}});
  for (const auto* name : {"web_default", "web_backend"}) {
    scene.world.networks.push_back({name, "bridge", of_compose});
  }
  scene.app.wish.goal = goal::Removed{true};
  const std::string removal = scene.plan();
  EXPECT_NE(removal.find("remove volume web_used"), std::string::npos) << removal;
  EXPECT_NE(removal.find("remove volume web_defined"), std::string::npos) << removal;
  EXPECT_EQ(removal.find("remove volume web_pgdata"), std::string::npos) << removal;
  EXPECT_NE(removal.find("volume web_pgdata stays: it is of a Compose project called web"), std::string::npos)
      << removal;
  for (const std::string& words : {removal, plan_text(plan_teardown(scene.situation()))}) {
    EXPECT_NE(words.find("remove network web_default"), std::string::npos) << words;
    EXPECT_EQ(words.find("remove network web_backend"), std::string::npos) << words;
    EXPECT_NE(words.find("network web_backend stays"), std::string::npos) << words;
  }
}

TEST(Removal, StopsFirstWhatMayComeUpInAMoment) {
  Scene scene;
  scene.release(1);
  scene.container(1, ContainerState::created);
  scene.world.details.clear();
  const auto stops = [&](const std::string& words) { return words.find("stop web-r1") != std::string::npos; };
  EXPECT_FALSE(stops(plan_text(plan_removal(scene.situation(), false))));
  scene.world.starting = {"web-r1"};
  EXPECT_TRUE(stops(plan_text(plan_removal(scene.situation(), false))));
  EXPECT_TRUE(stops(plan_text(plan_teardown(scene.situation()))));
  scene.wish_down();
  EXPECT_TRUE(stops(scene.plan()));
  EXPECT_NE(words_of(plan_cleanup(scene.situation(), 0)).find("kept: container web-r1"), std::string::npos);
}

}  // namespace
}  // namespace belay::plan
