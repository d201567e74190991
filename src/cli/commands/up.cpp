#include "base/format.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/declared_options.h"
#include "cli/project_words.h"

namespace belay::cli {

namespace {

// SERVICE=N
std::map<std::string, int> scale_of(const Invocation& in) {
  std::map<std::string, int> scale;
  for (const auto& text : in.list("scale")) {
    const size_t equals = text.find('=');
    const auto count = equals == std::string::npos ? std::nullopt : parse_number(text.substr(equals + 1));
    if (!count || *count > 1000 || equals == 0)
      throw in.usage_error(format("--scale takes SERVICE=N, not '{}'", printable(text)));
    scale[text.substr(0, equals)] = static_cast<int>(*count);
  }
  return scale;
}

// What both commands have in common.
DeclaredPass pass_over_project(const Invocation& in) {
  const auto [place, services] = place_and_services(in, in.arguments("PROJECT"));
  if (!place)
    lead_on_without_project(in, "belay deploy NAME makes an app of a Dockerfile, belay apply DIR of definitions");
  DeclaredPass pass = project_pass(in, place);
  pass.project->services = services;
  pass.project->without_needs = in.has("no-deps");
  if (in.has("no-deps") && services.empty()) throw in.usage_error("--no-deps is for services that are named");
  pass.project->scale = scale_of(in);
  if (const auto pull = in.text("pull"))
    pass.pull = *pull == "always" ? Pull::always : *pull == "never" ? Pull::never : Pull::missing;
  pass.starts_stopped = true;
  pass.builds = in.has("build");
  pass.without_builds = in.has("no-build");
  if (pass.builds && pass.without_builds) throw in.usage_error("--build and --no-build exclude each other");
  pass.removes_orphans = in.has("remove-orphans");
  return pass;
}

int carry_out_pass(Invocation& in, const DeclaredPass& pass) {
  if (pass.change.dry_run) return print_declared_plan(in, run_pass(in.session, pass, Results::silent), pass.settings);
  return apply_and_tell(in, pass);
}

}  // namespace

int run_up(Invocation& in) {
  DeclaredPass pass = pass_over_project(in);
  const auto& services = pass.project->services;
  if (const auto timeout = in.duration("timeout")) pass.stop_timeout = std::chrono::ceil<Seconds>(*timeout);
  pass.makes_anew = in.has("force-recreate");
  pass.keeps_containers = in.has("no-recreate");
  pass.starts_nothing = in.has("no-start");
  if (in.has("always-recreate-deps")) pass.makes_needs_of_anew = {services.begin(), services.end()};
  for (const std::string_view option : {"force-recreate", "always-recreate-deps"})
    for (const std::string_view other : {"no-recreate", "no-start"})
      if (in.has(other) && in.has(option))
        throw in.usage_error(format("--{} and --{} exclude each other", other, option));
  pass.change = change_options(in);
  return carry_out_pass(in, pass);
}

int run_create(Invocation& in) {
  DeclaredPass pass = pass_over_project(in);
  pass.starts_nothing = true;
  pass.change.dry_run = in.has("dry-run");
  return carry_out_pass(in, pass);
}

}  // namespace belay::cli
