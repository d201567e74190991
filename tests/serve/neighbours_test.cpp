// A4: two daemons of different states on one engine find each other.

#include "serve/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <utility>

#include "engine_memory/memory.h"
#include "model/labels.h"
#include "support/fake_clock.h"

namespace belay::serve {
namespace {

using ::testing::HasSubstr;

// Whenever one of them waits, the others hear what the engine tells of meanwhile.
class Relay final : public Clock {
 public:
  Time now() const override { return clock_.now(); }
  Ticks ticks() const override { return clock_.ticks(); }
  bool sleep(Milliseconds time, std::stop_token stop) override {
    if (on_sleep) on_sleep();
    return clock_.sleep(time, stop);
  }
  std::function<void()> on_sleep;

 private:
  testing::FakeClock clock_;
};

class NeighboursTest : public ::testing::Test {
 protected:
  std::vector<std::string> knocks() {
    std::vector<std::string> names;
    for (const auto& volume : engine_.volumes(labels::knock, {})) names.push_back(volume.name);
    return names;
  }
  void all_hear() {
    for (const auto& name : knocks())
      for (Neighbours* each : {&one_, &other_, &same_})
        if (each != deaf_) each->hear(name, {});
  }
  std::string ask(Neighbours& daemon) {
    try {
      daemon.ask({});
    } catch (const ServedByAnother& error) {
      return error.what();
    }
    return "serves";
  }

  Relay clock_;
  engine::MemoryEngine engine_{clock_};
  Neighbours one_{engine_, clock_, std::string(32, 'a'), Milliseconds(2'000), "belay serve (pid 1)"};
  Neighbours other_{engine_, clock_, std::string(32, 'b'), Milliseconds(2'000), "belay serve (pid 2)"};
  Neighbours same_{engine_, clock_, std::string(32, 'a'), Milliseconds(2'000), "belay serve (pid 3)"};
  const Neighbours* deaf_ = nullptr;
};

TEST_F(NeighboursTest, TheSecondOneIsToldWhoServesAndLeavesNothingBehind) {
  clock_.on_sleep = [&] { all_hear(); };
  EXPECT_EQ(ask(one_), "serves");
  EXPECT_EQ(ask(other_), "this engine is served by belay serve (pid 1)");
  EXPECT_TRUE(knocks().empty());
  EXPECT_EQ(ask(one_), "serves") << "it knocks again when the engine is back";
}

TEST_F(NeighboursTest, OneOfTheSameStateIsForTheLockToHold) {
  clock_.on_sleep = [&] { all_hear(); };
  EXPECT_EQ(ask(one_), "serves");
  EXPECT_EQ(ask(same_), "serves");
}

TEST_F(NeighboursTest, OneThatWasKilledHoldsNobodyUp) {
  clock_.on_sleep = [&] { all_hear(); };
  EXPECT_EQ(ask(one_), "serves");
  deaf_ = &one_;
  engine_.create_volume({"belay.knock.left.over", {{labels::knock, "a killed one"}}}, {});
  EXPECT_EQ(ask(other_), "serves");
  EXPECT_THAT(knocks(), ::testing::Contains("belay.knock.left.over")) << "another may knock with it at this moment";
  clock_.on_sleep = {};
  clock_.sleep(Milliseconds(120'000), {});
  EXPECT_EQ(ask(other_), "serves");
  EXPECT_TRUE(knocks().empty());
}

TEST_F(NeighboursTest, OfTwoThatKnockAtTheSameTimeOneGoesOn) {
  std::string other_came;
  bool has_other_asked = false;
  clock_.on_sleep = [&] {
    if (std::exchange(has_other_asked, true))
      all_hear();
    else
      other_came = ask(other_);
  };
  const std::string one_came = ask(one_);
  EXPECT_NE(one_came == "serves", other_came == "serves") << one_came << " / " << other_came;
  EXPECT_TRUE(knocks().empty());
}

}  // namespace
}  // namespace belay::serve
