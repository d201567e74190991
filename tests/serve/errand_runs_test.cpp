#include "serve/errand_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "declared/definitions.h"
#include "declared/job_run.h"
#include "engine_memory/memory.h"
#include "served_host.h"
#include "support/zone.h"

namespace belay::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// The daemon is asked for its passes and its errands one by one.
class ErrandsTest : public ServedHost {
 protected:
  ErrandsTest() {
    offer("web:1", {});
    offer("clean:1", ends_with(0));
    offer("clean:2", ends_with(0));
    offer("bad:1", ends_with(3));
    clock_.advance(at("2026-02-02T09:00:00Z") - clock_.now());
  }
  ~ErrandsTest() override { notices_->finish(Seconds(20)); }

  static engine::Behaviour ends_with(int code) {
    engine::Behaviour behaviour;
    behaviour.exits_after = Seconds(30);
    behaviour.exit_code = code;
    behaviour.output = "cleaning\nthere is nothing to clean\n";
    return behaviour;
  }
  void offer(const std::string& reference, const engine::Behaviour& behaviour) {
    engine_.add_image(reference, {}, behaviour, reference);
  }
  std::unique_ptr<state::Store> store() const { return state::Store::open(state_folder()); }

  // A pass of a daemon that then is not there any more.
  void pass() {
    Daemon daemon(
        engine_, state_folder(), clock_, log_, [this](const formats::Settings&) { return KeptNotices::alone(kept_); },
        options());
    daemon.step({}, {});
    daemon.finish_notices(Seconds(20));
  }

  ErrandGround ground() {
    daemon_log_.tell_to(notices_);
    return {engine_,
            clock_,
            log_,
            daemon_log_,
            [this] { return store(); },
            [] { return formats::Settings(); },
            [this](change::Context& context, const AppName& name, const BackupPolicy& policy, const formats::Settings&,
                   std::stop_token stop) {
              backups_.push_back(format("{} to {}", name.text(), policy.place));
              if (stop.stop_requested()) throw Cancelled();
              if (!backup_fails_.empty()) throw Error(ErrorCode::bad_value, backup_fails_);
              BackupRecord record;
              record.app = name.text();
              record.place = policy.place;
              record.name = format("{}-{}", name.text(), backups_.size());
              record.taken = context.clock.now();
              context.store.save(record);
            },
            "daemon",
            "belay serve"};
  }
  // As the daemon does whenever it wakes: whatever is due, one after the other. What was done.
  std::vector<std::string> do_what_is_due(ErrandRuns& runs) {
    static_cast<void>(runs.know(*store(), declared::read_definitions(definitions(), {})));
    std::vector<std::string> done;
    for (auto due = to_begin(runs); !due.empty(); due = to_begin(runs))
      for (const Errand& errand : due) {
        done.push_back(name_of(errand));
        runs.run(errand, {});
      }
    return done;
  }
  static std::vector<Errand> to_begin(const ErrandRuns& runs) {
    return runs.to_begin([](const Errand&) { return false; });
  }
  std::vector<std::string> do_what_is_due() {
    ErrandRuns runs(ground());
    return do_what_is_due(runs);
  }
  void wait_until(const char* text) { clock_.advance(at(text) - clock_.now()); }

  Errand errand_of(const std::string& app) { return store()->errands(app).at(0); }
  void put(const Errand& errand) {
    store()->update_errand(errand, [&](const std::optional<Errand>&) { return errand; });
  }
  std::vector<std::string> news() {
    notices_->finish(Seconds(20));
    return told("deployed");
  }
  std::vector<std::string> journal_of(const std::string& app, const std::string& verb) {
    std::vector<std::string> lines;
    for (const auto& entry : store()->journal(app, 100))
      if (entry.verb.text() == verb) lines.push_back(format("{}: {}", entry.outcome.text(), entry.text));
    return lines;
  }
  ContainerState state_of(const std::string& container) { return engine_.container(container, {})->container.state; }
  int starts() const {
    int count = 0;
    for (const auto& change : engine_.changes())
      if (change.find("start") != std::string::npos) ++count;
    return count;
  }

  const Zone zone_{"UTC0"};
  engine::MemoryEngine engine_{clock_};
  Metrics metrics_;
  std::shared_ptr<Notifications> notices_ = std::make_shared<Notifications>(KeptNotices::alone(kept_), log_);
  DaemonLog daemon_log_{log_, metrics_, clock_, ""};
  std::vector<std::string> backups_;
  std::string backup_fails_;
};

