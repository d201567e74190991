// The promises of the design, each with an attempt to break it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "change/apps.h"
#include "look/look.h"
#include "model/naming.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(Promises, AReleaseThatFailsIsKeptAndTheOldOneRunsAgain) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_EQ(scene.run("deploy bad"), "rolled_back");
  const Change& change = *scene.change;
  EXPECT_EQ(change.release, ReleaseNumber{2});
  EXPECT_EQ(change.running, ReleaseNumber{1});
  EXPECT_EQ(change.reason, "it exited with code 3");
  EXPECT_EQ(change.container, "web-r2");
  EXPECT_THAT(change.log_tail, HasSubstr("no such table: users"));
  EXPECT_EQ(scene.trouble("1"), "");
  ASSERT_TRUE(scene.container("web-r2"));
  EXPECT_EQ(scene.container("web-r2")->state, ContainerState::exited);
  const App app = scene.app();
  EXPECT_EQ(app.find({2})->verdict, Verdict::failed);
  EXPECT_EQ(app.find({2})->reason, "it exited with code 3");
  EXPECT_THAT(app.find({2})->log_tail, HasSubstr("no such table: users"));
  EXPECT_TRUE(app.is_quarantined(scene.image_of("bad")));
  EXPECT_FALSE(app.is_quarantined(scene.image_of("1")));
  EXPECT_EQ(app.last, ReleaseNumber{1});
  const auto journal = scene.store->journal("web", 1).at(0);
  EXPECT_EQ(journal.outcome.kind(), JournalOutcome::Kind::rolled_back);
  EXPECT_EQ(journal.text, "it exited with code 3");
}

TEST(Promises, AnUnhealthyReleaseIsTakenBackAndAHealthyOneStays) {
  Scene scene;
  EXPECT_EQ(scene.run("deploy fit"), "done");
  EXPECT_EQ(scene.app().find({1})->verdict, Verdict::passed);
  EXPECT_EQ(scene.run("deploy sick"), "rolled_back");
  EXPECT_EQ(scene.reason, "it is unhealthy: not well");
  EXPECT_EQ(scene.container("web-r2")->state, ContainerState::exited);
  EXPECT_EQ(scene.trouble("fit"), "");
}

TEST(Promises, AStartThatTheEngineRefusesSpeaksAgainstTheRelease) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_EQ(scene.run("deploy refused"), "rolled_back");
  EXPECT_EQ(scene.reason, "start web-r2: exec: no such file");
  EXPECT_EQ(scene.change->container, "web-r2");
  EXPECT_TRUE(scene.app().is_quarantined(scene.image_of("refused")));
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Promises, APortThatIsTakenMeanwhileIsNotTheReleasesFault) {
  Scene scene;
  scene.run("build 1");
  scene.report.on_step = [&](const std::string& step) {
    if (step == "start web-r1") scene.stranger("nginx", 8080);
  };
  EXPECT_EQ(scene.run("start new"), "rolled_back");
  EXPECT_THAT(scene.reason, HasSubstr("8080"));
  EXPECT_THAT(scene.app().quarantine, IsEmpty());
  EXPECT_THAT(scene.running(), ElementsAre("nginx"));
  EXPECT_EQ(scene.app().find({1})->verdict, Verdict::pending) << "nobody saw it fail";
  EXPECT_THAT(scene.app().find({1})->reason, HasSubstr("8080"));
  scene.report.on_step = nullptr;
  scene.engine.stop_container("nginx", {}, {});
  EXPECT_EQ(scene.run("retry"), "done") << "the very release, not a new one";
  EXPECT_EQ(scene.app().find({1})->verdict, Verdict::passed);
  EXPECT_EQ(scene.app().find({1})->reason, "");
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Promises, AReleaseThatCouldNotBeTriedIsNeitherGoodNorBad) {
  Scene scene;
  scene.run("deploy 1");
  scene.report.on_step = [&](const std::string& step) {
    if (step == "start web-r2") scene.stranger("nginx", 8080);
  };
  EXPECT_EQ(scene.run("deploy 2"), "stuck") << "the stranger holds the port";
  scene.report.on_step = nullptr;
  scene.engine.stop_container("nginx", {}, {});
  EXPECT_EQ(scene.run("start last"), "done");
  EXPECT_EQ(scene.trouble("1"), "");
  auto here = scene.context();
  EXPECT_THROW(mark_stable(here, web, ReleaseNumber{2}, false, {}), Error);
  EXPECT_EQ(scene.run("deploy 3"), "done");
  EXPECT_EQ(scene.run("rollback"), "done");
  EXPECT_EQ(scene.trouble("1"), "") << "not to the one in between";
  EXPECT_EQ(scene.run("start r3"), "done");
  EXPECT_EQ(scene.run("cleanup 1"), "done");
  EXPECT_EQ(scene.app().releases.size(), 2U) << "it does not count among the good ones to keep";
  EXPECT_FALSE(scene.app().find({2}));
}

