// Backups as stories: what is held still and when, and that the app goes on whatever happens.

#include "safekeeping/backup.h"

#include <atomic>
#include <fstream>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "backup/verify.h"
#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/change.h"
#include "faulty_destination.h"
#include "look/look.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Lines = std::vector<std::string>;

// r1 runs and both its volumes hold "old".
class Backup : public ::testing::Test {
 protected:
  Backup() {
    scene_.run("deploy 1");
    scene_.hold("old");
    before_ = scene_.engine.changes().size();
    scene_.report.on_step = [this](const std::string& step) {
      steps_.push_back(step);
      if (on_step_) on_step_(step);
    };
  }

  // The error, or "done".
  std::string back_up(const BackupOptions& options = {}) {
    FaultyDestination destination(scene_.backups());
    destination.on_write = on_write_;
    destination.on_commit = on_commit_;
    Context here = scene_.context("belay backup web");
    try {
      done_ = safekeeping::back_up(here, web, destination, {}, options, scene_.stopping.get_token());
      return "done";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  // What changed on the engine, without the look whether its files are here.
  Lines changes() const {
    auto all = scene_.engine.changes();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before_));
    std::erase_if(all, [](const std::string& each) { return each.find("belay-probe") != std::string::npos; });
    return all;
  }
  // All is as if nothing had been begun.
  void expect_untouched() {
    EXPECT_EQ(scene_.trouble("1"), "");
    EXPECT_EQ(scene_.leftovers(), "");
    EXPECT_EQ(scene_.held(), "old");
    EXPECT_FALSE(fs::exists(scene_.folder.path() / "backups") && !fs::is_empty(scene_.folder.path() / "backups"))
        << "a file stays behind";
    EXPECT_THAT(scene_.store->backups(""), IsEmpty());
  }

  Scene scene_{SceneOptions{NamingScheme::belay, true, true, true}};
  size_t before_ = 0;
  Lines steps_;
  std::function<void(const std::string&)> on_step_;
  std::function<void()> on_write_ = [] {}, on_commit_ = [] {};
  BackedUp done_;
};

TEST_F(Backup, PausesWhatRunsWhileItsDataIsRead) {
  on_step_ = [&](const std::string& step) {
    if (step.starts_with("back up")) {
      EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::paused) << step;
    }
    if (step.starts_with("finish")) {
      EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::running) << step;
    }
  };
  ASSERT_EQ(back_up(), "done");
  EXPECT_THAT(changes(), ElementsAre("pause web-r1", "unpause web-r1"));
  EXPECT_THAT(steps_, ElementsAre("pause web-r1", "back up volume web_data", "back up volume web_more", "resume web-r1",
                                  HasSubstr("finish ")));
  EXPECT_EQ(scene_.trouble("1"), "");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(done_.manifest.consistency, backup::Consistency::pause);
  EXPECT_EQ(done_.end.files(), 2);
  EXPECT_EQ(done_.end.bytes(), 6);
  EXPECT_TRUE(done_.still);
  ASSERT_EQ(scene_.store->backups("web").size(), 1U);
  const auto record = scene_.store->backups("web").front();
  EXPECT_EQ(record.name, scene_.newest_backup());
  EXPECT_EQ(record.files, 2);
  EXPECT_EQ(static_cast<std::uintmax_t>(record.size.value),
            fs::file_size(scene_.folder.path() / "backups" / record.name));
}

TEST_F(Backup, StopsWhatRunsWhereYouSaySo) {
  on_step_ = [&](const std::string& step) {
    if (step.starts_with("back up")) {
      EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::exited) << step;
    }
  };
  BackupOptions options;
  options.consistency = backup::Consistency::stop;
  ASSERT_EQ(back_up(options), "done");
  EXPECT_THAT(changes(),
              ElementsAre("policy web-r1 no", "stop web-r1", "start web-r1", "policy web-r1 unless-stopped"));
  EXPECT_EQ(scene_.trouble("1"), "");
  EXPECT_EQ(scene_.leftovers(), "");
}

