// One call to the engine fails, or its answer is lost, at every place in every command that ends with the release which
// runs already: what ran before the command runs after it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "scene.h"

namespace belay::host {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Cut = engine::MemoryEngine::Cut;

struct Fault {
  Cut cut = Cut::before_the_effect;
  int status = 500;  // 0: the connection broke
};

EngineError error_of(const Fault& fault) {
  return fault.status == 0 ? EngineError(0, "the connection broke") : EngineError(fault.status, "injected failure");
}

const std::vector<Fault> faults{{Cut::before_the_effect, 500}, {Cut::before_the_answer, 0}};

// Something small is not as the release has it, while the app runs.
struct Trifle {
  std::string name;
  std::function<void(Scene&)> make;
};

const std::vector<Trifle> trifles{
    {"the pin is gone", [](Scene& s) { std::ignore = s.engine.remove_image("belay/web:r2", {}); }},
    {"the policy is another", [](Scene& s) { s.engine.set_restart_policy("web-r2", {"no", 0}, {}); }},
    {"it is paused", [](Scene& s) { s.engine.pause_container("web-r2", {}); }},
    {"all of it",
     [](Scene& s) {
       std::ignore = s.engine.remove_image("belay/web:r2", {});
       s.engine.set_restart_policy("web-r2", {"no", 0}, {});
       s.engine.pause_container("web-r2", {});
     }},
    {"nothing", [](Scene&) {}},
};

class Trifles : public ::testing::TestWithParam<std::string> {};

TEST_P(Trifles, V1_ATrifleThatFailsStopsNothingThatRan) {
  const std::string& verb = GetParam();
  for (const auto& trifle : trifles)
    for (const auto& fault : faults)
      for (int n = 0;; ++n) {
        ASSERT_LT(n, 200);
        Scene scene;
        for (const auto* line : {"deploy 1", "deploy 2", "autostart last"}) scene.run(line);
        trifle.make(scene);
        const auto policy = scene.engine.container("web-r2", {})->restart;
        const int before = scene.engine.calls();
        scene.engine.fail_after(n, error_of(fault), fault.cut);
        const std::string came = scene.run(verb);
        const bool was_hit = scene.engine.calls() - before > n;
        scene.engine.fail_after({}, error_of(fault));
        const std::string where = format("{}: {}, {} {} at call {}: {}\n{}", verb, trifle.name, fault.status,
                                         fault.cut == Cut::before_the_answer ? "after its effect" : "before its effect",
                                         n, came, scene.changes());
        ASSERT_THAT(scene.running(), ElementsAre("web-r2")) << where;
        ASSERT_EQ(scene.app().wish.state, Wish::State::up) << where;
        if (came == "taken_back" && verb != "restart" && verb != "start-all") {
          ASSERT_EQ(scene.change->running, ReleaseNumber{2}) << where;
          // One whose policy is "no" may be about to end: it is started anew.
          const auto changes = scene.engine.changes();
          const bool was_stopped = std::find(changes.begin(), changes.end(), "stop web-r2") != changes.end();
          ASSERT_EQ(what_runs_now(*scene.change), was_stopped ? "r2 runs again" : "r2 runs on") << where;
          ASSERT_EQ(scene.engine.container("web-r2", {})->restart, policy) << where;
        }
        ASSERT_EQ(scene.app().find({2})->verdict, Verdict::passed) << where;
        ASSERT_THAT(scene.app().quarantine, IsEmpty()) << where;
        // The next command puts right what is left.
        scene.run("start last");
        ASSERT_EQ(scene.trouble("2"), "") << where;
        if (!was_hit) break;
      }
}

INSTANTIATE_TEST_SUITE_P(V1, Trifles,
                         ::testing::Values("start last", "start r2", "start-all", "deploy same", "restart"),
                         [](const auto& verb) {
                           std::string name = verb.param;
                           for (char& c : name)
                             if (c == ' ' || c == '-') c = '_';
                           return name;
                         });

TEST(Faults, V1_WhatWasPausedIsPausedAgain) {
  Scene scene;
  scene.run("deploy 1");
  scene.engine.pause_container("web-r1", {});
  std::ignore = scene.engine.remove_image("belay/web:r1", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("set the restart policy") || step.starts_with("wait"))
      scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  scene.run("start last");
  scene.report.on_step = nullptr;
  scene.engine.fail_after({}, EngineError(500, ""));
  ASSERT_TRUE(scene.container("web-r1"));
  EXPECT_TRUE(scene.container("web-r1")->is_up());
}

TEST(Faults, V1_TheMessageDoesNotSayThatNothingRanBefore) {
  Scene scene;
  scene.run("deploy 1");
  std::ignore = scene.engine.remove_image("belay/web:r1", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("tag ")) scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  EXPECT_EQ(scene.run("start last"), "taken_back");
  EXPECT_THAT(scene.change->reason, HasSubstr("injected failure"));
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs on");
  EXPECT_FALSE(scene.change->is_held);
  EXPECT_EQ(scene.app().find({1})->reason, "") << "a tag says nothing of the release";
}

TEST(Faults, V1_WhatRunsByHandRunsOnThoughTheStateSaysItIsStopped) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("stop");
  scene.engine.start_container("web-r1", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("set the restart policy")) scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  EXPECT_EQ(scene.run("start last"), "taken_back");
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
}

TEST(Faults, V1_AFirstReleaseThatFailsIsStoppedStill) {
  Scene scene;
  scene.run("build bad");
  EXPECT_EQ(scene.run("start new"), "taken_back");
  EXPECT_THAT(scene.running(), IsEmpty());
  EXPECT_EQ(what_runs_now(*scene.change), "nothing runs, as before");
}

TEST(Faults, V1_WhatFailsBeforeAnythingStopsLeavesTheOldOneRunningOn) {
  Scene scene;
  scene.run("deploy 1");
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("create container")) scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  EXPECT_EQ(scene.run("deploy 2"), "taken_back");
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs on");
  scene.report.on_step = nullptr;
  EXPECT_EQ(scene.run("deploy bad"), "taken_back");
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs again");
}

}  // namespace
}  // namespace belay::host
