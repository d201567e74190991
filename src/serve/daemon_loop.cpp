// The daemon's loop: who is woken by what, and which looks go on side by side.

#include <algorithm>
#include <malloc.h>
#include <unistd.h>
#include <utility>

#include "base/format.h"
#include "base/lock.h"
#include "serve/daemon.h"
#include "serve/event_watch.h"
#include "serve/folder_watch.h"
#include "serve/metrics_server.h"
#include "serve/named_threads.h"
#include "serve/neighbours.h"
#include "serve/systemd.h"
#include "state/store.h"

namespace belay::serve {

namespace {

// Checks that go on at the same time; each holds a thread and an open state.
constexpr size_t most_checks = 32;
// Who restarts a container by hand stops it first.
constexpr Milliseconds time_for_a_restart{2'000};
const std::string the_pass;  // its name among the threads, which no app can have

FileLock take_serve_lock(const fs::path& state, const DaemonOptions& options, bool wait, Clock& clock, LogLines& log,
                         std::stop_token stop) {
  const LockRequest request{state::serve_lock_file(state),
                            format("{} (pid {}, {})", options.command, ::getpid(), options.who), wait};
  return doing("serving this host", [&] {
    return FileLock::take(
        request, clock,
        [&](const std::string& holder) {
          log.write(LogLevel::notice, format("this host is served by {}: waiting for its end", holder));
        },
        std::move(stop));
  });
}

const Declaration* find(const Declarations& declared, const std::string& app) {
  const auto found = std::find_if(declared.apps.begin(), declared.apps.end(),
                                  [&](const Declaration& each) { return each.name.text() == app; });
  return found == declared.apps.end() ? nullptr : &*found;
}

// The container is one of its own, or one that it is tied to.
bool is_concerned(const Declaration& app, const std::string& container) {
  if (std::any_of(app.spec.services.begin(), app.spec.services.end(),
                  [&](const Service& service) { return service.name == container; }))
    return true;
  if (std::find(app.needs.begin(), app.needs.end(), container) == app.needs.end()) return false;
  const auto tied = ties(app);
  return std::any_of(tied.begin(), tied.end(), [&](const Tie& tie) { return tie.container == container; });
}

}  // namespace

// What goes on and what waits, of one run.
struct Daemon::Loop {
  Loop(Waker& waker, ServiceNotifier& to, std::stop_token ends)
      : notifier(to),
        stop(std::move(ends)),
        errands([&waker] { waker.wake({Cause::ended, {}}); }),
        threads([&waker] { waker.wake({Cause::ended, {}}); }) {}