TEST_F(ErrandsTest, ABackupIsMadeWhenItsTimeComes) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  EXPECT_THAT(do_what_is_due(), IsEmpty());
  EXPECT_EQ(iso_time(errand_of("db").due), "2026-02-03T04:30:00Z");
  wait_until("2026-02-03T04:29:59Z");
  EXPECT_THAT(do_what_is_due(), IsEmpty());
  wait_until("2026-02-03T04:30:00Z");
  EXPECT_THAT(do_what_is_due(), ElementsAre("backup db"));
  EXPECT_THAT(backups_, ElementsAre("db to /mnt/nas"));
  EXPECT_TRUE(errand_of("db").is_good);
  EXPECT_EQ(iso_time(errand_of("db").due), "2026-02-04T04:30:00Z");
  EXPECT_THAT(news(), IsEmpty());
}

TEST_F(ErrandsTest, WhatWasMissedIsMadeUpForOnceByWhicheverDaemon) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  wait_until("2026-02-07T12:00:00Z");
  EXPECT_THAT(do_what_is_due(), ElementsAre("backup db"));
  EXPECT_THAT(do_what_is_due(), IsEmpty());
  EXPECT_EQ(iso_time(errand_of("db").due), "2026-02-08T04:30:00Z");
}

TEST_F(ErrandsTest, OneBackupIsMadeAtATime) {
  for (const char* app : {"db", "shop"})
    define(app, R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  wait_until("2026-02-03T05:00:00Z");
  ErrandRuns runs(ground());
  static_cast<void>(runs.know(*store(), declared::read_definitions(definitions(), {})));
  ASSERT_EQ(to_begin(runs).size(), 1U);
  EXPECT_THAT(runs.to_begin([](const Errand& errand) { return errand.app == "db"; }), IsEmpty());
  EXPECT_THAT(do_what_is_due(runs), ElementsAre("backup db", "backup shop"));
}

TEST_F(ErrandsTest, ABackupThatFailsAndWorksAgainIsTold) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  news();
  backup_fails_ = "it is full";
  wait_until("2026-02-03T05:00:00Z");
  do_what_is_due();
  EXPECT_TRUE(errand_of("db").has_failed());
  EXPECT_EQ(errand_of("db").reason, "it is full");
  // The work itself notes it, as `belay backup` does.
  store()->save(state::BackupFailure{"db", "/mnt/nas", clock_.now(), "it is full", false});
  pass();
  EXPECT_THAT(news(), ElementsAre("db backup_failed"));
  pass();
  EXPECT_THAT(news(), IsEmpty());
  backup_fails_.clear();
  store()->forget_backup_failure("db", "/mnt/nas");
  wait_until("2026-02-04T05:00:00Z");
  do_what_is_due();
  pass();
  EXPECT_THAT(news(), ElementsAre("db recovered"));
}

TEST_F(ErrandsTest, ALateBackupIsToldOnceAndThatItIsOver) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  news();
  // Nobody makes any: the daemon did not run.
  wait_until("2026-02-04T08:59:00Z");
  pass();
  EXPECT_THAT(news(), IsEmpty());
  wait_until("2026-02-04T09:01:00Z");
  for (int i = 0; i < 3; ++i) pass();
  EXPECT_THAT(news(), ElementsAre("db backup_late"));
  do_what_is_due();
  pass();
  EXPECT_THAT(news(), ElementsAre("db recovered"));
}

TEST_F(ErrandsTest, WhatIsBackedUpByOtherMeansIsLateAfterAWeekIfItHasData) {
  define("db", R"({"image": "web:1", "volumes": [{"containerPath": "/data"}]})");
  define("web", R"({"image": "web:1"})");
  pass();
  for (const char* app : {"db", "web"}) {
    BackupRecord record;
    record.app = app;
    record.place = "/mnt/nas";
    record.name = app;
    record.taken = clock_.now();
    store()->save(record);
  }
  news();
  wait_until("2026-02-11T12:00:00Z");
  for (int i = 0; i < 2; ++i) pass();
  EXPECT_THAT(news(), ElementsAre("db backup_late"));
}

TEST_F(ErrandsTest, AChangeOnlyMakesTheContainerOfAJob) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  EXPECT_EQ(state_of("clean"), ContainerState::created);
  EXPECT_EQ(engine_.container("clean", {})->restart.name, "no");
  EXPECT_THAT(kept_.with([](const auto& all) { return all.at(0).kind; }), "deployed");
  const int before = starts();
  for (int i = 0; i < 3; ++i) pass();
  EXPECT_EQ(starts(), before);
  EXPECT_EQ(state_of("clean"), ContainerState::created);
  EXPECT_THAT(news(), IsEmpty());
}

