#include <algorithm>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "cli/commands.h"
#include "cli/json_output.h"
#include "cli/named.h"
#include "cli/settings_options.h"
#include "formats/check_values.h"
#include "report/result_json.h"

namespace belay::cli {

family::BuildOptions dockerfile_options(const Invocation& in) {
  family::BuildOptions options;
  options.arguments = in.pairs("build-arg");
  options.secrets = in.list("secret");
  options.target = in.text_or("target", "");
  options.platform = in.text_or("platform", "");
  options.no_cache = in.has("no-cache");
  options.pull = in.has("pull");
  const std::string builder = in.text_or("builder", "auto");
  options.builder = builder == "classic"    ? plan::BuilderChoice::classic
                    : builder == "buildkit" ? plan::BuilderChoice::buildkit
                                            : plan::BuilderChoice::automatic;
  if (!options.secrets.empty() && builder == "classic") throw in.usage_error("the classic builder knows no secrets");
  return options;
}

namespace {

std::optional<std::vector<Check>> asked_checks(const Invocation& in) {
  const auto lines = in.list("check");
  if (lines.empty()) return {};
  std::vector<Check> checks;
  if (lines == std::vector<std::string>{"none"}) return checks;
  for (const auto& line : lines)
    checks.push_back(doing("--check", [&] { return formats::check_line(line, fs::current_path()); }));
  return checks;
}

}  // namespace

family::BuildOptions build_options(const Invocation& in) {
  family::BuildOptions options = dockerfile_options(in);
  options.where = in.optional_argument("WHERE").value_or("");
  options.image = in.text_or("image", "");
  options.push = in.text_or("push", "");
  options.parameter_file = in.text_or("config-file", "");
  options.settings_from_image = in.has("settings-from-image");
  options.dry_run = in.has("dry-run");
  options.tells_new_names = true;
  options.checks = asked_checks(in);
  options.settings = given_settings(in);
  if (!options.image.empty() && !options.where.empty())
    throw in.usage_error("--image takes an image instead of building WHERE");
  return options;
}

int print_build(Console& console, const AppName& name, const family::BuildOutcome& outcome, bool exit_unchanged) {
  if (outcome.dry_run) {
    print_plan(console, outcome.plan);
    return 0;
  }
  const std::string with = outcome.parameter_file.empty() ? "" : format(", with {}", outcome.parameter_file);
  if (!outcome.changed) {
    console.success(format("{} is built already: image {}{}", name.text(), short_digest(outcome.image), with));
    return exit_unchanged ? 3 : 0;
  }
  console.success(format("{} is built: image {} ({}){}", name.text(), short_digest(outcome.image), outcome.tag, with));
  return 0;
}

namespace {

// The words name services of the folder's project, and none an app, or there are no words.
bool is_for_project(const Invocation& in, HostRun& run) {
  if (in.session.project) return true;
  const auto words = in.arguments("NAME");
  Named named(in, run);
  if (words.empty() && !named.project()) throw in.usage_error("NAME is missing");
  // A Dockerfile here is that of an app of its own; without one the words can only be meant for the project.
  std::error_code error;
  const bool is_for_app = std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return named.is_app(word) || fs::exists(word + "-Dockerfile", error);
  });
  if (!named.project() || is_for_app) return false;
  const auto is_service = [&](const std::string& word) { return named.project()->has(word); };
  if (words.size() != 1 || fs::exists("Dockerfile", error)) return std::all_of(words.begin(), words.end(), is_service);
  if (!is_service(words.front())) named.of(words.front());  // says which services there are
  return true;
}

}  // namespace

int run_build(Invocation& in) {
  HostRun run(in.session, in.description());
  const auto words = in.arguments("NAME");
  if (is_for_project(in, run)) {
    for (const Option& option : settings_options)
      if (in.has(option.name))
        throw in.usage_error(
            format("--{} is for an app of one image: a project's settings are in its files", option.name));
    return build_project(in, words);
  }
  if (words.size() > 2) throw in.usage_error(format("unexpected argument '{}'", printable(words[2])));
  const AppName name = app_name_before_path(in);
  const family::BuildOptions options = build_options(in);
  const auto outcome = family::build(run.context(), name, options, in.stop());
  run.report().close();
  if (in.has("json")) {
    print_record(in.console, build_json(name, outcome));
    return !outcome.dry_run && !outcome.changed && in.has("exit-unchanged") ? 3 : 0;
  }
  const int code = print_build(in.console, name, outcome, in.has("exit-unchanged"));
  if (!outcome.dry_run && outcome.changed) in.console.note(format("start it with: belay start {} new", name.text()));
  return code;
}

}  // namespace belay::cli