TEST(Promises, ARollbackOnAnInterruptedWayBackFinishesIt) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::dcv}) {
    int on_the_way = 0;
    for (int calls = 0;; ++calls) {
      Scene scene({scheme});
      for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
      scene.offer("bad");
      scene.engine.crash_after(calls);
      if (!scene.crashes("deploy bad")) break;
      scene.engine.crash_after({});
      scene.reopen();
      if (!scene.app().wish.is_rolling_back()) continue;
      ++on_the_way;
      EXPECT_EQ(scene.run("rollback"), "done") << "cut after " << calls;
      EXPECT_EQ(scene.trouble("2"), "") << "cut after " << calls;
    }
    EXPECT_GT(on_the_way, 0);
  }
}

TEST(Promises, ARollbackOfWhatFailedWhereNothingRanLeavesNothingRunning) {
  int on_the_way = 0;
  for (int calls = 0;; ++calls) {
    Scene scene;
    for (const auto* line : {"deploy 1", "deploy 2", "stop", "build bad"}) scene.run(line);
    scene.engine.crash_after(calls);
    if (!scene.crashes("start new")) break;
    scene.engine.crash_after({});
    scene.reopen();
    if (!scene.app().wish.is_rolling_back()) continue;
    ++on_the_way;
    scene.run("rollback");
    EXPECT_EQ(scene.trouble(""), "") << "cut after " << calls;
  }
  EXPECT_GT(on_the_way, 0);
}

TEST(Promises, AFirstReleaseThatFailsLeavesNothingRunning) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    Scene scene({scheme});
    EXPECT_EQ(scene.run("deploy bad"), "rolled_back");
    EXPECT_EQ(scene.change->running, std::nullopt);
    EXPECT_EQ(scene.trouble(""), "");
    EXPECT_EQ(scene.app().last, std::nullopt);
  }
}

