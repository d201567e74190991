#include "base/format.h"
#include "cli/commands.h"
#include "cli/compose_options.h"
#include "cli/declared_options.h"

namespace belay::cli {

namespace {

// A place has a "/", is "." or "..", or ends like a Compose file; every other word is a service.
bool is_place(const std::string& word) {
  return word.find('/') != std::string::npos || word == "." || word == ".." || word.ends_with(".yaml") ||
         word.ends_with(".yml");
}

}  // namespace

int run_up(Invocation& in) {
  std::optional<std::string> place;
  std::vector<std::string> services;
  for (const auto& word : in.arguments("PROJECT")) {
    if (!is_place(word)) {
      services.push_back(word);
      continue;
    }
    if (place) throw in.usage_error("one project at a time");
    place = word;
  }
  DeclaredPass pass = project_pass(in, place);
  pass.project->services = services;
  pass.starts_stopped = true;
  pass.builds = in.has("build");
  pass.change = change_options(in);
  if (pass.change.dry_run) return print_declared_plan(in, run_pass(in.session, pass, Results::silent), pass.settings);
  return apply_and_tell(in, pass);
}

}  // namespace belay::cli
