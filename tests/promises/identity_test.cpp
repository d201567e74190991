// V2: a state that was lost, is older than the engine, or is another user's; and copies that others make of containers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::array changing_verbs{"build 9", "deploy 9", "start new", "start last", "start r1", "stop",
                                    "restart", "rollback", "retry",     "stable",     "cleanup",  "remove"};

// Another folder of the state takes the place of this one.
void use_state(Scene& scene, const std::function<void(const fs::path& state)>& change) {
  scene.store.reset();
  change(scene.folder.path() / "state");
  scene.reopen();
}

void lose(Scene& scene) {
  use_state(scene, [](const fs::path& state) { fs::remove_all(state); });
}

void keep_copy(Scene& scene) {
  use_state(scene,
            [](const fs::path& state) { fs::copy(state, state.parent_path() / "copy", fs::copy_options::recursive); });
}

void put_copy_back(Scene& scene) {
  use_state(scene, [](const fs::path& state) {
    fs::remove_all(state);
    fs::copy(state.parent_path() / "copy", state, fs::copy_options::recursive);
  });
}

// A container with all labels of this one, as Watchtower and Portainer make them.
void copy_container(Scene& scene, const std::string& from, const std::string& to, const std::string& image = {}) {
  scene.clock.advance(Seconds(2));
  const auto original = scene.engine.container(from, {});
  ASSERT_TRUE(original);
  engine::ContainerRequest request;
  request.name = to;
  request.image = image.empty() ? original->container.image_id : image;
  request.labels = original->container.labels;
  scene.engine.create_container(request, {});
  scene.engine.start_container(to, {});
}

void expect_all_refused(Scene& scene, const std::string& words) {
  const std::string engine = scene.changes();
  for (const auto* verb : changing_verbs) {
    EXPECT_THAT(scene.run(verb), AllOf(StartsWith("error: "), HasSubstr(words))) << verb;
    EXPECT_EQ(scene.changes(), engine) << verb;
  }
  try {
    ADD_FAILURE() << "a plan was made: " << scene.plan();
  } catch (const Conflict& refused) {
    EXPECT_THAT(refused.what(), HasSubstr(words));
  }
}

TEST(Identity, AStateThatWasLostRefusesEveryChangeUntilItIsRecovered) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv, NamingScheme::fixed}) {
    Scene scene({scheme});
    for (const auto* line : {"deploy 1", "deploy 2", "deploy 3"}) ASSERT_EQ(scene.run(line), "done");
    lose(scene);
    const std::string engine = scene.changes();
    for (const auto* verb : changing_verbs) {
      EXPECT_THAT(scene.run(verb), StartsWith("error: ")) << verb;
      EXPECT_EQ(scene.changes(), engine) << verb;
    }
    EXPECT_TRUE(scene.store->app_names().empty());
    ASSERT_EQ(scene.run("recover"), "done");
    EXPECT_EQ(scene.trouble("3"), "");
    EXPECT_EQ(scene.run("deploy 4"), "done");
    EXPECT_EQ(scene.app().last, ReleaseNumber{4});
    EXPECT_EQ(scene.run("rollback r2"), "done");
    EXPECT_EQ(scene.trouble("2"), "");
  }
}

TEST(Identity, AnOlderCopyOfTheStateFindsWhatIsNewerAndTakesItIn) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv, NamingScheme::fixed}) {
    Scene scene({scheme});
    for (const auto* line : {"deploy 1", "stable"}) ASSERT_EQ(scene.run(line), "done");
    keep_copy(scene);
    for (const auto* line : {"deploy 2", "deploy 3"}) ASSERT_EQ(scene.run(line), "done");
    put_copy_back(scene);
    expect_all_refused(scene, "that this state does not know");
    ASSERT_EQ(scene.run("recover"), "done");
    EXPECT_EQ(scene.trouble("3"), "");
    EXPECT_EQ(scene.app().stable, ReleaseNumber{1}) << "what the state knew stays";
    EXPECT_EQ(scene.run("deploy 4"), "done");
    EXPECT_EQ(scene.app().last, ReleaseNumber{4});
    EXPECT_EQ(scene.run("start stable"), "done");
    EXPECT_EQ(scene.trouble("1"), "");
  }
}

TEST(Identity, AnOlderCopyOfTheStateDoesNotWakeWhatWasStoppedMeanwhile) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  keep_copy(scene);
  for (const auto* line : {"deploy 2", "stop"}) ASSERT_EQ(scene.run(line), "done");
  put_copy_back(scene);
  ASSERT_EQ(scene.run("recover"), "done");
  EXPECT_EQ(scene.trouble(""), "");
  EXPECT_EQ(scene.run("start last"), "done");
  EXPECT_EQ(scene.trouble("2"), "");
}

TEST(Identity, AnotherUsersStateIsNamedAndLeftAlone) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  const std::string mine = scene.store->identity();
  keep_copy(scene);
  lose(scene);
  EXPECT_NE(scene.store->identity(), mine);
  EXPECT_THAT(scene.run("deploy 9"), HasSubstr(format("web-r1 (r1, made by the state {})", mine.substr(0, 12))));
  // Taken in there, and changed there, it is no longer what the first state knows.
  ASSERT_EQ(scene.run("recover"), "done");
  ASSERT_EQ(scene.run("deploy 2"), "done");
  put_copy_back(scene);
  expect_all_refused(scene, "made by the state");
  EXPECT_EQ(scene.running(), std::vector<std::string>{"web-r2"});
}

