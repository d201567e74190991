#pragma once
// Two commands at once, at a moment that a test chooses.

#include <atomic>
#include <functional>
#include <utility>

#include "base/clock.h"

namespace belay {

// Shows the time of `clock`, which has to outlive it. At the n-th look at it, counted from 1, `other` runs first: what
// another command does meanwhile.
class ClockOfAnother final : public Clock {
 public:
  ClockOfAnother(Clock& clock, int looks, std::function<void()> other)
      : clock_(clock), looks_(looks), other_(std::move(other)) {}
  Time now() const override {
    if (--looks_ == 0) other_();
    return clock_.now();
  }
  Ticks ticks() const override { return clock_.ticks(); }
  bool sleep(Milliseconds time, std::stop_token stop) override { return clock_.sleep(time, std::move(stop)); }
  bool was_looked_at_so_often() const { return looks_ <= 0; }

 private:
  Clock& clock_;
  mutable std::atomic<int> looks_;  // steps of a plan look at it side by side
  std::function<void()> other_;
};

}  // namespace belay