// It would not go on where it was.
TEST_F(Backup, StopsNoJobThatIsAtWork) {
  App app = scene_.app();
  app.releases.back().spec.services[0].scheduled = true;
  scene_.store->save(app);
  BackupOptions options;
  options.consistency = backup::Consistency::stop;
  EXPECT_THAT(back_up(options), HasSubstr("its job web is at work"));
  EXPECT_THAT(changes(), IsEmpty());
  options.consistency = backup::Consistency::pause;
  EXPECT_EQ(back_up(options), "done") << "it goes on after a pause";
}

TEST_F(Backup, LeavesWhatRunsAloneWhereYouSaySo) {
  BackupOptions options;
  options.consistency = backup::Consistency::live;
  ASSERT_EQ(back_up(options), "done");
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_FALSE(done_.still);
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Backup, OfAStoppedAppStartsNothing) {
  scene_.run("stop");
  before_ = scene_.engine.changes().size();
  ASSERT_EQ(back_up(), "done");
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_EQ(scene_.trouble(""), "");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_FALSE(done_.manifest.was_running);
}

// An app of two containers, web-r1 behind db-r1, that runs.
void start_two(Scene& scene) {
  App app(web);
  Release release;
  release.number = app.next_release();
  for (const auto* name : {"db", "web"}) {
    Service service;
    service.name = service.image = name;
    release.spec.services.push_back(service);
    release.images[name] = scene.engine.add_image(name, {}, {});
    release.containers[name] = format("{}-r1", name);
  }
  app.highest_release = 1;
  app.releases.push_back(release);
  scene.store->save(app);
  ASSERT_EQ(scene.run("start r1"), "done");
}

TEST_F(Backup, HoldsFirstWhatNeedsTheOthersAndLetsItGoLast) {
  Scene scene(SceneOptions{NamingScheme::belay, false, false, true});
  start_two(scene);
  const size_t before = scene.engine.changes().size();
  ASSERT_EQ(scene.run("backup"), "done");
  auto all = scene.lasting_changes();
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before));
  std::erase_if(all, [](const std::string& each) { return each.starts_with("volume"); });
  EXPECT_THAT(all, ElementsAre("pause web-r1", "pause db-r1", "unpause db-r1", "unpause web-r1"));
}

// Somebody paused it to keep its files as they are.
TEST_F(Backup, LeavesWhatSomebodyPausedPaused) {
  for (const auto way : {backup::Consistency::pause, backup::Consistency::stop}) {
    Scene scene(SceneOptions{NamingScheme::belay, false, false, true});
    start_two(scene);
    scene.engine.pause_container("db-r1", {});
    Context here = scene.context();
    BackupOptions options;
    options.consistency = way;
    EXPECT_TRUE(safekeeping::back_up(here, web, *scene.backups(), {}, options, {}).done);
    EXPECT_EQ(scene.container("db-r1")->state, ContainerState::paused);
    EXPECT_EQ(scene.container("web-r1")->state, ContainerState::running);
  }
}

TEST_F(Backup, RunsHooksAroundItWhileTheAppRuns) {
  BackupOptions options;
  options.before = {"echo dump"};
  options.after = {"echo 'all done'"};
  ASSERT_EQ(back_up(options), "done");
  EXPECT_THAT(steps_, ElementsAre("run in web-r1: echo dump", "pause web-r1", "back up volume web_data",
                                  "back up volume web_more", "resume web-r1", "run in web-r1: echo 'all done'",
                                  HasSubstr("finish ")));
}

TEST_F(Backup, TakesHooksFromTheServicesLabelsToo) {
  App app = scene_.app();
  app.releases.back().spec.services[0].labels = {{"belay.backup.before", "echo dump"}, {"belay.backup.after", "true"}};
  scene_.store->save(app);
  ASSERT_EQ(back_up(), "done");
  EXPECT_EQ(steps_.front(), "run in web-r1: echo dump");
  EXPECT_THAT(steps_, Contains("run in web-r1: true"));
}

