#include "cli/faces/family.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "cli/attached.h"
#include "cli/build_options.h"
#include "cli/change_result.h"
#include "host/look.h"
#include "host/mark.h"

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
  if (!empty()) throw wrong(format("'{}' is one word too many", printable(words_[next_])), usage);
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

int finish(Session& session, HostRun& run, const AppName& name, const host::Change& change, bool then_shell) {
  run.report().close();
  const int code = print_change(session.console, name, change);
  return code != 0 || !then_shell ? code : in_container(session, run.context(), name, {});
}

}  // namespace

FaceBuild face_build_words(FaceWords& words) {
  constexpr std::string_view usage = "build IMAGENAME [DOCKERFILE|DIRECTORY]";
  FaceBuild wanted{words.line(), AppName(words.need("IMAGENAME", usage)), {}};
  wanted.options.where = words.take().value_or("");
  words.end(usage);
  return wanted;
}

host::BuildOutcome face_build(Session& session, const FaceBuild& wanted) {
  HostRun run(session, wanted.line);
  auto outcome = host::build(run.context(), wanted.name, wanted.options, session.stop());
  run.report().close();
  print_build(session.console, wanted.name, outcome, false);
  return outcome;
}

int face_start_new(Session& session, const std::string& line, const AppName& name, host::StartOptions options, bool yes,
                   bool then_shell) {
  options.files_decide = true;
  options.confirm = confirm_losses(session.console, yes, session.stop());
  HostRun run(session, line);
  return finish(session, run, name, host::start_new(run.context(), name, options, session.stop()), then_shell);
}

int face_start(Session& session, const std::string& line, const AppName& name, const std::string& which,
               bool then_shell) {
  HostRun run(session, line);
  return finish(session, run, name, host::start_release(run.context(), name, which, {}, session.stop()), then_shell);
}

int face_start_container(Session& session, const std::string& line, const std::string& container, bool then_shell) {
  HostRun run(session, line);
  const auto owner = host::owner_of(run.context(), container, session.stop());
  const host::Change change = host::start_container(run.context(), container, {}, session.stop());
  return finish(session, run, owner->app, change, then_shell);
}

int face_stop(Session& session, const std::string& line, const std::string& text) {
  HostRun run(session, line);
  const auto names = host::names(run.context());
  const bool is_app = std::find(names.begin(), names.end(), text) != names.end();
  const auto owner = is_app ? std::nullopt : host::owner_of(run.context(), text, session.stop());
  const AppName name = owner ? owner->app : AppName(text);
  return finish(session, run, name, host::stop(run.context(), name, false, session.stop()), false);
}

int face_mark_stable(Session& session, const std::string& line, const AppName& name) {
  HostRun run(session, line);
  const auto marked = host::mark_stable(run.context(), name, {}, false, session.stop());
  run.report().close();
  session.console.success(format("{} is the stable container of {}", marked.container, name.text()));
  return 0;
}

int face_show_stable(Session& session, const std::string& line, const AppName& name) {
  HostRun run(session, line);
  const auto marked = host::show_stable(run.context(), name, session.stop());
  if (!marked.release)
    throw NotFound(format("no container of {} is marked stable", name.text()),
                   "Mark the one that runs with: stable mark " + name.text());
  session.console.line(marked.container.empty()
                           ? format("{} (its container is gone; start stable makes it again)", marked.release->text())
                           : marked.container);
  return 0;
}

}  // namespace belay::cli
