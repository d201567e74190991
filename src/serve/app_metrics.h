#pragma once
// What alerts need to know of each app: whether it is up, and how old its last good backup and drill are.

#include <set>
#include <stop_token>
#include <string>

#include "engine/engine.h"
#include "serve/metrics.h"
#include "state/store.h"

namespace belay::serve {

// Of every app that the state knows, declared or not. Not thread-safe.
class AppMetrics {
 public:
  explicit AppMetrics(Metrics& metrics) : metrics_(metrics) {}

  // Asks the engine for one list, and for a closer look at containers that do not stay up.
  void measure(engine::Engine& engine, const state::Store& store, Time now, std::stop_token stop);

 private:
  void measure_app(engine::Engine& engine, const App& app, const World& world, Time now, const std::stop_token& stop);
  void measure_errands(const state::Store& store, const std::set<std::string>& apps, Time now);
  void measure_backups(const state::Store& store, const App& app);

  Metrics& metrics_;
  std::set<std::string> known_;  // apps that were measured last
};

}  // namespace belay::serve
