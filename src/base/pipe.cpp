#include "base/pipe.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <exception>
#include <mutex>
#include <string>
#include <thread>

#include "base/errors.h"

namespace belay {

namespace {

// Everything below `mutex_` is guarded by it. Both sides hand whole buffers over, so that they rarely meet.
class Buffer {
 public:
  explicit Buffer(std::stop_token stop) : stop_(std::move(stop)) {}

  void push(std::string_view bytes) {
    filling_.append(bytes);
    if (filling_.size() >= piece) hand_over();
  }

  void hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop_, [&] { return full_.empty() || abandoned_; });
    if (abandoned_ || stop_.stop_requested()) throw Cancelled();
    std::swap(full_, filling_);
    filling_.clear();
    changed_.notify_all();
  }

  // The producer is done, well or not.
  void end(std::exception_ptr failure) {
    try {
      if (!filling_.empty()) hand_over();
    } catch (const Cancelled&) {
      // Nobody reads any more.
    }
    std::lock_guard held(mutex_);
    ended_ = true;
    failure_ = std::move(failure);
    changed_.notify_all();
  }

  std::size_t pull(std::span<char> room) {
    if (taken_ == current_.size()) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, stop_, [&] { return !full_.empty() || ended_; });
      if (full_.empty()) {
        if (!ended_) throw Cancelled();
        if (failure_) std::rethrow_exception(failure_);
        return 0;
      }
      current_.clear();
      std::swap(current_, full_);
      taken_ = 0;
      changed_.notify_all();
    }
    const std::size_t given = std::min(room.size(), current_.size() - taken_);
    std::memcpy(room.data(), current_.data() + taken_, given);
    taken_ += given;
    return given;
  }

  void abandon() {
    std::lock_guard held(mutex_);
    abandoned_ = true;
    changed_.notify_all();
  }

  // Only when both sides are done.
  std::exception_ptr failure() const { return failure_; }

 private:
  static constexpr std::size_t piece = 256 << 10;

  const std::stop_token stop_;
  std::string filling_;  // the producer's alone
  std::string current_;  // the consumer's alone
  std::size_t taken_ = 0;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string full_;
  bool ended_ = false, abandoned_ = false;
  std::exception_ptr failure_;
};

}  // namespace

void connected(const std::function<void(const Sink&)>& produce, const std::function<void(const Source&)>& consume,
               std::stop_token stop) {
  Buffer buffer(stop);
  bool consumed = false;
  {
    const std::jthread producer([&] {
      std::exception_ptr failure;
      try {
        produce([&](std::string_view bytes) { buffer.push(bytes); });
      } catch (...) {
        failure = std::current_exception();
      }
      buffer.end(std::move(failure));
    });
    // Whatever ends the consumer frees the producer, before its thread is waited for.
    struct Abandon {
      Buffer& buffer;
      ~Abandon() { buffer.abandon(); }
    } const abandon{buffer};
    consume([&](std::span<char> room) { return buffer.pull(room); });
    consumed = true;
  }
  if (!consumed || !buffer.failure()) return;
  try {
    std::rethrow_exception(buffer.failure());
  } catch (const Cancelled&) {
    // What it was told when its reader had enough is no failure.
    if (stop.stop_requested()) throw;
  }
}

}  // namespace belay
