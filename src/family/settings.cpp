#include "family/settings.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "family/family_release.h"
#include "family/parameters.h"
#include "family/start_next.h"
#include "formats/setting_keys.h"
#include "model/overlay.h"
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

// What runs, or ran last, as a build with the settings that the app has: the next release is made of it.
Build build_that_runs(change::Context& context, const App& app) {
  Build runs = app.builds.back();
  if (const Release* present = present_of(app); present != nullptr && !present->images.empty()) {
    const std::string& image = present->images.begin()->second;
    const auto same =
        std::find_if(app.builds.rbegin(), app.builds.rend(), [&](const Build& build) { return build.image == image; });
    runs = same != app.builds.rend() ? *same : Build();
    runs.image = image;
    const auto& services = present->spec.services;
    if (!services.empty() && !services[0].image.empty()) runs.tag = services[0].image;
  }
  Build none;
  none.configurations = no_settings(app.name);
  const Build* settings = settings_of(app);
  take_settings(runs, settings != nullptr ? *settings : none);
  runs.number = app.builds.back().number + 1;
  runs.created = context.clock.now();
  runs.who = context.who;
  return runs;
}

// The newest build stays what the next `start new` starts, with these settings.
Build newest_with(const App& app, const Build& settings) {
  Build newest = app.builds.back();
  take_settings(newest, settings);
  newest.number = settings.number;
  newest.created = settings.created;
  newest.who = settings.who;
  return newest;
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

// False: it was not set.
bool unset(Build& build, const AppName& name, const std::string& key) {
  bool was_set = false;
  if (build.parameter_file.empty()) {
    for (auto& [unused, configuration] : build.configurations)
      was_set = formats::unset_setting(configuration, key) || was_set;
    if (build.by_hand) was_set = formats::unset_setting(*build.by_hand, key) || was_set;
  } else {
    was_set = unset_above_file(build, name, key);
  }
  // What is set by hand is all that says whether settings are wished at all.
  if (was_set && !build.by_hand) build.by_hand = no_settings(name).begin()->second;
  return was_set;
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
  for (const auto& key : wanted.unset)
    if (!unset(build, name, key))
      throw NotFound(ErrorCode::not_found, format("{} is not set for {}", key, name.text()),
                     format("belay config {} prints what is.", name.text()));
  for (const auto& key : wanted.cleared) std::ignore = unset(build, name, key);
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

std::vector<std::string> keys_that_differ(const std::map<std::string, Configuration>& before,
                                          const std::map<std::string, Configuration>& after) {
  std::set<std::string> keys;
  for (const auto& [name, configuration] : after) {
    const auto found = before.find(name);
    if (found == before.end()) continue;
    for (const auto& change : differences(found->second.spec, configuration.spec)) keys.insert(change.field);
    if (found->second.ports_overridden != configuration.ports_overridden) keys.insert("ports");
  }
  return {keys.begin(), keys.end()};
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

SettingsChanged change_settings(change::Context& plain, const AppName& name, const SettingsChange& wanted,
                                const StartOptions& options, std::stop_token stop) {
  change::Context context = plain;
  const FileLock lock = lock_app(context, name, stop);
  App app = app_with_volumes(context, name, stop);
  refuse_without_settings(app);
  SettingsChanged changed;
  changed.dry_run = options.change.dry_run;
  Build next = build_that_runs(context, app);
  const Build before = next;
  take(next, name, wanted);
  const bool are_new = !has_same_settings(next, before);
  // The journal, the release and `why` name what was changed; values may be secrets.
  const auto keys = keys_that_differ(before.configurations, next.configurations);
  if (!keys.empty()) context.command += format(" ({})", join(keys, ", "));
  const auto keep = [&] {
    if (!are_new || options.change.dry_run) return;
    app.builds.push_back(newest_with(app, next));
    context.store.save(app);
    write_journal(context, app, "set", "done", context.command);
  };
  const auto running = change::what_runs(app);
  if (!running) {
    changed.lines = differing(before.configurations, next.configurations);
    keep();
    return changed;
  }
  StartOptions how = options;
  how.configuration = configuration_that_runs(context, app, before, options, stop);
  doing(format("changing the settings of {}", name.text()), [&] {
    App made_of = app;
    made_of.builds.push_back(next);
    NextRelease made = next_release(context, made_of, how, last_image(context, made_of, stop), stop);
    const Release& present = app.release(*running);
    // What is kept as settings and what runs may be two things.
    for (const auto& change : differences(present.spec, made.made.spec)) changed.lines.push_back(change.text());
    const bool runs_so = present.spec == made.made.spec && present.images == made.made.images;
    if (runs_so && !app.wish.is_unfinished()) {
      keep();
      return;
    }
    // What was asked for is said already.
    if (!made.asks) made.lines.clear();
    app.builds.push_back(newest_with(app, next));
    changed.change = start_next(context, app, made, how, change::Containers::changed_in_place, "set", stop);
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
  const Build build = build_that_runs(context, app);
  if (!build.parameter_file.empty() && fs::exists(build.parameter_file)) return {Kind::file, build.parameter_file};
  if (build.configurations.size() > 1)
    throw Conflict(ErrorCode::conflict,
                   format("{} has several configurations, and the file that they stand in is not there{}", name.text(),
                          build.parameter_file.empty() ? "" : ": " + build.parameter_file),
                   format("belay set {} KEY=VALUE changes a setting of them all.", name.text()));
  return {Kind::state, {}, pick(build.configurations, {}), build.tag};
}

}  // namespace belay::family
