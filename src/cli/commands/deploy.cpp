#include "base/format.h"
#include "change/start.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "cli/named.h"
#include "family/start_new.h"

namespace belay::cli {

namespace {

// A new app of a folder that belongs to another one, or with a name near to another's, is more likely a slip than a
// wish.
std::function<bool(const std::string&)> confirm_new_name(Invocation& in) {
  return [&in](const std::string& what) {
    if (in.has("yes")) return true;
    if (!in.console.is_in_terminal())
      throw UsageError(ErrorCode::not_confirmed,
                       format("{}: this must be confirmed, and standard input is no terminal", what),
                       "Give -y if a new app is meant.");
    return in.console.confirm(format("{}. Make a new app?", what), in.stop());
  };
}

// "deploy web" in the folder of a project: where there is no Dockerfile, its service web is meant.
void refuse_service(Invocation& in, HostRun& run, const std::string& word) {
  std::error_code unknown;
  if (in.optional_argument("WHERE") || in.has("image") || fs::exists("Dockerfile", unknown) ||
      fs::exists(word + "-Dockerfile", unknown))
    return;
  Named named(in, run);
  if (named.is_app(word) || !named.project() || !named.project()->has(word)) return;
  throw NotFound(ErrorCode::app_not_found,
                 format("{} is a service of the project {}, and no app", word, named.project()->name.text()),
                 format("belay up {} builds it and starts what has changed.", word));
}

}  // namespace

int run_deploy(Invocation& in) {
  const AppName name = app_name_before_path(in);
  family::BuildOptions build = build_options(in);
  build.confirm_new_name = confirm_new_name(in);
  family::StartOptions options;
  options.change = change_options(in);
  options.again = in.has("yes");
  options.confirm = confirm_losses(in.console, in.has("yes"), in.stop());
  HostRun run(in.session, in.description());
  refuse_service(in, run, name.text());
  const auto deployed = family::deploy(run.context(), name, build, options, in.stop());
  run.report().close();
  return print_change(in.console, name, deployed.change, change_words(in, run));
}

}  // namespace belay::cli
