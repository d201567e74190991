#pragma once
// A deadline for work that obeys a stop token.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/clock.h"

namespace belay {

// While it lives, its token is stopped when `time` has passed or when the outer one is. By the machine's own clock:
// what it guards against is another program that hangs.
class TimeLimit {
 public:
  TimeLimit(Milliseconds time, std::stop_token outer)
      : forward_(std::move(outer), [this] { source_.request_stop(); }), timer_([this, time](std::stop_token ended) {
          std::mutex mutex;
          std::condition_variable_any over;
          std::unique_lock lock(mutex);
          over.wait_for(lock, ended, time, [] { return false; });
          if (!ended.stop_requested()) source_.request_stop();
        }) {}
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread timer_;
};

}  // namespace belay
