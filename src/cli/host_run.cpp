#include "cli/host_run.h"

#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "change/meter.h"
#include "cli/settings_file.h"
#include "report/event_json.h"
#include "report/event_text.h"

namespace belay::cli {

namespace {

// Who asked: behind sudo, the person, not root.
std::string user_name() {
  if (const char* person = std::getenv("SUDO_USER"); person != nullptr && *person != '\0' && ::geteuid() == 0)
    return person;
  if (const passwd* user = ::getpwuid(::geteuid()); user != nullptr) return user->pw_name;
  return format("uid {}", ::geteuid());
}

// What the host's admin sets for all apps; options and the app's own settings go before.
std::optional<Milliseconds> duration_variable(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return {};
  const auto time = parse_duration(text);
  if (!time)
    throw UsageError(format("the variable {} holds '{}', which is not a duration", name, printable(text)),
                     "Durations look like 30s, 5m or 500ms.");
  return time;
}

// A file that is wrong stops no command that does not depend on it.
plan::Defaults defaults_of_host(Console& console) {
  plan::Defaults defaults;
  try {
    const auto settings = read_settings({});
    defaults.settle = settings.settle.value_or(defaults.settle);
    defaults.wait_timeout = settings.wait_timeout.value_or(defaults.wait_timeout);
  } catch (const Error& error) {
    console.warning(format("the settings are not used: {}", error.what()));
  }
  if (const auto settle = duration_variable("BELAY_SETTLE")) defaults.settle = *settle;
  if (const auto timeout = duration_variable("BELAY_WAIT_TIMEOUT")) defaults.wait_timeout = *timeout;
  return defaults;
}
}  // namespace

Doors Doors::usual() {
  return {[](const change::InstallationOptions& options) { return std::make_unique<change::Installation>(options); },
          [](const change::InstallationOptions& options) { return change::meter(options); }};
}

change::InstallationOptions ground_options(Session& session, const EngineChoice& engine) {
  const Globals& globals = session.globals;
  return {globals.host.value_or(engine.host), engine.login,
          [&console = session.console](const std::string& trouble) { console.warning(trouble); },
          globals.state_dir.value_or("")};
}

Progress& ProgressReport::display() {
  if (!display_) display_ = std::make_unique<Progress>(console_, clock_);
  return *display_;
}

std::string ProgressReport::id_of(size_t action) const {
  return format("{}.{}", plans_, action);
}

// What people see of each kind of event.
struct ProgressReport::Shown {
  ProgressReport& to;

  void operator()(const plan::PlanBegun&) const {
    ++to.plans_;
    if (!to.begun_) to.begun_ = to.clock_.now();
  }
  void operator()(const plan::StepBegun& begun) const {
    if (!to.first_stop_ && std::holds_alternative<plan::StopContainer>(begun.which.step()))
      to.first_stop_ = to.clock_.now();
    to.display().begin(to.id_of(begun.which.action), plan::step_text(begun.which.step()));
  }
  void operator()(const plan::StepProgressed& progressed) const {
    const belay::Progress& progress = progressed.progress;
    // Output without a step of its own belongs to the action.
    const std::string of_action = to.id_of(progressed.which.action);
    const std::string id = progress.id.empty() ? of_action : of_action + "." + progress.id;
    if (!progress.id.empty() || !progress.status.empty())
      to.display().update(id, printable(progress.status), progress.current, progress.total, progress.id);
    if (!progress.log.empty()) to.display().log(id, progress.log);
    if (progress.done && !progress.id.empty()) to.display().finish(id, true, {});
  }
  void operator()(const plan::StepDone& done) const {
    if (to.first_stop_ && std::holds_alternative<plan::StartContainer>(done.which.step()))
      to.last_start_ = to.clock_.now();
    to.display().finish(to.id_of(done.which.action), true, plan::step_text(done.which.step()));
  }
  void operator()(const plan::StepFailed& failed) const {
    // Of another failure the command's own error tells all.
    const bool is_verdict = std::holds_alternative<plan::AwaitVerdict>(failed.which.step());
    to.display().finish(to.id_of(failed.which.action), false,
                        is_verdict ? report::text_of({{}, failed}) : plan::step_text(failed.which.step()));
  }
  void operator()(const plan::Judged&) const {}
  void operator()(const plan::Decided& decided) const { to.console_.note(decided.what); }
  void operator()(const plan::Remark& remark) const {
    if (remark.level == plan::Remark::Level::warning)
      to.console_.warning(remark.text);
    else
      to.console_.note(remark.text);
  }
};

Took ProgressReport::took() const {
  Took took;
  if (begun_) took.time = clock_.now() - *begun_;
  if (first_stop_ && last_start_) took.outage = *last_start_ - *first_stop_;
  return took;
}

ChangeWords change_words(const Invocation& in, const HostRun& run) {
  return {in.has("exit-unchanged"), in.command.find_option("json") != nullptr && in.has("json"), run.report().took()};
}

void ProgressReport::tell(const plan::Event& event) {
  if (console_.settings().json_events)
    console_.event(report::event_json(event, clock_.now()));
  else
    std::visit(Shown{*this}, event.what);
}

HostRun::HostRun(Session& session, std::string command, const EngineChoice& engine)
    : session_(session),
      command_(std::move(command)),
      installation_(session.doors.installation(ground_options(session, engine))),
      report_(session.console, session.clock) {}

change::Context& HostRun::context() {
  if (!context_) {
    context_ = std::unique_ptr<change::Context>(new change::Context{installation_->engine(),
                                                                    installation_->store(),
                                                                    session_.clock,
                                                                    report_,
                                                                    user_name(),
                                                                    command_,
                                                                    session_.globals.lock_wait,
                                                                    defaults_of_host(session_.console),
                                                                    {}});
  }
  return *context_;
}

change::ChangeOptions change_options(const Invocation& in) {
  change::ChangeOptions options;
  options.dry_run = in.has("dry-run");
  options.wait = !in.has("no-wait");
  options.settle = in.duration("settle");
  options.wait_timeout = in.duration("wait-timeout");
  if (const auto order = in.text("order"))
    options.order = *order == "start-first" ? SwapOrder::start_first : SwapOrder::stop_first;
  if (in.command.find_option("snapshot") != nullptr) options.snapshot = in.has("snapshot");
  return options;
}

AppName app_name(const Invocation& in) {
  return AppName(in.argument("NAME"));
}

AppName app_name_before_path(const Invocation& in) {
  const std::string word = in.argument("NAME");
  const bool is_place = word.starts_with('.') || word.starts_with('/') || word.starts_with('~');
  if (AppName::is_valid(word) || (!is_place && word.find_first_of(":/@") == std::string::npos)) return AppName(word);
  const std::string command = format("belay {}", in.command.name);
  const std::string message = format("'{}' cannot be the name of an app", printable(word));
  if (word.find("://") != std::string::npos)
    throw UsageError(ErrorCode::bad_name, message, format("Fetch the folder first, then: {} NAME DIR", command));
  if (is_place)
    throw UsageError(ErrorCode::bad_name, message,
                     format("The name comes first: {} NAME {}", command, shell_quoted(printable(word))));
  std::string name = word.substr(word.rfind('/') + 1);
  name = name.substr(0, name.find_first_of(":@"));
  throw UsageError(ErrorCode::bad_name, message,
                   format("An image stands behind a name: {} {} --image {}", command,
                          AppName::is_valid(name) ? name : "NAME", shell_quoted(printable(word))));
}

Target target(const Invocation& in) {
  return Target::parse(in.argument("NAME"));
}

}  // namespace belay::cli
