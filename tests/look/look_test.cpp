// What the looking commands say of an app, after each way there is to come to a state.

#include "look/look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "change/apps.h"
#include "look/left_overs.h"
#include "look/whose.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string why_now(Scene& scene) {
  auto here = scene.context();
  return why(here, web, {}).text;
}
AppSummary row(Scene& scene) {
  auto here = scene.context();
  const auto rows = list(here, {});
  EXPECT_EQ(rows.size(), 1U);
  const Status told = status(here, web, {});
  const AppSummary& one = told.summary;
  const AppSummary& other = rows.at(0);
  // A table and a page of one app tell the same.
  EXPECT_EQ(one.state, other.state);
  EXPECT_EQ(one.release, other.release);
  EXPECT_EQ(one.verdict, other.verdict);
  EXPECT_EQ(one.image, other.image);
  EXPECT_EQ(one.image_id, other.image_id);
  EXPECT_EQ(one.container, other.container);
  EXPECT_EQ(one.stable, other.stable);
  EXPECT_EQ(one.ports, other.ports);
  return other;
}

TEST(Look, AtAnAppThatWasNeverStarted) {
  Scene scene;
  scene.run("build 1");
  EXPECT_EQ(why_now(scene),
            "web was built just now by tester, but nothing of it was started yet: belay start web new.");
  const AppSummary app = row(scene);
  EXPECT_EQ(app.state, AppState::built);
  EXPECT_EQ(app.release, "");
  EXPECT_EQ(app.image, "web:latest");
  EXPECT_EQ(app.image_id, scene.image_of("1"));
}

// The table shows one image of several: that of the first service, by its own id and name.
TEST(Look, AtTheImageOfTheFirstServiceOfSeveral) {
  Scene scene;
  App app{AppName("shop")};
  const auto add = [&](int number, const std::string& web, Verdict verdict) {
    Release& release = app.releases.emplace_back();
    release.number = {number};
    for (const auto& [name, image] : {std::pair("web", "web:1"), std::pair("db", "db:1")}) {
      Service& service = release.spec.services.emplace_back();
      service.name = name;
      service.image = image;
    }
    release.images = {{"web", web}, {"db", "sha256:dbdbdbdbdbdbdb"}};
    release.verdict = verdict;
  };
  add(1, "sha256:aaaaaaaaaaaaaa", Verdict::passed);
  app.last = ReleaseNumber{1};
  app.wish.goal = goal::Stopped{};
  const auto shown = [&] {
    scene.store->save(app);
    auto here = scene.context();
    const auto rows = list(here, {});
    const Status told = status(here, AppName("shop"), {});
    EXPECT_EQ(rows.at(0).image, told.summary.image);
    EXPECT_EQ(rows.at(0).image_id, told.summary.image_id);
    return rows.at(0);
  };
  EXPECT_EQ(shown().image, "web:1");
  EXPECT_EQ(shown().image_id, "sha256:aaaaaaaaaaaaaa");
  add(2, "sha256:aaaaaaaaaaaaaa", Verdict::failed);
  EXPECT_EQ(shown().image, "web:1");
  add(3, "sha256:cccccccccccccc", Verdict::failed);
  EXPECT_EQ(shown().image, "web@aaaaaaaaaaaa");
}

TEST(Look, FindsWhoseAContainerIs) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("deploy 2");
  auto here = scene.context();
  const auto present = whose(here, "web-r2", {});
  ASSERT_TRUE(present);
  EXPECT_EQ(present->target.text(), "web");
  EXPECT_TRUE(present->is_present);
  const auto earlier = whose(here, "web-r1", {});
  ASSERT_TRUE(earlier);
  EXPECT_EQ(earlier->release, ReleaseNumber{1});
  EXPECT_FALSE(earlier->is_present);
  EXPECT_FALSE(whose(here, "web-r9", {}));
  scene.stranger("other", {});
  EXPECT_FALSE(whose(here, "other", {}));
}

