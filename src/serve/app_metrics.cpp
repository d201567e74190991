#include "serve/app_metrics.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "change/apps.h"
#include "plan/planner.h"
#include "safekeeping/backup_health.h"

namespace belay::serve {

namespace {

double seconds(Time time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace

void AppMetrics::measure(engine::Engine& engine, const state::Store& store, Time now, std::stop_token stop) {
  World world;
  world.containers = engine.containers({}, stop);
  std::set<std::string> seen;
  for (const auto& app : store.apps()) {
    seen.insert(app.name.text());
    measure_app(engine, app, world, now, stop);
    measure_backups(store, app);
  }
  measure_errands(store, seen, now);
  for (const auto& name : known_)
    if (!seen.contains(name)) metrics_.forget("app", name);
  known_ = std::move(seen);
}

void AppMetrics::measure_app(engine::Engine& engine, const App& app, const World& world, Time now,
                             const std::stop_token& stop) {
  const MetricLabels labels{{"app", app.name.text()}};
  const bool should_run = app.wish.is<goal::Run>();
  const Release* release = should_run && app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  bool is_up = release != nullptr && app.wish.trouble.empty();
  double restarts = 0;
  if (release != nullptr)
    for (const auto& service : release->spec.services) {
      if (!app.should_run(service)) continue;
      const Container* container = plan::find_instance(app, world, release->number, service.name);
      is_up = is_up && container != nullptr && container->is_up() && container->health != Health::unhealthy;
      if (container == nullptr || !change::may_be_in_a_loop(*container, app.wish.proved(), now)) continue;
      const auto detail = change::inspected(engine, container->name, stop);
      if (!detail || !change::restart_loop(*detail, app.wish.since, now)) continue;
      restarts = std::max(restarts, static_cast<double>(detail->restart_count));
      is_up = false;
    }
  metrics_.gauge("belay_app_wanted", "1 for an app that should be up.", labels).set(should_run ? 1 : 0);
  metrics_.gauge("belay_app_up", "1 for an app of which all runs that should, and keeps running.", labels)
      .set(is_up ? 1 : 0);
  metrics_
      .gauge("belay_app_restarts", "How often the engine restarted a container that does not stay up; else 0.", labels)
      .set(restarts);
}

void AppMetrics::measure_errands(const state::Store& store, const std::set<std::string>& apps, Time now) {
  for (const auto& [name, health] : safekeeping::backup_health_of_all(store, now))
    if (apps.contains(name))
      metrics_
          .gauge("belay_app_backup_late", "1 for an app whose last good backup is older than it should be.",
                 {{"app", name}})
          .set(health.is_late(now) ? 1 : 0);
  for (const auto& errand : store.errands({})) {
    if (errand.kind != Errand::Kind::job || !apps.contains(errand.app)) continue;
    const MetricLabels labels{{"app", errand.app}, {"job", errand.service}};
    metrics_.gauge("belay_job_failed", "1 while the last run of a job has failed.", labels)
        .set(errand.has_failed() ? 1 : 0);
    metrics_.gauge("belay_job_end_timestamp_seconds", "When a job last ended; 0: it has not run yet.", labels)
        .set(errand.ended ? seconds(*errand.ended) : 0);
  }
}

void AppMetrics::measure_backups(const state::Store& store, const App& app) {
  const MetricLabels labels{{"app", app.name.text()}};
  std::optional<Time> backup, drill;
  for (const auto& record : store.backups(app.name.text())) {
    if (record.trouble.empty()) backup = std::max(backup.value_or(record.taken), record.taken);
    if (record.drilled) drill = std::max(drill.value_or(*record.drilled), *record.drilled);
  }
  // 0 where there is none: an alert for what is old then fires as well.
  metrics_.gauge("belay_app_backup_timestamp_seconds", "When the last good backup was taken; 0: never.", labels)
      .set(backup ? seconds(*backup) : 0);
  metrics_.gauge("belay_app_drill_timestamp_seconds", "When a backup was last proved by a drill; 0: never.", labels)
      .set(drill ? seconds(*drill) : 0);
  metrics_.gauge("belay_app_backup_failed", "1 while the last backup at some place has failed.", labels)
      .set(store.backup_failures(app.name.text()).empty() ? 0 : 1);
}

}  // namespace belay::serve
