#include "declared/heal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Apps from definitions; `steps` is what a look at each does, as "web restart"; `last_` is of the last app.
class Healthcare : public ::testing::Test {
 protected:
  Healthcare() {
    fs::create_directories(folder());
    engine::Behaviour sick;
    sick.healthy_after = Milliseconds(1'000);
    sick.unhealthy_after = Milliseconds(90'000);
    ImageConfig checked;
    checked.health = HealthCheck{{"CMD", "probe"}, {}, {}, {}, {}};
    scene_.engine.add_image("good:1", {}, {}, "1");
    scene_.engine.add_image("good:2", {}, {}, "2");
    scene_.engine.add_image("sick:1", checked, sick, "1");
  }

  fs::path folder() const { return scene_.folder.path() / "definitions"; }
  void define(const std::string& app, const std::string& json) { write_file_durably(folder() / (app + ".json"), json); }
  void apply() {
    Context context = scene_.context("belay apply");
    DeclaredOptions options;
    options.sources = {folder().string()};
    options.workers = 1;
    options.ask_registries = false;
    DeclaredListener silent;
    apply_declared(context, read_definitions(folder(), {}), options, silent, {});
  }
  std::vector<std::string> steps(const HealOptions& options = {}) {
    Context context = scene_.context("belay serve");
    context.defaults.own_app = own_app_;
    World world;
    world.containers = scene_.engine.containers({}, {});
    std::vector<std::string> texts;
    for (const auto& declared : read_definitions(folder(), {}).apps) {
      last_ = heal(context, declared, scene_.app(declared.name.text()), world, options, {});
      for (const auto& step : last_.steps) texts.push_back(format("{} {}", step.app, to_text(step.kind)));
    }
    return texts;
  }

  Scene scene_;
  Healing last_;
  std::string own_app_;
};

TEST_F(Healthcare, HasNothingToDoWithTheWell) {
  define("web", R"({"image": "good:1"})");
  apply();
  const int before = scene_.engine.calls();
  EXPECT_THAT(steps(), IsEmpty());
  EXPECT_EQ(scene_.engine.calls() - before, 1);
  EXPECT_FALSE(last_.waits_until.has_value());
}

TEST_F(Healthcare, WaitsLongerAndLongerBetweenTheStepsOfAnApp) {
  define("app", R"({"image": "sick:1", "heal_budget": 100})");
  apply();
  std::vector<Milliseconds> pauses;
  std::optional<Time> last;
  for (int i = 0; i < 6; ++i) {
    // Sick again as soon as it was healed.
    scene_.clock.advance(Milliseconds(95'000));
    if (steps().empty()) {
      ASSERT_TRUE(last_.waits_until.has_value());
      EXPECT_THAT(last_.waits_for, HasSubstr("the wait between attempts grows"));
      scene_.clock.advance(std::chrono::duration_cast<Milliseconds>(*last_.waits_until - scene_.clock.now()));
      EXPECT_THAT(steps(), ElementsAre("app restart"));
    }
    const Time now = scene_.clock.now();
    if (last) pauses.push_back(std::chrono::duration_cast<Milliseconds>(now - *last));
    last = now;
  }
  ASSERT_EQ(pauses.size(), 5U);
  EXPECT_GE(pauses[4], Milliseconds(160'000));
  EXPECT_LT(pauses[0], Milliseconds(100'000));
}

// The journal tells; it decides nothing.
TEST_F(Healthcare, ItsBudgetIsSpentWhateverTheJournalStillHolds) {
  define("app", R"({"image": "sick:1", "soak": "10s", "heal_budget": 2})");
  apply();
  for (int i = 0; i < 2; ++i) {
    scene_.clock.advance(Milliseconds(95'000));
    EXPECT_THAT(steps(), ElementsAre("app restart"));
  }
  EXPECT_GT(scene_.store->trim_journal("app", 0), 0);
  scene_.clock.advance(Milliseconds(95'000));
  EXPECT_THAT(steps(), ElementsAre("app gave_up"));
  EXPECT_THAT(steps(), IsEmpty()) << "it says so once";
}

TEST_F(Healthcare, DoesNotWaitForAClockThatWasSetBack) {
  define("app", R"({"image": "sick:1", "soak": "10s"})");
  apply();
  scene_.clock.advance(Milliseconds(95'000));
  // A repair before that is of a later hour now.
  scene_.store->append(AppName("app"),
                       {scene_.clock.now() + std::chrono::hours(2), Repair::Kind::healing, ReleaseNumber{1}});
  EXPECT_THAT(steps(), ElementsAre("app restart")) << last_.waits_for;
}

TEST_F(Healthcare, RollsBackToTheGoodReleaseBefore) {
  define("app", R"({"image": "good:1", "on_unhealthy": "rollback", "soak": "10s"})");
  apply();
  define("app", R"({"image": "sick:1", "on_unhealthy": "rollback", "soak": "10s"})");
  apply();
  scene_.clock.advance(Milliseconds(95'000));
  EXPECT_THAT(steps(), ElementsAre("app rolled_back"));
  EXPECT_EQ(last_.steps[0].change.running, ReleaseNumber{1});
  EXPECT_THAT(last_.steps[0].reason, HasSubstr("unhealthy"));
  // And the pass does not take it forward again.
  apply();
  EXPECT_EQ(scene_.app("app").wish.release(), ReleaseNumber{1});
}

TEST_F(Healthcare, OnlyTellsOfTheAppThatBelayItselfRunsIn) {
  define("app", R"({"image": "sick:1", "soak": "10s"})");
  apply();
  scene_.clock.advance(Milliseconds(95'000));
  own_app_ = "app";
  const size_t changes = scene_.engine.changes().size();
  EXPECT_THAT(steps(), ElementsAre("app unhealthy"));
  EXPECT_EQ(scene_.engine.changes().size(), changes);
}

TEST_F(Healthcare, GoesBackFromWhatTurnsUnhealthyWhileItSoaks) {
  define("app", R"({"image": "good:1", "soak": "5m"})");
  apply();
  define("app", R"({"image": "sick:1", "soak": "5m"})");
  apply();
  scene_.clock.advance(Milliseconds(95'000));
  EXPECT_THAT(steps(), ElementsAre("app rolled_back"));
  EXPECT_EQ(scene_.app("app").find(ReleaseNumber{2})->verdict, Verdict::failed);
  EXPECT_THAT(scene_.app("app").find(ReleaseNumber{2})->reason, HasSubstr("while soaking, it is unhealthy"));
  EXPECT_FALSE(scene_.app("app").quarantine.empty());
}

// A clock that was ahead dated the verdict: good releases are not taken back until then.
TEST_F(Healthcare, DoesNotSoakUntilADateToCome) {
  define("app", R"({"image": "good:1", "soak": "5m"})");
  apply();
  scene_.clock.advance(std::chrono::hours(24 * 365));
  define("app", R"({"image": "sick:1", "soak": "5m"})");
  apply();
  scene_.clock.advance(-std::chrono::hours(24 * 365) + Milliseconds(95'000));
  EXPECT_THAT(steps(), Not(Contains(HasSubstr("rolled_back"))));
  EXPECT_EQ(scene_.app("app").wish.release(), ReleaseNumber{2});
}

// A signal to read its files again is no order to end.
TEST_F(Healthcare, BlamesAReleaseThatCrashesOnAnotherSignalWhileItSoaks) {
  for (const auto& [signal, is_at_fault] : std::map<std::string, bool>{{"1", true}, {"10", true}, {"15", false}}) {
    define("app", R"({"image": "good:1", "restart": "no"})");
    apply();
    define("app", format(R"({{"image": "good:2", "restart": "no", "env": {{"TRY": "{}"}}}})", signal));
    apply();
    const auto release = scene_.app("app").wish.release();
    scene_.clock.advance(Milliseconds(1'000));
    scene_.engine.signal_container("app", signal, {});
    scene_.clock.advance(Milliseconds(1'000));
    scene_.engine.kill("app", 2);
    steps();
    EXPECT_EQ(scene_.app("app").wish.release() != release, is_at_fault) << signal;
  }
}

TEST_F(Healthcare, GoesBackFromWhatNoLongerAnswersItsChecksWhileItSoaks) {
  engine::Behaviour fading;
  fading.ports[8080] = {.status = 200, .body = "ok", .until = Milliseconds(90'000)};
  scene_.engine.add_image("fading:1", {}, fading, "1");
  define("app", R"({"image": "good:1", "soak": "5m"})");
  apply();
  define("app", R"({"image": "fading:1", "soak": "5m", "check": "GET :8080/ 200 ~ok"})");
  apply();
  EXPECT_THAT(steps(), IsEmpty());
  ASSERT_TRUE(last_.look_again.has_value()) << "nothing but time brings the next look";
  EXPECT_FALSE(last_.waits_until.has_value());
  scene_.engine.has_no_network();
  EXPECT_THAT(steps(), IsEmpty()) << "that is the host's";
  scene_.engine.has_no_network(false);
  scene_.clock.advance(Milliseconds(95'000));
  EXPECT_THAT(steps(), ElementsAre("app rolled_back"));
  EXPECT_THAT(scene_.app("app").find(ReleaseNumber{2})->reason,
              HasSubstr("while soaking, GET http://:8080/ got no answer"));
  EXPECT_EQ(scene_.app("app").wish.release(), ReleaseNumber{1});
  steps();
  EXPECT_FALSE(last_.look_again.has_value());
}

TEST_F(Healthcare, DoesNotBlameAReleaseThatSomebodyStoppedWhileItSoaks) {
  define("app", R"({"image": "good:1"})");
  apply();
  define("app", R"({"image": "good:2"})");
  apply();
  scene_.engine.stop_container("app", {}, {});
  EXPECT_THAT(steps(), IsEmpty());
  apply();
  EXPECT_EQ(scene_.app("app").wish.release(), ReleaseNumber{2});
}

TEST_F(Healthcare, DoesNotBlameAReleaseThatSomebodyKilledWhileItSoaks) {
  define("app", R"({"image": "good:1"})");
  apply();
  define("app", R"({"image": "good:2"})");
  apply();
  scene_.clock.advance(Milliseconds(1'000));
  scene_.engine.signal_container("app", "KILL", {});
  EXPECT_THAT(steps(), IsEmpty());
  EXPECT_TRUE(last_.is_down) << "the pass starts it again";
  scene_.clock.advance(Milliseconds(1'000));
  apply();
  EXPECT_EQ(scene_.app("app").wish.release(), ReleaseNumber{2});
  EXPECT_EQ(scene_.app("app").find(ReleaseNumber{2})->verdict, Verdict::passed);
  // The same exit code, but nobody sent a signal through the engine.
  scene_.clock.advance(Milliseconds(1'000));
  scene_.engine.kill("app", 137);
  EXPECT_THAT(steps(), ElementsAre("app rolled_back"));
}

TEST_F(Healthcare, RestartsWhatSharesANamespaceWithAContainerThatWasStartedAnew) {
  define("net", R"({"image": "good:1"})");
  define("app", R"({"image": "good:2", "network": "container:net"})");
  apply();
  HealOptions thorough;
  thorough.thorough = true;
  EXPECT_THAT(steps(thorough), IsEmpty());
  scene_.clock.advance(Milliseconds(1'000));
  scene_.engine.stop_container("net", {}, {});
  scene_.engine.start_container("net", {});
  HealOptions woken;
  woken.woken_by = {"net"};
  EXPECT_THAT(steps(woken), ElementsAre("app restart"));
  EXPECT_THAT(steps(thorough), IsEmpty());
}

// A kill of the cache restarted the web server, and with that the proxy.
TEST_F(Healthcare, RestartsOnlyWhatIsTiedToAContainerThatWasStartedAnew) {
  const auto woken_by_net = [&](const std::string& rest) {
    define("net", R"({"image": "good:1", "network": "back"})");
    define("app", format(R"({{"image": "good:2", {}}})", rest));
    apply();
    scene_.clock.advance(Milliseconds(1'000));
    scene_.engine.stop_container("net", {}, {});
    scene_.engine.start_container("net", {});
    HealOptions woken;
    woken.woken_by = {"net"};
    auto found = steps(woken);
    scene_.clock.advance(Milliseconds(7'200'000));
    return found;
  };
  EXPECT_THAT(woken_by_net(R"("network": "back", "links": {"net": "n"})"), IsEmpty());
  EXPECT_THAT(woken_by_net(R"("volumes": [{"from": "net"}])"), IsEmpty());
  EXPECT_THAT(woken_by_net(R"("network": "back", "links": {"net": "n"}, "restart_with": true)"),
              ElementsAre("app restart"));
  EXPECT_THAT(woken_by_net(R"("links": {"net": "n"})"), ElementsAre("app restart"));
}

}  // namespace
}  // namespace belay::scene