TEST(Promises, AWayBackThatFailsToIsReportedAndTriedAgainByTheNextCommand) {
  Scene scene;
  scene.run("deploy 1");
  scene.clock.on_sleep = [&] {
    // Somebody takes the port in the moment in which the new release dies.
    const auto r1 = scene.container("web-r1"), r2 = scene.container("web-r2");
    if (r2 && !r2->is_up() && !r1->is_up() && !scene.container("nginx")) scene.stranger("nginx", 8080);
  };
  EXPECT_EQ(scene.run("deploy bad"), "rolled_back") << "the port is still held by the one that fails";
  scene.clock.on_sleep = nullptr;
  scene.report.on_step = [&](const std::string& step) {
    if (step == "start web-r1") scene.stranger("nginx", 8080);
  };
  EXPECT_EQ(scene.run("deploy bad2"), "stuck");
  EXPECT_THAT(scene.change->trouble_on_the_way_back, HasSubstr("8080"));
  EXPECT_TRUE(scene.app().wish.is_unfinished());
  scene.report.on_step = nullptr;
  scene.engine.stop_container("nginx", {}, {});
  EXPECT_EQ(scene.run("start last"), "done");
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Promises, TheSuccessorMustProveItselfBeforeTheOldOneIsStopped) {
  Scene scene({NamingScheme::belay, false, false});
  scene.run("deploy 1");
  const auto before = scene.engine.changes().size();
  scene.run("deploy 2");
  const auto all = scene.engine.changes();
  const std::vector<std::string> lines(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
  EXPECT_THAT(lines, ElementsAre("build web:latest", "create web-r2", "tag belay/web:r2", "start web-r2",
                                 "policy web-r2 unless-stopped", "policy web-r1 no", "stop web-r1"));
}

TEST(Promises, NothingIsBetweenStopAndStartWhereBothNeedThePort) {
  Scene scene;
  scene.run("deploy 1");
  const auto before = scene.engine.changes().size();
  scene.run("deploy 2");
  const auto all = scene.engine.changes();
  const std::vector<std::string> lines(all.begin() + static_cast<std::ptrdiff_t>(before), all.end());
  EXPECT_THAT(lines, ElementsAre("build web:latest", "create web-r2", "tag belay/web:r2", "policy web-r1 no",
                                 "stop web-r1", "start web-r2", "policy web-r2 unless-stopped"));
}

TEST(Promises, RollbackRunsTheOldReleaseNotTodaysImageOrConfiguration) {
  Scene scene({NamingScheme::belay, false, false});
  scene.write("dcv-web", R"({"ports": {"9001": "80"}, "env": {"COLOUR": "red"}})");
  ASSERT_EQ(scene.run("deploy 1"), "done");
  const std::string first = spec_to_json(scene.app().find({1})->spec);
  scene.write("dcv-web", R"({"ports": {"9002": "80"}, "env": {"COLOUR": "blue"}})");
  ASSERT_EQ(scene.run("deploy 2"), "done");
  // The old container is gone and the tag means something else: the release's own pin is what is left.
  scene.engine.remove_container("web-r1", {});
  scene.engine.add_image("web:latest", {}, {}, "3");
  ASSERT_EQ(scene.run("rollback"), "done");
  EXPECT_EQ(scene.trouble("1"), "");
  const auto detail = scene.engine.container("web-r1", {}).value();
  EXPECT_EQ(detail.service.environment.at("COLOUR"), "red");
  ASSERT_EQ(detail.container.ports.size(), 1U);
  EXPECT_EQ(detail.container.ports[0].host_port, 9001);
  EXPECT_EQ(spec_to_json(scene.app().find({1})->spec), first);
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
}

TEST(Promises, AnOldReleaseIsPulledByItsDigestWhenItsImageIsGone) {
  Scene scene({NamingScheme::belay, false, false});
  scene.engine.in_registry("registry.example/web:1", {}, {}, "1");
  auto here = scene.context();
  BuildOptions options;
  options.image = "registry.example/web:1";
  const std::string image = build(here, web, options, {}).image;
  ASSERT_EQ(scene.run("start new"), "done");
  ASSERT_EQ(scene.app().find({1})->digests.size(), 1U);
  EXPECT_EQ(scene.container("web-r1")->image_id, image);
  ASSERT_EQ(scene.run("stop"), "done");
  scene.engine.remove_container("web-r1", {});
  for (const auto* tag : {"registry.example/web:1", "belay/web:r1"}) scene.engine.remove_image(tag, {});
  ASSERT_FALSE(scene.engine.image(image, {}));
  EXPECT_EQ(scene.run("start last"), "done");
  EXPECT_EQ(scene.container("web-r1")->image_id, image);
}

TEST(Promises, ReleasesWhoseImageIsGoneSaySoAndAreNotChosen) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2", "deploy 3"}) ASSERT_EQ(scene.run(line), "done");
  scene.engine.remove_container("web-r2", {});
  std::ignore = scene.engine.remove_image("belay/web:r2", {});
  ASSERT_FALSE(scene.engine.image(scene.image_of("2"), {}));
  auto here = scene.context();
  const auto rows = releases(here, web, {});
  EXPECT_TRUE(rows.at(1).image_gone);
  EXPECT_EQ(rows.at(1).digest, "");
  EXPECT_FALSE(rows.at(0).image_gone || rows.at(2).image_gone);
  EXPECT_EQ(status(here, web, {}).images_gone, "r2");
  EXPECT_EQ(scene.run("rollback"), "done");
  EXPECT_EQ(scene.trouble("1"), "") << "the newest release that is whole";
}

