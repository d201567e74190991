#include "base/format.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/json_output.h"
#include "cli/trial_result.h"
#include "report/safekeeping_json.h"

namespace belay::cli {

namespace {

// What is there as a file or folder, or can only be a path, is built; everything else is an image.
bool is_place(const std::string& candidate) {
  std::error_code error;
  return candidate.starts_with('/') || candidate.starts_with('.') || fs::exists(candidate, error);
}

safekeeping::TryOptions try_options(const Invocation& in) {
  safekeeping::TryOptions options;
  options.trial = trial_options(in);
  options.service = in.text_or("service", "");
  if (in.has("live")) options.consistency = backup::Consistency::live;
  const std::string candidate = in.argument("CANDIDATE");
  options.build = dockerfile_options(in);
  if (is_place(candidate))
    options.build.where = candidate;
  else
    options.image = candidate;
  return options;
}

}  // namespace

int run_try(Invocation& in) {
  const AppName name = app_name(in);
  const safekeeping::TryOptions options = try_options(in);
  HostRun run(in.session, in.description());
  const safekeeping::Tried tried = safekeeping::try_candidate(run.context(), name, options, in.stop());
  run.report().close();
  if (!tried.trial.done) {
    print_plan(in.console, tried.trial.plan);
    return 0;
  }
  if (in.has("json")) {
    print_record(in.console, tried_json(name, tried));
    return tried.trial.passed() ? 0 : 1;
  }
  const std::string what = format("{} with {}", name.text(), tried.candidate);
  const std::string still = tried.still ? format("; the app was interrupted for {}", duration_text(*tried.still)) : "";
  if (!tried.trial.passed())
    return print_failed_trial(
        in.console, what, tried.trial,
        format("{} runs on as before{}. What it needs besides may not be reachable from an isolated "
               "network: --network NAME joins another.",
               name.text(), still));
  in.console.success(
      format("{} proved itself, with the settings and a copy of the data of {}{}", what, tried.release.text(), still));
  return 0;
}

}  // namespace belay::cli
