#include "serve/event_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine_memory/memory.h"
#include "support/fake_clock.h"

namespace belay::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Like a real engine, it tells of events as they happen until the caller stops; and it can go away.
class LiveEngine final : public engine::MemoryEngine {
 public:
  using MemoryEngine::MemoryEngine;

  engine::EngineInfo info(std::stop_token stop) override {
    std::unique_lock held(mutex_);
    ++attempts_;
    changed_.notify_all();
    if (refusals_ > 0) {
      --refusals_;
      throw EngineError(0, "the engine does not answer");
    }
    return MemoryEngine::info(stop);
  }
  void events(const std::optional<Time>& since, const engine::EventFilter& filter,
              const std::function<bool(const engine::Event&)>& sink, std::stop_token stop) override {
    size_t told = 0;
    std::unique_lock held(mutex_);
    asked_since_.push_back(since);
    const int stream = ++streams_;
    changed_.notify_all();
    while (!stop.stop_requested()) {
      if (ended_ >= stream) throw EngineError(0, "the stream ended");
      for (; told < events_.size(); ++told) {
        const auto& event = events_[told];
        if (event.time >= since && filter.takes(event)) sink(event);
      }
      changed_.wait(held, stop, [&] { return told < events_.size() || ended_ >= stream; });
    }
    throw Cancelled();
  }

  void happen(const engine::Event& event) {
    std::lock_guard held(mutex_);
    events_.push_back(event);
    changed_.notify_all();
  }
  // Ends the stream that is open now; `refusals` times the engine then does not answer.
  void go_away(int refusals) {
    std::unique_lock held(mutex_);
    refusals_ = refusals;
    changed_.wait(held, [&] { return streams_ > ended_; });
    ++ended_;
    changed_.notify_all();
  }
  void forget_events() {
    std::lock_guard held(mutex_);
    events_.clear();
  }
  void wait_for_streams(int count) {
    std::unique_lock held(mutex_);
    changed_.wait(held, [&] { return streams_ >= count; });
  }
  int attempts() {
    std::lock_guard held(mutex_);
    return attempts_;
  }
  std::vector<std::optional<Time>> asked_since() {
    std::lock_guard held(mutex_);
    return asked_since_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<engine::Event> events_;
  std::vector<std::optional<Time>> asked_since_;
  int refusals_ = 0, streams_ = 0, ended_ = 0, attempts_ = 0;
};

class EventWatchTest : public ::testing::Test {
 protected:
  engine::Event event(const std::string& type, const std::string& action, const std::string& name) {
    return {clock_.now(), type, action, name, {}};
  }
  Wakeup next() { return waker_.wait({}, clock_, {}); }

