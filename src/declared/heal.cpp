#include "declared/heal.h"

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/start.h"
#include "exec/verdict.h"
#include "state/store.h"

namespace belay::declared {

namespace {

using StepKind = HealingStep::Kind;

constexpr Milliseconds first_pause{10'000}, longest_pause{600'000}, budget_window{3'600'000};
// A lock that is held is somebody at work: looked at again soon.
constexpr Milliseconds pause_for_lock{5'000};
// Checks of a release on probation are asked that often, and have that long to be answered rightly: one answer that
// goes astray is none of the release's failures.
constexpr Milliseconds between_checks{10'000}, patience_with_checks{10'000};

// A signal is the reason of an end that follows within this; docker stop waits before it kills.
constexpr Milliseconds time_to_end_on_a_signal{60'000};

// An app's steps of the last hour.
struct RecentRepairs {
  std::vector<Time> steps;  // newest first
  bool told_that_it_is_spent = false;
};

RecentRepairs recent_repairs_of(change::Context& context, const AppName& name) {
  RecentRepairs past;
  const Time now = context.clock.now(), since = now - budget_window;
  for (const auto& repair : context.store.repairs(name)) {
    // The clock was set back: how long ago that was is not known, and nobody is to wait until it has caught up.
    if (repair.at > now) continue;
    if (repair.at <= since) break;
    if (repair.kind == Repair::Kind::repair || repair.kind == Repair::Kind::healing) past.steps.push_back(repair.at);
    if (repair.kind == Repair::Kind::gave_up) past.told_that_it_is_spent = true;
  }
  return past;
}

// When the app's next step may be; nullopt: now.
struct NextAttempt {
  std::optional<Time> at;
  bool is_spent = false;
};

NextAttempt next_attempt_of(const RecentRepairs& past, int budget, Time now) {
  if (past.steps.empty()) return budget > 0 ? NextAttempt{} : NextAttempt{now + budget_window, true};
  if (static_cast<int>(past.steps.size()) >= budget) {
    // As soon as one more step is within the budget.
    const size_t last_that_counts = budget > 0 ? static_cast<size_t>(budget) - 1 : 0;
    return {past.steps[last_that_counts] + budget_window, true};
  }
  Milliseconds pause = first_pause;
  for (size_t i = 1; i < past.steps.size() && pause < longest_pause; ++i) pause *= 2;
  const Time next = past.steps.front() + std::min(pause, longest_pause);
  return next > now ? NextAttempt{next} : NextAttempt{};
}

// One look at an app and what comes of it.
class HealthCheckup {
 public:
  HealthCheckup(change::Context& context, const Declaration& declared, const App& app, const World& world,
                const HealOptions& options, std::stop_token stop)
      : context_(context), declared_(declared), app_(app), world_(world), options_(options), stop_(std::move(stop)) {}

  Healing run() {
    if (app_.wish.is<goal::Run>() && !app_.wish.is_unfinished() && app_.wish.release())
      if (const Release* release = app_.find(*app_.wish.release())) look_at(*release);
    return std::move(healing_);
  }

 private:
  struct Complaint {
    std::string container, reason;
    bool unhealthy = false;
    std::string service{};
    std::string said{};  // what was answered to a check
  };

  void look_at(const Release& release) {
    const Time now = context_.clock.now();
    // One that is dated by a clock which was ahead soaks no more.
    const bool soaks = app_.wish.proved() && *app_.wish.proved() <= now &&
                       now < *app_.wish.proved() + declared_.policies.soak.value_or(options_.soak);
    if (soaks && app_.wish.previous())
      if (const auto complaint = failure_while_soaking(release)) {
        go_back(*complaint);
        return;
      }
    if (soaks && app_.wish.previous() && has_checks(release))
      healing_.look_again = context_.clock.now() + between_checks;
    if (const auto complaint = ill_health(release)) {
      treat(*complaint);
      return;
    }
    if (is_own()) return;
    if (is_down(release)) {
      // The pass starts it again, when it is its turn.
      healing_.is_down = may_act("it is down");
      return;
    }
    if (const auto complaint = left_behind(release)) {
      if (may_act(complaint->reason)) restart_it(*complaint);
    }
  }

  // Whoever stops the container that he lives in cannot start it again.
  bool is_own() const { return app_.name.text() == context_.defaults.own_app; }

  const Container* container_of(const Release& release, const Service& service) const {
    return plan::find_instance(app_, world_, release.number, service.name);
  }

  bool is_down(const Release& release) const {
    return std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
      if (!app_.should_run(service)) return false;
      const Container* container = container_of(release, service);
      return container == nullptr || !container->is_up();
    });
  }

  std::optional<Complaint> ill_health(const Release& release) {
    for (const auto& service : release.spec.services) {
      const Container* container = container_of(release, service);
      if (container == nullptr || container->state != ContainerState::running || container->health != Health::unhealthy)
        continue;
      const auto detail = change::inspected(context_.engine, container->name, stop_);
      // The list may be as old as the pass: somebody may have helped it meanwhile.
      if (!detail || detail->container.health != Health::unhealthy) continue;
      const std::string output(trim(printable(detail->health_output)));
      return Complaint{container->name, output.empty() ? "it is unhealthy" : "it is unhealthy: " + output, true,
                       service.name};
    }
    return {};
  }

  std::optional<Complaint> failure_while_soaking(const Release& release) {
    if (auto complaint = ill_health(release)) return complaint;
    for (const auto& service : release.spec.services) {
      if (!app_.should_run(service)) continue;
      const Container* container = container_of(release, service);
      // Removed by hand: that says nothing about the release.
      if (container == nullptr) continue;
      const auto detail = change::inspected(context_.engine, container->name, stop_);
      if (!detail) continue;
      const ContainerState state = detail->container.state;
      if (state == ContainerState::restarting || detail->restart_count > 0) {
        const char* killed = detail->oom_killed ? ", killed for lack of memory" : "";
        return Complaint{container->name, format("it does not stay up: the engine had to restart it (exit code {}{})",
                                                 detail->exit_code, killed)};
      }
      const bool is_down = state == ContainerState::exited || state == ContainerState::dead;
      // An engine that was told to restart it and did not has stopped it for somebody, and it ended in good order.
      const bool engine_would_restart = detail->restart.name == "always" || detail->restart.name == "unless-stopped";
      const bool in_order = detail->exit_code == 0 || detail->exit_code == 143;
      if (!is_down || (engine_would_restart && in_order && !detail->oom_killed)) continue;
      if (!detail->oom_killed && was_ended_through_the_engine(*detail)) continue;
      return Complaint{container->name, format("it exited with code {}{}", detail->exit_code,
                                               detail->oom_killed ? ", killed for lack of memory" : "")};
    }
    return wrong_answer(release);
  }

  // A signal that a program is not meant to end on, as one to read its files again, explains no end.
  static bool asks_to_end(const engine::Event& kill, const ContainerDetail& detail) {
    const auto sent = kill.attributes.find("signal");
    if (sent == kill.attributes.end()) return true;
    const auto number = parse_number(sent->second);
    if (!number || *number == SIGKILL || *number == SIGTERM || *number == SIGINT || *number == SIGQUIT) return true;
    const char* known = ::sigabbrev_np(static_cast<int>(*number));
    const std::string name = known != nullptr ? known : format("RTMIN+{}", *number - SIGRTMIN);
    const std::string& own = detail.service.stop_signal;
    return own == name || own == "SIG" + name || own == sent->second;
  }

  // By docker kill, docker stop or another tool: whatever the exit code, that is no failure of the release. The engine
  // remembers its latest events only; what it has forgotten counts as not so.
  bool was_ended_through_the_engine(const ContainerDetail& detail) const {
    if (!detail.started || !detail.finished) return false;
    constexpr Milliseconds told_after{2'000};
    engine::EventFilter filter{
        .types = {"container"}, .actions = {"kill", "die"}, .until = *detail.finished + told_after};
    std::optional<Time> signalled;
    bool was_ended = false;
    const auto take = [&](const engine::Event& event) {
      if (event.name != detail.container.name) return true;
      if (event.action == "kill") {
        if (asks_to_end(event, detail)) signalled = event.time;
        return true;
      }
      was_ended = signalled && event.time - *signalled <= time_to_end_on_a_signal;
      return false;
    };
    try {
      context_.engine.events(detail.started, filter, take, stop_);
    } catch (const EngineError&) {
      return false;
    }
    return was_ended;
  }

  static bool has_checks(const Release& release) {
    const auto& services = release.spec.services;
    return std::any_of(services.begin(), services.end(), [](const Service& each) { return !each.checks.empty(); });
  }

  // What answered its checks when it was judged has to go on answering.
  std::optional<Complaint> wrong_answer(const Release& release) {
    for (const auto& service : release.spec.services) {
      const Container* container = container_of(release, service);
      if (service.checks.empty() || !app_.should_run(service) || container == nullptr || !container->is_up()) continue;
      plan::AwaitVerdict terms{container->name, false, Milliseconds(0), patience_with_checks};
      terms.checks = service.checks;
      try {
        if (const auto unproved = exec::await_verdict(terms, context_.engine, context_.clock, stop_))
          return Complaint{container->name, unproved->reason, false, service.name, unproved->said};
      } catch (const Error& error) {
        // That this machine cannot ask says nothing about the release.
        if (error.code() != ErrorCode::check_impossible) throw;
      }
    }
    return {};
  }

  // A container that it is tied to was started after it. One that is started anew keeps its volumes.
  std::optional<Complaint> left_behind(const Release& release) {
    for (const auto& tie : ties(declared_)) {
      if (tie.kind == Tie::Kind::volumes) continue;
      const bool woke_us = options_.woken_by.contains(tie.container);
      if (!woke_us && !(options_.thorough && tie.kind == Tie::Kind::shared_namespace)) continue;
      const Container* other = world_.find(tie.container);
      if (other == nullptr || !other->is_up()) continue;
      for (const auto& service : release.spec.services) {
        const Container* own = container_of(release, service);
        if (own == nullptr || !app_.should_run(service)) continue;
        const auto theirs = change::inspected(context_.engine, other->name, stop_);
        const auto mine = change::inspected(context_.engine, own->name, stop_);
        if (!theirs || !mine || !theirs->started || !mine->started || *theirs->started <= *mine->started) continue;
        return Complaint{own->name,
                         format("{}, to which it is tied ({}), was restarted", other->name, to_text(tie.kind)), false,
                         service.name};
      }
    }
    return {};
  }

  void go_back(const Complaint& complaint) {
    HealingStep step = step_for(complaint, StepKind::withdrawn);
    try {
      const FileLock lock = lock_app(context_, app_.name, stop_);
      App app = known_app(context_, app_.name, stop_);
      // Under the lock it may be another story.
      if (app.wish.is_unfinished() || app.wish.release() != app_.wish.release() || !app.wish.is<goal::Run>()) return;
      step.log_tail = exec::log_tail(context_.engine, complaint.container, context_.run.log_lines, stop_);
      if (!complaint.said.empty()) step.log_tail += format("it answered: {}\n", complaint.said);
      const std::string reason = format("while soaking, {}", complaint.reason);
      step.reason = reason;
      step.change = withdraw(context_, app, reason, step.log_tail, complaint.container);
      if (step.change.kind != change::Change::Kind::rolled_back) {
        step.kind = StepKind::failed;
        step.reason += format("; while rolling back: {}", step.change.trouble_on_the_way_back);
      }
    } catch (const LockHeld&) {
      wait_for_lock();
      return;
    }
    healing_.steps.push_back(std::move(step));
  }

  void treat(const Complaint& complaint) {
    if (declared_.policies.on_unhealthy == OnUnhealthy::notify || is_own()) {
      HealingStep step = step_for(complaint, StepKind::told);
      healing_.steps.push_back(std::move(step));
      return;
    }
    if (!may_act(complaint.reason)) return;
    switch (declared_.policies.on_unhealthy) {
      case OnUnhealthy::restart:
        restart_it(complaint);
        return;
      case OnUnhealthy::rollback:
        act(complaint, StepKind::rolled_back, [&](change::Context& context) {
          try {
            change::ChangeOptions further;
            further.goes_further = true;
            return rollback(context, app_.name, {}, further, stop_);
          } catch (const NotFound&) {
            // No good release before this one: a fresh start is what is left to try.
            return restart(context, {app_.name}, {}, stop_);
          }
        });
        return;
      case OnUnhealthy::stop:
        act(complaint, StepKind::stopped,
            [&](change::Context& context) { return change::stop(context, {app_.name}, false, stop_); });
        return;
      case OnUnhealthy::notify:
        return;
    }
  }

  void restart_it(const Complaint& complaint) {
    act(complaint, StepKind::restarted,
        [&](change::Context& context) { return restart(context, {app_.name, complaint.service}, {}, stop_); });
  }

  // Whether it is the app's turn; where not, it waits.
  bool may_act(const std::string& reason) {
    const RecentRepairs past = recent_repairs_of(context_, app_.name);
    const NextAttempt turn = next_attempt_of(past, declared_.policies.heal_budget, context_.clock.now());
    if (!turn.at) return true;
    healing_.waits_until = *turn.at;
    healing_.waits_for =
        format("{}; {}", reason,
               turn.is_spent
                   ? format("the {} steps an hour that its definition allows are spent", declared_.policies.heal_budget)
                   : std::string("it was repaired recently; the wait between attempts grows each time"));
    if (!turn.is_spent || past.told_that_it_is_spent) return false;
    HealingStep step = step_for({{}, reason}, StepKind::gave_up);
    step.reason = healing_.waits_for;
    context_.store.append(app_.name, {context_.clock.now(), Repair::Kind::gave_up, app_.wish.release()});
    write_journal(context_, app_, "heal", "gave_up", step.reason, app_.wish.release());
    healing_.steps.push_back(std::move(step));
    return false;
  }

  // The step is counted before it is done.
  template <class Treatment>
  void act(const Complaint& complaint, StepKind kind, Treatment&& treatment) {
    HealingStep step = step_for(complaint, kind);
    if (FileLock::holder_of(state::lock_path(context_.store.folder(), app_.name))) {
      wait_for_lock();
      return;
    }
    if (complaint.unhealthy)
      step.log_tail = exec::log_tail(context_.engine, complaint.container, context_.run.log_lines, stop_);
    context_.store.append(app_.name, {context_.clock.now(), Repair::Kind::healing, app_.wish.release()});
    write_journal(context_, app_, "heal", "started", complaint.reason, app_.wish.release());
    change::Context context{
        context_.engine,        context_.store,    context_.clock,
        context_.report,        context_.who,      format("{}: {}", context_.command, complaint.reason),
        context_.wait_for_lock, context_.defaults, context_.run};
    // A stop or another release that came after the look is what the user wants now.
    context.for_wish_since = app_.wish.since;
    try {
      step.change = treatment(context);
      if (step.change.failed()) {
        step.kind = StepKind::failed;
        step.reason = format("{}; {} did not help: {}", complaint.reason, to_text(kind), step.change.reason);
        if (!step.change.log_tail.empty()) step.log_tail = step.change.log_tail;
      }
    } catch (const Cancelled&) {
      throw;
    } catch (const LockHeld&) {
      wait_for_lock();
      return;
    } catch (const change::Overtaken&) {
      wait_for_lock();
      return;
    } catch (const Error& error) {
      step.kind = StepKind::failed;
      step.reason = format("{}; it could not be repaired: {}", complaint.reason, error.what());
    }
    write_journal(context_, app_, "heal",
                  step.kind == StepKind::failed ? JournalOutcome("failed") : JournalOutcome("done"), step.reason,
                  app_.wish.release());
    healing_.steps.push_back(std::move(step));
  }

  HealingStep step_for(const Complaint& complaint, StepKind kind) const {
    HealingStep step;
    step.app = app_.name.text();
    step.kind = kind;
    step.release = app_.wish.release();
    step.reason = complaint.reason;
    return step;
  }

  void wait_for_lock() {
    healing_.is_busy = true;
    healing_.waits_until = context_.clock.now() + pause_for_lock;
    healing_.waits_for = "another command is working on it";
  }

  change::Context& context_;
  const Declaration& declared_;
  const App& app_;
  const World& world_;
  const HealOptions& options_;
  const std::stop_token stop_;
  Healing healing_;
};

}  // namespace

std::string_view to_text(HealingStep::Kind kind) {
  switch (kind) {
    case StepKind::withdrawn:
      return "rolled_back";
    case StepKind::restarted:
      return "restart";
    case StepKind::rolled_back:
      return "rolled_back";
    case StepKind::stopped:
      return "stop";
    case StepKind::told:
      return "unhealthy";
    case StepKind::gave_up:
      return "gave_up";
    case StepKind::failed:
      return "failed";
  }
  return "";
}

Healing heal(change::Context& context, const Declaration& declared, const App& app, const World& world,
             const HealOptions& options, std::stop_token stop) {
  return HealthCheckup(context, declared, app, world, options, std::move(stop)).run();
}

}  // namespace belay::declared