TEST(Look, HasTheLastLinesOfWhatFailedWhereItsContainerIsGone) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("deploy bad");
  auto here = scene.context();
  EXPECT_FALSE(kept_log(here, {web}, "r2", {})) << "the container has it all";
  scene.engine.remove_container("web-r2", {});
  const auto kept = kept_log(here, {web}, "r2", {});
  ASSERT_TRUE(kept);
  EXPECT_THAT(kept->lines, HasSubstr("no such table: users"));
  EXPECT_FALSE(kept_log(here, {web}, "r1", {})) << "it did not fail";
}

TEST(Look, OneContainerThatHangsHidesNoOtherApp) {
  Scene scene;
  scene.run("deploy 1");
  scene.stranger("first", {});
  auto here = scene.context();
  adopt(here, AppName("other"), {"first"}, {}, {});
  scene.engine.hangs("web-r1");
  const auto all = statuses(here, {});
  scene.engine.hangs("web-r1", false);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].summary.name, "other");
  EXPECT_EQ(all[0].trouble, "");
  EXPECT_EQ(all[1].trouble, "the engine does not answer for its container web-r1");
  EXPECT_EQ(all[1].summary.container, "web-r1") << "the list tells that much";
}

TEST(Look, AtAnAppThatRuns) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_THAT(why_now(scene),
              AllOf(StartsWith("web runs r1 (belay deploy 1 by tester, just now). Its container web-r1 is up"),
                    Not(HasSubstr("newer")), Not(HasSubstr("tried"))));
  const AppSummary app = row(scene);
  EXPECT_EQ(app.state, AppState::running);
  EXPECT_EQ(app.image, "web:latest");
  EXPECT_EQ(app.image_id, scene.image_of("1"));
  scene.run("build 2");
  EXPECT_THAT(why_now(scene), HasSubstr("A newer image was built just now and not started yet: belay start web new."));
  EXPECT_EQ(row(scene).image_id, scene.image_of("1")) << "what runs, not what was built";
}

