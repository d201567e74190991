// Checks as part of the verdict.

#include <gtest/gtest.h>

#include "engine_memory/memory.h"
#include "exec/run.h"
#include "exec/verdict.h"
#include "support/fake_clock.h"

namespace belay::exec {
namespace {

using engine::Behaviour;
using engine::MemoryEngine;
using Reply = Behaviour::Reply;

class Asking : public ::testing::Test {
 protected:
  void start(const Behaviour& behaviour, bool has_health_check = false) {
    ImageConfig config;
    if (has_health_check) config.health = HealthCheck{{"CMD", "check"}, {}, {}, {}, {}};
    engine_.add_image("web", config, behaviour);
    engine_.create_container({"web", "web", {}, {}, {"no", 0}}, {});
    engine_.start_container("web", {});
    began_ = clock_.now();
  }
  plan::AwaitVerdict terms(const std::vector<std::string>& lines, bool has_health_check = false) const {
    plan::AwaitVerdict terms{"web", has_health_check, Seconds(5), Seconds(60)};
    for (const auto& line : lines) terms.checks.push_back(parse_check(line));
    return terms;
  }
  std::string verdict(const std::vector<std::string>& lines, bool has_health_check = false) {
    failure_ = await_verdict(terms(lines, has_health_check), engine_, clock_, stop_.get_token());
    return failure_ ? failure_->reason : "passed";
  }
  Milliseconds took() const { return std::chrono::duration_cast<Milliseconds>(clock_.now() - began_); }