TEST_F(ErrandsTest, AJobRunsToItsEndWhenItsTimeComes) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  for (const char* day : {"2026-02-03T04:30:00Z", "2026-02-04T04:30:00Z"}) {
    wait_until(day);
    EXPECT_THAT(do_what_is_due(), ElementsAre("job clean"));
    EXPECT_EQ(state_of("clean"), ContainerState::exited);
    EXPECT_TRUE(errand_of("clean").is_good);
    EXPECT_GE(*errand_of("clean").ended - *errand_of("clean").began, Seconds(30));
    // A pass leaves what has ended as it is.
    const int before = starts();
    pass();
    EXPECT_EQ(starts(), before);
  }
  EXPECT_THAT(news(), IsEmpty());
  EXPECT_THAT(journal_of("clean", "job"),
              ElementsAre("done: clean: 30 s", "started: clean", "done: clean: 30 s", "started: clean"));
}

TEST_F(ErrandsTest, AJobThatFailsIsToldOnceWithWhatItWroteAndThatItWorksAgain) {
  define("clean", R"({"image": "bad:1", "schedule": "04:30"})");
  pass();
  news();
  wait_until("2026-02-03T04:30:00Z");
  do_what_is_due();
  notices_->finish(Seconds(20));
  kept_.with([](const auto& all) {
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].kind, "job_failed");
    EXPECT_EQ(all[0].text, "job clean failed");
    EXPECT_EQ(all[0].reason, "it exited with code 3");
    EXPECT_THAT(all[0].log_tail, HasSubstr("there is nothing to clean"));
    EXPECT_TRUE(report::is_alarm(all[0]));
  });
  news();
  wait_until("2026-02-04T04:30:00Z");
  do_what_is_due();
  EXPECT_THAT(news(), IsEmpty());
  EXPECT_THAT(journal_of("clean", "job"), ::testing::Contains("failed: clean: it exited with code 3, after 30 s"));
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  wait_until("2026-02-05T04:30:00Z");
  do_what_is_due();
  EXPECT_THAT(news(), ElementsAre("clean recovered"));
}

TEST_F(ErrandsTest, AJobThatRunsIsNeitherStartedAgainNorChanged) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  wait_until("2026-02-03T04:30:00Z");
  // A daemon that was killed when it had begun.
  Errand errand = errand_of("clean");
  errand.began = clock_.now();
  put(errand);
  engine_.start_container("clean", {});
  const int before = starts();
  define("clean", R"({"image": "clean:2", "schedule": "04:30"})");
  pass();
  EXPECT_EQ(state_of("clean"), ContainerState::running) << "the change waits for its end";
  EXPECT_THAT(do_what_is_due(), ElementsAre("job clean"));
  EXPECT_EQ(starts(), before) << "the run that was cut off is gone on with";
  EXPECT_TRUE(errand_of("clean").is_good);
  EXPECT_EQ(iso_time(errand_of("clean").due), "2026-02-04T04:30:00Z");
  pass();
  EXPECT_EQ(store()->app(AppName("clean"))->wish.release()->text(), "r2");
  EXPECT_EQ(state_of("clean"), ContainerState::created) << "the new one bears the name";
  EXPECT_EQ(starts(), before);
}

// Started by hand, or after the daemon's pass has begun.
TEST_F(ErrandsTest, AChangeWaitsForAJobThatNobodyHasNoted) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  engine_.start_container("clean", {});
  define("clean", R"({"image": "clean:2", "schedule": "04:30"})");
  pass();
  EXPECT_EQ(state_of("clean"), ContainerState::running);
  EXPECT_EQ(store()->app(AppName("clean"))->wish.release()->text(), "r1");
  clock_.advance(Seconds(31));
  pass();
  EXPECT_EQ(store()->app(AppName("clean"))->wish.release()->text(), "r2");
}

TEST_F(ErrandsTest, ABackupThatStopsWaitsForTheJob) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30",
                      "backup": {"schedule": "04:30", "place": "/mnt/nas", "while": "stopped"}})");
  pass();
  wait_until("2026-02-03T04:30:00Z");
  ErrandRuns runs(ground());
  static_cast<void>(runs.know(*store(), declared::read_definitions(definitions(), {})));
  const auto names = [&](bool job_is_at_work) {
    std::vector<std::string> begun;
    for (const Errand& errand :
         runs.to_begin([&](const Errand& each) { return job_is_at_work && each.kind == Errand::Kind::job; }))
      begun.push_back(name_of(errand));
    return begun;
  };
  EXPECT_THAT(names(false), ::testing::UnorderedElementsAre("backup clean", "job clean"));
  EXPECT_THAT(names(true), IsEmpty());
}

