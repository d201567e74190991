#pragma once
// SIGHUP as a request to read the settings again.

#include <thread>

#include "base/fd.h"
#include "serve/wake.h"

namespace belay::serve {

// While it lives, each SIGHUP wakes with Cause::reload. One a process; `waker` must outlive it.
class ReloadSignal {
 public:
  explicit ReloadSignal(Waker& waker);
  ReloadSignal(const ReloadSignal&) = delete;
  ReloadSignal& operator=(const ReloadSignal&) = delete;
  ~ReloadSignal();

 private:
  Fd event_;
  std::jthread thread_;
};

}  // namespace belay::serve