// A crash loop was "up" to why and unseen by all others.
TEST(Look, AtAContainerThatEndsAgainAndAgain) {
  Scene scene;
  engine::Behaviour crashes;
  crashes.exits_after = Milliseconds(1'000);
  crashes.exit_code = 3;
  scene.engine.add_image("loop:1", {}, crashes, "loop");
  engine::ContainerRequest request;
  request.name = "loopy";
  request.image = "loop:1";
  request.restart = {"always", 0};
  scene.engine.create_container(request, {});
  scene.engine.start_container("loopy", {});
  auto here = scene.context("belay adopt web loopy");
  std::ignore = adopt(here, web, {"loopy"}, {}, {});
  bool was_up = false;
  for (int i = 0; i < 40; ++i) {
    scene.clock.advance(Milliseconds(400));
    const auto container = scene.container("loopy");
    if (scene.engine.container("loopy", {})->restart_count == 0) continue;
    was_up = was_up || container->state == ContainerState::running;
    const AppSummary app = row(scene);
    EXPECT_EQ(app.state, AppState::restarting);
    EXPECT_GT(app.restarts, 0);
    const std::string happened = app.restarts == 1 ? "exited" : "keeps exiting";
    EXPECT_THAT(why_now(scene), AllOf(HasSubstr(format("its container loopy {} (exit code", happened)),
                                      HasSubstr("belay logs web shows")));
    EXPECT_THAT(status(here, web, {}).trouble, HasSubstr(happened));
    EXPECT_THAT(plan_now(here, web, {}).notes, ElementsAre(HasSubstr(happened)));
  }
  EXPECT_TRUE(was_up) << "also in the moments in which it is up";
}

// A loop whose rounds take minutes is one as well, at whatever moment it is looked at.
TEST(Look, AtAContainerThatEndsEveryFewMinutes) {
  Scene scene;
  engine::Behaviour crashes;
  crashes.exits_after = std::chrono::minutes(7);
  crashes.exit_code = 3;
  scene.engine.add_image("loop:1", {}, crashes, "loop");
  engine::ContainerRequest request;
  request.name = "loopy";
  request.image = "loop:1";
  request.restart = {"always", 0};
  scene.engine.create_container(request, {});
  scene.engine.start_container("loopy", {});
  auto here = scene.context("belay adopt web loopy");
  std::ignore = adopt(here, web, {"loopy"}, {}, {});
  int seen = 0;
  for (int i = 0; i < 20; ++i) {
    scene.clock.advance(Seconds(190));
    if (scene.engine.container("loopy", {})->restart_count < 3) continue;
    ++seen;
    EXPECT_EQ(row(scene).state, AppState::restarting) << i;
    EXPECT_THAT(status(here, web, {}).trouble, HasSubstr("keeps exiting"));
  }
  EXPECT_GT(seen, 5);
}

// What was restarted a few times while something that it needs was away, and then stayed up, is no such loop; nor is
// what ends once in a while.
TEST(Look, AtAContainerThatStaysUpAfterSomeRestarts) {
  const Time made(std::chrono::hours(1'000'000));
  ContainerDetail detail;
  detail.container.name = "web";
  detail.container.created = iso_time(made);
  detail.container.state = ContainerState::running;
  const auto is_loop = [&](int restarts, Milliseconds started, Milliseconds now) {
    detail.restart_count = restarts;
    detail.started = made + started;
    return change::restart_loop(detail, made, made + now).has_value();
  };
  const auto minutes = [](int number) { return Milliseconds(std::chrono::minutes(number)); };
  EXPECT_TRUE(is_loop(1, minutes(5), minutes(5) + Seconds(20)));
  EXPECT_FALSE(is_loop(1, minutes(5), minutes(7)));
  EXPECT_TRUE(is_loop(4, minutes(40), minutes(45)));
  EXPECT_TRUE(is_loop(4, minutes(40), minutes(55)));
  EXPECT_FALSE(is_loop(4, minutes(40), minutes(65))) << "it stays up for longer than before";
  EXPECT_FALSE(is_loop(4, minutes(60 * 24 * 4), minutes(60 * 24 * 4 + 5))) << "once a day";
}

TEST(Look, AtADeployThatWasTakenBack) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_EQ(row(scene).last_failed, "");
  scene.run("deploy bad");
  EXPECT_EQ(row(scene).last_failed, "r2");
  EXPECT_EQ(row(scene).image, "web@" + short_digest(scene.image_of("1"))) << "web:latest is the image that failed";
  scene.run("deploy 3");
  EXPECT_EQ(row(scene).last_failed, "");
  EXPECT_EQ(row(scene).image, "web:latest");
  scene.run("deploy bad-again");
  EXPECT_EQ(row(scene).last_failed, "r4");
}

TEST(Look, AtAFirstDeployThatFailed) {
  Scene scene;
  scene.run("deploy bad");
  EXPECT_EQ(row(scene).last_failed, "r1");
}

TEST(Look, AtAContainerThatSomebodyElseStopped) {
  Scene scene;
  scene.run("deploy 1");
  scene.engine.stop_container("web-r1", {}, {});
  EXPECT_THAT(why_now(scene),
              AllOf(StartsWith("web should run r1 (belay deploy 1 by tester, just now), but its container "
                               "web-r1 is exited"),
                    HasSubstr("Belay did not do that; belay start web last starts it again.")));
  EXPECT_EQ(row(scene).state, AppState::exited);
  scene.engine.remove_container("web-r1", {});
  EXPECT_THAT(why_now(scene), HasSubstr("its container is gone; belay start web last makes it again."));
  EXPECT_EQ(row(scene).state, AppState::missing);
}