TEST(Promises, WhatARegistryHasCanBeGoneBackTo) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  ASSERT_EQ(scene.run("deploy 2"), "done");
  scene.engine.remove_container("web-r1", {});
  std::ignore = scene.engine.remove_image("belay/web:r1", {});
  auto app = scene.app();
  app.find({1})->digests["web"] = "registry.example/web@sha256:1234";
  EXPECT_EQ(gone_text(gone_images(scene.engine, app, {})), "r1 (can be pulled again)");
}

TEST(Promises, RollbackPassesOverWhatFailed) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy bad", "deploy 3"}) scene.run(line);
  EXPECT_EQ(scene.run("rollback"), "done");
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Promises, AStopDuringTheVerdictTakesTheChangeBack) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    Scene scene({scheme});
    scene.run("deploy 1");
    int sleeps = 0;
    scene.clock.on_sleep = [&] {
      ++sleeps;
      scene.stopping.request_stop();
    };
    EXPECT_EQ(scene.run("deploy 2"), "error: deploying web: stopped on request; r1 runs again");
    EXPECT_EQ(sleeps, 1) << "the way back waits for no verdict";
    EXPECT_EQ(scene.trouble("1"), "");
    EXPECT_EQ(scene.app().find({2})->verdict, Verdict::pending);
    EXPECT_EQ(scene.app().find({2})->reason, "stopped on request");
    EXPECT_THAT(scene.app().quarantine, IsEmpty()) << "nobody saw the release fail";
    scene.clock.on_sleep = nullptr;
    scene.stopping = {};
    EXPECT_EQ(scene.run("retry"), "done");
    EXPECT_EQ(scene.trouble("2"), "");
  }
}

TEST(Promises, AStopInTheMiddleOfARestartDoesNotLeaveTheAppDown) {
  for (const auto* at : {"set the restart policy of web-r1 to no", "stop web-r1", "start web-r1"}) {
    Scene scene;
    scene.run("deploy 1");
    scene.report.on_step = [&](const std::string& step) {
      if (step == at) scene.stopping.request_stop();
    };
    EXPECT_THAT(scene.run("restart"),
                AnyOf(HasSubstr("stopped on request; r1 runs again"), HasSubstr("stopped on request; r1 runs on")))
        << at;
    scene.stopping = {};
    EXPECT_EQ(scene.trouble("1"), "") << at;
  }
}

TEST(Promises, AStopBeforeAnythingIsSavedChangesNothing) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("build 2");
  const std::string before = scene.all();
  scene.stopping.request_stop();
  for (const auto* line : {"start new", "stop", "restart", "rollback r1", "remove", "cleanup", "stable"}) {
    EXPECT_THAT(scene.run(line), HasSubstr("stopped on request")) << line;
    EXPECT_EQ(scene.all(), before) << line;
  }
}

TEST(Promises, RetryLiftsTheQuarantineOfWhatPassesNow) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("deploy bad");
  EXPECT_EQ(scene.run("retry"), "rolled_back");
  EXPECT_EQ(scene.app().quarantine.size(), 1U);
  // The same image behaves now: what it needed is there.
  scene.engine.add_image("web:latest", scene.engine.image(scene.image_of("bad"), {})->config, {}, "bad");
  EXPECT_EQ(scene.run("retry"), "done");
  EXPECT_EQ(scene.trouble("bad"), "");
  EXPECT_THAT(scene.app().quarantine, IsEmpty());
  EXPECT_EQ(scene.app().find({2})->reason, "");
}

TEST(Promises, WhatFailedIsTriedAgainOnlyWhenAskedFor) {
  Scene scene;
  scene.run("deploy 1");
  ASSERT_EQ(scene.run("deploy bad"), "rolled_back");
  const auto before = scene.lasting_changes();
  for (const auto* line : {"deploy bad", "start new", "deploy same"})
    EXPECT_THAT(scene.run(line), HasSubstr("r2 failed with just this image and these settings: ")) << line;
  EXPECT_EQ(scene.lasting_changes(), before);
  EXPECT_TRUE(scene.container("web-r1")->is_up());
  // Other settings are another try, and so is what the user asks for.
  scene.write("dcv-web", R"({"env": {"MODE": "safe"}})");
  EXPECT_EQ(scene.run("deploy bad"), "rolled_back");
  EXPECT_THAT(scene.run("deploy bad"), HasSubstr("r3 failed with just this image and these settings: "));
  EXPECT_EQ(scene.run("retry"), "rolled_back");
  StartOptions options;
  options.again = true;
  Context here = scene.context();
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::rolled_back);
}

