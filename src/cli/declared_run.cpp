#include "cli/declared_run.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/change_result.h"
#include "cli/compose_options.h"
#include "declared/definitions.h"
#include "declared/errands.h"
#include "declared/user_data.h"
#include "formats/declared_host.h"
#include "report/event_json.h"
#include "report/event_text.h"
#include "report/host_json.h"
#include "report/host_text.h"

namespace belay::cli {

namespace {

using change::Change;
using declared::DeclaredApp;

std::string name_of(const DeclaredApp& app) {
  return app.name.empty() ? app.origin : app.name;
}

void print_broken(Console& console, const DeclaredApp& app) {
  // A mistake in a definition begins with its place, which says more than the name.
  const bool has_place = app.code == ErrorCode::bad_definition;
  console.error(Error(app.code.value_or(ErrorCode::internal),
                      has_place ? app.reason : format("{}: {}", name_of(app), app.reason), app.hint));
}

void print_differences(Console& console, const DeclaredApp& app) {
  for (const auto& line : app.differences) console.success("    " + line);
}

std::string how_it_went(const DeclaredApp& app) {
  if (!app.downtime) return "";
  if (app.downtime->kind == declared::Downtime::Kind::stop_first)
    return app.outage ? format(" (stop-first, {} down)", duration_text(*app.outage)) : " (stop-first)";
  return app.downtime->kind == declared::Downtime::Kind::in_place ? " (changed in place)" : "";
}

// Of containers that are made and not started.
void print_made(Console& console, const DeclaredApp& app, bool verbose) {
  std::vector<std::string> made;
  for (const auto& action : app.change.plan.actions)
    if (const auto* create = std::get_if<plan::CreateContainer>(&action.step)) made.push_back(create->name);
  console.success(made.empty() ? format("{}: nothing was missing", name_of(app))
                               : format("{}: made, and not started: {}", name_of(app), join(made, ", ")));
  if (verbose) print_differences(console, app);
  for (const auto& line : report::lines_about_compose(app)) console.success("    " + line);
}

void print_ended(Console& console, const DeclaredApp& app, bool verbose) {
  if (app.change.failed()) {
    std::ignore = print_change(console, AppName(app.name), app.change);
    return;
  }
  const bool is_done = app.change.kind == Change::Kind::done;
  const std::string name = name_of(app);
  switch (app.kind) {
    case DeclaredApp::Kind::broken:
      print_broken(console, app);
      return;
    case DeclaredApp::Kind::held:
      console.success(format("{}: held — {}", name, app.reason));
      return;
    case DeclaredApp::Kind::trouble:
      print_broken(console, app);
      return;
    case DeclaredApp::Kind::removal:
      if (is_done) console.success(format("{}: {} — {}", name, app.origin.empty() ? "stopped" : "removed", app.reason));
      return;
    case DeclaredApp::Kind::repair:
      if (is_done && app.only_makes) {
        print_made(console, app, verbose);
        return;
      }
      console.success(is_done ? format("{}: repaired — {}", name, app.reason) : format("{}: {}", name, app.reason));
      if (verbose || !is_done) print_differences(console, app);
      return;
    case DeclaredApp::Kind::change:
      if (is_done && app.only_makes) {
        print_made(console, app, verbose);
        return;
      }
      if (is_done && app.change.running) {
        const std::string why = app.reason.empty() || app.is_new ? "" : format(" — {}", app.reason);
        console.success(format("{}: {} runs{}{}", name, app.change.running->text(), how_it_went(app), why));
        if (verbose) print_differences(console, app);
        for (const auto& line : report::lines_about_compose(app)) console.success("    " + line);
        return;
      }
      break;
    case DeclaredApp::Kind::unchanged:
      break;
  }
  if (verbose) console.success(format("{}: unchanged", name));
}

// Tells of each app as it goes.
class DeclaredReport final : public declared::DeclaredListener {
 public:
  DeclaredReport(Console& console, const Clock& clock, bool tells_ends, bool verbose)
      : console_(console), clock_(clock), tells_ends_(tells_ends), verbose_(verbose) {}

  void tell(const plan::Event& event) override {
    if (console_.settings().json_events) {
      console_.event(event_json(event, clock_.now()));
    } else if (std::holds_alternative<plan::StepBegun>(event.what) ||
               std::holds_alternative<plan::Remark>(event.what)) {
      console_.note(format("{}: {}", event.app, report::text_of(event)));
    }
  }
  void ended(const DeclaredApp& app) override {
    if (tells_ends_) {
      print_ended(console_, app, verbose_);
    } else if (app.kind == DeclaredApp::Kind::broken) {
      print_broken(console_, app);
    }
  }