TEST(Look, AtAReleaseThatFailedAndWasTakenBack) {
  Scene scene;
  scene.run("deploy 1");
  scene.clock.advance(std::chrono::hours(2));
  scene.run("deploy bad");
  scene.clock.advance(std::chrono::minutes(5));
  EXPECT_THAT(why_now(scene),
              AllOf(StartsWith("web runs r1 again (belay deploy 1 by tester, 2 hours ago). Its container "
                               "web-r1 is up"),
                    HasSubstr("r2 was tried 5 minutes ago (belay deploy bad by tester) and failed: it exited "
                              "with code 3. The last that it wrote: no such table: users. Its image is in "
                              "quarantine; belay retry web tries it again."),
                    Not(HasSubstr("newer"))));
  scene.engine.add_image("web:latest", scene.engine.image(scene.image_of("bad"), {})->config, {}, "bad");
  scene.run("retry");
  EXPECT_THAT(why_now(scene), AllOf(StartsWith("web runs r2 (belay retry by tester, just now)."),
                                    Not(HasSubstr("failed")), Not(HasSubstr("quarantine"))));
}

TEST(Look, AtAFirstReleaseThatFailed) {
  Scene scene;
  scene.run("deploy bad");
  EXPECT_THAT(why_now(scene), StartsWith("Nothing of web runs, as before the last change. r1 was tried just now (belay "
                                         "deploy bad by tester) and failed: it exited with code 3."));
  EXPECT_EQ(row(scene).state, AppState::stopped);
}

TEST(Look, AtWhatTheUserWentBackFrom) {
  Scene scene;
  for (const auto* line : {"deploy 1", "stable", "deploy 2", "rollback"}) scene.run(line);
  EXPECT_THAT(why_now(scene),
              AllOf(StartsWith("web runs r1 (belay rollback by tester, just now)."),
                    HasSubstr("r2 is newer (passed) but is not running; to run it: belay start web r2."),
                    Not(HasSubstr("failed")), Not(HasSubstr("image was built"))));
  scene.run("start r2");
  EXPECT_THAT(why_now(scene), HasSubstr("The stable release is r1."));
  EXPECT_EQ(row(scene).stable, "r1");
}

TEST(Look, AtAChangeThatTheUserCancelled) {
  Scene scene;
  scene.run("deploy 1");
  scene.clock.on_sleep = [&] { scene.stopping.request_stop(); };
  scene.run("deploy 2");
  scene.clock.on_sleep = nullptr;
  EXPECT_THAT(why_now(scene),
              AllOf(StartsWith("web runs r1 again"),
                    HasSubstr("r2 was tried just now (belay deploy 2 by tester) and could not prove itself: "
                              "stopped on request. belay retry web tries it again."),
                    Not(HasSubstr("quarantine"))));
}

TEST(Look, AtACommandThatWasInterrupted) {
  Scene scene;
  scene.run("deploy 1");
  scene.report.on_step = [](const std::string& step) {
    if (step == "start web-r2") throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene.crashes("deploy 2"));
  scene.report.on_step = nullptr;
  scene.reopen();
  ASSERT_TRUE(scene.app().wish.is_unfinished());
  EXPECT_THAT(why_now(scene),
              StartsWith("web was to run r2 (belay deploy 2 by tester, just now), and that was interrupted: "
                         "belay start web r2 goes on with it, belay rollback web takes it back. Left to do: "));
  EXPECT_EQ(row(scene).state, AppState::unfinished);
}

TEST(Look, AtABackupThatWasInterrupted) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
  scene.report.on_step = [](const std::string& step) {
    if (step == "resume web-r2") throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene.crashes("backup"));
  scene.report.on_step = nullptr;
  scene.reopen();
  ASSERT_TRUE(scene.app().wish.is_unfinished());
  EXPECT_THAT(why_now(scene), AllOf(StartsWith("belay backup by tester was interrupted, and had web held still for it: "
                                               "web-r2 is paused; belay start web r2 lets it go on. Left to do: resume "
                                               "web-r2."),
                                    Not(HasSubstr("rollback"))));
  EXPECT_EQ(scene.run("start r2"), "done");
  EXPECT_EQ(scene.container("web-r2")->state, ContainerState::running);
  EXPECT_THAT(why_now(scene), StartsWith("web runs r2"));
}