TEST(Promises, WhatPassesInTheEndIsOutOfQuarantineHoweverItWasStarted) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("deploy bad");
  scene.engine.add_image("web:latest", scene.engine.image(scene.image_of("bad"), {})->config, {}, "bad");
  EXPECT_EQ(scene.run("start r2"), "done");
  EXPECT_THAT(scene.app().quarantine, IsEmpty());
}

TEST(Promises, AGoodReleaseStaysGoodWhenItFailsOnce) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("stop");
  scene.stranger("nginx", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step == "start web-r1") scene.stranger("apache", 8080);
  };
  EXPECT_EQ(scene.run("start last"), "rolled_back");
  EXPECT_EQ(scene.app().find({1})->verdict, Verdict::passed);
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
}

TEST(Promises, VolumesOutliveEverythingButTheWordsThatLoseThem) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    Scene scene({scheme});
    for (const auto* line : {"deploy 1", "deploy 2", "deploy bad", "cleanup 0", "rollback", "stop", "remove"}) {
      scene.run(line);
      EXPECT_THAT(scene.engine.lost_volumes(), IsEmpty()) << line;
    }
    EXPECT_EQ(scene.store->app(web), std::nullopt);
    scene.run("deploy 3");
    EXPECT_EQ(scene.engine.volumes({}, {}).size(), 1U) << "the new app has the old one's data";
    EXPECT_EQ(scene.run("remove volumes"), "done");
    EXPECT_THAT(scene.engine.lost_volumes(), ElementsAre(volume_name(scheme, web, "/data")));
  }
}

TEST(Promises, WhatIsNotLabelledIsNotTouched) {
  Scene scene;
  scene.stranger("web", {});
  scene.stranger("web_db", 9999);
  scene.engine.create_volume({"web_other"}, {});
  scene.engine.create_network({"web"}, {});
  for (const auto* line : {"deploy 1", "deploy 2", "rollback", "cleanup 0", "stop", "remove volumes"}) scene.run(line);
  EXPECT_THAT(scene.running(), ElementsAre("web", "web_db"));
  EXPECT_THAT(scene.engine.lost_volumes(), ElementsAre("web_data"));
  EXPECT_TRUE(scene.engine.image("stranger", {}));
  EXPECT_THAT(scene.engine.changes(), Not(Contains("network -web")));
}

TEST(Promises, AStrangerMadeInTheSameSecondAsAnAdoptedContainerIsNotTaken) {
  Scene scene;
  scene.stranger("first", {});
  scene.stranger("second", {});
  ASSERT_EQ(scene.container("first")->created, scene.container("second")->created);
  auto here = scene.context();
  adopt(here, web, {"first"}, {}, {});
  EXPECT_EQ(scene.run("stop"), "done");
  EXPECT_EQ(scene.run("remove volumes"), "done");
  EXPECT_THAT(scene.running(), ElementsAre("second"));
}

TEST(Promises, StartAllGoesOnBehindABrokenApp) {
  Scene scene({NamingScheme::belay, false, true});
  scene.run("deploy 1");
  scene.run("autostart last");
  auto here = scene.context();
  const AppName broken("aa"), other("zz");
  for (const auto& name : {broken, other}) {
    scene.offer("1");
    BuildOptions build_options;
    build_options.where = scene.source.string();
    deploy(here, name, build_options, {}, {});
    set_autostart(here, name, Autostart::last, false, {});
    stop(here, name, false, {});
  }
  scene.run("stop");
  set_autostart(here, broken, Autostart::stable, false, {});
  const auto started = start_all(here, {}, {});
  ASSERT_EQ(started.size(), 3U);
  EXPECT_EQ(started[0].app, "aa");
  ASSERT_TRUE(started[0].error);
  EXPECT_STREQ(started[0].error->what(), "no release of aa is marked stable");
  EXPECT_EQ(started[0].error->code(), ErrorCode::release_not_found);
  EXPECT_EQ(started[1].change->kind, Change::Kind::done);
  EXPECT_EQ(started[2].change->kind, Change::Kind::done);
  EXPECT_THAT(scene.running(), ElementsAre("web-r1", "zz-r1"));
}

