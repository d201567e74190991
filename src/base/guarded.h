#pragma once
// A value that several threads share. The only way to it is with its lock held.

#include <mutex>
#include <utility>

namespace belay {

template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  // Calls `use` with the value while the lock is held; nothing may keep a reference past the call.
  template <class Use>
  decltype(auto) with(Use&& use) {
    std::lock_guard held(mutex_);
    return std::forward<Use>(use)(value_);
  }
  template <class Use>
  decltype(auto) with(Use&& use) const {
    std::lock_guard held(mutex_);
    return std::forward<Use>(use)(value_);
  }

 private:
  mutable std::mutex mutex_;
  T value_{};
};

}  // namespace belay
