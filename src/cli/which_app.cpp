#include "cli/which_app.h"

#include <algorithm>
#include <initializer_list>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
#include "cli/compose_options.h"
#include "cli/habits.h"
#include "cli/left_out.h"
#include "cli/named.h"
#include "formats/setting_keys.h"
#include "look/look.h"

namespace belay::cli {

namespace {

// Longer lists are for belay ls.
constexpr size_t most_listed = 12;

constexpr bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Nobody means "whichever it is" with these.
bool needs_a_name(const Command& command) {
  return is_one_of(command.name, {"remove", "forget", "adopt", "try"});
}

// With these the name may be meant to be a new one, or data is replaced.
bool may_mean_another(const Command& command) {
  return needs_a_name(command) || is_one_of(command.name, {"deploy", "build", "restore"});
}

bool is_numbered(std::string_view word, char letter) {
  return word.size() > 1 && word.front() == letter && parse_number(word.substr(1)).has_value();
}

// Whether the word is one for this place, going by its form alone.
bool can_only_be(const Positional& place, const std::string& word) {
  const auto choices = choices_of(place.choices);
  switch (place.kind) {
    case Kind::release:
      return is_numbered(word, 'r');
    case Kind::which:
      return is_numbered(word, 'r') || is_one_of(word, {"new", "last", "stable"});
    case Kind::saved:
      return is_numbered(word, 's');
    case Kind::setting:
      return word.find('=') != std::string::npos;
    case Kind::setting_key:
      return formats::find_setting_key(word) != nullptr ||
             formats::find_setting_key(word.substr(0, word.find('.'))) != nullptr;
    case Kind::words:
      return std::find(choices.begin(), choices.end(), word) != choices.end();
    default:
      return false;
  }
}

bool is_name_here(Named& named, const std::string& word) {
  return AppName::is_valid(word) && (named.is_app(word) || (named.project() && named.project()->has(word)));
}

AppName app_meant(Invocation& in, HostRun& run, Named& named) {
  // A Compose project is made by belay up. Its data can be brought back where nothing else of it is left.
  const auto& project = named.project();
  const bool makes_one = is_one_of(in.command.name, {"deploy", "build"});
  if (project && in.command.name == "restore" && !named.is_app(project->name.text())) return project->name;
  if (project && !makes_one) return named.of(std::nullopt, in.command.positionals.front().name).app;
  auto name = app_of_folder(run.context());
  if (!name) name = only_app(in.command, run.context());
  if (!name) ask_which_app(in, run.context(), in.command.positionals.front().name);
  in.console.note(format("this is about {}", name->text()));
  return *name;
}

}  // namespace

std::optional<AppName> app_of_folder(change::Context& context) {
  std::error_code gone;
  const std::string here = fs::current_path(gone).string();
  if (here.empty()) return {};
  std::optional<AppName> found;
  for (const auto& app : context.store.apps()) {
    if (app.builds.empty() || app.builds.back().context != here) continue;
    if (found) return {};
    found = app.name;
  }
  return found;
}

std::optional<AppName> only_app(const Command& command, change::Context& context) {
  if (may_mean_another(command)) return {};
  const auto names = look::names(context);
  return names.size() == 1 ? std::optional(AppName(names.front())) : std::nullopt;
}

std::vector<AppName> all_apps(change::Context& context) {
  std::vector<AppName> all;
  for (const auto& name : look::names(context)) all.emplace_back(name);
  return all;
}

void ask_which_app(const Invocation& in, change::Context& context, std::string_view missing) {
  const UsageError error = in.usage_error(format("{} is missing", missing));
  auto names = look::names(context);
  if (names.empty()) throw UsageError(format("{}, and there are no apps yet", error.what()), error.hint());
  const bool is_long = names.size() > most_listed;
  if (is_long) names.resize(most_listed);
  throw UsageError(error.what(), format("Which one? {}{}; {}", join(names, ", "), is_long ? ", …" : "", error.hint()));
}

bool leaves_out_app(const Command& command, const std::vector<std::string>& words) {
  const auto& places = command.positionals;
  if (places.empty() || places.front().kind != Kind::app) return false;
  if (words.empty()) return places.front().required;
  const bool has_room = places.size() > words.size() || places.back().repeated;
  return places.size() > 1 && has_room && can_only_be(places[1], words.front());
}

void name_the_app(Invocation& in) {
  const auto& places = in.command.positionals;
  HostRun run(in.session, in.description());
  Named named(in, run);
  // An app may be called r2; and what is there, but not in its place, is answered by the command.
  const bool is_named = std::any_of(in.words().begin(), in.words().end(),
                                    [&](const std::string& word) { return is_name_here(named, word); });
  if (in.has_words() && (in.session.project || is_named)) return;
  // Another word would still be missing.
  const bool is_enough = in.has_words() || places.size() < 2 || !places[1].required;
  if (needs_a_name(in.command) || !is_enough) ask_which_app(in, run.context(), places.front().name);
  in.put_first(app_meant(in, run, named).text());
}

namespace {

// Empty: it is no file or folder that commands take.
std::string hint_of_path(const std::string& word) {
  const std::string quoted = shell_quoted(word);
  if (is_compose_project(word))
    return format(
        "It is a Compose project: belay config {0} prints it, belay plan {0} shows what belay up {0} would do.",
        quoted);
  std::error_code error;
  if (word.find('/') != std::string::npos && fs::is_directory(word, error))
    return format("It is a folder: belay plan {0} shows what belay apply {0} would do with the definitions in it.",
                  quoted);
  return {};
}

// Of words that are called like what Belay numbers.
std::string hint_of_number(const std::string& word) {
  if (is_numbered(word, 'r')) return "Releases: belay releases NAME lists those of an app.";
  if (is_numbered(word, 's')) return "Snapshots: belay snapshots NAME lists those of an app.";
  if (is_numbered(word, 'b')) return "Backups: belay backups lists them.";
  return {};
}

std::string hint_of_app(Session& session, const std::string& word) {
  const std::string name = word.substr(0, word.find('/'));
  if (!AppName::is_valid(name)) return {};
  try {
    HostRun run(session, "belay " + word);
    const auto names = look::names(run.context());
    if (std::find(names.begin(), names.end(), name) == names.end()) return {};
  } catch (const Error&) {
    // Without a state there are no apps.
    return {};
  }
  return format("It is an app: belay status {} shows it.", shell_quoted(word));
}

}  // namespace

void lead_from_what_it_is(Session& session, std::span<const std::string> arguments, const UsageError& error) {
  if (arguments.empty() || arguments[0].empty() || arguments[0][0] == '-') return;
  const std::string& word = arguments[0];
  if (find_command(without_alias(word)) != nullptr || find_habit(word) != nullptr || is_other_program(word)) return;
  // "web start": the answer is there already.
  if (arguments.size() > 1 && find_command(without_alias(arguments[1])) != nullptr) return;
  std::string hint = hint_of_app(session, word);
  if (hint.empty()) hint = hint_of_path(word);
  if (hint.empty()) hint = hint_of_number(word);
  if (!hint.empty()) throw UsageError(error.what(), std::move(hint));
}

}  // namespace belay::cli