TEST_F(Backup, EndsWhereAHookBeforeItFailsAndRunsTheOnesAfterIt) {
  BackupOptions options;
  options.before = {"false"};
  options.after = {"true"};
  EXPECT_THAT(back_up(options), HasSubstr("run in web-r1: false: the command ended with exit code 1"));
  EXPECT_THAT(steps_, ElementsAre("run in web-r1: false", "run in web-r1: true"));
  EXPECT_THAT(changes(), IsEmpty());
  expect_untouched();
}

TEST_F(Backup, IsNoneWhereAHookAfterItFailsAndThatOneRunsOnce) {
  BackupOptions options;
  options.after = {"false", "true"};
  EXPECT_THAT(back_up(options), HasSubstr("exit code 1"));
  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "run in web-r1: false"), 1);
  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "run in web-r1: true"), 1);
  expect_untouched();
}

TEST_F(Backup, WarnsOfAHookAfterItThatFailsWhenItHadFailedAlready) {
  BackupOptions options;
  options.after = {"false"};
  const fs::path data = scene_.volume("web_more");
  on_step_ = [&](const std::string& step) {
    if (step == "back up volume web_more") fs::rename(data, data.string() + ".away");
  };
  EXPECT_THAT(back_up(options), HasSubstr("back up volume web_more"));
  EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "run in web-r1: false"), 1);
  EXPECT_THAT(scene_.report.warnings, Contains(HasSubstr("exit code 1")));
  fs::rename(data.string() + ".away", data);
  expect_untouched();
}

TEST_F(Backup, LetsTheAppGoOnWhereDataCannotBeRead) {
  for (const auto* way : {"pause", "stop", "live"}) {
    const fs::path data = scene_.volume("web_more");
    on_step_ = [&](const std::string& step) {
      if (step == "back up volume web_more") fs::rename(data, data.string() + ".away");
    };
    BackupOptions options;
    options.consistency = backup::consistency(way);
    options.after = {"true"};
    EXPECT_THAT(back_up(options), HasSubstr("backing web up: ")) << way;
    EXPECT_EQ(steps_.back(), "run in web-r1: true") << way;
    fs::rename(data.string() + ".away", data);
    expect_untouched();
  }
}

TEST_F(Backup, LetsTheAppGoOnWhenItIsStopped) {
  for (const auto* way : {"pause", "stop"})
    for (const auto* moment : {"pause web-r1", "stop web-r1", "back up volume web_more", "resume web-r1", "finish"}) {
      steps_.clear();
      on_step_ = [&](const std::string& step) {
        if (step.starts_with(moment)) scene_.stopping.request_stop();
      };
      BackupOptions options;
      options.consistency = backup::consistency(way);
      options.after = {"true"};
      const std::string came = back_up(options);
      const bool was_asked = scene_.stopping.stop_requested();
      scene_.stopping = {};
      if (!was_asked || came == "done") {
        // The last step may end before it looks.
        if (came == "done") scene_.backups()->remove(scene_.newest_backup(), {});
        for (const auto& record : scene_.store->backups("")) scene_.store->forget_backup(record.id);
        scene_.clock.advance(Seconds(5));
        continue;
      }
      EXPECT_THAT(came, HasSubstr("stopped on request; there is no backup, and the app goes on")) << moment;
      EXPECT_EQ(std::count(steps_.begin(), steps_.end(), "run in web-r1: true"), 1) << moment;
      expect_untouched();
    }
}

TEST_F(Backup, LetsTheAppGoOnWhereTheDestinationFails) {
  const auto throws = [] { throw Error(ErrorCode::internal, "the disk is full"); };
  on_write_ = throws;
  EXPECT_THAT(back_up(), HasSubstr("the disk is full"));
  expect_untouched();
  on_write_ = [] {};
  on_commit_ = throws;
  EXPECT_THAT(back_up(), HasSubstr("the disk is full"));
  expect_untouched();
  on_commit_ = [] {};
  EXPECT_EQ(back_up(), "done");
  EXPECT_EQ(scene_.leftovers(), "");
}

