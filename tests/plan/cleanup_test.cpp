#include <gtest/gtest.h>

#include "base/format.h"
#include "golden.h"
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

}  // namespace
}  // namespace belay::plan
