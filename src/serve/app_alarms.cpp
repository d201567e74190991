#include "serve/app_alarms.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/format.h"
#include "change/apps.h"
#include "exec/verdict.h"
#include "plan/planner.h"
#include "safekeeping/backup_health.h"

namespace belay::serve {

namespace {

const std::string backup_topic = "backup", loop_topic = "crash_loop";

class Alarms {
 public:
  Alarms(state::Store& store, DaemonLog& log) : store_(store), log_(log) {
    for (auto& told : store_.told()) told_.emplace(std::pair(told.app, told.topic), told.text);
  }

  const std::string* told(const std::string& app, const std::string& topic) const {
    const auto found = told_.find({app, topic});
    return found == told_.end() ? nullptr : &found->second;
  }
  // Noted before it is told: a daemon that is killed in between is better than one that repeats itself.
  void note(const std::string& app, const std::string& topic, const std::string& text) {
    store_.save(state::Told{app, topic, text});
    told_[{app, topic}] = text;
  }
  void tell(const DaemonLog::Fact& fact, const std::string& topic, const std::string& text) {
    if (const std::string* before = told(fact.app, topic); before != nullptr && *before == text) return;
    note(fact.app, topic, text);
    log_.tell_of(fact);
  }
  void is_over(const std::string& app, const std::string& topic, const std::string& text) {
    if (told(app, topic) == nullptr) return;
    store_.forget_told(app, topic);
    told_.erase({app, topic});
    DaemonLog::Fact fact;
    fact.event = "recovered";
    fact.app = app;
    fact.text = text;
    log_.tell_of(fact);
  }
  // Of apps that are gone nothing is told any more.
  void forget_all_but(const std::set<std::string>& apps) {
    for (const auto& [key, text] : std::map(told_))
      if (!apps.contains(key.first)) {
        store_.forget_told(key.first, key.second);
        told_.erase(key);
      }
  }

 private:
  state::Store& store_;
  DaemonLog& log_;
  std::map<std::pair<std::string, std::string>, std::string> told_;
};

// Each failure once, of timers and of people.
bool tell_failed_backups(state::Store& store, const AppName& name, Alarms& alarms, DaemonLog& log) {
  bool is_told = false;
  for (auto& failure : store.backup_failures(name.text())) {
    if (std::exchange(failure.told, true)) continue;
    // Noted before it is told: a daemon that is killed in between is better than one that repeats itself.
    store.save(failure);
    log.backup_failed(failure);
    is_told = true;
  }
  if (is_told) alarms.note(name.text(), backup_topic, "failed");
  return is_told;
}

void look_at_backups(state::Store& store, const AppName& app, const safekeeping::BackupHealth& health, Time now,
                     Alarms& alarms, DaemonLog& log) {
  if (tell_failed_backups(store, app, alarms, log)) return;
  const std::string& name = app.text();
  if (health.is_late(now)) {
    DaemonLog::Fact fact;
    fact.level = LogLevel::error;
    fact.event = "backup_late";
    fact.app = name;
    fact.text = format("the backup of {} is late", name);
    fact.reason = late_text(health, now);
    // Its age grows all the time.
    alarms.tell(fact, backup_topic, "late");
  } else if (!health.failed) {
    alarms.is_over(name, backup_topic, format("{} has a good backup again", name));
  }
}

void look_for_loop(engine::Engine& engine, const App& app, const World& world, Time now, Alarms& alarms,
                   const std::stop_token& stop) {
  const std::string& name = app.name.text();
  const Release* release = app.wish.is<goal::Run>() && app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  if (release != nullptr)
    for (const auto& service : release->spec.services) {
      const Container* container = plan::find_instance(app, world, release->number, service.name);
      if (container == nullptr || !change::may_be_in_a_loop(*container, app.wish.proved(), now)) continue;
      const auto detail = change::inspected(engine, container->name, stop);
      const auto loop = detail ? change::restart_loop(*detail, app.wish.since, now) : std::nullopt;
      if (!loop) continue;
      DaemonLog::Fact fact;
      fact.level = LogLevel::error;
      fact.event = "crash_loop";
      fact.app = name;
      fact.release = release->number.text();
      fact.text = format("{} does not stay up", name);
      fact.reason = *loop;
      fact.log_tail = exec::log_tail(engine, container->name, 20, stop);
      // The count of restarts grows all the time.
      alarms.tell(fact, loop_topic, container->name);
      return;
    }
  alarms.is_over(name, loop_topic, format("{} is not restarted any more", name));
}

}  // namespace

void tell_of_alarms(engine::Engine& engine, state::Store& store, DaemonLog& log, Time now, std::stop_token stop) {
  Alarms alarms(store, log);
  World world;
  bool has_looked = false;
  std::set<std::string> apps;
  const auto backups = safekeeping::backup_health_of_all(store, now);
  for (const state::Outline& app : store.outlines()) {
    const std::string& name = app.name.text();
    apps.insert(name);
    if (const auto health = backups.find(name); health != backups.end())
      look_at_backups(store, app.name, health->second, now, alarms, log);
    // Of what is declared the pass tells.
    if (!app.origin.empty()) continue;
    if (!has_looked && app.wish.is<goal::Run>()) {
      world.containers = engine.containers({}, stop);
      has_looked = true;
    }
    const bool is_suspect = std::any_of(world.containers.begin(), world.containers.end(), [&](const Container& each) {
      return change::may_be_in_a_loop(each, app.wish.proved(), now);
    });
    if (!is_suspect && alarms.told(name, loop_topic) == nullptr) continue;
    if (const auto whole = store.app(app.name)) look_for_loop(engine, *whole, world, now, alarms, stop);
  }
  alarms.forget_all_but(apps);
}

}  // namespace belay::serve
