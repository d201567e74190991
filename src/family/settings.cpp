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

void refuse_without_settings(const App& app) {
  const std::string& name = app.name.text();
  refuse_declared_settings(app);
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

// Of an app with a parameter file only what was set by hand: the rest would be there again with the next build.
bool unset_above_file(Build& build, const AppName& name, const std::string& key) {
  const auto of_file =
      parse_parameters(name, build.parameter_text, build.parameter_file, ParameterFiles::any).configurations;
  if (build.by_hand && formats::unset_setting(*build.by_hand, key)) {
    build.configurations = of_file;
    lay_by_hand(build.configurations, *build.by_hand);
    return true;
  }
  for (auto [unused, configuration] : of_file)
    if (formats::unset_setting(configuration, key))
      throw Conflict(ErrorCode::conflict, format("{} is set in {}", key, build.parameter_file),
                     format("Take it out there, then: belay deploy {}", name.text()));
  return false;
}

void unset(Build& build, const AppName& name, const std::string& key) {
  bool was_set = false;
  if (build.parameter_file.empty()) {
    for (auto& [unused, configuration] : build.configurations)
      was_set = formats::unset_setting(configuration, key) || was_set;
    if (build.by_hand) was_set = formats::unset_setting(*build.by_hand, key) || was_set;
  } else {
    was_set = unset_above_file(build, name, key);
  }
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

// Of several configurations the one that runs: a release does not keep its name, but it would be made so again.
std::string configuration_that_runs(change::Context& context, const App& present, const Build& build,
                                    const StartOptions& options, std::stop_token stop) {
  const auto number = change::what_runs(present);
  if (build.configurations.size() < 2 || !number) return options.configuration;
  App app = present;
  app.builds.push_back(build);
  const Image image = last_image(context, app, stop);
  for (const auto& [name, unused] : build.configurations) {
    StartOptions tried = options;
    tried.configuration = name;
    const NextRelease made = next_release(context, app, tried, image, stop);
    if (made.made.spec == app.release(*number).spec) return name;
  }
  throw Conflict(
      ErrorCode::conflict,
      format("{} has several configurations, and what runs is none of them as it is now", present.name.text()),
      format("belay start {} new CONFIG takes the same options.", present.name.text()));
}

}  // namespace

SettingsChanged change_settings(change::Context& context, const AppName& name, const SettingsChange& wanted,
                                const StartOptions& options, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  refuse_without_settings(app);
  SettingsChanged changed;
  changed.dry_run = options.change.dry_run;
  Build next = next_build(context, app);
  const Build before = next;
  take(next, name, wanted);
  if (next.configurations == before.configurations && next.by_hand == before.by_hand &&
      next.parameter_text == before.parameter_text)
    return changed;
  changed.lines = differing(before.configurations, next.configurations);
  StartOptions how = options;
  how.configuration = configuration_that_runs(context, app, before, options, stop);
  app.builds.push_back(std::move(next));
  if (!change::what_runs(app)) {
    if (options.change.dry_run) return changed;
    context.store.save(app);
    write_journal(context, app, "set", "done", join(changed.lines, "; "));
    return changed;
  }
  changed.change = doing(format("changing the settings of {}", name.text()), [&] {
    NextRelease made = next_release(context, app, how, last_image(context, app, stop), stop);
    // What was asked for is said already.
    if (!made.asks) made.lines.clear();
    return start_next(context, app, made, how, change::Containers::changed_in_place, "set", stop);
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
  refuse_without_settings(app);
  const Build build = next_build(context, app);
  if (!build.parameter_file.empty() && fs::exists(build.parameter_file)) return {Kind::file, build.parameter_file};
  return {Kind::state, {}, pick(build.configurations, {}), build.tag};
}

}  // namespace belay::family