TEST(Identity, ACopyOfAContainerIsAStranger) {
  for (const char* verb : {"restart", "start last", "deploy 2", "stop", "cleanup"}) {
    Scene scene({NamingScheme::belay, false, false});
    ASSERT_EQ(scene.run("deploy 1"), "done");
    copy_container(scene, "web-r1", "copy");
    const std::string came = scene.run(verb);
    EXPECT_TRUE(came == "done" || came == "unchanged" || came == "nothing") << verb << ": " << came;
    ASSERT_TRUE(scene.container("copy"));
    EXPECT_EQ(scene.container("copy")->state, ContainerState::running) << verb;
    EXPECT_EQ(scene.plan(), "") << verb;
  }
}

TEST(Identity, TheCopyIsNoReleaseWhateverTheTwoAreCalled) {
  Scene scene({NamingScheme::belay, false, false});
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.engine.rename_container("web-r1", "old", {});
  copy_container(scene, "old", "web-r1");
  ASSERT_EQ(scene.run("restart"), "done");
  EXPECT_EQ(scene.container("web-r1")->state, ContainerState::running);
  EXPECT_EQ(scene.app().releases.at(0).containers.at("web"), "old") << "the original is followed under its new name";
  ASSERT_EQ(scene.run("stop"), "done");
  EXPECT_EQ(scene.container("web-r1")->state, ContainerState::running);
  EXPECT_EQ(scene.container("old")->state, ContainerState::exited);
}

TEST(Identity, WhatWatchtowerPutInPlaceIsRefusedAndCanBeTakenIn) {
  Scene scene({NamingScheme::belay, false, false});
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.offer("2");
  scene.run("build 2");
  const std::string newer = scene.app().latest_build()->image;
  copy_container(scene, "web-r1", "new", newer);
  scene.engine.stop_container("web-r1", {}, {});
  scene.engine.remove_container("web-r1", {});
  scene.engine.rename_container("new", "web-r1", {});
  const std::string engine = scene.changes();
  EXPECT_THAT(scene.run("start last"), HasSubstr("the container name web-r1"));
  EXPECT_EQ(scene.changes(), engine);
  ASSERT_EQ(scene.run("recover"), "done");
  EXPECT_EQ(scene.app().wish.release(), ReleaseNumber{2});
  EXPECT_EQ(scene.app().find({2})->images.at("web"), newer);
  EXPECT_THAT(scene.plan(), ::testing::Not(HasSubstr("create")));
  ASSERT_EQ(scene.run("restart"), "done");
  EXPECT_EQ(scene.running(), std::vector<std::string>{"web-r1"});
}

TEST(Identity, NumbersGoOnAboveEveryPinOnTheEngine) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) ASSERT_EQ(scene.run(line), "done");
  const std::string first = scene.image_of("1"), second = scene.image_of("2");
  for (const auto* container : {"web-r1", "web-r2"}) {
    scene.engine.stop_container(container, {}, {});
    scene.engine.remove_container(container, {});
  }
  lose(scene);
  ASSERT_EQ(scene.run("deploy 3"), "done");
  EXPECT_EQ(scene.app().last, ReleaseNumber{3});
  EXPECT_EQ(scene.engine.image("belay/web:r1", {})->id, first);
  EXPECT_EQ(scene.engine.image("belay/web:r2", {})->id, second);
}

// What was made before there were identities.
void forget_identities(Scene& scene) {
  App app = scene.app();
  for (auto& release : app.releases) {
    release.identity.clear();
    release.state.clear();
    release.container_created.clear();
  }
  scene.store->save(app);
  for (const auto& container : scene.engine.containers({}, {})) {
    if (!container.owner()) continue;
    const auto detail = *scene.engine.container(container.name, {});
    engine::ContainerRequest request;
    request.name = container.name;
    request.image = container.image_id;
    request.service = detail.service;
    request.labels = labels::for_container({"web", "web", container.owner()->release, container.owner()->scheme});
    request.restart = detail.restart;
    if (container.is_up()) scene.engine.stop_container(container.name, {}, {});
    scene.engine.remove_container(container.name, {});
    scene.engine.create_container(request, {});
    if (container.is_up()) scene.engine.start_container(container.name, {});
  }
}

TEST(Identity, ReleasesFromBeforeThereWereIdentitiesAreKnownByNumberAndImage) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) ASSERT_EQ(scene.run(line), "done");
  forget_identities(scene);
  for (const auto* line : {"restart", "rollback", "start r2", "deploy 3", "stop", "start last"})
    EXPECT_EQ(scene.run(line), "done") << line;
  EXPECT_EQ(scene.trouble("3"), "");
}

TEST(Identity, OfThoseAnotherStatesReleaseOfTheSameNumberIsNotTaken) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  forget_identities(scene);
  App app = scene.app();
  scene.run("build 2");
  app.releases.at(0).images["web"] = scene.app().latest_build()->image;
  scene.store->save(app);
  expect_all_refused(scene, "web-r1 (r1)");
}

TEST(Identity, AContainerThatIsMadeAnewIsFoundAgainHoweverTheCommandEnds) {
  for (int calls = 0;; ++calls) {
    Scene scene;
    for (const auto* line : {"deploy 1", "stop"}) ASSERT_EQ(scene.run(line), "done");
    scene.engine.remove_container("web-r1", {});
    scene.clock.advance(Seconds(100));
    scene.engine.crash_after(calls);
    const bool crashed = scene.crashes("start last");
    scene.engine.crash_after({});
    EXPECT_EQ(scene.run("start last") == "stuck", false) << "cut after " << calls;
    EXPECT_EQ(scene.trouble("1"), "") << "cut after " << calls << "\n" << scene.changes();
    if (!crashed) break;
  }
}

}  // namespace
}  // namespace belay::scene
