#include "exec/verdict.h"

#include <gtest/gtest.h>

#include "behaviours.h"
#include "engine_memory/memory.h"
#include "support/fake_clock.h"

namespace belay::exec {
namespace {

using engine::Behaviour;
using engine::MemoryEngine;

const plan::AwaitVerdict plain{"web", false, Seconds(5), Seconds(60)};
const plan::AwaitVerdict checked{"web", true, Seconds(5), Seconds(60)};

struct Look {
  ContainerState state = ContainerState::running;
  Health health = Health::none;
  int exit_code = 0;
  bool oom_killed = false;
  int restart_count = 0;
  std::string error{}, health_output{};
};

std::string judgement(const plan::AwaitVerdict& terms, const Look& look, Milliseconds waited, int restarts_before = 0) {
  ContainerDetail detail;
  detail.container.state = look.state;
  detail.container.health = look.health;
  detail.exit_code = look.exit_code;
  detail.oom_killed = look.oom_killed;
  detail.restart_count = look.restart_count;
  detail.error = look.error;
  detail.health_output = look.health_output;
  const Judgement result = judge(terms, detail, waited, restarts_before);
  if (result.kind == Judgement::Kind::wait) return "wait";
  if (result.kind == Judgement::Kind::passed) return "passed";
  return result.reason;
}

TEST(Judge, LetsAContainerWithoutHealthCheckSettle) {
  EXPECT_EQ(judgement(plain, {}, Milliseconds(0)), "wait");
  EXPECT_EQ(judgement(plain, {}, Milliseconds(4999)), "wait");
  EXPECT_EQ(judgement(plain, {}, Seconds(5)), "passed");
}

TEST(Judge, BelievesAHealthCheckAtOnce) {
  EXPECT_EQ(judgement(checked, {.health = Health::healthy}, Milliseconds(0)), "passed");
  EXPECT_EQ(judgement(checked, {.health = Health::starting}, Seconds(59)), "wait");
  EXPECT_EQ(judgement(checked, {.health = Health::unhealthy}, Seconds(1)), "it is unhealthy");
  EXPECT_EQ(judgement(checked, {.health = Health::unhealthy, .health_output = " refused\x1b\n"}, Seconds(1)),
            "it is unhealthy: refused\\x1b");
}

TEST(Judge, DoesNotWaitForHealthForEver) {
  EXPECT_EQ(judgement(checked, {.health = Health::starting}, Seconds(60)), "it did not become healthy within 1 min");
  EXPECT_EQ(judgement(checked, {.health = Health::starting, .health_output = "503"}, Seconds(61)),
            "it did not become healthy within 1 min: 503");
}

TEST(Judge, SaysWhyAContainerIsDown) {
  for (const auto& terms : {plain, checked}) {
    EXPECT_EQ(judgement(terms, {.state = ContainerState::exited, .exit_code = 3}, Seconds(1)), "it exited with code 3");
    EXPECT_EQ(judgement(terms, {.state = ContainerState::exited, .exit_code = 137, .oom_killed = true}, Seconds(1)),
              "it exited with code 137, killed for lack of memory");
    EXPECT_EQ(
        judgement(terms, {.state = ContainerState::created, .exit_code = 127, .error = "no such file"}, Seconds(1)),
        "it did not start: no such file");
    EXPECT_EQ(judgement(terms, {.state = ContainerState::paused}, Seconds(9)), "it does not run, it is paused");
    EXPECT_EQ(judgement(terms, {.state = ContainerState::created}, Seconds(9)), "it does not run, it is created");
  }
}

TEST(Judge, TakesAnEndWith0ForAProofOfWhatMayEnd) {
  plan::AwaitVerdict terms = plain;
  terms.proof = plan::AwaitVerdict::Proof::runs_or_ends;
  const ContainerState exited = ContainerState::exited;
  EXPECT_EQ(judgement(terms, {.state = exited, .exit_code = 0}, Seconds(1)), "passed");
  EXPECT_EQ(judgement(terms, {.state = exited, .exit_code = 3}, Seconds(1)), "it exited with code 3");
  EXPECT_EQ(judgement(terms, {}, Seconds(9)), "passed") << "up for the settle time";
  EXPECT_NE(judgement(plain, {.state = exited, .exit_code = 0}, Seconds(1)), "passed");
}

TEST(Judge, SeesThroughARestartLoop) {
  const std::string loop = "it does not stay up: the engine had to restart it (exit code 1)";
  EXPECT_EQ(judgement(plain, {.state = ContainerState::restarting, .exit_code = 1}, Seconds(1)), loop);
  EXPECT_EQ(judgement(plain, {.exit_code = 1, .restart_count = 4}, Seconds(9), 3), loop) << "also while it is up again";
  EXPECT_EQ(judgement(checked, {.health = Health::healthy, .exit_code = 1, .restart_count = 1}, Seconds(9)), loop);
  EXPECT_EQ(judgement(plain, {.restart_count = 3}, Seconds(9), 3), "passed") << "restarts of long ago do not count";
}

class Waiting : public ::testing::Test {
 protected:
  void start(const Behaviour& behaviour, bool has_health_check = false, const std::string& policy = "no") {
    ImageConfig config;
    if (has_health_check) config.health = HealthCheck{{"CMD", "check"}, {}, {}, {}, {}};
    engine_.add_image("web", config, behaviour);
    engine_.create_container({"web", "web", {}, {}, {policy, 0}}, {});
    engine_.start_container("web", {});
  }
  std::optional<std::string> verdict(const plan::AwaitVerdict& terms) {
    const auto failure = await_verdict(terms, engine_, clock_, stop_.get_token());
    return failure ? std::optional(failure->reason) : std::nullopt;
  }