  testing::FakeClock clock_;
  Waker waker_;
  LiveEngine engine_{clock_};
};

TEST_F(EventWatchTest, WakesForWhatHappensToContainersAndImages) {
  EventWatch watch(engine_, waker_, clock_);
  engine_.happen(event("container", "die", "web-r1"));
  EXPECT_THAT(next().containers, ElementsAre("web-r1"));
  engine_.happen(event("container", "health_status: unhealthy", "web-r2"));
  EXPECT_THAT(next().containers, ElementsAre("web-r2"));
  engine_.happen(event("image", "tag", "web:2"));
  EXPECT_THAT(next().images, ElementsAre("web:2"));
  EXPECT_TRUE(watch.state().connected);
  EXPECT_EQ(watch.state().last_event, clock_.now());
}

TEST_F(EventWatchTest, TellsHowAContainerCameToItsEnd) {
  EventWatch watch(engine_, waker_, clock_);
  const auto signal = [&](const char* number) {
    auto kill = event("container", "kill", "web-r1");
    kill.attributes["signal"] = number;
    engine_.happen(kill);
  };
  const auto dies = [&] {
    engine_.happen(event("container", "die", "web-r1"));
    return next().deaths.at("web-r1");
  };
  EXPECT_EQ(dies().how, Death::How::by_itself);
  signal("9");
  const Death killed = dies();
  EXPECT_EQ(killed.how, Death::How::killed);
  EXPECT_EQ(killed.at, clock_.now());
  signal("15");
  signal("9");
  EXPECT_EQ(dies().how, Death::How::stopped) << "it was too slow for a stop in order";
  signal("1");
  clock_.advance(Seconds(61));
  signal("9");
  EXPECT_EQ(dies().how, Death::How::killed) << "it lived on with the first";
  signal("1");
  clock_.advance(Seconds(61));
  EXPECT_EQ(dies().how, Death::How::by_itself);
  signal("9");
  engine_.happen(event("container", "start", "web-r1"));
  EXPECT_THAT(next().started, ElementsAre("web-r1"));
  EXPECT_EQ(dies().how, Death::How::by_itself) << "the signal was for the run before";
}

TEST_F(EventWatchTest, DoesNotWakeForASignalAlone) {
  EventWatch watch(engine_, waker_, clock_);
  engine_.happen(event("container", "kill", "reloaded"));
  engine_.happen(event("container", "start", "web-r1"));
  EXPECT_THAT(next().containers, ElementsAre("web-r1"));
}

TEST_F(EventWatchTest, SleepsThroughTheProbesOfHealthChecks) {
  EventWatch watch(engine_, waker_, clock_);
  for (const auto* action : {"exec_create: /probe", "exec_start: /probe", "exec_die", "attach", "top", "create"})
    engine_.happen(event("container", action, "probed"));
  engine_.happen(event("network", "connect", "bridge"));
  engine_.happen(event("container", "start", "web-r1"));
  EXPECT_THAT(next().containers, ElementsAre("web-r1"));
}

TEST_F(EventWatchTest, WakesForBothNamesOfARenamedContainer) {
  EventWatch watch(engine_, waker_, clock_);
  auto renamed = event("container", "rename", "new");
  renamed.attributes["oldName"] = "/old";
  std::set<std::string> names;
  engine_.happen(renamed);
  while (names.size() < 2) names.merge(next().containers);
  EXPECT_THAT(names, ElementsAre("new", "old"));
}

TEST_F(EventWatchTest, BeginsWithItsOwnBeginning) {
  engine_.happen(event("container", "die", "of-old"));
  clock_.advance(Seconds(1));
  const Time begin = clock_.now();
  EventWatch watch(engine_, waker_, clock_);
  engine_.happen(event("container", "die", "web-r1"));
  EXPECT_THAT(next().containers, ElementsAre("web-r1"));
  EXPECT_THAT(engine_.asked_since(), ElementsAre(begin));
}

TEST_F(EventWatchTest, ConnectsAgainAndMissesNothing) {
  EventWatch watch(engine_, waker_, clock_);
  clock_.advance(Seconds(1));
  const Time last = clock_.now();
  engine_.happen(event("container", "die", "web-r1"));
  next();
  clock_.advance(Seconds(1));
  engine_.go_away(3);
  engine_.happen(event("container", "die", "db-r1"));
  Wakeup all;
  while (!all.has(Cause::engine_is_back) || !all.containers.contains("db-r1")) {
    auto wakeup = next();
    all.causes.merge(wakeup.causes);
    all.containers.merge(wakeup.containers);
  }
  EXPECT_EQ(engine_.asked_since().back(), last);
  EXPECT_EQ(watch.state().connections, 2);
  EXPECT_THAT(watch.state().trouble, IsEmpty());
}

TEST_F(EventWatchTest, WakesWhereTheEngineHasForgottenWhatHappened) {
  EventWatch watch(engine_, waker_, clock_);
  engine_.wait_for_streams(1);
  engine_.forget_events();
  engine_.go_away(0);
  EXPECT_TRUE(next().has(Cause::engine_is_back));
}

TEST_F(EventWatchTest, TakesLongerAndLongerWhileTheEngineIsAway) {
  EventWatch watch(engine_, waker_, clock_);
  engine_.wait_for_streams(1);
  const Time before = clock_.now();
  engine_.go_away(8);
  EXPECT_TRUE(next().has(Cause::engine_is_back));
  EXPECT_EQ(clock_.now() - before, Seconds(1 + 2 + 4 + 8 + 16 + 30 + 30 + 30 + 30));
  EXPECT_EQ(engine_.attempts(), 1 + 9);
  engine_.wait_for_streams(2);
  // Nothing happened on the second stream, but it lasted.
  clock_.advance(Seconds(60));
  const Time again = clock_.now();
  engine_.go_away(0);
  EXPECT_TRUE(next().has(Cause::engine_is_back));
  EXPECT_EQ(clock_.now() - again, Seconds(1));
}

}  // namespace
}  // namespace belay::serve