// More than what compresses and sends holds in memory, and nothing can be saved of it.
void fill_with_noise(const fs::path& folder) {
  std::mt19937_64 random(9);
  std::ofstream file(folder / "noise", std::ios::binary);
  for (int i = 0; i < (48 << 20) / 8; ++i) {
    const std::uint64_t eight = random();
    file.write(reinterpret_cast<const char*>(&eight), sizeof eight);
  }
}

// Opened once; who waits gives up after a time that no test takes.
class Moment {
 public:
  void come() {
    if (!come_.exchange(true)) promise_.set_value();
  }
  bool await() { return future_.wait_for(Seconds(60)) == std::future_status::ready; }

 private:
  std::atomic<bool> come_ = false;
  std::promise<void> promise_;
  std::shared_future<void> future_ = promise_.get_future().share();
};

TEST_F(Backup, LetsTheAppGoOnWhileTheDestinationStillHangs) {
  fill_with_noise(scene_.volume("web_data"));
  for (const auto* way : {"pause", "stop"}) {
    Moment app_goes_on;
    on_step_ = [&](const std::string& step) {
      if (!step.starts_with("finish")) return;
      EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::running);
      app_goes_on.come();
    };
    std::atomic<bool> in_time = true;
    on_write_ = [&] { in_time = in_time && app_goes_on.await(); };
    BackupOptions options;
    options.consistency = backup::consistency(way);
    ASSERT_EQ(back_up(options), "done") << way;
    EXPECT_TRUE(in_time) << "the app stood still until the destination had taken its data";
    FaultyDestination destination(scene_.backups());
    Context here = scene_.context("belay verify");
    safekeeping::verify_backup(here, destination, scene_.newest_backup(), {}, {}, {});
    scene_.clock.advance(Seconds(5));
  }
}

TEST_F(Backup, LetsTheAppGoOnAtOnceWhereDataCannotBeReadAndTheDestinationHangs) {
  fill_with_noise(scene_.volume("web_data"));
  const fs::path data = scene_.volume("web_more");
  on_step_ = [&](const std::string& step) {
    if (step == "back up volume web_more") fs::rename(data, data.string() + ".away");
  };
  FaultyDestination destination(scene_.backups());
  std::atomic<bool> in_time = true;
  destination.on_write = [&] {
    Moment broken_off;
    const std::stop_callback stopped(destination.upload_stop(), [&] { broken_off.come(); });
    in_time = broken_off.await();
    throw Cancelled();
  };
  Context here = scene_.context("belay backup web");
  try {
    safekeeping::back_up(here, web, destination, {}, {}, {});
    ADD_FAILURE() << "it is a backup";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("web_more"));
  }
  EXPECT_TRUE(in_time);
  fs::rename(data.string() + ".away", data);
  fs::remove(scene_.volume("web_data") / "noise");
  expect_untouched();
}

TEST_F(Backup, StartsOnlyWhatRanHoweverItEnds) {
  for (const bool fails : {false, true})
    for (const auto* way : {"pause", "stop"}) {
      Scene scene(SceneOptions{NamingScheme::belay, false, false, true});
      start_two(scene);
      scene.engine.stop_container("db-r1", {}, {});
      FaultyDestination destination(scene.backups());
      if (fails)
        destination.on_commit = destination.on_write = [] { throw Error(ErrorCode::internal, "the disk is full"); };
      BackupOptions options;
      options.consistency = backup::consistency(way);
      Context here = scene.context("belay backup web");
      if (fails)
        EXPECT_THROW(safekeeping::back_up(here, web, destination, {}, options, {}), Error);
      else
        safekeeping::back_up(here, web, destination, {}, options, {});
      EXPECT_EQ(scene.container("db-r1")->state, ContainerState::exited) << way << fails;
      EXPECT_EQ(scene.container("web-r1")->state, ContainerState::running) << way << fails;
    }
}

TEST_F(Backup, LetsTheAppGoOnWhateverTheSurprise) {
  on_write_ = [] { throw std::bad_alloc(); };
  EXPECT_NE(back_up(), "done");
  expect_untouched();
}