// Its end calls for a pass, which may have read the errands before that.
TEST_F(ErrandsTest, WhatHasRunMeanwhileIsNotDoneAgain) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  wait_until("2026-02-03T04:30:00Z");
  ErrandRuns runs(ground());
  static_cast<void>(runs.know(*store(), declared::read_definitions(definitions(), {})));
  const Errand due = to_begin(runs).at(0);
  runs.run(due, {});
  runs.run(due, {});
  EXPECT_EQ(backups_.size(), 1U);
}

TEST_F(ErrandsTest, WhatCannotBeNotedRestsThoughAPassComes) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  wait_until("2026-02-03T04:30:00Z");
  ErrandGround broken = ground();
  broken.open_state = []() -> std::unique_ptr<state::Store> { throw Error(ErrorCode::state_busy, "it is locked"); };
  ErrandRuns runs(broken);
  const auto know = [&] { static_cast<void>(runs.know(*store(), declared::read_definitions(definitions(), {}))); };
  know();
  runs.run(to_begin(runs).at(0), {});
  know();
  EXPECT_THAT(to_begin(runs), IsEmpty());
  EXPECT_EQ(runs.next([](const Errand&) { return false; }), clock_.now() + Seconds(60));
  clock_.advance(Seconds(61));
  EXPECT_EQ(to_begin(runs).size(), 1U);
}

TEST_F(ErrandsTest, ADaemonThatWasKilledBeforeTheStartStartsTheJob) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  wait_until("2026-02-03T04:30:00Z");
  do_what_is_due();
  wait_until("2026-02-04T04:30:00Z");
  Errand errand = errand_of("clean");
  errand.began = clock_.now();
  errand.ended.reset();
  put(errand);
  const int before = starts();
  do_what_is_due();
  EXPECT_EQ(starts(), before + 1) << "the result of yesterday is not that of today";
}

TEST_F(ErrandsTest, AJobThatWasStartedByHandIsNotStartedTwice) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  wait_until("2026-02-03T04:30:00Z");
  engine_.start_container("clean", {});
  const int before = starts();
  EXPECT_THAT(do_what_is_due(), ElementsAre("job clean"));
  EXPECT_EQ(starts(), before);
}

TEST_F(ErrandsTest, AStoppedJobIsLeftOut) {
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  auto app = *store()->app(AppName("clean"));
  app.wish.goal = goal::Stopped{};
  store()->save(app);
  wait_until("2026-02-03T04:30:00Z");
  do_what_is_due();
  EXPECT_FALSE(errand_of("clean").began);
  EXPECT_EQ(iso_time(errand_of("clean").due), "2026-02-04T04:30:00Z");
  EXPECT_EQ(state_of("clean"), ContainerState::created);
}

TEST_F(ErrandsTest, AJobRunsNowWhereSomebodyAsksForIt) {
  define("clean", R"({"image": "bad:1", "schedule": "04:30"})");
  pass();
  const auto state = store();
  change::Report report;
  change::Context context{engine_, *state, clock_, report, "root", "belay start clean"};
  EXPECT_EQ(declared::job_meant(context, Target(AppName("clean"))), "clean");
  const auto run = declared::run_job_by_hand(context, AppName("clean"), "clean", {});
  EXPECT_EQ(run.reason, "it exited with code 3");
  EXPECT_TRUE(errand_of("clean").has_failed());
  EXPECT_EQ(iso_time(errand_of("clean").due), "2026-02-03T04:30:00Z") << "its turn comes all the same";
}

TEST_F(ErrandsTest, WhatIsDeclaredNoMoreIsDoneNoMore) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  define("clean", R"({"image": "clean:1", "schedule": "04:30"})");
  pass();
  EXPECT_EQ(store()->errands({}).size(), 2U);
  define("db", R"({"image": "web:1"})");
  pass();
  EXPECT_EQ(store()->errands({}).size(), 1U);
  // What cannot be read is as it was.
  define("clean", R"({"image": "clean:1", "schedule": "sometimes"})");
  pass();
  EXPECT_EQ(store()->errands({}).size(), 1U);
  fs::remove(definitions() / "clean.json");
  pass();
  EXPECT_THAT(store()->errands({}), IsEmpty());
}

TEST_F(ErrandsTest, AnotherScheduleCountsFromNowOn) {
  define("db", R"({"image": "web:1", "backup": {"schedule": "04:30", "place": "/mnt/nas"}})");
  pass();
  define("db", R"({"image": "web:1", "backup": {"schedule": "every 6h", "place": "/mnt/usb"}})");
  pass();
  EXPECT_EQ(iso_time(errand_of("db").due), "2026-02-02T12:00:00Z");
  wait_until("2026-02-02T12:00:00Z");
  do_what_is_due();
  EXPECT_THAT(backups_, ElementsAre("db to /mnt/usb"));
}

}  // namespace
}  // namespace belay::serve
