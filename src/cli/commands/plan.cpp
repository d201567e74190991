#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/start.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/declared_options.h"
#include "declared/plan_file.h"
#include "look/look.h"
#include "report/plan_json.h"

namespace belay::cli {

namespace {

int plan_app(Invocation& in, HostRun& run, const AppName& name) {
  for (const std::string_view option :
       {"out", "config", "aws", "no-pull", "thorough", "allow-empty", "take-over", "verbose"})
    if (in.has(option)) throw in.usage_error(format("--{} is for a folder of definitions, not for one app", option));
  const plan::Plan plan = change::plan_now(run.context(), name, in.stop());
  const int code = in.has("detailed-exitcode") && !plan.empty() ? 2 : 0;
  if (!in.has("json")) {
    print_plan(in.console, plan);
    return code;
  }
  print_record(in.console, report::plan_json(name, plan));
  return code;
}

// What the command line leaves to the place where it is typed is said in the file.
formats::compose::Request with_whole_paths(const Invocation& in, formats::compose::Request project) {
  for (auto& file : project.files) {
    if (file == "-") throw in.usage_error("a project from standard input cannot be planned for later: name a file");
    file = plain_absolute(file).string();
  }
  if (project.folder || !project.files.empty()) return project;
  for (fs::path folder = fs::current_path(); !folder.empty(); folder = folder.parent_path()) {
    if (is_compose_project(folder.string())) project.folder = folder;
    if (project.folder || folder == folder.parent_path()) break;
  }
  return project;
}

declared::PlanFile plan_file(const DeclaredPass& pass, const DeclaredOutcome& outcome) {
  declared::PlanFile plan;
  plan.pull = pass.settings.pull;
  plan.thorough = pass.thorough;
  plan.take_over = pass.take_over;
  plan.apps = declared::planned_apps(outcome.host);
  return plan;
}

void keep_plan(Invocation& in, const std::string& file, const declared::PlanFile& plan) {
  declared::write_plan_file(file, plan);
  in.console.note(format("the plan is in {0}; to carry it out: belay apply {0}", file));
}

int plan_project(Invocation& in, const std::optional<std::string>& place) {
  DeclaredPass pass = project_pass(in, place);
  pass.change.dry_run = true;
  const auto file = in.text("out");
  if (file) pass.project = with_whole_paths(in, *pass.project);
  const DeclaredOutcome outcome = run_pass(in.session, pass, Results::silent);
  if (file) {
    declared::PlanFile plan = plan_file(pass, outcome);
    plan.project = pass.project;
    plan.folder = pass.project->folder.value_or(pass.project->project_folder.value_or(
        fs::path(pass.project->files.empty() ? "/" : pass.project->files.front())));
    keep_plan(in, *file, plan);
  }
  return print_declared_plan(in, outcome, pass.settings);
}

int plan_host(Invocation& in, const std::string& folder) {
  const fs::path settings_file = in.text_or("config", "");
  DeclaredPass pass = declared_pass(in, folder, settings_file);
  if (folder.empty()) refuse_missing_folder(pass);
  pass.change.dry_run = true;
  const DeclaredOutcome outcome = run_pass(in.session, pass, Results::silent);
  if (const auto file = in.text("out")) {
    declared::PlanFile plan = plan_file(pass, outcome);
    plan.folder = plain_absolute(pass.settings.confdir);
    if (!settings_file.empty()) plan.settings_file = plain_absolute(settings_file);
    plan.aws = pass.settings.aws;
    plan.allow_empty = pass.allow_empty;
    keep_plan(in, *file, plan);
  }
  return print_declared_plan(in, outcome, pass.settings);
}

// One definition is no host: what is not in the folder would be removed.
[[noreturn]] void refuse_file(const std::string& word) {
  const fs::path file(word);
  const std::string folder = shell_quoted(file.has_parent_path() ? file.parent_path().string() : ".");
  throw UsageError(format("{} is a file, and a plan is for a folder of definitions", word),
                   format("belay plan {} is about it and the definitions beside it; a saved plan: belay apply {}",
                          folder, shell_quoted(word)));
}

}  // namespace

int run_plan(Invocation& in) {
  const auto what = in.optional_argument("WHAT");
  if (!what) return is_about_project_here(in) ? plan_project(in, what) : plan_host(in, "");
  std::error_code unknown;
  const bool is_folder = fs::is_directory(*what, unknown);
  const bool is_path = what->find('/') != std::string::npos || *what == "." || *what == ".." || !is_folder;
  if (is_path && is_compose_project(*what)) return plan_project(in, what);
  const bool is_file = fs::is_regular_file(*what, unknown);
  if (is_file && (what->find('/') != std::string::npos || !AppName::is_valid(*what) || what->ends_with(".json")))
    refuse_file(*what);
  if (what->find('/') != std::string::npos || *what == "." || *what == "..") return plan_host(in, *what);
  // An app's build context often lies beside it under its name.
  HostRun run(in.session, in.description());
  if (is_folder) {
    const auto names = look::names(run.context());
    if (std::find(names.begin(), names.end(), *what) == names.end())
      return is_compose_project(*what) ? plan_project(in, what) : plan_host(in, *what);
  }
  const AppName name(*what);
  if (!run.context().store.app(name)) refuse_name_of_definition(*what);
  return plan_app(in, run, name);
}

}  // namespace belay::cli
