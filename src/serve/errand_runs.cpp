#include "serve/errand_runs.h"

#include <algorithm>

#include "base/format.h"
#include "declared/errands.h"
#include "declared/job_run.h"
#include "state/store.h"

namespace belay::serve {

namespace {

constexpr Seconds pause{60};

// A backup that was cut off left nothing; a job runs on.
bool goes_on(const Errand& errand) {
  return errand.is_under_way() && errand.kind == Errand::Kind::job;
}

Errand begun(Errand errand, Time now) {
  if (!goes_on(errand)) {
    errand.began = now;
    errand.ended.reset();
  }
  if (errand.due <= now) errand.due = next_run(errand, now);
  return errand;
}

}  // namespace

std::string name_of(const Errand& errand) {
  if (errand.kind == Errand::Kind::backup) return format("backup {}", errand.app);
  return errand.service == errand.app ? format("job {}", errand.app) : format("job {}/{}", errand.app, errand.service);
}

// A clock that was set back prolongs no rest.
bool ErrandRuns::Known::rests(Time now) const {
  return not_before && *not_before > now && *not_before <= now + pause;
}

bool ErrandRuns::know(state::Store& store, const Declarations& declared) {
  declared::keep_errands(store, declared, ground_.clock.now());
  std::vector<Known> now;
  for (Errand& errand : store.errands({})) {
    Known& known = now.emplace_back(Known{std::move(errand), {}});
    for (const Declaration& app : declared.apps)
      if (app.name.text() == known.errand.app) known.backup = app.policies.backup;
  }
  return known_.with([&](std::vector<Known>& before) {
    // Of a definition that cannot be read now, the one before counts.
    for (Known& known : now)
      for (const Known& earlier : before)
        if (name_of(earlier.errand) == name_of(known.errand)) {
          if (!known.backup) known.backup = earlier.backup;
          known.not_before = earlier.not_before;
        }
    std::erase_if(now, [](const Known& known) { return known.errand.kind == Errand::Kind::backup && !known.backup; });
    const auto errands_in = [](const std::vector<Known>& all) {
      std::vector<Errand> errands;
      for (const Known& known : all) errands.push_back(known.errand);
      return errands;
    };
    const bool is_news = errands_in(before) != errands_in(now);
    before = std::move(now);
    return is_news;
  });
}

std::vector<Errand> ErrandRuns::to_begin(const std::function<bool(const Errand&)>& is_at) const {
  const Time now = ground_.clock.now();
  return known_.with([&](const std::vector<Known>& known) {
    bool backs_up = std::any_of(known.begin(), known.end(), [&](const Known& each) {
      return each.errand.kind == Errand::Kind::backup && is_at(each.errand);
    });
    std::vector<Errand> due;
    const auto is_at_a_job = [&](const std::string& app) {
      return std::any_of(known.begin(), known.end(), [&](const Known& each) {
        return each.errand.kind == Errand::Kind::job && each.errand.app == app && is_at(each.errand);
      });
    };
    for (const Known& each : known) {
      if (is_at(each.errand) || each.rests(now) || (each.errand.due > now && !each.errand.is_under_way())) continue;
      // It would end the job in the middle.
      if (each.backup && each.backup->data_is_read == BackupPolicy::While::stopped && is_at_a_job(each.errand.app) &&
          each.errand.kind == Errand::Kind::backup)
        continue;
      const bool is_backup = each.errand.kind == Errand::Kind::backup;
      if (is_backup && std::exchange(backs_up, true)) continue;
      due.push_back(each.errand);
    }
    return due;
  });
}

std::optional<Time> ErrandRuns::next(const std::function<bool(const Errand&)>& is_at) const {
  return known_.with([&](const std::vector<Known>& known) {
    std::optional<Time> next;
    // What is due and waits for another one is begun when that ends.
    const Time now = ground_.clock.now();
    for (const Known& each : known) {
      if (is_at(each.errand)) continue;
      const Time due = each.rests(now) ? *each.not_before : each.errand.due;
      if (due > now) next = std::min(next.value_or(due), due);
    }
    return next;
  });
}

std::set<std::string> ErrandRuns::apps_at_a_job() const {
  return known_.with([](const std::vector<Known>& known) {
    std::set<std::string> apps;
    for (const Known& each : known)
      if (each.errand.kind == Errand::Kind::job && each.errand.is_under_way()) apps.insert(each.errand.app);
    return apps;
  });
}

void ErrandRuns::remember(const Errand& errand) {
  known_.with([&](std::vector<Known>& known) {
    for (Known& each : known)
      if (name_of(each.errand) == name_of(errand)) {
        each.errand = errand;
        each.not_before.reset();
      }
  });
}

void ErrandRuns::run(const Errand& errand, const std::stop_token& stop) {
  try {
    const auto store = ground_.open_state();
    std::optional<Errand> before, now;
    store->update_errand(errand, [&](const std::optional<Errand>& known) -> std::optional<Errand> {
      before = known;
      // What was known of it here may be older than its last run.
      if (!known || (!known->is_under_way() && known->due > ground_.clock.now())) return {};
      now = begun(*known, ground_.clock.now());
      return now;
    });
    if (!before) return;
    remember(now ? *now : *before);
    if (!now) return;
    change::Report report;
    change::Context context{ground_.engine,  *store, ground_.clock,    report, ground_.who,
                            ground_.command, true,   ground_.defaults, {}};
    const Result result = now->kind == Errand::Kind::backup ? run_backup(*now, context, stop)
                                                            : run_a_job(*now, goes_on(*before), context, stop);
    std::optional<Errand> after;
    store->update_errand(errand, [&](const std::optional<Errand>& known) {
      after = known;
      if (!after) return after;
      if (result.is_skipped) {
        after->began = before->began;
        after->ended = before->ended;
      } else {
        after->ended = ground_.clock.now();
        after->is_good = result.reason.empty();
        after->reason = result.reason;
      }
      return after;
    });
    if (!after) return;
    remember(*after);
    tell(*before, *after, result);
  } catch (const Cancelled&) {
    ground_.log.write(LogLevel::notice, format("{}: stopped; the daemon goes on with it later", name_of(errand)),
                      {{"app", errand.app}});
    if (!stop.stop_requested()) rest(errand);
  } catch (const std::exception& error) {
    // The state cannot be read or written; the pass says so as well.
    ground_.log.write(LogLevel::error, format("{}: {}", name_of(errand), error.what()), {{"app", errand.app}});
    rest(errand);
  }
}

void ErrandRuns::rest(const Errand& errand) {
  known_.with([&](std::vector<Known>& known) {
    for (Known& each : known)
      if (name_of(each.errand) == name_of(errand)) each.not_before = ground_.clock.now() + pause;
  });
}

ErrandRuns::Result ErrandRuns::run_backup(const Errand& errand, change::Context& context,
                                          const std::stop_token& stop) const {
  Result result;
  const auto policy = known_.with([&](const std::vector<Known>& known) -> std::optional<BackupPolicy> {
    for (const Known& each : known)
      if (name_of(each.errand) == name_of(errand)) return each.backup;
    return {};
  });
  try {
    if (!ground_.back_up) throw Error(ErrorCode::bad_value, "this daemon makes no backups");
    ground_.back_up(context, AppName(errand.app), policy.value_or(BackupPolicy{}), ground_.settings(), stop);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    result.reason = error.what();
  }
  return result;
}

ErrandRuns::Result ErrandRuns::run_a_job(const Errand& errand, bool goes_on, change::Context& context,
                                         const std::stop_token& stop) {
  Result result;
  const auto app = context.store.app(AppName(errand.app));
  if (app && !goes_on && !declared::may_run(*app, errand.service)) {
    result.is_skipped = true;
    return result;
  }
  try {
    declared::JobRun run = declared::run_job(context, AppName(errand.app), errand.service,
                                             goes_on ? errand.began : std::optional<Time>(), stop);
    result.reason = std::move(run.reason);
    result.log_tail = std::move(run.log_tail);
    result.release = run.release.text();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {
    result.reason = error.what();
  }
  return result;
}

// Of a backup that failed, and of one that works again, the alarms tell: they know those of timers as well.
void ErrandRuns::tell(const Errand& before, const Errand& after, const Result& result) const {
  const std::string what = name_of(after);
  if (result.is_skipped) {
    ground_.log.write(LogLevel::info, format("{}: left out, for it is stopped", what), {{"app", after.app}});
    return;
  }
  const std::string took = duration_text(*after.ended - *after.began);
  if (after.kind == Errand::Kind::backup || after.is_good)
    ground_.log.write(after.is_good ? LogLevel::info : LogLevel::error,
                      after.is_good ? format("{}: done in {}", what, took)
                                    : format("{}: failed after {}: {}", what, took, after.reason),
                      {{"app", after.app}});
  if (after.kind == Errand::Kind::backup) return;
  DaemonLog::Fact fact;
  fact.app = after.app;
  fact.release = result.release;
  if (after.is_good) {
    if (!before.has_failed()) return;
    fact.event = "recovered";
    fact.text = format("{} works again", what);
  } else {
    fact.level = LogLevel::error;
    // A trouble is told once, until it changes.
    if (!before.has_failed() || before.reason != after.reason) fact.event = "job_failed";
    fact.text = format("{} failed", what);
    fact.reason = after.reason;
    fact.log_tail = result.log_tail;
  }
  ground_.told.tell_of(fact);
}

}  // namespace belay::serve