  testing::FakeClock clock_;
  MemoryEngine engine_{clock_};
  std::stop_source stop_;
};

TEST_F(Waiting, EndsAsSoonAsTheContainerIsHealthy) {
  start(turns_healthy(Seconds(7)), true);
  const Time before = clock_.now();
  EXPECT_EQ(verdict(checked), std::nullopt);
  EXPECT_GE(clock_.now() - before, Seconds(7));
  EXPECT_LT(clock_.now() - before, Milliseconds(7500));
}

// When this was planned, the image was still to be pulled.
TEST_F(Waiting, AsksForAHealthCheckWhereTheImageWasUnseen) {
  plan::AwaitVerdict unseen = plain;
  unseen.has_unseen_image = true;
  start(turns_unhealthy(Seconds(7)), true);
  EXPECT_EQ(verdict(unseen).value_or("passed").substr(0, 15), "it is unhealthy") << "after the settle time";
  engine_.stop_container("web", {}, {});
  engine_.remove_container("web", {});
  start({});
  EXPECT_EQ(verdict(unseen), std::nullopt) << "its image has none";
}

TEST_F(Waiting, TakesTheSettleTimeForAContainerThatStaysUp) {
  start({});
  const Time before = clock_.now();
  EXPECT_EQ(verdict(plain), std::nullopt);
  EXPECT_GE(clock_.now() - before, Seconds(5));
}

TEST_F(Waiting, EndsWithTheReasonOfTheFailure) {
  start(exits(Seconds(2), 3));
  EXPECT_EQ(verdict(plain), "it exited with code 3");
}

TEST_F(Waiting, SeesAContainerThatTurnsUnhealthy) {
  start(turns_unhealthy(Seconds(3)), true);
  EXPECT_EQ(verdict(checked).value_or("passed").substr(0, 15), "it is unhealthy");
}

TEST_F(Waiting, GivesUpOnAContainerThatNeverBecomesHealthy) {
  start({}, true);
  const Time before = clock_.now();
  EXPECT_EQ(verdict(checked).value_or("passed").substr(0, 38), "it did not become healthy within 1 min");
  EXPECT_LT(clock_.now() - before, Seconds(62));
}

TEST_F(Waiting, SeesARestartLoop) {
  start(exits(Seconds(1), 1), false, "always");
  EXPECT_EQ(verdict(plain).value_or("passed").substr(0, 23), "it does not stay up: th");
}

TEST_F(Waiting, TellsThatTheContainerIsGone) {
  EXPECT_EQ(verdict(plain), "the container web was removed meanwhile");
}

TEST_F(Waiting, EndsOnStop) {
  start({});
  stop_.request_stop();
  EXPECT_THROW(verdict(plain), Cancelled);
}

TEST_F(Waiting, TheLogTailIsCleanAndShort) {
  start(prints("one\ntwo\nthree \x1b[2J\n"));
  EXPECT_EQ(log_tail(engine_, "web", 2, {}), "two\nthree \\x1b[2J\n");
  EXPECT_EQ(log_tail(engine_, "absent", 2, {}), "") << "the verdict stands without its log";
}

// It is kept with the release, and in the journal: whatever a container writes, and be it one line without an end.
TEST_F(Waiting, TheLogTailHasALimit) {
  constexpr size_t limit = 16384;
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "line " + std::to_string(i) + "\n";
  start(prints(many));
  const std::string tail = log_tail(engine_, "web", 1'000'000, {});
  EXPECT_LE(tail.size(), limit);
  EXPECT_GT(tail.size(), limit / 2);
  EXPECT_TRUE(tail.starts_with("line ")) << "it begins with a whole line";
  EXPECT_TRUE(tail.ends_with("line 19999\n"));
}

TEST_F(Waiting, TheLogTailOfALineWithoutAnEndHasALimit) {
  start(prints(std::string(1 << 20, 'x')));
  EXPECT_EQ(log_tail(engine_, "web", 10, {}), std::string(16384, 'x'));
}

}  // namespace
}  // namespace belay::exec