TEST(Promises, StartAllFinishesAChangeThatAPowerCutInterruptedWithoutAnyAutostart) {
  // Both containers have the policy "no" in the middle of a swap: nobody else would start one of them.
  for (int calls = 0;; ++calls) {
    Scene scene;
    scene.run("deploy 1");
    scene.offer("2");
    scene.engine.crash_after(calls);
    if (!scene.crashes("deploy 2")) break;
    scene.engine.crash_after({});
    scene.reopen();
    scene.engine.restart();
    auto here = scene.context();
    for (const auto& started : start_all(here, {}, {})) EXPECT_FALSE(started.error) << "cut after " << calls;
    EXPECT_EQ(scene.running().size(), 1U) << "cut after " << calls;
  }
}

TEST(Promises, TheEngineStartsWhatProvedItselfAfterAPowerCut) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
  scene.engine.restart();
  EXPECT_EQ(scene.trouble("2"), "");
  scene.run("stop");
  scene.engine.restart();
  EXPECT_EQ(scene.trouble(""), "");
}

TEST(Promises, ADryRunTouchesNothing) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2", "build 3"}) scene.run(line);
  const std::string before = scene.all();
  auto here = scene.context();
  ChangeOptions dry;
  dry.dry_run = true;
  StartOptions start_options;
  start_options.change = dry;
  BuildOptions build_options;
  build_options.where = scene.source.string();
  build_options.dry_run = true;
  const auto never = [](const RemovalPreview&) -> bool { throw Error(ErrorCode::internal, "a dry run asks nothing"); };
  EXPECT_EQ(start_new(here, web, start_options, {}).kind, Change::Kind::planned);
  EXPECT_EQ(start_release(here, web, "r1", dry, {}).kind, Change::Kind::planned);
  EXPECT_EQ(stop(here, web, true, {}).kind, Change::Kind::planned);
  EXPECT_EQ(restart(here, web, dry, {}).kind, Change::Kind::planned);
  EXPECT_EQ(rollback(here, web, {}, dry, {}).kind, Change::Kind::planned);
  EXPECT_EQ(deploy(here, web, build_options, start_options, {}).change.kind, Change::Kind::planned);
  EXPECT_FALSE(build(here, web, build_options, {}).plan.empty());
  EXPECT_FALSE(cleanup(here, web, 0, true, never, {}).done);
  EXPECT_FALSE(remove(here, web, true, true, never, {}).done);
  EXPECT_TRUE(mark_stable(here, web, {}, true, {}).changed);
  EXPECT_TRUE(set_autostart(here, web, Autostart::last, true, {}));
  EXPECT_EQ(scene.all(), before);
}

TEST(Promises, ADryRunDoesNotFinishWhatWasInterrupted) {
  Scene scene;
  scene.run("deploy 1");
  scene.engine.crash_after(13);
  ASSERT_TRUE(scene.crashes("restart"));
  scene.engine.crash_after(std::nullopt);
  scene.reopen();
  ASSERT_TRUE(scene.app().wish.is_unfinished());
  const std::string before = scene.all();
  auto here = scene.context();
  ChangeOptions dry;
  dry.dry_run = true;
  restart(here, web, dry, {});
  mark_stable(here, web, {}, true, {});
  cleanup(here, web, 0, true, [](const RemovalPreview&) { return true; }, {});
  EXPECT_EQ(scene.all(), before);
}

TEST(Promises, ManyHandsDoTheSameAsOne) {
  Scene scene;
  scene.workers = 8;
  for (const auto* line : {"deploy 1", "deploy 2", "deploy bad", "rollback r1"}) scene.run(line);
  EXPECT_EQ(scene.trouble("1"), "");
}

}  // namespace
}  // namespace belay::scene