TEST(Look, AtARestoreThatWasInterruptedSaysWhatBecomesOfTheData) {
  for (const bool is_exchanged : {false, true}) {
    Scene scene({.files = true});
    ASSERT_EQ(scene.run("deploy 1"), "done");
    scene.hold("old");
    ASSERT_EQ(scene.run("backup"), "done");
    scene.hold("new");
    scene.report.on_step = [&](const std::string& step) {
      if (step.starts_with(is_exchanged ? "start " : "stop ")) throw engine::MemoryEngine::Crash();
    };
    ASSERT_TRUE(scene.crashes("restore"));
    scene.report.on_step = nullptr;
    scene.reopen();
    const std::string why = why_now(scene);
    EXPECT_THAT(why, HasSubstr("was interrupted; web should go on with r1, and belay start web r1 sees to that."));
    EXPECT_THAT(why, HasSubstr(is_exchanged ? "holds the data that was brought back; what it held before is the "
                                              "snapshot s1 (belay restore web s1)."
                                            : "The data that was brought back then takes the place of what "));
    EXPECT_THAT(why, HasSubstr("Left to do: "));
    scene.run("start r1");
    EXPECT_EQ(scene.held(), "old") << "as it was said";
  }
}

std::string deeds(Scene& scene) {
  auto here = scene.context();
  std::string text;
  for (const auto& [entry, cut_off] : history(here, web, 100))
    text = entry.verb.text() + " " + entry.outcome.text() + (cut_off ? " cut off" : "") + "\n" + text;
  return text;
}

TEST(Look, AtARestoreThatWasCutOffWhileItUnpacked) {
  Scene scene({.files = true});
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.hold("old");
  ASSERT_EQ(scene.run("backup"), "done");
  scene.hold("new");
  EXPECT_THAT(why_now(scene), Not(HasSubstr("cut off")));
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("unpack ")) throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene.crashes("restore"));
  scene.report.on_step = nullptr;
  scene.reopen();
  EXPECT_THAT(why_now(scene), AllOf(StartsWith("web runs r1"), HasSubstr("A command that was cut off left "),
                                    HasSubstr("belay cleanup web.")));
  auto here = scene.context();
  EXPECT_THAT(status(here, web, {}).left_over, HasSubstr("beside the data of web, which is as it was"));
  EXPECT_THAT(left_overs(here),
              ElementsAre(::testing::Pair("web", HasSubstr("beside the data of web, which is as it was"))));
  EXPECT_THAT(deeds(scene), HasSubstr("restore started cut off\n"));
  EXPECT_EQ(scene.held(), "new");
  ASSERT_EQ(scene.run("restore"), "done");
  EXPECT_EQ(status(here, web, {}).left_over, "");
  EXPECT_TRUE(left_overs(here).empty());
  EXPECT_THAT(deeds(scene), HasSubstr("restore started cut off\nrestore started\nrestore done\n"));
}

TEST(Look, AtTheHistoryOfWhatFailedWhereNothingRanBefore) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy bad"), "rolled_back");
  EXPECT_THAT(deeds(scene), HasSubstr("deploy started\ndeploy failed\n"));
  auto here = scene.context();
  EXPECT_THAT(history(here, web, 1).front().entry.text, HasSubstr("; nothing runs, as before"));
  ASSERT_EQ(scene.run("deploy 1"), "done");
  ASSERT_EQ(scene.run("deploy sick"), "rolled_back");
  EXPECT_THAT(deeds(scene), HasSubstr("deploy started\ndeploy rolled_back\n"));
}

TEST(Look, AtTheHistoryOfWhatWasKilled) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  EXPECT_THAT(deeds(scene), Not(HasSubstr("cut off")));
  scene.report.on_step = [](const std::string& step) {
    if (step.starts_with("pause ")) throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene.crashes("backup"));
  scene.report.on_step = nullptr;
  scene.reopen();
  EXPECT_THAT(deeds(scene), HasSubstr("backup started cut off\n"));
  {
    // Somebody is at work: it may be just that.
    auto here = scene.context();
    const FileLock lock = change::lock_app_as_found(here, web, {});
    EXPECT_THAT(deeds(scene), AllOf(HasSubstr("backup started\n"), Not(HasSubstr("cut off"))));
  }
  ASSERT_EQ(scene.run("backup"), "done");
  EXPECT_THAT(deeds(scene),
              HasSubstr("backup started cut off\nfinish started\nfinish done\nbackup started\nbackup done\n"));
  // A job needs no lock while it runs.
  JournalEntry job;
  job.app = "web";
  job.verb = "job";
  job.outcome = "started";
  scene.store->append(job);
  EXPECT_THAT(deeds(scene), HasSubstr("job started\n"));
}

