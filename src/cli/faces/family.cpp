#include "cli/faces/family.h"

#include <algorithm>
#include <cstdlib>

#include "base/format.h"
#include "base/text.h"
#include "change/mark.h"
#include "cli/attached.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/parse.h"
#include "look/look.h"

namespace belay::cli {

std::optional<std::string> FaceWords::peek() const {
  if (empty()) return {};
  return words_[next_];
}

std::optional<std::string> FaceWords::take() {
  if (empty()) return {};
  return words_[next_++];
}

std::string FaceWords::need(std::string_view what, std::string_view usage) {
  if (empty()) throw wrong(format("{} is missing", what), usage);
  return words_[next_++];
}

std::vector<std::string> FaceWords::rest() {
  std::vector<std::string> left(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
  next_ = words_.size();
  return left;
}

bool FaceWords::take_flag(std::string_view flag) {
  const auto found = std::find(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end(), flag);
  if (found == words_.end()) return false;
  words_.erase(found);
  return true;
}

void FaceWords::end(std::string_view usage) const {
  if (!empty()) throw wrong(format("unexpected argument '{}'", printable(words_[next_])), usage);
}

UsageError FaceWords::wrong(const std::string& message, std::string_view usage) const {
  return UsageError(message, format("usage: {} {}", face_, usage));
}

std::string FaceWords::line() const {
  // Commands that run inside a container may hold secrets; what follows the third word is not the journal's business.
  std::string text = face_;
  for (size_t i = 0; i < std::min<size_t>(words_.size(), 3); ++i) text += " " + printable(words_[i]);
  return text;
}

namespace {

int finish(Session& session, HostRun& run, const AppName& name, const change::Change& change, bool then_attach) {
  run.report().close();
  const int code = print_change(session.console, name, change);
  return code != 0 || !then_attach ? code : attached(session, run.context(), name);
}

}  // namespace

bool face_help(Session& session, std::string_view page, const std::string& command,
               const std::vector<std::string>& words) {
  const size_t looked_at = std::min<size_t>(words.size(), 2);
  const bool asks = std::any_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(looked_at),
                                [](const std::string& word) { return word == "--help" || word == "-h"; });
  if (!asks) return false;
  std::string lines;
  bool is_about_it = false;  // the item that the line is of; its further lines are indented
  for (const auto& line : split(page, '\n')) {
    if (!line.starts_with("  "))
      is_about_it = line.starts_with("- `") && (line.find(format("`{} ", command)) != std::string::npos ||
                                                line.find(format("`{}`", command)) != std::string::npos);
    if (is_about_it) lines += line + "\n";
  }
  if (lines.empty()) return false;
  show_markdown(session.console, lines);
  return true;
}

void refuse_app_as_container(HostRun& run, const std::string& text, const std::string& message, const std::string& hint,
                             std::stop_token stop) {
  const auto names = look::names(run.context());
  if (std::find(names.begin(), names.end(), text) == names.end()) return;
  if (change::owner_of(run.context(), text, std::move(stop))) return;
  throw UsageError(message, hint);
}

namespace {

// What docker build understands and Belay does too. Anything else is refused by name.
std::vector<const Option*> builder_options() {
  std::vector<const Option*> options;
  for (const char* name : {"build-arg", "target", "secret", "no-cache", "pull", "platform"})
    if (const Option* option = command_named("build").find_option(name)) options.push_back(option);
  return options;
}

void take_builder_option(family::BuildOptions& options, const std::string& name, const std::string& value) {
  if (name == "no-cache") options.no_cache = true;
  if (name == "pull") options.pull = true;
  if (name == "target") options.target = value;
  if (name == "platform") options.platform = value;
  if (name == "secret") options.secrets.push_back(value);
  if (name != "build-arg") return;
  const size_t equals = value.find('=');
  const char* inherited = equals == std::string::npos ? std::getenv(value.c_str()) : nullptr;
  if (equals == std::string::npos && inherited == nullptr)
    throw UsageError(format("--build-arg {} has no value, and the environment has no such variable", printable(value)),
                     "Write --build-arg NAME=VALUE.");
  options.arguments[value.substr(0, equals)] = inherited != nullptr ? inherited : value.substr(equals + 1);
}

}  // namespace

FaceBuild face_build_words(FaceWords& words) {
  constexpr std::string_view usage = "build IMAGENAME [DOCKERFILE|DIRECTORY] [OPTION OF docker build…]";
  FaceBuild wanted{words.line(), AppName(words.need("IMAGENAME", usage)), {}};
  const auto known = builder_options();
  const auto rest = words.rest();
  const Words read = read_words("build", rest, known);
  if (!read.positionals.empty()) wanted.options.where = read.positionals[0];
  if (read.positionals.size() > 1)
    throw words.wrong(format("unexpected argument '{}'", printable(read.positionals[1])), usage);
  for (const auto& [option, value] : read.options)
    take_builder_option(wanted.options, std::string(option->name), value);
  return wanted;
}

family::BuildOutcome face_build(Session& session, const FaceBuild& wanted) {
  HostRun run(session, wanted.line);
  auto outcome = family::build(run.context(), wanted.name, wanted.options, session.stop());
  run.report().close();
  print_build(session.console, wanted.name, outcome, false);
  return outcome;
}

int face_start_new(Session& session, const std::string& line, const AppName& name, family::StartOptions options,
                   bool yes, bool then_attach) {
  options.files_decide = true;
  options.again = yes;
  options.confirm = confirm_losses(session.console, yes, session.stop(),
                                   format("belay start {} new --settings-from-image", name.text()));
  HostRun run(session, line);
  return finish(session, run, name, family::start_new(run.context(), name, options, session.stop()), then_attach);
}

int face_start(Session& session, const std::string& line, const AppName& name, const std::string& which,
               bool then_attach) {
  HostRun run(session, line);
  return finish(session, run, name, change::start_release(run.context(), name, which, {}, session.stop()), then_attach);
}

int face_start_container(Session& session, const std::string& line, const std::string& container, bool then_attach,
                         const std::string& missing, const std::string& hint) {
  HostRun run(session, line);
  refuse_app_as_container(run, container, format("{} is an app: name one of its containers, {}", container, missing),
                          hint, session.stop());
  const auto owner = change::owner_of(run.context(), container, session.stop());
  const change::Change change = change::start_container(run.context(), container, {}, session.stop());
  return finish(session, run, owner->app, change, then_attach);
}

int face_stop(Session& session, const std::string& line, const std::string& text) {
  HostRun run(session, line);
  const auto names = look::names(run.context());
  const bool is_app = std::find(names.begin(), names.end(), text) != names.end();
  const auto owner = is_app ? std::nullopt : change::owner_of(run.context(), text, session.stop());
  const AppName name = owner ? owner->app : AppName(text);
  return finish(session, run, name, change::stop(run.context(), name, false, session.stop()), false);
}

int face_mark_stable(Session& session, const std::string& line, const AppName& name) {
  HostRun run(session, line);
  const auto marked = change::mark_stable(run.context(), name, {}, false, session.stop());
  run.report().close();
  session.console.success(format("{} is the stable container of {}", marked.container, name.text()));
  return 0;
}

int face_show_stable(Session& session, const std::string& line, const AppName& name) {
  HostRun run(session, line);
  const auto marked = change::show_stable(run.context(), name, session.stop());
  if (!marked.release)
    throw NotFound(ErrorCode::container_not_found, format("no container of {} is marked stable", name.text()),
                   format("Mark the one that runs with: belay stable {}", name.text()));
  session.console.line(marked.container.empty()
                           ? format("{} (its container is gone; start stable makes it again)", marked.release->text())
                           : marked.container);
  return 0;
}

}  // namespace belay::cli