 private:
  Console& console_;
  const Clock& clock_;
  const bool tells_ends_, verbose_;
};

}  // namespace

EngineChoice engine_choice(const formats::Settings& settings) {
  EngineChoice choice;
  choice.host = settings.remote;
  if (!settings.username.empty())
    choice.login = change::RegistryLogin{settings.registry, settings.username, settings.password};
  return choice;
}

DeclaredInput read_declared(const formats::Settings& settings, const declared::Warn& warn, std::stop_token stop) {
  DeclaredInput input;
  if (settings.aws) {
    declared::UserDataSource source;
    source.address = settings.metadata;
    try {
      input.user_data = declared::read_user_data(source, stop);
      input.sources.emplace_back("user-data");
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      input.trouble = format("EC2 user-data cannot be read, what it declared stays as it is: {}", error.what());
    }
  }
  input.declared = declared::read_definitions(settings.confdir, input.user_data, warn);
  input.sources.push_back(plain_absolute(settings.confdir).string());
  return input;
}

bool DeclaredOutcome::has_done() const {
  return std::any_of(host.apps.begin(), host.apps.end(),
                     [](const DeclaredApp& app) { return app.change.kind == Change::Kind::done; });
}

DeclaredOutcome run_pass(Session& session, const DeclaredPass& pass, Results results) {
  const std::stop_token stop = pass.stop.stop_possible() ? pass.stop : session.stop();
  DeclaredOutcome outcome;
  const auto warn = [&](const std::string& text) { session.console.warning(text); };
  if (pass.project) {
    outcome.input.declared = declared::read_project(*pass.project, compose_outside(), warn);
    if (pass.pull)
      for (auto& project : outcome.input.declared.apps)
        for (auto& [service, pull] : project.pulls)
          if (!project.builds.contains(service)) pull = *pass.pull;
    if (pass.without_builds)
      for (auto& project : outcome.input.declared.apps) {
        for (const auto& [service, build] : project.builds) project.pulls[service] = Pull::never;
        project.builds.clear();
      }
    if (pass.builds)
      for (auto& project : outcome.input.declared.apps)
        for (const auto& [service, build] : project.builds) project.pulls[service] = Pull::build;
  } else if (pass.unit) {
    outcome.input.declared = formats::declared_host({}, {*pass.unit});
  } else {
    outcome.input = read_declared(pass.settings, warn, stop);
  }
  if (!outcome.input.trouble.empty()) session.console.error(Error(ErrorCode::connection_failed, outcome.input.trouble));
  HostRun run(session, pass.command, engine_choice(pass.settings));
  run.context().defaults.stop_timeout = pass.stop_timeout;
  declared::DeclaredOptions options;
  options.dry_run = pass.change.dry_run;
  options.allow_empty = pass.allow_empty;
  options.ask_registries = pass.settings.pull;
  options.thorough = pass.thorough;
  options.keep = pass.settings.keep;
  options.workers = pass.workers;
  options.change = pass.change;
  options.take_over = {pass.take_over.begin(), pass.take_over.end()};
  options.order = pass.settings.order ? pass.settings.order : pass.order;
  options.sources = outcome.input.sources;
  options.look_for_restarts = true;
  if (pass.plans) options.plans = &*pass.plans;
  options.starts_stopped = pass.starts_stopped;
  options.removes_orphans = pass.removes_orphans;
  options.makes_anew = pass.makes_anew;
  options.makes_needs_of_anew = pass.makes_needs_of_anew;
  options.keeps_containers = pass.keeps_containers;
  options.starts_nothing = pass.starts_nothing;
  // What a source that cannot be read declares would pass for a stranger.
  options.exclusive = pass.settings.exclusive && outcome.input.trouble.empty();
  const bool tells_ends = results == Results::told && !pass.change.dry_run;
  DeclaredReport report(session.console, session.clock, tells_ends, pass.verbose);
  outcome.host = declared::apply_declared(run.context(), outcome.input.declared, options, report, stop);
  for (const auto& warning : outcome.host.warnings) session.console.warning(warning);
  if (const auto apps = declared::waiting_for_a_daemon(run.context().store, outcome.input.declared); !apps.empty())
    session.console.note(format("the schedule of {} is kept by belay serve, and that does not run: belay serve --help",
                                join(apps, ", ")));
  return outcome;
}

std::string summary(const DeclaredOutcome& outcome) {
  std::vector<std::pair<std::string_view, size_t>> counts{
      {"changed", 0}, {"repaired", 0}, {"removed", 0}, {"held", 0}, {"in trouble", 0}, {"failed", 0}, {"unchanged", 0}};
  const auto count = [&](std::string_view what) {
    ++std::find_if(counts.begin(), counts.end(), [&](const auto& entry) { return entry.first == what; })->second;
  };
  for (const auto& app : outcome.host.apps) {
    const bool is_done = app.change.kind == Change::Kind::done;
    if (app.kind == DeclaredApp::Kind::broken || app.change.failed())
      count("failed");
    else if (app.kind == DeclaredApp::Kind::held)
      count("held");
    else if (app.kind == DeclaredApp::Kind::trouble)
      count("in trouble");
    else if (!is_done)
      count("unchanged");
    else
      count(app.kind == DeclaredApp::Kind::repair    ? "repaired"
            : app.kind == DeclaredApp::Kind::removal ? "removed"
                                                     : "changed");
  }
  std::vector<std::string> parts;
  for (const auto& [what, number] : counts)
    if (number > 0) parts.push_back(format("{} {}", number, what));
  return parts.empty() ? "nothing is declared" : join(parts, ", ");
}

Node declared_json(const formats::Settings& settings, const DeclaredOutcome& outcome) {
  return host_json(outcome.host, settings.confdir.string(), outcome.input.trouble);
}

int apply_once(Session& session, const DeclaredPass& pass) {
  const DeclaredOutcome outcome = run_pass(session, pass, Results::told);
  session.console.success(summary(outcome));
  return outcome.is_as_declared() ? 0 : 1;
}

}  // namespace belay::cli
