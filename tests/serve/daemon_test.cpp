#include "serve/daemon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/lock.h"
#include "engine_memory/memory.h"
#include "served_host.h"
#include "support/zone.h"
#include "updates/update_rules.h"

namespace belay::serve {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr Milliseconds interval{60'000}, hour{3'600'000};

// Can go away.
class FaithlessEngine final : public engine::MemoryEngine {
 public:
  using MemoryEngine::MemoryEngine;
  std::vector<Container> containers(const engine::ContainerFilter& filter, std::stop_token stop) override {
    if (is_away) throw EngineError(0, "the engine does not answer");
    return MemoryEngine::containers(filter, stop);
  }
  bool is_away = false;
};

// With a daemon.
class DaemonTest : public ServedHost {
 protected:
  DaemonTest() {
    offer("web:1", {});
    offer("web:2", {});
    offer("late:1", exits_after(Milliseconds(30'000)));
    offer("bad:1", exits_after(Milliseconds(100)));
    engine::Behaviour sick;
    sick.healthy_after = Milliseconds(1'000);
    sick.unhealthy_after = Milliseconds(90'000);
    ImageConfig checked;
    checked.health = HealthCheck{{"CMD", "probe"}, {}, {}, {}, {}};
    names_[engine_.add_image("sick:1", checked, sick, "sick:1")] = "sick:1";
  }

  static engine::Behaviour exits_after(Milliseconds time) {
    engine::Behaviour behaviour;
    behaviour.exits_after = time;
    behaviour.exit_code = 3;
    behaviour.output = "no config\n";
    return behaviour;
  }
  void offer(const std::string& reference, const engine::Behaviour& behaviour) {
    names_[engine_.add_image(reference, {}, behaviour, reference)] = reference;
  }

  void run_web(const std::string& image, const std::string& more = "") {
    define("web", format(R"({{"image": "{}"{}}})", image, more));
  }
  void forget(const std::string& app) { fs::remove(definitions() / (app + ".json")); }

  Daemon& daemon() {
    if (!daemon_) {
      DaemonOptions now = options();
      now.settings_file = settings_file_;
      now.interval = interval_;
      daemon_.emplace(
          engine_, state_folder(), clock_, log_, [this](const formats::Settings&) { return KeptNotices::alone(kept_); },
          now);
    }
    return *daemon_;
  }
  // A new process: only the state and the engine stay.
  void restart_daemon() { daemon_.reset(); }

  void step(const Wakeup& wakeup = {}) { deadline_ = daemon().step(wakeup, {}); }
  void step(Cause cause) { step(Wakeup{{cause}, {}, {}, {}}); }
  void container_changed(const std::string& name) { step(Wakeup{{Cause::container}, {name}, {}, {}}); }
  // Whenever the daemon wants to be woken, for so long.
  int live(Milliseconds time) {
    const Time end = clock_.now() + time;
    int steps = 0;
    while (deadline_ && *deadline_ <= end) {
      if (*deadline_ > clock_.now())
        clock_.advance(std::chrono::duration_cast<Milliseconds>(*deadline_ - clock_.now()));
      step(Cause::due);
      ++steps;
    }
    if (end > clock_.now()) clock_.advance(std::chrono::duration_cast<Milliseconds>(end - clock_.now()));
    return steps;
  }

  std::vector<std::string> running() {
    std::vector<std::string> names;
    for (const auto& container : engine_.containers({}, {}))
      if (container.state == ContainerState::running)
        names.push_back(container.name + " " + names_[container.image_id]);
    return names;
  }
  // Since the last call, "web deployed".
  std::vector<std::string> news() {
    daemon().finish_notices(Seconds(20));
    return told();
  }
  std::string logged() const {
    return lines_.with([](const std::string& text) { return text; });
  }
  std::string metrics() { return daemon().metrics().text(); }

  fs::path settings_file_;
  Milliseconds interval_ = interval;
  FaithlessEngine engine_{clock_};
  std::map<std::string, std::string> names_;  // by image id
  std::optional<Daemon> daemon_;
  std::optional<Time> deadline_;
};

TEST_F(DaemonTest, AppliesWhatIsDeclaredAtOnce) {
  run_web("web:1");
  step();
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("web deployed"));
  EXPECT_THAT(metrics(), HasSubstr("belay_verdicts_total{verdict=\"passed\"} 1\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_apps{state=\"good\"} 1\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_passes_total{result=\"done\"} 1\n"));
}

TEST_F(DaemonTest, MeasuresEachAppWhereMetricsAreAskedFor) {
  settings_file_ = folder_.path() / "settings";
  write_file_durably(settings_file_, format("metrics = unix:{}\n", (folder_.path() / "metrics").string()));
  run_web("web:1");
  step();
  EXPECT_THAT(metrics(), HasSubstr("belay_app_wanted{app=\"web\"} 1\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_app_up{app=\"web\"} 1\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_app_restarts{app=\"web\"} 0\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_app_backup_timestamp_seconds{app=\"web\"} 0\n"));
  BackupRecord backup;
  backup.app = "web";
  backup.place = "/srv/backups";
  backup.name = "web-20260131T090507Z.belay.tar.zst";
  backup.taken = *parse_time("2026-01-31T09:05:07Z");
  backup.drilled = *parse_time("2026-01-31T10:05:07Z");
  state::Store::open(folder_.path() / "state")->save(backup);
  step(Cause::reload);
  EXPECT_THAT(metrics(), HasSubstr("belay_app_backup_timestamp_seconds{app=\"web\"} 1769850307\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_app_drill_timestamp_seconds{app=\"web\"} 1769853907\n"));
  EXPECT_THAT(metrics(), HasSubstr("belay_app_backup_failed{app=\"web\"} 0\n"));
  define("other", R"({"image": "web:1"})");
  forget("web");
  step(Cause::reload);
  EXPECT_THAT(metrics(), Not(HasSubstr("app=\"web\"")));
  EXPECT_THAT(metrics(), HasSubstr("belay_app_up{app=\"other\"} 1\n"));
}

TEST_F(DaemonTest, AsksTwoListsAPollAndNothingInBetween) {
  run_web("web:1", R"(, "update": {"pull": false})");
  define("db", R"({"image": "web:2", "update": {"pull": false}})");
  step();
  live(interval);
  news();
  const int before = engine_.calls();
  const std::string log_before = logged();
  const int polls = live(hour);
  EXPECT_EQ(polls, hour / interval);
  EXPECT_EQ(engine_.calls() - before, 2 * polls);
  EXPECT_EQ(logged(), log_before);
  EXPECT_THAT(news(), IsEmpty());
}

TEST_F(DaemonTest, TellsThatADefinitionIsMendedOrGone) {
  run_web("web:1");
  define("db", R"({"image": "web:1"})");
  step();
  news();
  for (const char* broken : {R"({"image": 1, "x": 2})", R"({"image": "web:1")"}) {
    define("web", broken);
    define("test", broken);
    step(Cause::definitions);
    EXPECT_THAT(news(), ::testing::UnorderedElementsAre("web failed", "test failed"));
    step(Cause::definitions);
    EXPECT_THAT(news(), IsEmpty());
    run_web("web:1");
    forget("test");
    step(Cause::definitions);
    EXPECT_THAT(news(), ::testing::UnorderedElementsAre("web recovered", "test recovered"));
    step(Cause::definitions);
    EXPECT_THAT(news(), IsEmpty());
  }
}

TEST_F(DaemonTest, TellsOnceOfAnAppMadeByHandThatDoesNotStayUpAndThatItIsOver) {
  run_web("web:1");
  offer("loop:1", exits_after(Milliseconds(500)));
  step();
  news();
  App app(AppName("hand"));
  Release release;
  release.number = ReleaseNumber{1};
  release.adopted = true;
  Service service;
  service.name = "hand";
  service.image = "loop:1";
  release.spec.services.push_back(service);
  release.containers["hand"] = "hand";
  engine_.create_container({"hand", "loop:1", service, {}, {"always", 0}}, {});
  engine_.start_container("hand", {});
  const auto detail = engine_.container("hand", {});
  release.images["hand"] = detail->container.image_id;
  release.container_created["hand"] = detail->container.created;
  app.releases.push_back(release);
  app.highest_release = 1;
  app.last = ReleaseNumber{1};
  app.wish.goal = goal::Run{ReleaseNumber{1}};
  app.wish.since = clock_.now();
  const auto store = state::Store::open(folder_.path() / "state");
  store->save(app);
  clock_.advance(Seconds(20));
  for (int i = 0; i < 3; ++i) step();
  EXPECT_THAT(news(), ElementsAre("hand crash_loop"));
  restart_daemon();
  step();
  EXPECT_THAT(news(), IsEmpty());
  app.wish.goal = goal::Stopped{};
  store->save(app);
  for (int i = 0; i < 2; ++i) step();
  EXPECT_THAT(news(), ElementsAre("hand recovered"));
}

TEST_F(DaemonTest, TellsOfABackupThatFailedOnce) {
  run_web("web:1");
  step();
  news();
  const auto store = state::Store::open(folder_.path() / "state");
  store->save(state::BackupFailure{"web", "/mnt/usb", clock_.now(), "it is full", false});
  live(interval);
  EXPECT_THAT(news(), ElementsAre("web backup_failed"));
  EXPECT_THAT(logged(), HasSubstr("the backup of web to /mnt/usb failed"));
  live(10 * interval);
  restart_daemon();
  step();
  EXPECT_THAT(news(), IsEmpty());
  // The next one that fails is another.
  store->save(state::BackupFailure{"web", "/mnt/usb", clock_.now(), "it is still full", false});
  live(interval);
  EXPECT_THAT(news(), ElementsAre("web backup_failed"));
}

TEST_F(DaemonTest, StartsAgainWhatSomebodyStoppedAndTellsIt) {
  run_web("web:1");
  step();
  news();
  engine_.stop_container("web", {}, {});
  container_changed("web");
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("web repaired"));
}

TEST_F(DaemonTest, OnlyReportsDriftWhereTheDefinitionSaysSoAndOnce) {
  run_web("web:1", R"(, "on_drift": "report")");
  step();
  news();
  engine_.stop_container("web", {}, {});
  container_changed("web");
  live(10 * interval);
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_THAT(news(), ElementsAre("web drift"));
  engine_.start_container("web", {});
  container_changed("web");
  EXPECT_THAT(news(), ElementsAre("web recovered"));
}

TEST_F(DaemonTest, GoesBackFromABadDefinitionAndDoesNotTryItAgain) {
  run_web("web:1");
  step();
  news();
  run_web("bad:1");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("web rolled_back", "web quarantined"));
  const auto changes = engine_.changes();
  live(hour);
  restart_daemon();
  step();
  EXPECT_EQ(engine_.changes(), changes);
  EXPECT_THAT(news(), IsEmpty());
  run_web("web:2");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("web web:2"));
  EXPECT_THAT(news(), ElementsAre("web deployed"));
}

TEST_F(DaemonTest, TriesABetterDefinitionWhereTheFirstReleaseFailed) {
  run_web("bad:1");
  step();
  EXPECT_THAT(running(), IsEmpty());
  run_web("web:1");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
}

TEST_F(DaemonTest, TakesAReleaseBackThatFailsWhileItSoaks) {
  run_web("web:1");
  step();
  live(10 * interval);
  run_web("late:1");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("web late:1"));
  news();
  clock_.advance(Milliseconds(30'000));
  container_changed("web");
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("web rolled_back", "web quarantined"));
  live(hour);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), IsEmpty());
}

TEST_F(DaemonTest, LeavesAReleaseThatHasSoakedToTheEngine) {
  run_web("web:1");
  step();
  run_web("late:1", R"(, "soak": "10s")");
  step(Cause::definitions);
  news();
  clock_.advance(Milliseconds(31'000));
  container_changed("web");
  EXPECT_THAT(running(), ElementsAre("web late:1"));
  EXPECT_THAT(news(), IsEmpty());
}

TEST_F(DaemonTest, RestartsWhatIsUnhealthyOnlyAsOftenAsItsBudgetAllows) {
  define("app", R"({"image": "sick:1", "heal_budget": 3})");
  step();
  EXPECT_THAT(running(), ElementsAre("app sick:1"));
  news();
  // A day: it turns unhealthy a minute and a half after each restart, and every event wakes the daemon.
  std::vector<Time> restarts;
  for (int turn = 0; turn < 24 * 60; ++turn) {
    const size_t before = engine_.changes().size();
    live(Milliseconds(60'000));
    container_changed("app");
    const auto all = engine_.changes();
    for (size_t i = before; i < all.size(); ++i)
      if (all[i].starts_with("stop app")) restarts.push_back(clock_.now());
  }
  ASSERT_GE(restarts.size(), 60U);
  for (size_t i = 3; i < restarts.size(); ++i) EXPECT_GE(restarts[i] - restarts[i - 3], Milliseconds(3'500'000));
  const auto told = news();
  EXPECT_THAT(told, Contains("app healed"));
  EXPECT_THAT(told, Contains("app gave_up"));
  EXPECT_LE(std::count(told.begin(), told.end(), "app gave_up"), 25);
}

TEST_F(DaemonTest, RemembersItsHealingWhenItIsStartedAnew) {
  define("app", R"({"image": "sick:1", "heal_budget": 1})");
  step();
  clock_.advance(Milliseconds(95'000));
  container_changed("app");
  EXPECT_THAT(news(), Contains("app healed"));
  clock_.advance(Milliseconds(95'000));
  restart_daemon();
  const auto changes = engine_.changes();
  step();
  EXPECT_THAT(news(), ElementsAre("app gave_up"));
  EXPECT_EQ(engine_.changes(), changes);
}

TEST_F(DaemonTest, DeploysAnotherDefinitionOfWhatIsToBeLeftAlone) {
  define("app", R"({"image": "sick:1", "heal_budget": 0})");
  step();
  clock_.advance(Milliseconds(95'000));
  container_changed("app");
  EXPECT_THAT(news(), Contains("app gave_up"));
  const auto changes = engine_.changes();
  step(Cause::definitions);
  EXPECT_EQ(engine_.changes(), changes) << "nobody said anything new";
  define("app", R"({"image": "web:1", "heal_budget": 0})");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("app web:1"));
}

TEST_F(DaemonTest, TellsOnceWhatIsToBeToldOnly) {
  define("app", R"({"image": "sick:1", "on_unhealthy": "notify"})");
  step();
  news();
  clock_.advance(Milliseconds(95'000));
  container_changed("app");
  container_changed("app");
  EXPECT_THAT(news(), ElementsAre("app unhealthy"));
  engine_.stop_container("app", {}, {});
  engine_.start_container("app", {});
  clock_.advance(Milliseconds(2'000));
  container_changed("app");
  EXPECT_THAT(news(), ElementsAre("app recovered"));
}

TEST_F(DaemonTest, StopsWhatIsUnhealthyWhereItsDefinitionSaysSo) {
  define("app", R"({"image": "sick:1", "on_unhealthy": "stop"})");
  step();
  news();
  clock_.advance(Milliseconds(95'000));
  container_changed("app");
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_THAT(news(), ElementsAre("app stopped"));
  live(hour);
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(DaemonTest, RemovesWhatIsNoLongerDeclared) {
  run_web("web:1");
  define("db", R"({"image": "web:2"})");
  step();
  news();
  forget("db");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("db removed"));
}

TEST_F(DaemonTest, StopsNothingWhenTheFolderVanishes) {
  run_web("web:1");
  step();
  news();
  fs::rename(definitions(), folder_.path() / "away");
  step(Cause::definitions);
  live(10 * interval);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  const std::string text = logged();
  const size_t told = text.find("reading the definitions");
  ASSERT_NE(told, std::string::npos);
  EXPECT_EQ(text.find("reading the definitions", told + 1), std::string::npos);
  // What was declared last is still kept up.
  engine_.stop_container("web", {}, {});
  container_changed("web");
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  fs::rename(folder_.path() / "away", definitions());
  run_web("web:2");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("web web:2"));
}

TEST_F(DaemonTest, StopsNothingWhenAllDefinitionsAreGone) {
  run_web("web:1");
  step();
  forget("web");
  step(Cause::definitions);
  live(10 * interval);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(logged(), HasSubstr("there is no definition left"));
}

TEST_F(DaemonTest, LeavesAnAppWhoseDefinitionBrokeAndTellsItOnce) {
  run_web("web:1");
  step();
  news();
  define("web", "{\"image\": ");
  step(Cause::definitions);
  live(10 * interval);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("web failed"));
  run_web("web:1");
  step(Cause::definitions);
  EXPECT_THAT(news(), ElementsAre("web recovered"));
}

TEST_F(DaemonTest, TriesAgainLaterAndLaterWhileTheEngineIsAway) {
  run_web("web:1");
  engine_.is_away = true;
  step();
  EXPECT_EQ(deadline_, clock_.now() + Milliseconds(5'000));
  EXPECT_LE(live(Milliseconds(3'600'000)), 75);
  EXPECT_THAT(metrics(), HasSubstr("belay_passes_total{result=\"failed\"}"));
  engine_.is_away = false;
  step(Cause::engine_is_back);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
}

TEST_F(DaemonTest, ReadsItsSettingsAgainWhenAsked) {
  settings_file_ = folder_.path() / "dockerup.conf";
  write_file_durably(settings_file_, "soak = 30s\n");
  step();
  EXPECT_EQ(daemon().settings().soak, Milliseconds(30'000));
  write_file_durably(settings_file_, "soak = 2m\n");
  step(Cause::due);
  EXPECT_EQ(daemon().settings().soak, Milliseconds(30'000));
  step(Cause::reload);
  EXPECT_EQ(daemon().settings().soak, Milliseconds(120'000));
  write_file_durably(settings_file_, "soak = \n");
  step(Cause::reload);
  EXPECT_EQ(daemon().settings().soak, Milliseconds(120'000));
  EXPECT_THAT(logged(), HasSubstr("the settings stay as they were"));
}

TEST_F(DaemonTest, ComesBackToAnAppThatAnotherCommandHolds) {
  run_web("web:1");
  daemon();
  std::optional<FileLock> theirs = FileLock::take(
      {state::lock_file(folder_.path() / "state", AppName("web")), "belay stop web", true}, clock_, {}, {});
  step();
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_THAT(news(), IsEmpty());
  theirs.reset();
  EXPECT_EQ(live(Milliseconds(5'000)), 1);
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  EXPECT_THAT(news(), ElementsAre("web deployed"));
}

TEST_F(DaemonTest, IsTheOnlyOneOfItsState) {
  run_web("web:1");
  daemon();
  const auto theirs = FileLock::take({folder_.path() / "state" / "serve", "belay serve (pid 1)", true}, clock_, {}, {});
  try {
    daemon().run_once({});
    FAIL() << "two daemons at once";
  } catch (const LockHeld& held) {
    EXPECT_THAT(held.what(), HasSubstr("belay serve (pid 1)"));
  }
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(DaemonTest, AClockThatIsSetBackPutsOffNoPoll) {
  engine_.in_registry("far:1", {}, {}, "first");
  engine_.pull("far:1", {}, {});
  define("web", R"({"image": "far:1", "settle": "1s"})");
  step();
  EXPECT_THAT(news(), ElementsAre("web deployed"));
  engine_.in_registry("far:1", {}, {}, "second");
  clock_.set_back(std::chrono::hours(24));
  step(Cause::clock_set_back);
  EXPECT_THAT(news(), ElementsAre("web deployed"));
  EXPECT_LE(*deadline_, clock_.now() + interval_) << "the next one too";
}

TEST_F(DaemonTest, AClockThatIsSetBackPutsOffNoRetry) {
  run_web("web:1");
  step();
  run_web("web:2");
  engine_.is_away = true;
  step(Cause::definitions);
  engine_.is_away = false;
  EXPECT_THAT(running(), ElementsAre("web web:1"));
  clock_.set_back(std::chrono::hours(24));
  step(Cause::clock_set_back);
  EXPECT_THAT(running(), ElementsAre("web web:2"));
}

// A day, a night, and what a registry shows in it. The host's wall clock is what the test says it is.
class DaysTest : public DaemonTest {
 protected:
  DaysTest() { interval_ = Milliseconds(600'000); }
  void begin_at(const char* text) {
    clock_.advance(at(text) - clock_.now());
    offer_in_registry("first");
    engine_.pull("far:1", {}, {});
  }
  void offer_in_registry(const std::string& version) { engine_.in_registry("far:1", {}, {}, version); }
  void run_far(const std::string& update) {
    define("web", format(R"({{"image": "far:1", "settle": "1s", "update": {}}})", update));
    step();
    EXPECT_THAT(news(), ElementsAre("web deployed"));
  }
  // The times at which something was deployed, as "02-01T02:00".
  std::vector<std::string> deployed_until(const char* text) {
    while (clock_.now() < at(text)) live(interval_);
    daemon().finish_notices(Seconds(20));
    return kept_.with([](auto& all) {
      std::vector<std::string> times;
      for (const auto& notice : all)
        if (notice.kind == "deployed") times.push_back(iso_time(notice.time).substr(5, 11));
      all.clear();
      return times;
    });
  }
};

TEST_F(DaysTest, TakesSomethingNewOnceAndInItsWindowOnly) {
  const Zone zone("UTC0");
  begin_at("2026-02-02T09:30:00Z");
  run_far(R"({"window": "02:00-04:00", "jitter": "1h", "minimum_age": "6h"})");
  EXPECT_THAT(deployed_until("2026-02-02T10:00:00Z"), IsEmpty());
  offer_in_registry("second");
  const auto turn = at("2026-02-03T02:00:00Z") + updates::own_jitter("web", Milliseconds(3'600'000));
  const auto times = deployed_until("2026-02-04T10:00:00Z");
  ASSERT_EQ(times.size(), 1U);
  // Noticed by the next poll.
  EXPECT_GE(times[0], iso_time(turn).substr(5, 11));
  EXPECT_LE(times[0], iso_time(turn + interval_ + Seconds(60)).substr(5, 11));
}

TEST_F(DaysTest, WaitsAnotherDayForWhatIsTooYoungInItsWindow) {
  const Zone zone("UTC0");
  begin_at("2026-02-02T20:00:00Z");
  run_far(R"({"window": "02:00-04:00", "minimum_age": "6h"})");
  EXPECT_THAT(deployed_until("2026-02-02T23:00:00Z"), IsEmpty());
  offer_in_registry("second");
  const auto times = deployed_until("2026-02-05T00:00:00Z");
  ASSERT_EQ(times.size(), 1U);
  EXPECT_THAT(times[0], ::testing::StartsWith("02-04T02:0"));
}

TEST_F(DaysTest, KnowsAWindowThatLiesAcrossMidnight) {
  const Zone zone("UTC0");
  begin_at("2026-02-02T17:00:00Z");
  run_far(R"({"window": "Mon,Wed 22:00-02:00", "minimum_age": "6h"})");
  EXPECT_THAT(deployed_until("2026-02-02T18:30:00Z"), IsEmpty());
  offer_in_registry("second");
  // Six hours later it is Tuesday, and still Monday's window.
  auto times = deployed_until("2026-02-03T03:00:00Z");
  ASSERT_EQ(times.size(), 1U);
  EXPECT_THAT(times[0], ::testing::StartsWith("02-03T00:"));
  offer_in_registry("third");
  times = deployed_until("2026-02-05T12:00:00Z");
  ASSERT_EQ(times.size(), 1U);
  EXPECT_THAT(times[0], ::testing::StartsWith("02-04T22:"));
}

TEST_F(DaysTest, GoesByTheWallClockOnTheNightsOnWhichThatIsChanged) {
  const Zone zone(central_europe);
  begin_at("2026-03-28T18:00:00Z");
  run_far(R"({"window": "02:00-04:00"})");
  offer_in_registry("second");
  // From 2 o'clock it is put forward to 3: what is left of the window begins at 1 o'clock UTC.
  auto times = deployed_until("2026-03-29T12:00:00Z");
  ASSERT_EQ(times.size(), 1U);
  EXPECT_THAT(times[0], ::testing::StartsWith("03-29T01:0"));
  clock_.advance(at("2026-10-24T18:00:00Z") - clock_.now());
  step();
  news();
  offer_in_registry("third");
  // From 3 o'clock it is put back to 2: two hours of the window are the same hour.
  times = deployed_until("2026-10-25T12:00:00Z");
  ASSERT_EQ(times.size(), 1U);
  EXPECT_THAT(times[0], ::testing::StartsWith("10-25T00:0"));
}

TEST_F(DaemonTest, SaysOfOnePassWhetherAllIsWell) {
  run_web("web:1");
  EXPECT_TRUE(daemon().run_once({}));
  run_web("bad:1");
  EXPECT_FALSE(daemon().run_once({}));
}

TEST_F(DaemonTest, AStateThatIsGoneUnderItMeansNothing) {
  run_web("web:1");
  step();
  fs::rename(folder_.path() / "state", folder_.path() / "away");
  const auto changes = engine_.changes().size();
  run_web("web:2");
  define("db", R"({"image": "web:1"})");
  for (int i = 0; i < 3; ++i) step(Cause::definitions);
  EXPECT_EQ(engine_.changes().size(), changes);
  EXPECT_FALSE(fs::exists(folder_.path() / "state")) << "no empty one is put in its place";
  EXPECT_THAT(logged(), HasSubstr("is gone"));
  // An empty one in its place is not the one it began with.
  std::ignore = state::Store::open(folder_.path() / "state");
  step(Cause::definitions);
  EXPECT_EQ(engine_.changes().size(), changes);
  fs::remove_all(folder_.path() / "state");
  fs::rename(folder_.path() / "away", folder_.path() / "state");
  step(Cause::definitions);
  EXPECT_THAT(running(), ElementsAre("db web:1", "web web:2"));
}

TEST_F(DaemonTest, WithAnEmptyStateItTouchesNothingThatRunsAndSaysSoOnce) {
  run_web("web:1");
  step();
  run_web("web:2");
  step();
  restart_daemon();
  fs::remove_all(folder_.path() / "state");
  const auto changes = engine_.changes().size();
  for (int i = 0; i < 3; ++i) {
    step();
    container_changed("web");
  }
  EXPECT_EQ(engine_.changes().size(), changes);
  EXPECT_THAT(running(), ElementsAre("web web:2"));
  const std::string log = logged(), words = "that this state does not know";
  const auto first = log.find(words);
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find(words, first + 1), std::string::npos) << log;
  EXPECT_THAT(log, HasSubstr("belay recover"));
}

TEST_F(DaemonTest, LetsGoOnWhatAKilledBackupLeftPaused) {
  run_web("web:1");
  define("api", R"({"image": "web:1"})");
  step();
  const AppName web("web"), api("api");
  const auto store = state::Store::open(folder_.path() / "state");
  for (const auto& name : {web, api}) {
    App app = store->app(name).value();
    app.wish.progress = Wish::Progress::held;
    app.wish.fallback = app.wish.release();
    app.wish.why = "belay backup";
    // One that no definition speaks of.
    if (name == web) app.origin.clear();
    store->save(app);
    engine_.pause_container(name.text(), {});
  }
  forget("web");
  {
    const FileLock lock =
        FileLock::take({state::lock_file(folder_.path() / "state", web), "belay backup web", false}, clock_, {}, {});
    step(Cause::due);
    EXPECT_THAT(running(), ElementsAre("api web:1")) << "the backup of web is at work";
  }
  step(Cause::due);
  EXPECT_THAT(running(), UnorderedElementsAre("api web:1", "web web:1"));
  EXPECT_FALSE(store->app(web)->wish.is_unfinished());
  EXPECT_THAT(logged(), HasSubstr("web was left held still by 'belay backup', which was interrupted; it goes on"));
}

}  // namespace
}  // namespace belay::serve
