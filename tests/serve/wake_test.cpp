#include "serve/wake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <tuple>

#include "support/fake_clock.h"

namespace belay::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(Waker, KeepsWhatComesWhileNobodyWaits) {
  testing::FakeClock clock;
  Waker waker;
  waker.wake({Cause::container, "web-r1"});
  waker.wake({Cause::container, "web-r1"});
  waker.wake({Cause::container, "db-r1"});
  waker.wake({Cause::definitions, "/etc/belay/web.json"});
  const auto wakeup = waker.wait({}, clock, {});
  EXPECT_THAT(wakeup.causes, ElementsAre(Cause::container, Cause::definitions));
  EXPECT_THAT(wakeup.containers, ElementsAre("db-r1", "web-r1"));
  EXPECT_THAT(wakeup.files, ElementsAre("/etc/belay/web.json"));
  EXPECT_EQ(wakeup.text(), "definitions /etc/belay/web.json, container db-r1 and web-r1");
}

TEST(Waker, KnowsWhatWasStartedBehindItsDeath) {
  testing::FakeClock clock;
  Waker waker;
  waker.wake({Cause::container, "web", Death{clock.now()}});
  waker.wake({Cause::container, "web", {}, true});
  waker.wake({Cause::container, "db", {}, true});
  waker.wake({Cause::container, "db", Death{clock.now()}});
  const auto wakeup = waker.wait({}, clock, {});
  EXPECT_THAT(wakeup.started, ElementsAre("web"));
  EXPECT_EQ(wakeup.deaths.size(), 2U);
}

TEST(Waker, GivesEachReasonOnce) {
  testing::FakeClock clock;
  Waker waker;
  waker.wake({Cause::reload, {}});
  EXPECT_TRUE(waker.wait({}, clock, {}).has(Cause::reload));
  const auto next = waker.wait(clock.now() + Seconds(5), clock, {});
  EXPECT_THAT(next.causes, ElementsAre(Cause::due));
}

TEST(Waker, WaitsUntilTheDeadlineOfTheClock) {
  testing::FakeClock clock;
  Waker waker;
  const Time deadline = clock.now() + std::chrono::hours(20);
  EXPECT_THAT(waker.wait(deadline, clock, {}).causes, ElementsAre(Cause::due));
  EXPECT_EQ(clock.now(), deadline);
}

TEST(Waker, ReturnsAtOnceWhereTheDeadlineHasPassed) {
  testing::FakeClock clock;
  Waker waker;
  EXPECT_TRUE(waker.wait(clock.now() - Seconds(1), clock, {}).has(Cause::due));
}

TEST(Waker, NoticesThatTheClockWasSetBackBetweenTwoWaits) {
  testing::FakeClock clock;
  Waker waker;
  std::ignore = waker.wait(clock.now() + Seconds(5), clock, {});
  clock.set_back(std::chrono::hours(24));
  EXPECT_THAT(waker.wait(clock.now() + std::chrono::hours(24), clock, {}).causes, ElementsAre(Cause::clock_set_back));
  EXPECT_THAT(waker.wait(clock.now() + Seconds(5), clock, {}).causes, ElementsAre(Cause::due)) << "only once";
}

// As where it is set while the daemon sleeps.
class SetBackWhileAsleep final : public Clock {
 public:
  Time now() const override { return clock_.now(); }
  Ticks ticks() const override { return clock_.ticks(); }
  bool sleep(Milliseconds time, std::stop_token stop) override {
    const bool slept = clock_.sleep(time, std::move(stop));
    if (++sleeps_ == 2) clock_.set_back(std::chrono::hours(24));
    return slept;
  }

 private:
  testing::FakeClock clock_;
  int sleeps_ = 0;
};

TEST(Waker, NoticesThatTheClockIsSetBackWhileItWaits) {
  SetBackWhileAsleep clock;
  Waker waker;
  const Ticks begin = clock.ticks();
  EXPECT_THAT(waker.wait(clock.now() + std::chrono::hours(1), clock, {}).causes, ElementsAre(Cause::clock_set_back));
  EXPECT_LE(clock.ticks() - begin, std::chrono::minutes(2));
}

TEST(Waker, ASmallCorrectionOfTheClockWakesNobody) {
  testing::FakeClock clock;
  Waker waker;
  std::ignore = waker.wait(clock.now() + Seconds(5), clock, {});
  clock.set_back(Seconds(1));
  EXPECT_THAT(waker.wait(clock.now() + Seconds(5), clock, {}).causes, ElementsAre(Cause::due));
}

TEST(Waker, IsWokenByAnotherThread) {
  SystemClock clock;
  for (const bool with_deadline : {false, true}) {
    Waker waker;
    std::jthread other([&] { waker.wake({Cause::image, "web:1"}); });
    const auto deadline =
        with_deadline ? std::optional<Time>(clock.now() + std::chrono::hours(1)) : std::optional<Time>();
    EXPECT_THAT(waker.wait(deadline, clock, {}).images, ElementsAre("web:1"));
  }
}

TEST(Waker, ReturnsEmptyHandedOnStop) {
  SystemClock clock;
  for (const bool with_deadline : {false, true}) {
    Waker waker;
    std::stop_source source;
    std::jthread other([&] { source.request_stop(); });
    const auto deadline =
        with_deadline ? std::optional<Time>(clock.now() + std::chrono::hours(1)) : std::optional<Time>();
    EXPECT_THAT(waker.wait(deadline, clock, source.get_token()).causes, IsEmpty());
  }
}

TEST(Waker, LosesNothingInAStorm) {
  SystemClock clock;
  Waker waker;
  constexpr int senders = 4, each = 500;
  std::vector<std::jthread> threads;
  for (int sender = 0; sender < senders; ++sender)
    threads.emplace_back([&, sender] {
      for (int at = 0; at < each; ++at)
        waker.wake({Cause::container, std::to_string(sender) + "-" + std::to_string(at)});
    });
  std::set<std::string> seen;
  while (seen.size() < senders * each) {
    const auto wakeup = waker.wait(clock.now() + Seconds(60), clock, {});
    ASSERT_FALSE(wakeup.has(Cause::due)) << "only " << seen.size();
    seen.insert(wakeup.containers.begin(), wakeup.containers.end());
  }
}

}  // namespace
}  // namespace belay::serve
