#include "cli/which_app.h"

#include <algorithm>
#include <initializer_list>

#include "base/files.h"
#include "base/format.h"
#include "base/text.h"
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
  return is_one_of(command.name, {"remove", "adopt", "try"});
}

// With these the name may be meant to be a new one, or data is replaced.
bool may_mean_another(const Command& command) {
  return needs_a_name(command) || is_one_of(command.name, {"deploy", "build", "restore"});
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

bool lacks_app(const Invocation& in) {
  const auto& positionals = in.command.positionals;
  return !positionals.empty() && positionals.front().required && positionals.front().kind == Kind::app &&
         !in.has_words();
}

void name_the_app(Invocation& in) {
  HostRun run(in.session, in.description());
  std::optional<AppName> name;
  if (!needs_a_name(in.command)) {
    name = app_of_folder(run.context());
    if (!name) name = only_app(in.command, run.context());
  }
  const auto& positionals = in.command.positionals;
  // Another word would still be missing.
  const bool is_enough = positionals.size() < 2 || !positionals[1].required;
  if (!name || !is_enough) ask_which_app(in, run.context(), positionals.front().name);
  in.console.note(format("this is about {}", name->text()));
  in.take_word(name->text());
}

}  // namespace belay::cli