  ServiceNotifier& notifier;
  const std::stop_token stop;
  Wakeup for_the_pass;
  std::map<std::string, PendingCheck> checks;  // by app: those that no check has begun for
  std::optional<Time> try_checks_at;           // those that wait for somebody else
  NamedThreads errands;                        // backups and jobs
  NamedThreads threads;                        // last: its threads use the others
};

Time Daemon::PendingCheck::due() const {
  Time earliest = stopped.empty() ? Time() : Time::max();
  for (const auto& container : containers) {
    const auto given = stopped.find(container);
    earliest = std::min(earliest, given == stopped.end() ? Time() : given->second);
  }
  return earliest;
}

void Daemon::collect(Wakeup wakeup, Loop& loop) {
  for (const auto& ended : loop.threads.take_ended())
    // What a check changed may matter to others: that is for a whole pass to see.
    if (ended != the_pass) loop.for_the_pass.causes.insert(Cause::container);

  // What was left alone meanwhile, and what came of it.
  if (!loop.errands.take_ended().empty()) loop.for_the_pass.causes.insert(Cause::ended);

  const Time now = clock_.now();
  const auto declared = wanted_.with([](const Wanted& wanted) { return wanted.declared; });
  // A pass that looks into everything is on its way.
  const bool everything = declared == nullptr || wakeup.has(Cause::reload) || wakeup.has(Cause::engine_is_back);
  for (const auto& container : wakeup.containers) {
    bool concerns_somebody = false;
    if (!everything)
      for (const auto& app : declared->apps) {
        if (!is_concerned(app, container)) continue;
        concerns_somebody = true;
        PendingCheck& check = loop.checks[app.name.text()];
        check.containers.insert(container);
        if (const auto death = wakeup.deaths.find(container); death != wakeup.deaths.end()) {
          check.stopped.erase(container);
          if (death->second.how == Death::How::killed) check.down.insert(container);
          if (death->second.how == Death::How::stopped)
            check.stopped[container] = now + time_for_a_restart;
          else
            check.died = death->second.at;
        }
        if (wakeup.started.contains(container)) {
          check.down.erase(container);
          check.stopped.erase(container);
        }
      }
    if (concerns_somebody) continue;
    loop.for_the_pass.causes.insert(Cause::container);
    loop.for_the_pass.containers.insert(container);
  }
  for (const Cause cause : wakeup.causes)
    if (cause != Cause::container && cause != Cause::ended && cause != Cause::due)
      loop.for_the_pass.causes.insert(cause);
  if (wakeup.has(Cause::clock_set_back)) {
    log_.write(LogLevel::notice, "the clock was set back: everything is looked at now");
    // The look that each of them gets finds out again when it may be helped.
    turns_.with([&](auto& turns) {
      for (auto& turn : turns) turn.second = now;
    });
    for (auto& [app, check] : loop.checks)
      for (auto& [container, until] : check.stopped) until = std::min(until, now + time_for_a_restart);
  }
  loop.for_the_pass.images.merge(wakeup.images);
  loop.for_the_pass.files.merge(wakeup.files);

  turns_.with([&](auto& turns) {
    for (auto turn = turns.begin(); turn != turns.end();) {
      if (turn->second > now || loop.threads.is_at(turn->first)) {
        ++turn;
        continue;
      }
      loop.checks[turn->first];
      turn = turns.erase(turn);
    }
  });
  if (!loop.threads.is_at(the_pass) && now >= pass_deadline()) loop.for_the_pass.causes.insert(Cause::due);
}

void Daemon::begin_checks(Loop& loop) {
  // First who waits, then whether he has to: an end of a look in between is not missed.
  waiting_checks_.with([&](auto& waiting) {
    waiting.clear();
    for (const auto& [app, check] : loop.checks) waiting.insert(app);
  });
  loop.try_checks_at.reset();
  const Time now = clock_.now();
  const Wanted wanted = wanted_.with([](const Wanted& known) { return known; });
  for (auto next = loop.checks.begin(); next != loop.checks.end();) {
    const auto check = next++;
    const std::string& name = check->first;
    if (loop.threads.is_at(name) || loop.threads.size() >= most_checks) continue;
    const Declaration* app = wanted.declared ? find(*wanted.declared, name) : nullptr;
    const auto wait_until = [&](Time time) { loop.try_checks_at = std::min(loop.try_checks_at.value_or(time), time); };
    if (check->second.due() > now) {
      wait_until(check->second.due());
      continue;
    }
    if (app != nullptr && FileLock::holder_of(state::lock_path(state_folder_, app->name))) {
      wait_until(now + pause_for_lock);
      continue;
    }
    if (app != nullptr)
      loop.threads.begin(name, [this, app = *app, what = check->second, soak = wanted.soak, stop = loop.stop] {
        check_app(app, what, soak, stop);
      });
    else
      loop.for_the_pass.causes.insert(Cause::container);
    loop.checks.erase(check);
  }
}

bool Daemon::is_time_for_a_pass(const Loop& loop) const {
  if (loop.for_the_pass.causes.empty() || loop.threads.is_at(the_pass)) return false;
  // What checks leave behind is looked at once, when the last of them is done.
  const bool only_after_checks =
      loop.for_the_pass.causes == std::set{Cause::container} && loop.for_the_pass.containers.empty();
  return !only_after_checks || loop.threads.size() == 0;
}

void Daemon::begin_pass(Loop& loop) {
  std::set<std::string> checked;
  const auto declared = wanted_.with([](const Wanted& wanted) { return wanted.declared; });
  if (declared != nullptr)
    for (const auto& app : declared->apps)
      if (loop.threads.is_at(app.name.text())) checked.insert(app.name.text());
  loop.threads.begin(the_pass, [this, wakeup = std::exchange(loop.for_the_pass, {}), checked, stop = loop.stop,
                                &notifier = loop.notifier] {
    const bool reloads = wakeup.has(Cause::reload);
    if (reloads) notifier.reloading(clock_);
    try {
      step(wakeup, stop, checked);
    } catch (const Cancelled& stopped) {
      log_.write(LogLevel::notice, stopped.what());
    }
    if (reloads) notifier.ready();
  });
}

void Daemon::begin_errands(Loop& loop) {
  for (const Errand& errand : errands_.to_begin([&](const Errand& each) { return loop.errands.is_at(name_of(each)); }))
    loop.errands.begin(name_of(errand), [this, errand, stop = loop.stop] {
      errands_.run(errand, stop);
      ::malloc_trim(0);
    });
}

std::optional<Time> Daemon::deadline_of(const Loop& loop) const {
  std::optional<Time> next = next_turn([&](const std::string& app) { return !loop.threads.is_at(app); });
  const auto at = [&](Time time) { next = std::min(next.value_or(time), time); };
  if (loop.try_checks_at) at(*loop.try_checks_at);
  if (!loop.threads.is_at(the_pass)) at(pass_deadline());
  if (const auto due = errands_.next([&](const Errand& each) { return loop.errands.is_at(name_of(each)); })) at(*due);
  return next;
}

void Daemon::count_notices(const EventWatch& events, Notifications::Counts& known) {
  metrics_.gauge("belay_engine_connected", "1 while the engine's events are followed.")
      .set(events.state().connected ? 1 : 0);
  const Notifications::Counts counts = notices()->counts();
  const auto count = [&](const char* outcome, std::uint64_t now, std::uint64_t before) {
    metrics_.counter("belay_notices_total", "Notifications by what became of them.", {{"outcome", outcome}})
        .add(static_cast<double>(now >= before ? now - before : now));
  };
  count("delivered", counts.delivered, known.delivered);
  count("failed", counts.failed, known.failed);
  count("dropped", counts.dropped, known.dropped);
  known = counts;
}

bool Daemon::run_once(std::stop_token stop) {
  const FileLock lock = take_serve_lock(state_folder_, options_, false, clock_, log_, stop);
  step({}, stop);
  return succeeded_;
}

void Daemon::run(Waker& waker, ServiceNotifier& notifier, std::stop_token stop) {
  const FileLock lock = take_serve_lock(state_folder_, options_, true, clock_, log_, stop);
  Watchdog watchdog(notifier, clock_, [this] { return measured_.is_asking(); });
  progress_ = [&watchdog] { watchdog.progress(); };
  waker_ = &waker;
  Neighbours neighbours(engine_, clock_, state_, options_.patience,
                        format("{} (pid {}, {}) with the state {} in {}", options_.command, ::getpid(), options_.who,
                               state_.substr(0, 12), state_folder_.string()));
  EventWatch events(engine_, waker, clock_,
                    [&](const std::string& volume, const std::stop_token& until) { neighbours.hear(volume, until); });
  if (options_.patience > Milliseconds(0)) neighbours_ = &neighbours;
  events_ = &events;
  FolderWatch files(waker);
  files_ = &files;
  watched_.clear();
  std::unique_ptr<MetricsServer> server;
  if (!settings_.metrics.empty()) {
    server = std::make_unique<MetricsServer>(
        settings_.metrics, false, metrics_,
        [this, &events, known = Notifications::Counts{}]() mutable { count_notices(events, known); },
        settings_.metrics_names);
    log_.write(LogLevel::info, format("metrics are at {}", server->address()));
  }
  // The successor runs already; a way back from here would start what is being stopped.
  const std::stop_callback hand_over(stop, [&] {
    if (!daemon_log_.is_handing_over()) return;
    log_.write(LogLevel::notice, "handing over to the next one");
    ::_exit(0);
  });
  notifier.ready();
  log_.write(LogLevel::notice, format("keeping this host as {} says", settings_.confdir.string()));

  {
    Loop loop(waker, notifier, stop);
    begin_pass(loop);
    while (!stop.stop_requested()) {
      const std::optional<Time> deadline = deadline_of(loop);
      Wakeup wakeup;
      if (loop.threads.size() > 0) {
        // Their requests to the engine show that they live.
        wakeup = waker.wait(deadline, clock_, stop);
      } else {
        const auto waiting = watchdog.waiting(deadline);
        wakeup = waker.wait(deadline, clock_, stop);
      }
      if (stop.stop_requested() || refused_.with([](const auto& refused) { return refused.has_value(); })) break;
      collect(std::move(wakeup), loop);
      begin_checks(loop);
      begin_errands(loop);
      if (is_time_for_a_pass(loop)) begin_pass(loop);
    }
    // Each takes back the change that it is at.
    loop.threads.wait_for_all();
    loop.errands.wait_for_all();
  }
  notifier.stopping();
  files_ = nullptr;
  waker_ = nullptr;
  neighbours_ = nullptr;
  events_ = nullptr;
  progress_ = [] {};
  if (const auto refused = refused_.with([](const auto& known) { return known; })) throw *refused;
  log_.write(LogLevel::notice, "stopping; everything that runs is left running");
  finish_notices(Seconds(5));
  progress_ = [] {};
}

}  // namespace belay::serve
