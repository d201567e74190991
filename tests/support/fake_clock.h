#pragma once
// A clock for tests: time stands still but for advance() and sleep(), which takes no time of the test's own.

#include "base/clock.h"
#include "base/guarded.h"

namespace belay::testing {

// Thread-safe. Wall-clock and monotonic time move together, but for set_back().
class FakeClock final : public Clock {
 public:
  // Begins on a Saturday morning of January 2026, 09:05:07 UTC.
  FakeClock() = default;
  explicit FakeClock(Time start) : start_(start) {}

  Time now() const override {
    return start_ + elapsed() - set_back_.with([](const Milliseconds& time) { return time; });
  }
  Ticks ticks() const override { return Ticks(std::chrono::hours(1)) + elapsed(); }
  bool sleep(Milliseconds time, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    advance(time);
    return true;
  }
  void advance(Milliseconds time) {
    elapsed_.with([&](Milliseconds& elapsed) { elapsed += time; });
  }
  // The wall clock alone.
  void set_back(Milliseconds time) {
    set_back_.with([&](Milliseconds& all) { all += time; });
  }

 private:
  Milliseconds elapsed() const {
    return elapsed_.with([](const Milliseconds& elapsed) { return elapsed; });
  }

  const Time start_{std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + std::chrono::hours(9) +
                    std::chrono::minutes(5) + Seconds(7)};
  Guarded<Milliseconds> elapsed_{Milliseconds(0)}, set_back_{Milliseconds(0)};
};

}  // namespace belay::testing
