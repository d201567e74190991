// A state of an earlier Belay, and the containers that it had on the engine: what ran goes on, and goes back.
//
// fixtures/schema4: made by the program of that time on Docker 20.10. `pool` is declared with three replicas, `cache`
// is declared and was changed in place, `site` is a family with two releases of which the second is stable.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "document/json.h"
#include "model/naming.h"
#include "plan/planner.h"
#include "state/store.h"

namespace belay::state {
namespace {

using document::Node;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OldState : public ::testing::Test {
 protected:
  OldState() {
    fs::create_directory(folder());
    fs::copy_file(fixture() / "state.db", folder() / "state.db");
    store_ = Store::open(folder());
    world_ = world();
  }

  static fs::path fixture() { return fs::path(TEST_DATA) / "fixtures/schema4"; }
  fs::path folder() const { return temporary_.path() / "state"; }

  static World world() {
    World world;
    const std::string text = read_file(fixture() / "containers.json");
    const Node all = document::read_json(text, "containers.json");
    for (const Node& each : all.as_list("containers")) {
      Container container;
      container.name = each.find("name")->as_text("name");
      container.created = each.find("created")->as_text("created");
      container.image_id = each.find("image")->as_text("image");
      container.state =
          each.find("state")->as_text("state") == "running" ? ContainerState::running : ContainerState::exited;
      for (const auto& label : each.find("labels")->as_map("labels"))
        container.labels[label.key] = label.value.as_text("label");
      for (const Node& mount : each.find("mounts")->as_list("mounts")) {
        const std::string name = mount.find("name")->as_text("name");
        container.mounts.push_back({Mount::Kind::volume, name, mount.find("target")->as_text("target"), false, ""});
        if (world.find_volume(name) == nullptr) world.volumes.push_back({name, "local", "", {}, {}});
      }
      ContainerDetail detail;
      detail.container = container;
      detail.restart = {each.find("restart")->as_text("restart"), 0};
      const auto memory = each.find("memory")->as_int("memory");
      if (memory > 0) detail.service.resources.memory = ByteCount{memory};
      world.details[container.name] = detail;
      world.images[container.image_id].id = container.image_id;
      world.containers.push_back(std::move(container));
    }
    return world;
  }

  App app(const std::string& name) {
    App found = store_->app(AppName(name)).value();
    for (const auto& release : found.releases)
      for (const auto& [service, image] : release.images)
        world_.images[image].tags.push_back(pin_tag(found.name, service, release.number));
    return found;
  }
  std::string plan(const App& app) { return plan::plan_text(plan::plan_wish({app, world_, Time{}, {}})); }
  static void wish_up(App& app, int release) {
    app.wish.fallback = app.wish.release();
    app.wish.goal = goal::Run{ReleaseNumber{release}};
    app.wish.progress = Wish::Progress::under_way;
  }

  TemporaryFolder temporary_;
  std::unique_ptr<Store> store_;
  World world_;
};

TEST_F(OldState, NothingIsToBeDoneAboutWhatRuns) {
  for (const auto* name : {"pool", "cache", "site"}) EXPECT_EQ(plan(app(name)), "") << name;
}

TEST_F(OldState, ReplicasAreKnownAsSuch) {
  const App pool = app("pool");
  const auto& services = pool.release({1}).spec.services;
  ASSERT_EQ(services.size(), 3U);
  EXPECT_EQ(services[2].name, "pool-3");
  EXPECT_EQ(services[2].group_name(), "pool");
  EXPECT_EQ(services[2].number, 3);
}

TEST_F(OldState, AFamilyGoesBack) {
  App site = app("site");
  EXPECT_EQ(site.stable, ReleaseNumber{2});
  wish_up(site, 1);
  EXPECT_THAT(plan(site), HasSubstr("start site-r1"));
  EXPECT_THAT(plan(site), HasSubstr("stop site-r2"));
}

TEST_F(OldState, WhatWasChangedInPlaceIsKnownAndGoesBackInPlace) {
  App cache = app("cache");
  EXPECT_EQ(cache.release({2}).container_release("cache"), ReleaseNumber{1});
  EXPECT_EQ(plan::find_instance(cache, world_, {2}, "cache")->name, "cache");
  wish_up(cache, 1);
  EXPECT_THAT(plan(cache), HasSubstr("memory in place"));
  EXPECT_EQ(plan(cache).find("create container"), std::string::npos);
}

TEST_F(OldState, IsWrittenInTodaysFormFromThenOn) {
  const App cache = app("cache");
  store_->save(cache);
  store_ = Store::open(folder());
  EXPECT_EQ(plan(app("cache")), "");
  EXPECT_THAT(store_->app_names(), ElementsAre("cache", "pool", "site"));
}

}  // namespace
}  // namespace belay::state