TEST(Look, AtAnAppThatIsDown) {
  Scene scene;
  for (const auto* line : {"deploy 1", "stop"}) scene.run(line);
  EXPECT_EQ(why_now(scene), "web is down (belay stop by tester, just now). belay start web last starts r1 again.");
  EXPECT_EQ(row(scene).state, AppState::stopped);
  scene.engine.start_container("web-r1", {});
  EXPECT_THAT(why_now(scene),
              HasSubstr("Its container web-r1 runs all the same, and Belay did not do that; belay stop web"));
}

TEST(Look, AtAContainerThatWasAdopted) {
  Scene scene;
  scene.stranger("shop", {});
  auto here = scene.context("belay adopt web shop");
  adopt(here, web, {"shop"}, {}, {});
  EXPECT_THAT(why_now(scene),
              AllOf(StartsWith("web runs r1 (belay adopt web shop by tester, just now). Its container shop is "
                               "up"),
                    HasSubstr("Belay did not watch whether r1 proves itself.")));
  const AppSummary app = row(scene);
  EXPECT_EQ(app.container, "shop");
  EXPECT_EQ(app.verdict, Verdict::unproven);
  EXPECT_EQ(app.image, "stranger");
}

TEST(Look, AtAppsThatOnlyTheEngineKnows) {
  Scene scene;
  scene.run("deploy 1");
  scene.store->forget(web);
  auto here = scene.context();
  const auto rows = list(here, {});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_FALSE(rows[0].known);
  EXPECT_EQ(rows[0].image_id, scene.image_of("1"));
}

// Growth: `status` of 250 apps took 39 s, a full look each; now each list is asked for once.
TEST(Look, AtAllAppsAsksForEachListOnce) {
  Scene scene;
  const auto calls_for = [&](int apps) {
    for (int i = 0; i < apps; ++i) {
      engine::ContainerRequest request;
      request.name = "old" + std::to_string(i);
      request.image = "base:1";
      if (!scene.container(request.name)) {
        scene.engine.create_container(request, {});
        scene.engine.start_container(request.name, {});
        auto here = scene.context("belay adopt");
        std::ignore = adopt(here, AppName(request.name), {request.name}, {}, {});
      }
    }
    scene.clock.advance(Milliseconds(120'000));
    auto here = scene.context();
    const int before = scene.engine.calls();
    EXPECT_EQ(statuses(here, {}).size(), static_cast<size_t>(apps));
    const int of_status = scene.engine.calls() - before;
    std::ignore = list(here, {});
    EXPECT_EQ(scene.engine.calls() - before - of_status, 1) << "a table is one request";
    return of_status;
  };
  scene.engine.add_image("base:1", {}, {}, "base");
  const int few = calls_for(3);
  const int many = calls_for(23);
  EXPECT_EQ(many - few, 20) << "no more than a look into each container";
  auto here = scene.context();
  for (const auto& one : statuses(here, {})) {
    const Status alone = status(here, AppName(one.summary.name), {});
    EXPECT_EQ(one.summary.state, alone.summary.state);
    EXPECT_EQ(one.summary.image_id, alone.summary.image_id);
    EXPECT_EQ(one.pending, alone.pending);
    EXPECT_EQ(one.wish, alone.wish);
  }
}

TEST(Look, NamesOfReleasesComeFromTheStateAlone) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
  auto here = scene.context();
  scene.engine.crash_after(0);
  EXPECT_THAT(release_names(here, web), ElementsAre("r2", "r1"));
  EXPECT_THROW(release_names(here, AppName("nothing")), NotFound);
}

}  // namespace
}  // namespace belay::scene
