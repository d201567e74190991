#include "cli/named.h"

#include <algorithm>

#include "base/format.h"
#include "base/presence.h"
#include "cli/compose_options.h"
#include "cli/which_app.h"
#include "look/look.h"
#include "look/whose.h"
#include "model/no_service.h"

namespace belay::cli {

namespace {

std::optional<FolderProject> project_of_folder(const Invocation& in) {
  try {
    const auto project = formats::compose::load(compose_request(in, {}), compose_outside());
    FolderProject found{AppName(project.name), project.off, project.folder.string()};
    if (const auto* services = project.root.find("services"))
      for (const auto& service : services->members()) found.services.push_back(service.key);
    return found;
  } catch (const NotFound& error) {
    if (error.code() != ErrorCode::file_not_found) throw;
    if (!in.session.project) return {};
    // A name alone is enough for what runs already.
    if (!in.session.project->name) throw;
    return FolderProject{AppName(*in.session.project->name), {}, fs::current_path().string(), false};
  }
}

// A project whose folder was moved is the same one: its old files are gone.
bool is_of_others(const App& app, const std::string& folder) {
  if (app.wish.is<goal::None>()) return false;
  if (app.scheme != NamingScheme::compose) return true;
  for (auto release = app.releases.rbegin(); release != app.releases.rend(); ++release) {
    if (!release->spec.project) continue;
    std::error_code unknown;
    return !fs::equivalent(release->spec.project->folder, folder, unknown) && !app.origin.empty() &&
           !is_gone(app.origin);
  }
  return false;
}

}  // namespace

void refuse_app_of_others(const App& app, const std::string& folder) {
  if (!is_of_others(app, folder)) return;
  throw Conflict(
      ErrorCode::declared_elsewhere, format("the app {} did not come from the project in {}", app.name.text(), folder),
      format("belay status {} tells of it. Give the project a name of its own: name: NAME in its file, or -p "
             "NAME.",
             app.name.text()));
}

bool FolderProject::has(const std::string& service) const {
  return std::find(services.begin(), services.end(), service) != services.end();
}

const std::optional<FolderProject>& Named::project() {
  if (!project_) project_ = project_of_folder(in_);
  return *project_;
}

bool Named::is_app(const std::string& name) {
  if (!apps_) apps_ = look::names(run_.context());
  return std::find(apps_->begin(), apps_->end(), name) != apps_->end();
}

Target Named::of_project(const std::string& service) {
  const FolderProject& found = *project();
  if (!is_app(found.name.text()))
    throw NotFound(ErrorCode::app_not_found,
                   format("nothing of the project {} in {} was started by Belay yet", found.name.text(), found.folder),
                   format("What would be done: belay plan {}", found.folder));
  if (found.has_files)
    if (const auto app = run_.context().store.app(found.name)) refuse_app_of_others(*app, found.folder);
  return Target(found.name, service);
}

// The folder's files are read for a word about the folder alone: what is wrong in them must not stop a command for
// another app.
void Named::tell_of_both(const std::string& word) {
  try {
    const auto& found = project();
    if (!found || found->name.text() == word || !found->has(word)) return;
  } catch (const Error&) {
    return;
  }
  const std::string& project_name = project()->name.text();
  if (in_.command.group != Group::look || in_.command.name == "run")
    throw in_.usage_error(
        format("{0} can mean two things: write {0}/ for the app {0}, or {1}/{0} for the service of the project {1}",
               word, project_name));
  in_.console.note(format("{0} is the app {0}; the service of this folder's project is {1}/{0}", word, project_name));
}

// People copy names from docker ps.
std::optional<Target> Named::of_container(const std::string& word) {
  std::optional<look::ContainerMeant> meant;
  try {
    meant = look::whose(run_.context(), word, in_.session.stop());
  } catch (const EngineError&) {
    return {};
  }
  if (!meant) return {};
  if (!meant->is_present && !takes_earlier_)
    throw NotFound(
        ErrorCode::container_not_found,
        format("{} is a container of {} {}, which is not the present release", word, meant->target.text(),
               meant->release.text()),
        in_.command.name == "rm"
            ? format("belay cleanup {} removes the containers of earlier releases.", meant->target.app.text())
            : format("belay logs {} {} shows what it wrote.", meant->target.text(), meant->release.text()));
  if (!meant->is_present) release_ = meant->release.text();
  in_.console.note(meant->is_present ? format("{} is {}", word, meant->target.text())
                                     : format("{} is {} of {}", word, meant->target.text(), meant->release.text()));
  return meant->target;
}

Target Named::of(const std::string& word) {
  if (in_.session.project) return of_project(word);
  if (word.ends_with('/') && word.find('/') == word.size() - 1) return Target::parse(word.substr(0, word.size() - 1));
  if (word.find('/') != std::string::npos) return Target::parse(word);
  if (AppName::is_valid(word) && is_app(word)) {
    tell_of_both(word);
    return Target(AppName(word));
  }
  if (project() && project()->has(word)) return of_project(word);
  if (auto target = of_container(word)) return *target;
  if (!project()) return Target::parse(word);
  // In the folder of a project a word is most likely meant to be a service of it.
  const Target other = Target::parse(word);
  const std::string& name = project()->name.text();
  const std::string near = did_you_mean(word, *apps_);
  const auto& services = project()->services;
  throw NotFound(ErrorCode::service_not_found,
                 format("there is no app {0}, and no service {0} in the project {1}", other.text(), name),
                 near.empty() || !did_you_mean(word, services).empty() ? services_hint(word, services) : near);
}

Target Named::of(const std::optional<std::string>& word, std::string_view missing) {
  if (word) return of(*word);
  if (project()) return of_project({});
  auto found = app_of_folder(run_.context());
  if (!found) found = only_app(in_.command, run_.context());
  if (!found) ask_which_app(in_, run_.context(), missing);
  in_.console.note(format("this is about {}", found->text()));
  return Target(*found);
}

AppName Named::whole_app(const std::optional<std::string>& word) {
  const Target target = of(word, "NAME");
  if (!target.service.empty())
    throw in_.usage_error(format("{} is a service; name the app: {}", target.text(), target.app.text()));
  return target.app;
}

std::optional<AppName> Named::app_here() {
  try {
    const auto& found = project();
    if (!found || !is_app(found->name.text())) return {};
    const auto app = run_.context().store.app(found->name);
    return found->has_files && app && is_of_others(*app, found->folder) ? std::nullopt : std::optional(found->name);
  } catch (const ConfigError&) {
    return {};
  }
}

std::vector<Target> Named::every_app() {
  if (in_.has_words()) throw in_.usage_error("--all goes without names");
  std::vector<Target> targets;
  for (const auto& name : all_apps(run_.context())) targets.emplace_back(name);
  return targets;
}

std::vector<Target> Named::of_all(const std::vector<std::string>& words, std::string_view missing) {
  if (words.empty()) return {of(std::nullopt, missing)};
  if (words.size() == 1 && words.front() == "all" && in_.command.find_option("all") != nullptr && !is_app("all") &&
      !(project() && project()->has("all")))
    throw NotFound(ErrorCode::app_not_found, "there is no app all",
                   format("Of all apps: belay {} --all", in_.command.name));
  std::vector<Target> targets;
  for (const auto& word : words) targets.push_back(of(word));
  return targets;
}

void take_index(const Invocation& in, Target& what) {
  const auto index = in.number("index");
  if (!index) return;
  if (what.service.empty()) throw in.usage_error("--index is for a service: name one");
  what.number = static_cast<int>(std::min(*index, 10'000LL));
}

}  // namespace belay::cli
