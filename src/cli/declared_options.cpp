#include "cli/declared_options.h"

#include <algorithm>

#include "base/format.h"
#include "cli/compose_options.h"
#include "report/host_text.h"

namespace belay::cli {

DeclaredPass declared_pass(const Invocation& in, const fs::path& folder, const fs::path& settings_file) {
  DeclaredPass pass;
  pass.settings = read_settings(settings_file.empty() ? std::nullopt : std::optional(settings_file));
  if (!folder.empty()) pass.settings.confdir = plain_absolute(folder);
  // Not every command that makes a pass has each of them.
  const auto has = [&](std::string_view option) { return in.command.find_option(option) != nullptr && in.has(option); };
  if (has("aws")) pass.settings.aws = true;
  if (has("no-pull")) pass.settings.pull = false;
  pass.thorough = has("thorough");
  pass.allow_empty = has("allow-empty");
  pass.command = in.description();
  if (in.command.find_option("take-over") != nullptr) pass.take_over = in.list("take-over");
  if (in.command.find_option("keep") != nullptr)
    if (const auto keep = in.number("keep")) pass.settings.keep = static_cast<int>(std::clamp(*keep, 0LL, 1'000'000LL));
  if (in.command.find_option("workers") != nullptr)
    if (const auto workers = in.number("workers")) {
      if (*workers < 1) throw in.usage_error("--workers must be at least 1");
      pass.workers = static_cast<int>(std::min(*workers, 64LL));
    }
  if (in.command.find_option("verbose") != nullptr) pass.verbose = in.has("verbose");
  return pass;
}

bool is_about_project_here(const Invocation& in) {
  for (const std::string_view option : {"file", "project-directory"})
    if (in.command.find_option(option) != nullptr && in.has(option)) return true;
  if (in.has("config")) return false;
  std::error_code unknown;
  if (fs::exists(read_settings(std::nullopt).confdir, unknown)) return false;
  for (fs::path folder = fs::current_path(); !folder.empty(); folder = folder.parent_path()) {
    if (is_compose_project(folder.string())) return true;
    if (folder == folder.parent_path()) return false;
  }
  return false;
}

DeclaredPass project_pass(const Invocation& in, const std::optional<std::string>& place) {
  for (const std::string_view option : {"aws", "allow-empty"})
    if (in.command.find_option(option) != nullptr && in.has(option))
      throw in.usage_error(format("--{} is for a folder of definitions, not for one project", option));
  DeclaredPass pass = declared_pass(in, {}, in.text_or("config", ""));
  pass.project = compose_request(in, place);
  // What the settings say of a whole host is not about one project.
  pass.settings.aws = pass.settings.exclusive = false;
  return pass;
}

void refuse_missing_folder(const DeclaredPass& pass) {
  std::error_code unknown;
  if (fs::exists(pass.settings.confdir, unknown) || pass.settings.aws) return;
  throw NotFound(
      ErrorCode::file_not_found, format("there are no definitions: {} is not there", pass.settings.confdir.string()),
      "Write one into it, as in web.json: {\"image\": \"nginx:1.27\"}. belay apply DIR takes another folder, "
      "belay up a Compose file.");
}

void refuse_name_of_definition(const std::string& word) {
  std::error_code unknown;
  const std::string file = word + ".json";
  if (!fs::is_regular_file(file, unknown)) return;
  throw NotFound(
      ErrorCode::app_not_found, format("there is no app {} yet", word),
      format("{} here defines it: belay plan . and belay apply . are about all definitions of this folder.", file));
}

namespace {

Style style_of(std::string_view sign) {
  return sign == "+" ? Style::good : sign == "~" ? Style::warn : sign == "=" ? Style::plain : Style::bad;
}

std::string without_last_newline(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

void print_lines(Console& console, const declared::DeclaredHost& host) {
  constexpr int widest_name = 24;
  const auto lines = plan_lines(host);
  int width = 0;
  for (const auto& line : lines) width = std::max(width, std::min(display_width(line.name), widest_name));
  for (const auto& line : lines) {
    const std::string gap(static_cast<size_t>(std::max(0, width - display_width(line.name)) + 2), ' ');
    console.prose(style_of(line.sign), format("{} {}", line.sign, line.name), gap + line.text);
    for (const auto& detail : line.details) console.prose("    " + detail);
  }
  if (const std::string sum = plan_sum(host); !sum.empty()) console.prose(sum);
  if (host.has_changes()) console.note("-v shows the steps");
}

}  // namespace

void print_declared_text(Console& console, const DeclaredOutcome& outcome, bool with_steps) {
  const auto is_unchanged = [](const declared::DeclaredApp& app) {
    return app.kind == declared::DeclaredApp::Kind::unchanged;
  };
  if (std::all_of(outcome.host.apps.begin(), outcome.host.apps.end(), is_unchanged)) console.line("nothing to do");
  if (with_steps)
    console.prose(without_last_newline(steps_text(outcome.host, true)));
  else
    print_lines(console, outcome.host);
}

int print_declared_plan(Invocation& in, const DeclaredOutcome& outcome, const formats::Settings& settings) {
  if (in.has("json"))
    print_record(in.console, declared_json(settings, outcome));
  else
    print_declared_text(in.console, outcome, in.has("verbose"));
  if (outcome.has_failures()) return 1;
  return in.has("detailed-exitcode") && outcome.host.has_changes() ? 2 : 0;
}

}  // namespace belay::cli
