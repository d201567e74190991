#include "serve/folder_watch.h"

#include <algorithm>
#include <poll.h>
#include <utility>

#include "base/errors.h"
#include "net/stream.h"
#include "net/wait.h"

namespace belay::serve {

void Burst::resume(Ticks now) {
  if (!first_) first_ = now;
  last_ = now;
}

std::optional<Ticks> Burst::end() const {
  if (!first_) return {};
  return std::min(last_ + patience_.quiet, *first_ + patience_.longest);
}

FolderWatch::FolderWatch(Waker& waker, Patience patience)
    : waker_(waker), patience_(patience), thread_([this](const std::stop_token& stop) { follow(stop); }) {}

void FolderWatch::watch(std::set<fs::path> paths) {
  paths_.with([&](PathWatch& watch) { watch.want(std::move(paths)); });
}

std::vector<std::string> FolderWatch::troubles() const {
  return paths_.with([](const PathWatch& watch) { return watch.troubles(); });
}

void FolderWatch::follow(const std::stop_token& stop) {
  const int fd = paths_.with([](const PathWatch& watch) { return watch.fd(); });
  Burst burst(patience_);
  std::set<fs::path> changed;
  try {
    while (true) {
      // Inotify speaks of real files in real time: the simulated clock has no say here.
      if (net::wait_for(fd, POLLIN, burst.end().value_or(net::no_deadline), stop) != 0) {
        auto more = paths_.with([](PathWatch& watch) { return watch.changes(); });
        if (!more.empty()) burst.resume(std::chrono::steady_clock::now());
        changed.merge(more);
      }
      if (!burst.end() || std::chrono::steady_clock::now() < *burst.end()) continue;
      for (const auto& path : std::exchange(changed, {})) waker_.wake({Cause::definitions, path.string()});
      burst.forget();
    }
  } catch (const Cancelled&) {
    return;  // the end of its owner
  }
}

}  // namespace belay::serve