TEST_F(Backup, NeverReplacesAFileUnasked) {
  BackupOptions options;
  options.name = "mine.belay.tar.zst";
  ASSERT_EQ(back_up(options), "done");
  const auto known = changes();
  EXPECT_THAT(back_up(options), HasSubstr("mine.belay.tar.zst"));
  EXPECT_EQ(changes(), known) << "nothing was paused for it";
  options.replace = true;
  scene_.hold("other");
  EXPECT_EQ(back_up(options), "done");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.backups()->list({}).size(), 1U);
}

TEST_F(Backup, SaysWhoElseMayWriteMeanwhile) {
  scene_.engine.add_image("stranger", {}, {});
  engine::ContainerRequest request;
  request.name = "tool";
  request.image = "stranger";
  request.service.mounts = {{Mount::Kind::volume, "web_data", "/in", false, ""}};
  scene_.engine.create_container(request, {});
  ASSERT_EQ(back_up(), "done");
  EXPECT_THAT(done_.plan.notes, Not(Contains(HasSubstr("tool")))) << "it does not run";
  scene_.engine.start_container("tool", {});
  scene_.clock.advance(Seconds(5));
  ASSERT_EQ(back_up(), "done");
  EXPECT_THAT(done_.plan.notes, Contains("tool may write to volume web_data meanwhile: it is not web's"));
  EXPECT_EQ(scene_.container("tool")->state, ContainerState::running);
}

TEST_F(Backup, TouchesNothingInADryRun) {
  const std::string before = scene_.all();
  BackupOptions options;
  options.dry_run = true;
  ASSERT_EQ(back_up(options), "done");
  EXPECT_FALSE(done_.done);
  EXPECT_EQ(scene_.all(), before);
  EXPECT_THAT(plan::plan_text(done_.plan), HasSubstr("back up volume web_data"));
  expect_untouched();
}

TEST_F(Backup, ReadsThroughTheEngineWhereItsFilesAreElsewhere) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_EQ(scene.run("backup"), "done");
  EXPECT_EQ(scene.trouble("1"), "");
  EXPECT_EQ(scene.leftovers(), "");
  Context here = scene.context();
  const auto verified = verify_backup(here, *scene.backups(), scene.newest_backup(), {}, {}, {});
  ASSERT_EQ(verified.manifest.items.size(), 1U);
  EXPECT_EQ(verified.manifest.items[0].way, backup::Item::Way::engine);
}

TEST_F(Backup, ShowsBeforehandThatItReadsThroughTheEngine) {
  Scene scene;
  scene.run("deploy 1");
  Context here = scene.context();
  BackupOptions options;
  options.dry_run = true;
  const auto shown = safekeeping::back_up(here, web, *scene.backups(), {}, options, {}).plan;
  options.dry_run = false;
  const auto ran = safekeeping::back_up(here, web, *scene.backups(), {}, options, {}).plan;
  EXPECT_EQ(plan::plan_text(shown), plan::plan_text(ran));
  EXPECT_THAT(plan::plan_text(shown), HasSubstr("the engine reaches the data through it"));
}

TEST_F(Backup, ThatWasKilledIsNoWayBack) {
  scene_.run("deploy 2");
  scene_.report.on_step = [&](const std::string& step) {
    if (step.starts_with("back up")) throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene_.crashes("backup"));
  scene_.report.on_step = nullptr;
  EXPECT_EQ(scene_.container("web-r2")->state, ContainerState::paused);
  EXPECT_FALSE(scene_.app().wish.is_rolling_back());
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(scene_.trouble("1"), "");
}

