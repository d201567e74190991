#include "family/settings.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "family/parameters.h"
#include "family/start_next.h"
#include "formats/setting_keys.h"
#include "state/store.h"

namespace belay::family {

namespace {

void refuse_declared(const App& app) {
  const std::string& name = app.name.text();
  if (!app.releases.empty() && app.releases.back().spec.project)
    throw Conflict(ErrorCode::declared_elsewhere, format("the settings of {} stand in its Compose file", name),
                   format("Change {}, then belay up.", join(app.releases.back().spec.project->files, " or ")));
  if (!app.origin.empty())
    throw Conflict(ErrorCode::declared_elsewhere,
                   format("the settings of {} stand in its definition, {}", name, app.origin),
                   format("Change it there: belay config {} --edit", name));
  if (app.builds.empty())
    throw NotFound(ErrorCode::release_not_found, format("{} was never built, so no settings of it are kept", name),
                   format("belay deploy {} --image REF, or a folder with a Dockerfile, makes a release of it.", name));
}

// The build that runs, with the settings that the app has: the next release is made of it.
Build next_build(change::Context& context, const App& app) {
  const auto runs = change::what_runs(app) ? change::what_runs(app) : app.last;
  const Release* present = runs ? app.find(*runs) : nullptr;
  Build next = app.builds.back();
  if (present != nullptr && !present->images.empty()) {
    const auto same = std::find_if(app.builds.rbegin(), app.builds.rend(),
                                   [&](const Build& build) { return build.image == present->images.begin()->second; });
    if (same != app.builds.rend()) next = *same;
  }
  const Build* settings = settings_of(app);
  next.configurations = settings != nullptr ? settings->configurations : no_settings(app.name);
  next.by_hand = settings != nullptr ? settings->by_hand : std::nullopt;
  next.parameter_file = settings != nullptr ? settings->parameter_file : std::string();
  next.parameter_text = settings != nullptr ? settings->parameter_text : std::string();
  next.number = app.builds.back().number + 1;
  next.created = context.clock.now();
  next.who = context.who;
  return next;
}

// What the file says would be there again with the next build.
void refuse_what_the_file_says(const Build& build, const AppName& name, const std::string& key) {
  if (build.parameter_file.empty() || !fs::exists(build.parameter_file)) return;
  auto of_file = read_parameters(name, build.parameter_file, ParameterFiles::any).configurations;
  const bool is_there = std::any_of(of_file.begin(), of_file.end(),
                                    [&](auto& entry) { return formats::unset_setting(entry.second, key); });
  if (is_there)
    throw Conflict(ErrorCode::conflict, format("{} is set in {}", key, build.parameter_file),
                   format("Take it out there, then: belay deploy {}", name.text()));
}

void unset(Build& build, const AppName& name, const std::string& key) {
  bool was_set = false;
  refuse_what_the_file_says(build, name, key);
  for (auto& [unused, configuration] : build.configurations)
    was_set = formats::unset_setting(configuration, key) || was_set;
  if (build.by_hand) was_set = formats::unset_setting(*build.by_hand, key) || was_set;
  if (!was_set)
    throw NotFound(ErrorCode::not_found, format("{} is not set for {}", key, name.text()),
                   format("belay config {} prints what is.", name.text()));
  // What is set by hand is all that says whether settings are wished at all.
  if (!build.by_hand) build.by_hand = no_settings(name).begin()->second;
}

void take(Build& build, const AppName& name, const SettingsChange& wanted) {
  if (wanted.whole) {
    build.configurations = {{"default", *wanted.whole}};
    for (auto& service : build.configurations["default"].spec.services) service.name = name.text();
    build.by_hand = build.configurations["default"];
    build.parameter_file.clear();
    build.parameter_text.clear();
    check_spec(build.by_hand->spec);
    return;
  }
  if (wanted.file_text) {
    const Parameters read = parse_parameters(name, *wanted.file_text, build.parameter_file, ParameterFiles::any);
    build.configurations = read.configurations;
    build.parameter_text = read.text;
    if (build.by_hand) lay_by_hand(build.configurations, *build.by_hand);
    return;
  }
  for (const auto& key : wanted.unset) unset(build, name, key);
  if (wanted.set) add_by_hand(name, build.configurations, build.by_hand, *wanted.set);
}

std::vector<std::string> differing(const std::map<std::string, Configuration>& before,
                                   const std::map<std::string, Configuration>& after) {
  std::vector<std::string> lines;
  for (const auto& [name, configuration] : after) {
    const auto found = before.find(name);
    if (found == before.end()) continue;
    for (const auto& change : differences(found->second.spec, configuration.spec)) lines.push_back(change.text());
    if (found->second.ports_overridden != configuration.ports_overridden && configuration.ports_overridden &&
        configuration.spec.services[0].ports.empty())
      lines.emplace_back("ports: none");
  }
  return lines;
}

}  // namespace

SettingsChanged change_settings(change::Context& context, const AppName& name, const SettingsChange& wanted,
                                const StartOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  refuse_declared(app);
  SettingsChanged changed;
  changed.dry_run = options.change.dry_run;
  Build next = next_build(context, app);
  const Build before = next;
  take(next, name, wanted);
  if (next.configurations == before.configurations && next.by_hand == before.by_hand &&
      next.parameter_text == before.parameter_text)
    return changed;
  changed.lines = differing(before.configurations, next.configurations);
  app.builds.push_back(std::move(next));
  if (!change::what_runs(app)) {
    if (options.change.dry_run) return changed;
    context.store.save(app);
    write_journal(context, app, "set", "done", join(changed.lines, "; "));
    return changed;
  }
  changed.change = doing(format("changing the settings of {}", name.text()), [&] {
    NextRelease made = next_release(context, app, options, last_image(context, app, stop), stop);
    // What was asked for is said already.
    if (!made.asks) made.lines.clear();
    return start_next(context, app, made, options, change::Containers::changed_in_place, "set", stop);
  });
  return changed;
}

SettingsHome settings_home(change::Context& context, const AppName& name, std::stop_token stop) {
  const App app = known_app(context, name, stop);
  using Kind = SettingsHome::Kind;
  if (!app.releases.empty() && app.releases.back().spec.project) {
    const auto& files = app.releases.back().spec.project->files;
    return {Kind::project, files.empty() ? fs::path() : fs::path(files.front())};
  }
  if (!app.origin.empty()) {
    const fs::path file = app.origin.substr(0, app.origin.find('#'));
    const bool is_here = file.is_absolute() && file.extension() == ".json" && fs::is_regular_file(file);
    return {is_here ? Kind::definition : Kind::elsewhere, file};
  }
  refuse_declared(app);
  const Build build = next_build(context, app);
  if (!build.parameter_file.empty() && fs::exists(build.parameter_file)) return {Kind::file, build.parameter_file};
  return {Kind::state, {}, pick(build.configurations, {}), build.tag};
}

}  // namespace belay::family
