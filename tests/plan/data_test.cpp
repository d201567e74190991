#include <gtest/gtest.h>

#include "golden.h"
#include "scene.h"

namespace belay::plan {
namespace {

constexpr auto running = ContainerState::running;
constexpr auto exited = ContainerState::exited;

const DataPlace volume{DataPlace::Kind::volume, "data"};
const DataPlace folder{DataPlace::Kind::folder, "/srv/site"};

Service service_with_data() {
  Service service = Scene::service({}, {"data"});
  service.mounts.push_back({Mount::Kind::bind, "/srv/site", "/site", false, ""});
  return service;
}

// r1 runs and r2 is there; both places hold "old", and what is wished for them is in reserve.
struct DataScene : Scene {
  explicit DataScene(ContainerState state = running) {
    release(1, {service_with_data()});
    release(2, {service_with_data()}, Verdict::pending);
    app.last = ReleaseNumber{1};
    container(1, state, state == exited ? "no" : "unless-stopped");
    app.highest_snapshot = 1;
    app.snapshots.push_back({1, ReleaseNumber{1}, now, "replaced", {}, false});
  }

  void wish_data() {
    for (const auto& place : {volume, folder}) {
      const DataPlace reserve = reserve_of(place, "s1");
      app.snapshots.back().items.push_back({place, reserve});
      if (place.kind == DataPlace::Kind::volume)
        world.volumes.push_back({reserve.source, "local", "", labels::for_reserve(app.name, place), {}});
      world.data[place] = "old " + place.source;
      world.data[reserve] = "new " + place.source;
      app.wish.data.push_back({place, reserve, world.data[reserve]});
      app.wish.fallback_data.push_back({place, reserve, world.data[place]});
    }
  }
  void exchanged(const DataPlace& place) { std::swap(world.data[place], world.data[reserve_of(place, "s1")]); }

