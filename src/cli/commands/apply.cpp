#include "base/format.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/declared_options.h"
#include "declared/plan_file.h"
#include "look/look.h"

namespace belay::cli {

namespace {

// What the plan rests on must be as it was: as a whole now, before anything is touched, and app by app, under its lock,
// just before its steps run.
void refuse_moved_world(Session& session, DeclaredPass pass, const declared::PlanFile& file) {
  pass.change.dry_run = true;
  const DeclaredOutcome outcome = run_pass(session, pass, Results::silent);
  if (const auto difference = declared::first_difference(file.apps, declared::planned_apps(outcome.host)))
    throw Conflict(ErrorCode::plan_outdated, format("the plan is out of date: {}", *difference),
                   format("Look at it again: belay plan {}", file.folder.string()));
}

DeclaredPass pass_of_plan(Invocation& in, const declared::PlanFile& file) {
  for (const std::string_view option : {"config", "aws", "no-pull", "thorough", "allow-empty", "take-over", "file",
                                        "project-name", "project-directory", "profile", "env-file"})
    if (in.has(option)) throw in.usage_error(format("--{} is part of a plan already", option));
  DeclaredPass pass = file.project ? project_pass(in, {}) : declared_pass(in, file.folder, file.settings_file);
  if (file.project) pass.project = file.project;
  pass.settings.aws = file.aws;
  pass.settings.pull = file.pull;
  pass.thorough = file.thorough;
  pass.allow_empty = file.allow_empty;
  pass.take_over = file.take_over;
  pass.plans = declared::steps_by_app(file.apps);
  return pass;
}

// "apply -f DIR", as kubectl has it: -f names a Compose file otherwise.
std::optional<std::string> place_of_definitions(const Invocation& in) {
  auto what = in.optional_argument("WHAT");
  std::error_code unknown;
  if (const auto files = in.list("file"); !what && files.size() == 1 && fs::is_directory(files.front(), unknown))
    what = files.front();
  return what;
}

// Who begins, or has typed an app's name, is told how to go on.
void refuse_missing_definitions(Invocation& in, const std::optional<std::string>& what, const DeclaredPass& pass) {
  std::error_code unknown;
  const fs::path& folder = pass.settings.confdir;
  if (fs::exists(folder, unknown) || pass.settings.aws) return;
  if (!what) refuse_missing_folder(pass);
  if (!AppName::is_valid(*what)) return;
  HostRun run(in.session, in.description());
  const auto app = run.context().store.app(AppName(*what));
  if (!app) {
    refuse_name_of_definition(*what);
    return;
  }
  throw NotFound(ErrorCode::file_not_found, format("{0} is an app, not a folder of definitions", *what),
                 app->origin.empty()
                     ? format("belay plan {0} shows what is missing, belay start {0} starts it.", *what)
                     : format("Its definition is {0}; belay plan {1} shows what is missing.", app->origin, *what));
}

}  // namespace

int apply_and_tell(Invocation& in, const DeclaredPass& pass) {
  const bool as_json = in.has("json");
  const DeclaredOutcome outcome = run_pass(in.session, pass, as_json ? Results::silent : Results::told);
  if (as_json)
    print_record(in.console, declared_json(pass.settings, outcome));
  else
    in.console.success(summary(outcome));
  if (!outcome.is_as_declared()) return 1;
  return in.has("exit-unchanged") && !outcome.has_done() ? 3 : 0;
}

int run_apply(Invocation& in) {
  const auto what = place_of_definitions(in);
  std::error_code unknown;
  DeclaredPass pass;
  if (what ? is_compose_project(*what) : is_about_project_here(in)) {
    pass = project_pass(in, what);
  } else if (what && fs::is_regular_file(*what, unknown)) {
    const declared::PlanFile plan = declared::read_plan_file(*what);
    pass = pass_of_plan(in, plan);
    refuse_moved_world(in.session, pass, plan);
  } else {
    pass = declared_pass(in, what.value_or(""), in.text_or("config", ""));
    refuse_missing_definitions(in, what, pass);
  }
  pass.change = change_options(in);
  if (pass.change.dry_run) return print_declared_plan(in, run_pass(in.session, pass, Results::silent), pass.settings);
  return apply_and_tell(in, pass);
}

}  // namespace belay::cli
