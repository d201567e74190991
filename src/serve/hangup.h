#pragma once
// SIGHUP as a request to read the settings again.

#include <thread>

#include "base/fd.h"
#include "serve/wake.h"

namespace belay::serve {

// While it lives, each SIGHUP wakes with Cause::reload. One a process; `waker` must outlive it.
class Hangup {
 public:
  explicit Hangup(Waker& waker);
  Hangup(const Hangup&) = delete;
  Hangup& operator=(const Hangup&) = delete;
  ~Hangup();

 private:
  Fd event_;
  std::jthread thread_;
};

}  // namespace belay::serve
