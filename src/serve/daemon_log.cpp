#include "serve/daemon_log.h"

#include <array>
#include <climits>
#include <unistd.h>
#include <utility>

#include "base/format.h"
#include "base/text.h"
#include "report/event_text.h"

namespace belay::serve {

namespace {

using Kind = declared::DeclaredApp::Kind;

std::string name_of_this_machine() {
  std::array<char, HOST_NAME_MAX + 1> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string number(const std::optional<ReleaseNumber>& release) {
  return release ? release->text() : "";
}

std::string what_runs_instead(const change::Change& change) {
  if (change.kind == change::Change::Kind::in_trouble) return change.trouble_on_the_way_back;
  return change.running ? change::what_runs_now(change) : std::string("nothing runs");
}

}  // namespace

DaemonLog::DaemonLog(LogLines& log, Metrics& metrics, const Clock& clock, std::string self)
    : log_(log), metrics_(metrics), clock_(clock), self_(std::move(self)), host_(name_of_this_machine()) {}

void DaemonLog::tell(const plan::Event& event) {
  const auto logs = [&](LogLevel level) { log_.write(level, report::text_of(event), {{"app", event.app}}); };
  if (std::holds_alternative<plan::Decided>(event.what)) logs(LogLevel::info);
  if (std::holds_alternative<plan::PlanBegun>(event.what)) logs(LogLevel::debug);
  if (const auto* begun = std::get_if<plan::StepBegun>(&event.what)) begins(event.app, begun->which.step());
  if (const auto* remark = std::get_if<plan::Remark>(&event.what)) remarks(event.app, remark->text);
}

void DaemonLog::begins(const std::string& app, const plan::Step& step) {
  const std::string kind(plan::step_kind(step));
  metrics_.counter("belay_actions_total", "Steps of plans that were begun, by kind.", {{"kind", kind}}).add();
  log_.write(LogLevel::info, plan::step_text(step), {{"app", app}});
  if (!self_.empty() && app == self_ && std::holds_alternative<plan::StopContainer>(step)) handing_over_ = true;
}

void DaemonLog::tell_to(std::shared_ptr<Notifications> notices) {
  const std::lock_guard lock(mutex_);
  notices_ = std::move(notices);
}

void DaemonLog::remarks(const std::string& app, const std::string& text) {
  const std::lock_guard lock(mutex_);
  auto& known = notes_[app];
  // A registry that is down says so at each poll.
  constexpr size_t remembered = 20;
  if (known.size() >= remembered) known.clear();
  if (known.insert(text).second) log_.write(LogLevel::info, text, {{"app", app}});
}

void DaemonLog::ended(const declared::DeclaredApp& app) {
  const std::lock_guard lock(mutex_);
  // It was a successor that was stopped, one that did not prove itself: we are still here.
  if (app.name == self_) handing_over_ = false;
  if (app.healing) {
    tell_healing(app.name, *app.healing);
    // It is as well as it was, which is not well.
    if (app.healing->waits_until && app.kind == Kind::unchanged) return;
  }
  tell_ended(app);
  const std::string key = app.name.empty() ? app.origin : app.name;
  const bool failed = app.kind == Kind::broken || app.kind == Kind::trouble || app.change.failed();
  if (app.kind == Kind::removal)
    states_.erase(key);
  else
    states_[key] = failed ? "failed" : app.kind == Kind::held ? "held" : "good";
  count_apps();
}

void DaemonLog::checked(const declared::DeclaredApp& app) {
  if (app.kind != Kind::unchanged) {
    ended(app);
    return;
  }
  const std::lock_guard lock(mutex_);
  if (app.healing) tell_healing(app.name, *app.healing);
}

void DaemonLog::tell_ended(const declared::DeclaredApp& app) {
  const std::string key = app.name.empty() ? app.origin : app.name;
  if (app.busy) {
    if (std::exchange(left_[key], app.reason) != app.reason)
      log_.write(LogLevel::info, format("left for later: {}", app.reason), {{"app", app.name}});
    return;
  }
  left_.erase(key);
  // A look that asked no registry knows nothing of what waits.
  if (app.kind != Kind::held && app.kind != Kind::unchanged) held_.erase(key);
  if (app.kind == Kind::trouble) {
    // The count of restarts grows all the time.
    tell_trouble({Subject::Kind::app, key},
                 {LogLevel::error, "failed", app.name, {}, format("{} does not stay up", app.name), app.waits_for, {}});
    return;
  }
  if (app.kind == Kind::broken) {
    if (app.change.failed()) count_verdict("failed");
    const std::string hint = app.hint.empty() ? "" : format(" ({})", app.hint);
    tell_trouble({Subject::Kind::app, key},
                 {LogLevel::error, "failed", app.name, number(app.change.release),
                  format("{} cannot be kept as declared", key), app.reason + hint, app.change.log_tail});
    return;
  }
  if (app.kind == Kind::repair && app.only_reported) {
    tell_trouble({Subject::Kind::app, key}, {LogLevel::warning,
                                             "drift",
                                             app.name,
                                             number(app.change.release),
                                             format("{} is not as its release has it, and is left so", app.name),
                                             join(app.differences, "; "),
                                             {}});
    return;
  }
  if (!app.change.failed()) trouble_is_over({Subject::Kind::app, key}, app.name);
  tell_change(app);
}

void DaemonLog::tell_change(const declared::DeclaredApp& app) {
  const std::string release = number(app.change.release);
  if (app.change.failed()) {
    count_verdict("failed");
    const bool is_back = app.change.kind != change::Change::Kind::stuck;
    const std::string reason =
        is_back ? app.change.reason
                : format("{}; while rolling back: {}", app.change.reason, app.change.trouble_on_the_way_back);
    if (!is_back) {
      tell_trouble(
          {Subject::Kind::app, app.name},
          {LogLevel::error, "failed", app.name, release,
           format("{} of {} failed, and so did rolling back", release, app.name), reason, app.change.log_tail});
      return;
    }
    tell_fact({LogLevel::error, "rolled_back", app.name, release,
               format("{} of {} did not prove itself; {}", release, app.name, what_runs_instead(app.change)), reason,
               app.change.log_tail});
    if (!app.change.is_held) return;
    tell_fact({LogLevel::notice,
               "quarantined",
               app.name,
               release,
               format("{} of {} is not tried again until it changes, or belay retry {}", release, app.name, app.name),
               app.change.reason,
               {}});
    return;
  }
  if (app.kind == Kind::held) {
    const std::string key = app.name;
    const std::string& why = app.waits_for.empty() ? app.reason : app.waits_for;
    if (std::exchange(held_[key], why) != why)
      log_.write(LogLevel::info, format("{} waits", app.name), {{"app", app.name}, {"reason", app.reason}});
  }
  if (app.change.kind != change::Change::Kind::done) return;
  notes_.erase(app.name);
  switch (app.kind) {
    case Kind::change:
      count_verdict("passed");
      tell_fact({LogLevel::notice,
                 "deployed",
                 app.name,
                 release,
                 format("{} runs {}", app.name, release),
                 join(app.differences, "; "),
                 {}});
      return;
    case Kind::repair:
    case Kind::held:  // something newer waits, and what runs had to be repaired
      tell_fact({LogLevel::warning,
                 "repaired",
                 app.name,
                 release,
                 format("{} was not as its release has it; it is now", app.name),
                 join(app.differences, "; "),
                 {}});
      return;
    case Kind::removal:
      metrics_.forget("app", app.name);
      tell_fact({LogLevel::notice, "removed", app.name, release, format("{} is gone", app.name), app.reason, {}});
      return;
    default:
      return;
  }
}

void DaemonLog::tell_healing(const std::string& app, const declared::Healing& healing) {
  using Step = declared::HealingStep::Kind;
  const Subject key{Subject::Kind::health, app};
  bool unwell = healing.waits_until.has_value();
  for (const auto& step : healing.steps) {
    const std::string release = number(step.release);
    metrics_
        .counter("belay_healing_total", "Steps taken for apps that were good and then unwell, by kind.",
                 {{"kind", std::string(to_text(step.kind))}})
        .add(step.kind == Step::told && troubles_.contains(key) ? 0 : 1);
    switch (step.kind) {
      case Step::withdrawn:
        count_verdict("failed");
        tell_fact({LogLevel::error, "rolled_back", step.app, release,
                   format("{} of {} failed while soaking; {}", release, step.app, what_runs_instead(step.change)),
                   step.reason, step.log_tail});
        tell_fact(
            {LogLevel::notice,
             "quarantined",
             step.app,
             release,
             format("{} of {} is not tried again until it changes, or belay retry {}", release, step.app, step.app),
             step.reason,
             {}});
        break;
      case Step::restarted:
        tell_fact({LogLevel::warning, "healed", step.app, release, format("{} was restarted", step.app), step.reason,
                   step.log_tail});
        break;
      case Step::rolled_back:
        tell_fact({LogLevel::error, "rolled_back", step.app, release,
                   format("{} went from {} to {}", step.app, release, number(step.change.running)), step.reason,
                   step.log_tail});
        break;
      case Step::stopped:
        tell_fact({LogLevel::error, "stopped", step.app, release, format("{} was stopped", step.app), step.reason,
                   step.log_tail});
        break;
      case Step::told:
        unwell = true;
        tell_trouble(key, {LogLevel::error, "unhealthy", step.app, release, format("{} is unhealthy", step.app),
                           step.reason, step.log_tail, true});
        break;
      case Step::gave_up:
        tell_fact({LogLevel::error,
                   "gave_up",
                   step.app,
                   release,
                   format("{} is left as it is for now", step.app),
                   step.reason,
                   {}});
        break;
      case Step::failed:
        unwell = true;
        tell_trouble(key, {LogLevel::error, "failed", step.app, release, format("{} is not well", step.app),
                           step.reason, step.log_tail});
        break;
    }
  }
  if (!unwell) trouble_is_over(key, app);
}

void DaemonLog::count_apps() {
  std::map<std::string, double> apps{{"good", 0}, {"held", 0}, {"failed", 0}};
  for (const auto& [app, state] : states_) apps[state] += 1;
  for (const auto& [state, count] : apps)
    metrics_.gauge("belay_apps", "Declared apps by how they are.", {{"state", state}}).set(count);
}

void DaemonLog::passed(const declared::DeclaredHost& host) {
  std::set<std::string> met;
  for (const auto& app : host.apps) met.insert(app.name.empty() ? app.origin : app.name);
  {
    const std::lock_guard lock(mutex_);
    // What is declared no more is no trouble any more either.
    std::vector<Subject> over;
    for (const auto& [subject, trouble] : troubles_)
      if (subject.kind != Subject::Kind::subsystem && !met.contains(subject.name)) over.push_back(subject);
    for (const Subject& subject : over) trouble_is_gone(subject);
    std::erase_if(states_, [&](const auto& state) { return !met.contains(state.first); });
    count_apps();
  }
  for (const auto& warning : host.warnings) note(warning);
}

void DaemonLog::tell_of(const Fact& fact) {
  const std::lock_guard lock(mutex_);
  tell_fact(fact);
}

void DaemonLog::backup_failed(const state::BackupFailure& failure) {
  const std::lock_guard lock(mutex_);
  tell_fact({LogLevel::error,
             "backup_failed",
             failure.app,
             {},
             format("the backup of {} to {} failed", failure.app, failure.place),
             failure.reason,
             {}});
}

void DaemonLog::subsystem_trouble(const std::string& part, const std::string& trouble, const std::string& hint) {
  const std::lock_guard lock(mutex_);
  const Subject key{Subject::Kind::subsystem, part};
  if (trouble.empty()) {
    if (troubles_.erase(key) > 0) log_.write(LogLevel::notice, format("{}: all is well again", part));
    return;
  }
  auto& known = troubles_[key];
  if (known == trouble) return;
  known = trouble;
  log_.write(LogLevel::error, format("{}{}{}", trouble, hint.empty() ? "" : " — ", hint));
}

void DaemonLog::tell_trouble(const Subject& subject, const Fact& fact) {
  auto& known = troubles_[subject];
  const std::string text = fact.event + ": " + (fact.has_volatile_reason ? fact.release : fact.reason);
  if (known == text) return;
  known = text;
  tell_fact(fact);
}

void DaemonLog::trouble_is_over(const Subject& subject, const std::string& app) {
  if (troubles_.erase(subject) == 0) return;
  tell_fact(
      {LogLevel::notice, "recovered", app, {}, format("{} is well again", app.empty() ? subject.name : app), {}, {}});
}

void DaemonLog::trouble_is_gone(const Subject& subject) {
  troubles_.erase(subject);
  tell_fact({LogLevel::notice,
             "recovered",
             AppName::is_valid(subject.name) ? subject.name : std::string(),
             {},
             format("the trouble with {} is over", subject.name),
             {},
             {}});
}

void DaemonLog::tell_fact(const Fact& fact) {
  std::vector<LogField> fields;
  if (!fact.app.empty()) fields.push_back({"app", fact.app});
  if (!fact.release.empty()) fields.push_back({"release", fact.release});
  if (!fact.reason.empty()) fields.push_back({"reason", fact.reason});
  log_.write(fact.level, fact.text, fields);
  if (notices_ == nullptr || fact.event.empty()) return;
  notices_->tell({.time = clock_.now(),
                  .kind = fact.event,
                  .app = fact.app,
                  .release = fact.release,
                  .text = fact.text,
                  .reason = fact.reason,
                  .log_tail = fact.log_tail,
                  .host = host_});
}

void DaemonLog::count_verdict(const char* verdict) {
  metrics_.counter("belay_verdicts_total", "Releases that proved themselves, or did not.", {{"verdict", verdict}})
      .add();
}

}  // namespace belay::serve