TEST_F(Backup, ThatIsDamagedIsFoundAndRemembered) {
  ASSERT_EQ(back_up(), "done");
  const fs::path file = scene_.folder.path() / "backups" / scene_.newest_backup();
  Context here = scene_.context();
  const auto check = [&] { std::ignore = verify_backup(here, *scene_.backups(), scene_.newest_backup(), {}, {}, {}); };
  check();
  EXPECT_TRUE(scene_.store->backups("web")[0].verified);
  std::string bytes = read_file(file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_file_durably(file, bytes);
  EXPECT_THROW(check(), Error);
  EXPECT_NE(scene_.store->backups("web")[0].trouble, "");
}

// It would be pruned as a bad one.
TEST_F(Backup, IsNotBadBecauseItsKeyIsMissing) {
  backup::Sealing sealing;
  sealing.passphrase.emplace("open sesame", 2);
  Context here = scene_.context();
  std::ignore = safekeeping::back_up(here, web, *scene_.backups(), sealing, {}, {});
  EXPECT_THROW(std::ignore = verify_backup(here, *scene_.backups(), scene_.newest_backup(), {}, {}, {}), Error);
  EXPECT_EQ(scene_.store->backups("web")[0].trouble, "");
}

TEST_F(Backup, TwoWithinOneSecondBothSucceed) {
  ASSERT_EQ(back_up(), "done");
  const std::string first = done_.where;
  ASSERT_EQ(back_up(), "done");
  ASSERT_EQ(back_up(), "done");
  EXPECT_NE(done_.where, first);
  EXPECT_EQ(scene_.store->backups("web").size(), 3U);
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Backup, RemovesWhatKilledOnesOfItsAppLeft) {
  const fs::path folder = scene_.folder.path() / "backups";
  fs::create_directory(folder);
  for (const auto* left : {".web-20260131T090507Z.belay.tar.zst.0123abcd.part",
                           ".web-two-20260131T090507Z.belay.tar.zst.0123abcd.part", ".notes.txt.0123abcd.part"})
    write_file_durably(folder / left, "x");
  ASSERT_EQ(scene_.run("backup"), "done");
  EXPECT_FALSE(fs::exists(folder / ".web-20260131T090507Z.belay.tar.zst.0123abcd.part"));
  EXPECT_TRUE(fs::exists(folder / ".web-two-20260131T090507Z.belay.tar.zst.0123abcd.part"));
  EXPECT_TRUE(fs::exists(folder / ".notes.txt.0123abcd.part"));
}

// A backup that failed is known until one succeeds at that place.
TEST_F(Backup, ThatFailedIsKnownUntilOneSucceeds) {
  on_write_ = [] { throw Error(ErrorCode::internal, "no space left"); };
  EXPECT_THAT(back_up(), HasSubstr("no space left"));
  const auto failures = scene_.store->backup_failures("web");
  ASSERT_EQ(failures.size(), 1U);
  EXPECT_THAT(failures[0].reason, HasSubstr("no space left"));
  EXPECT_FALSE(failures[0].told);
  EXPECT_EQ(failures[0].place, scene_.backups()->text());
  const auto entries = [&] {
    std::vector<std::string> outcomes;
    for (const auto& entry : scene_.store->journal("web", 100))
      if (entry.verb == "backup") outcomes.push_back(std::string(entry.outcome.text()));
    return outcomes;
  };
  EXPECT_THAT(entries(), ElementsAre("failed", "started"));
  Context here = scene_.context();
  EXPECT_THAT(status(here, web, {}).summary.backup_trouble, HasSubstr("there is no good one"));
  EXPECT_THAT(why(here, web, {}).text, HasSubstr("no space left"));
  EXPECT_TRUE(list(here, {}).at(0).backup.failed);
  on_write_ = [] {};
  ASSERT_EQ(back_up(), "done");
  EXPECT_THAT(scene_.store->backup_failures(""), IsEmpty());
  const auto row = list(here, {}).at(0);
  EXPECT_TRUE(row.backup.last_good);
  EXPECT_EQ(row.backup_trouble, "");
}

TEST_F(Backup, ThatIsStoppedOrMeantOtherwiseIsNoFailure) {
  on_step_ = [&](const std::string& step) {
    if (step.starts_with("back up")) scene_.stopping.request_stop();
  };
  EXPECT_NE(back_up(), "done");
  scene_.stopping = {};
  on_step_ = nullptr;
  BackupOptions options;
  options.name = ".hidden";
  EXPECT_NE(back_up(options), "done");
  EXPECT_THAT(scene_.store->backup_failures(""), IsEmpty());
}

TEST_F(Backup, ThatDoesNotWaitForAnotherCommandIsNoFailure) {
  Context other = scene_.context();
  const FileLock lock = change::lock_app(other, web, {});
  Context here = scene_.context();
  here.wait_for_lock = false;
  EXPECT_THROW(std::ignore = safekeeping::back_up(here, web, *scene_.backups(), {}, {}, {}), LockHeld);
  EXPECT_THAT(scene_.store->backup_failures(""), IsEmpty());
}

TEST(BackupHealth, GivesAPlaceUpThatNobodyUsesAnyMore) {
  const Time now(std::chrono::hours(24 * 1000));
  BackupRecord good, earlier;
  good.taken = now - std::chrono::hours(2);
  earlier.taken = now - std::chrono::hours(48);
  earlier.place = "/mnt/usb";
  const state::BackupFailure today{"web", "/mnt/usb", now - std::chrono::hours(6), "it is full", false};
  state::BackupFailure long_ago = today;
  long_ago.failed = now - std::chrono::hours(24 * 60);
  EXPECT_EQ(trouble_text(backup_health({good, earlier}, {today}, {}, now), now),
            "its backup to /mnt/usb failed 6 hours ago (it is full); the last good one was taken 2 hours ago");
  EXPECT_EQ(trouble_text(backup_health({good}, {long_ago}, {}, now), now), "");
  EXPECT_NE(trouble_text(backup_health({}, {long_ago}, {}, now), now), "");
  // A place that never held a backup was mistyped; a schedule that has failed may be that of it.
  EXPECT_EQ(trouble_text(backup_health({good}, {today}, {}, now), now), "");
  EXPECT_NE(trouble_text(backup_health({earlier}, {today}, {}, now), now), "") << "no backup since";
  Errand nightly;
  nightly.kind = Errand::Kind::backup;
  nightly.schedule = "03:00";
  nightly.since = now;
  EXPECT_EQ(trouble_text(backup_health({good}, {today}, {nightly}, now), now), "");
  nightly.began = nightly.ended = today.failed;
  nightly.is_good = false;
  EXPECT_NE(trouble_text(backup_health({good}, {today}, {nightly}, now), now), "");
  good.trouble = "damaged";
  EXPECT_FALSE(backup_health({good}, {}, {}, now).last_good);
}

// A clock that was ahead when a backup was made, or declared, and was set back since.
TEST(BackupHealth, IsNotGoodBecauseOfABackupOfTheFuture) {
  const Time now(std::chrono::hours(24 * 1000));
  BackupRecord ahead;
  ahead.taken = now + std::chrono::hours(24 * 365);
  Errand daily;
  daily.schedule = "daily";
  daily.since = ahead.taken;
  const auto health = backup_health({ahead}, {}, {daily}, now);
  EXPECT_FALSE(health.last_good);
  EXPECT_FALSE(health.is_late(now)) << "it has just become known";
  daily.since = now - std::chrono::hours(24 * 5);
  EXPECT_TRUE(backup_health({ahead}, {}, {daily}, now).is_late(now));
  ahead.taken = now + Seconds(60);
  EXPECT_TRUE(backup_health({ahead}, {}, {daily}, now).last_good) << "the clock of another machine";
}

TEST(Damage, IsWhatABackupItselfShows) {
  for (const auto code : {ErrorCode::bad_backup, ErrorCode::bad_archive})
    EXPECT_TRUE(backup::tells_of_damage(Error(code, "it is cut off")));
  EXPECT_TRUE(backup::tells_of_damage(ConfigError({"manifest.json", 3, 1}, "'app' is missing")));
  for (const auto code : {ErrorCode::wrong_key, ErrorCode::connection_failed, ErrorCode::no_space,
                          ErrorCode::not_allowed, ErrorCode::program_failed})
    EXPECT_FALSE(backup::tells_of_damage(Error(code, "it cannot be read"))) << error_name(code);
}

}  // namespace
}  // namespace belay::scene