  void wish_snapshot() {
    for (const auto& place : {volume, folder}) app.snapshots.back().items.push_back({place, reserve_of(place, "s1")});
    app.wish.snapshot = 1;
  }
};

TEST(Data, IsExchangedUnderTheReleaseThatRunsWhileItStands) {
  DataScene scene;
  scene.wish_up(1);
  scene.wish_data();
  expect_golden("data_same_release", scene.plan());
}

TEST(Data, IsExchangedWhenOneReleaseTakesTheOthersPlace) {
  DataScene scene;
  scene.wish_up(2);
  scene.wish_data();
  expect_golden("data_other_release", scene.plan());
}

TEST(Data, IsExchangedEvenWhereTheUserAskedToStartFirst) {
  DataScene scene;
  scene.wish_up(2);
  scene.app.wish.terms.order = SwapOrder::start_first;
  scene.wish_data();
  const std::string plan = scene.plan();
  EXPECT_LT(plan.find("stop web-r1"), plan.find("exchange what")) << plan;
  EXPECT_LT(plan.rfind("exchange what"), plan.find("start web-r2")) << plan;
}

TEST(Data, OfWhichHalfIsExchangedNeedsTheOtherHalf) {
  DataScene scene(exited);
  scene.wish_up(1);
  scene.wish_data();
  scene.exchanged(volume);
  expect_golden("data_half_done", scene.plan());
}

TEST(Data, ThatIsInItsPlaceNeedsNothing) {
  DataScene scene;
  scene.wish_up(1, false);
  scene.wish_data();
  scene.exchanged(volume);
  scene.exchanged(folder);
  EXPECT_EQ(scene.plan(), "nothing to do\n");
}

TEST(Data, OfAnAppThatIsDownIsExchangedAndItStaysDown) {
  DataScene scene(exited);
  scene.wish_down();
  scene.wish_data();
  expect_golden("data_down", scene.plan());
}

TEST(Data, OfAnAppThatShouldBeDownIsExchangedOnceItHasStopped) {
  DataScene scene;
  scene.wish_down();
  scene.wish_data();
  const std::string plan = scene.plan();
  EXPECT_LT(plan.find("stop web-r1"), plan.find("exchange what")) << plan;
}

TEST(Data, GoesBackWithTheReleaseThatWorkedWithIt) {
  DataScene scene;
  scene.wish_up(2);
  scene.wish_data();
  scene.exchanged(volume);
  scene.exchanged(folder);
  scene.world.containers.clear();
  scene.world.details.clear();
  scene.container(1, exited);
  scene.container(2, exited);
  const auto back = scene.app.wish.fallback_data;
  scene.wish_up(1);
  scene.app.wish.terms.wait = false;
  scene.app.wish.fallback = ReleaseNumber{1};
  scene.app.wish.data = back;
  expect_golden("data_way_back", scene.plan());
}

TEST(Data, IsCopiedBetweenTheStopAndTheStart) {
  DataScene scene;
  scene.wish_up(2);
  scene.wish_snapshot();
  expect_golden("data_snapshot", scene.plan());
}

TEST(Data, IsCopiedOnlyWhereTheCopyIsMissing) {
  DataScene scene(exited);
  scene.wish_up(2);
  scene.wish_snapshot();
  scene.world.data[reserve_of(volume, "s1")] = "copied";
  scene.world.volumes.push_back({reserve_of(volume, "s1").source, "local", "", {}, {}});
  const std::string plan = scene.plan();
  EXPECT_EQ(plan.find("volume data"), std::string::npos) << plan;
  EXPECT_NE(plan.find("folder /srv/site"), std::string::npos) << plan;
}

TEST(Data, IsNotCopiedAnyMoreOnceTheReleaseMayHaveWritten) {
  DataScene scene(exited);
  scene.container(2, running, "unless-stopped");
  scene.wish_up(2, false);
  scene.wish_snapshot();
  EXPECT_EQ(scene.plan(), "nothing to do\n");
}

TEST(Data, IsNotCopiedForTheReleaseThatWroteIt) {
  DataScene scene(exited);
  scene.wish_up(1);
  scene.wish_snapshot();
  EXPECT_EQ(scene.plan().find("copy"), std::string::npos) << scene.plan();
}

TEST(Data, ThatAStrangerUsesIsNotExchanged) {
  for (const auto& source : {"data", "/srv/site", "/srv/site/below"}) {
    DataScene scene;
    scene.wish_up(1);
    scene.wish_data();
    const bool is_volume = std::string(source) == "data";
    scene.stranger("backup-tool").mounts = {
        {is_volume ? Mount::Kind::volume : Mount::Kind::bind, source, "/in", true, ""}};
    EXPECT_NE(scene.plan().find("is in use by the container backup-tool (not Belay's)"), std::string::npos) << source;
    scene.world.containers.back().state = exited;
    EXPECT_EQ(scene.plan().find("error"), std::string::npos) << "one that does not run has nothing in use";
  }
  DataScene scene;
  scene.wish_up(1);
  scene.wish_data();
  scene.stranger("tool").mounts = {{Mount::Kind::bind, "/srv", "/in", true, ""},
                                   {Mount::Kind::bind, "/srv/site2", "/two", true, ""}};
  EXPECT_EQ(scene.plan().find("error"), std::string::npos) << scene.plan();
}

TEST(Data, OfAnotherAppsContainerSaysWhoToStop) {
  DataScene scene;
  scene.wish_up(1);
  scene.wish_data();
  Container& other = scene.stranger("shop-r3");
  other.mounts = {{Mount::Kind::volume, "data", "/in", false, ""}};
  other.labels = labels::for_container({"shop", "shop", ReleaseNumber{3}, NamingScheme::belay});
  EXPECT_EQ(scene.plan(),
            "error: volume data is in use by the container shop-r3 of the app shop\n"
            "hint: Stop it with: belay stop shop\n");
}

TEST(Data, IsExchangedUnderFixedNamesToo) {
  Scene scene;
  scene.app.scheme = NamingScheme::fixed;
  scene.release(1, {service_with_data()});
  scene.release(2, {service_with_data()}, Verdict::pending);
  scene.container(1, running, "unless-stopped");
  scene.wish_up(2);
  const DataPlace reserve = reserve_of(volume, "s1");
  scene.world.data = {{volume, "old"}, {reserve, "new"}};
  scene.app.wish.data = {{volume, reserve, "new"}};
  expect_golden("data_fixed", scene.plan());
}

TEST(Data, IsExchangedForAllServicesOfARollingAppAtOnce) {
  Scene scene;
  Service web = Scene::service(), db = Scene::service({}, {"data"});
  db.name = "db";
  for (int number : {1, 2})
    scene.release(number, {db, web}, number == 1 ? Verdict::passed : Verdict::pending).spec.rolling = true;
  scene.container(1, running, "unless-stopped", "db");
  scene.container(1, running, "unless-stopped", "web");
  scene.wish_up(2);
  const DataPlace reserve = reserve_of(volume, "s1");
  scene.world.data = {{volume, "old"}, {reserve, "new"}};
  scene.app.wish.data = {{volume, reserve, "new"}};
  expect_golden("data_rolling", scene.plan());
}

TEST(Data, ThatIsReadWhileItsContainerIsPausedNeedsNoMoreThanAResume) {
  DataScene scene(ContainerState::paused);
  scene.wish_up(1);
  scene.app.wish.terms.wait = false;
  EXPECT_EQ(scene.plan(), "  1. resume web-r1 — r1 should be up, it is paused\n");
}

}  // namespace
}  // namespace belay::plan