  testing::FakeClock clock_;
  MemoryEngine engine_{clock_};
  std::stop_source stop_;
  Time began_{};
  std::optional<Unproved> failure_;
};

Behaviour serves(const Reply& reply) {
  Behaviour behaviour;
  behaviour.ports[8080] = reply;
  return behaviour;
}

TEST_F(Asking, PassesAsSoonAsTheAnswerIsRight) {
  start(serves({200, "all is ok", Seconds(3)}));
  EXPECT_EQ(verdict({"GET :8080/health 200 ~ok"}), "passed");
  EXPECT_GE(took(), Seconds(3)) << "nothing listened before, and that was no failure";
  EXPECT_LT(took(), Seconds(4)) << "the settle time is for those without a check";
  ASSERT_FALSE(engine_.requests("web").empty());
  EXPECT_TRUE(engine_.requests("web").back().starts_with("GET /health HTTP/1.1\r\n"));
}

TEST_F(Asking, SaysWhatWasAnsweredInstead) {
  start(serves({502, "Bad gateway: " + std::string(500, 'x')}));
  EXPECT_EQ(verdict({"GET :8080/health 200"}), "GET http://10.0.0.2:8080/health answered 502, expected 200");
  EXPECT_GE(took(), Seconds(60)) << "it may get well as long as there is time";
  EXPECT_EQ(failure_->said, "Bad gateway: " + std::string(187, 'x') + "…") << "the first 200 characters";
}

TEST_F(Asking, WantsTheWordsAsWell) {
  start(serves({200, "starting"}));
  EXPECT_EQ(verdict({"GET :8080/ 200 ~ok"}), "GET http://10.0.0.2:8080/ answered 200, but nothing in it fits 'ok'");
  EXPECT_EQ(failure_->said, "starting");
}

TEST_F(Asking, GivesUpAfterAsManyWrongAnswersAsWereGranted) {
  start(serves({500, "no", Seconds(2)}));
  EXPECT_EQ(verdict({"GET :8080/ 200 retries=2 interval=1s"}), "GET http://10.0.0.2:8080/ answered 500, expected 200");
  EXPECT_GE(took(), Seconds(4)) << "while nothing answers, nothing is counted";
  EXPECT_LT(took(), Seconds(6));
}

TEST_F(Asking, FailsWhatNeverAnswers) {
  start({});
  EXPECT_EQ(verdict({"TCP :5432"}),
            "TCP :5432 got no answer: connecting to 10.0.0.2:5432: Connection refused (for 1 min)");
}

TEST_F(Asking, WaitsForTheHealthCheckFirst) {
  Behaviour behaviour = serves({200, ""});
  behaviour.healthy_after = Seconds(7);
  start(behaviour, true);
  EXPECT_EQ(verdict({"GET :8080/"}, true), "passed");
  EXPECT_GE(took(), Seconds(7));
}

TEST_F(Asking, SeesThatTheContainerDiesWhileItIsAsked) {
  Behaviour behaviour;
  behaviour.exits_after = Seconds(4);
  behaviour.exit_code = 3;
  start(behaviour);
  EXPECT_EQ(verdict({"GET :8080/"}), "it exited with code 3");
}

TEST_F(Asking, WantsAllOfThem) {
  Behaviour behaviour = serves({200, ""});
  behaviour.commands["ready"] = {.status = 0, .body = "accepting\n", .after = Seconds(2)};
  start(behaviour);
  EXPECT_EQ(verdict({"GET :8080/", "TCP :8080", "exec match=accepting ready"}), "passed");
  EXPECT_GE(took(), Seconds(2));
  EXPECT_EQ(verdict({"GET :8080/", "TCP :8081"}).substr(0, 24), "TCP :8081 got no answer:");
}

TEST_F(Asking, LooksAtTheEndOfACommand) {
  Behaviour behaviour;
  behaviour.commands["ready"] = {.status = 2, .body = "rejecting connections\n"};
  start(behaviour);
  EXPECT_EQ(verdict({"exec ready --now"}), "'ready --now' ended with exit code 2, expected 0");
  EXPECT_EQ(failure_->said, "rejecting connections");
  EXPECT_EQ(verdict({"exec exit=2 ready"}), "passed");
  EXPECT_EQ(verdict({"exec exit=2 match=^accepting ready"}), "'ready' wrote nothing that fits '^accepting'");
}

TEST_F(Asking, DoesNotBlameTheImageForAHostWithoutANetwork) {
  start(serves({200, ""}));
  engine_.has_no_network();
  EXPECT_THROW(verdict({"GET :8080/"}), Error);
  engine_.has_no_network(false);
  EXPECT_THROW(verdict({"GET https://:8080/ cert=/not/there.pem"}), Error) << "the file is the host's";
}

TEST_F(Asking, ReadsTheBeginningOfALongAnswerOnly) {
  start(serves({200, std::string(8 << 20, 'a') + "ok"}));
  EXPECT_EQ(verdict({"GET :8080/ retries=0 ~(a|aa)+$b|ok"}).substr(0, 37), "GET http://10.0.0.2:8080/ answered 20");
  EXPECT_EQ(verdict({"GET :8080/ retries=0 ~^aaa"}), "passed");
}

TEST_F(Asking, SendsNoBodyWithHeadAndSaysWhomItAsks) {
  start(serves({200, "body"}));
  EXPECT_EQ(verdict({"HEAD http://shop.example:8080/ 200 header='X-Key: secret'"}), "passed");
  const std::string request = engine_.requests("web").back();
  EXPECT_NE(request.find("Host: shop.example:8080\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("X-Key: secret\r\n"), std::string::npos) << request;
}

TEST_F(Asking, TellsTheAnswerBehindTheLog) {
  Behaviour behaviour = serves({502, "Bad gateway"});
  behaviour.output = "listening\n";
  start(behaviour);
  plan::Plan plan;
  plan.add(terms({"GET :8080/"}), "");
  struct : plan::Report {
    void tell(const plan::Event& /*event*/) override {}
  } listener;
  const Outcome outcome = run(plan, engine_, clock_, listener, {}, {});
  ASSERT_TRUE(outcome.verdict);
  EXPECT_TRUE(outcome.release_is_at_fault);
  EXPECT_EQ(outcome.verdict->log_tail, "listening\nit answered: Bad gateway\n");

  engine_.has_no_network();
  const Outcome unreached = run(plan, engine_, clock_, listener, {}, {});
  EXPECT_FALSE(unreached.verdict);
  EXPECT_FALSE(unreached.release_is_at_fault);
  ASSERT_TRUE(unreached.error);
  EXPECT_EQ(unreached.error->code(), ErrorCode::check_impossible);
}

}  // namespace
}  // namespace belay::exec
