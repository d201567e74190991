#pragma once
// Wakes the loop when definitions, or files that containers bind, have changed. Costs nothing while nothing does.

#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/files.h"
#include "base/guarded.h"
#include "serve/path_watch.h"
#include "serve/wake.h"

namespace belay::serve {

// Changes come in bursts (an editor's temporary file and rename, a checkout of a hundred files): the loop hears of a
// burst when it is over, or has lasted too long.
struct Patience {
  Milliseconds quiet{200};
  Milliseconds longest{2'000};
};

// When a burst is over. Not thread-safe.
class Burst {
 public:
  explicit Burst(Patience patience) : patience_(patience) {}
  void resume(Ticks now);
  // nullopt: there is none.
  std::optional<Ticks> end() const;
  void forget() { first_.reset(); }

 private:
  const Patience patience_;
  std::optional<Ticks> first_;
  Ticks last_{};
};

// Thread-safe. See PathWatch for what counts as a change.
class FolderWatch {
 public:
  // Watches nothing yet. `waker` must outlive it.
  explicit FolderWatch(Waker& waker, Patience patience = {});

  // Replaces the set of watched files and folders (absolute paths; they need not exist). What changes after the return
  // is told; so call it before reading them.
  void watch(std::set<fs::path> paths);
  // What cannot be watched and why, one sentence each; for the log.
  std::vector<std::string> troubles() const;

 private:
  void follow(const std::stop_token& stop);

  Waker& waker_;
  const Patience patience_;
  Guarded<PathWatch> paths_;
  std::jthread thread_;
};

}  // namespace belay::serve
