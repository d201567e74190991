#include "family/build.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "family/build_plan.h"
#include "family/family_release.h"
#include "family/parameters.h"
#include "formats/check_values.h"
#include "formats/dockerfile.h"
#include "model/overlay.h"
#include "state/store.h"

namespace belay::family {

namespace {

struct Place {
  fs::path folder, dockerfile;
};

// Whoever means a path writes "./", "/" or "~" where a reference could be meant as well.
bool may_be_image(const std::string& where) {
  if (where.empty() || where.find_first_of("/.~") == 0) return false;
  try {
    std::ignore = ImageRef::parse(where);
    return true;
  } catch (const UsageError&) {
    return false;
  }
}

// Which Dockerfile, and its folder as the context.
Place find_dockerfile(const AppName& name, const std::string& where) {
  const fs::path asked = where.empty() ? fs::current_path() : plain_absolute(where);
  const fs::path clean = asked.has_filename() ? asked : asked.parent_path();
  std::error_code error;
  if (fs::is_directory(clean, error)) {
    for (const fs::path& candidate : {clean / (name.text() + "-Dockerfile"), clean / "Dockerfile"})
      if (fs::exists(candidate, error)) return {clean, candidate};
    throw NotFound(ErrorCode::file_not_found,
                   format("there is neither {}-Dockerfile nor Dockerfile in {}", name.text(), clean.string()),
                   format("Go to the folder of the Dockerfile, or name it: belay deploy {0} PATH. An image: belay "
                          "deploy {0} --image REF.",
                          name.text()));
  }
  if (!fs::exists(clean, error))
    throw NotFound(
        ErrorCode::file_not_found, format("{} does not exist", clean.string()),
        may_be_image(where)
            ? format("If {0} is an image: belay deploy {1} --image {0}. Else name a Dockerfile or its folder.", where,
                     name.text())
            : format("Name a Dockerfile or its folder: belay deploy {} PATH", name.text()));
  return {clean.parent_path(), clean};
}

// Repositories are lower case; an app's name need not be. Of two that differ in nothing else the older one has the
// plain tag, and the younger one always the same other.
std::string family_tag(change::Context& context, const AppName& name) {
  const auto known = context.store.app(name);
  bool is_younger = false;
  for (const auto& other : context.store.app_names()) {
    if (other == name.text() || lower(other) != lower(name.text())) continue;
    const auto app = context.store.app(AppName(other));
    is_younger = is_younger || !known || (app && std::tie(app->created, app->name) < std::tie(known->created, name));
  }
  std::string tag = lower(name.text());
  if (is_younger) tag += format("-{:08x}", name_sum(name.text()));
  tag += ":latest";
  try {
    return ImageRef::parse(tag).text();
  } catch (const UsageError& error) {
    throw UsageError(format("no image can be called {}: {}", name.text(), error.what()),
                     "Choose a name that ends in a letter or digit and has no two separators in a row.");
  }
}

// An image that is there already, or is pulled.
std::string existing_image(change::Context& context, const BuildOptions& options, BuildOutcome& outcome,
                           std::stop_token stop) {
  const std::string reference =
      options.image.starts_with("sha256:") ? options.image : ImageRef::parse(options.image).text();
  if (!options.pull)
    if (const auto image = context.engine.image(reference, stop)) return image->id;
  outcome.plan.add(plan::PullImage{reference}, options.pull ? "--pull" : "it is not on this host");
  if (options.dry_run) return {};
  change::carry_out_whole(context, outcome.plan, {}, stop);
  const auto image = context.engine.image(reference, stop);
  if (!image)
    throw NotFound(ErrorCode::image_not_found, format("{} was pulled, but the engine does not have it", reference));
  return image->id;
}

// "arm64", "linux/aarch64" and "linux/arm64/v8" are one platform.
std::string plain_platform(const std::string& platform) {
  std::string text = platform.find('/') == std::string::npos ? "linux/" + platform : platform;
  const auto parts = split(text, '/');
  const std::string architecture = parts[1] == "aarch64" ? "arm64" : parts[1] == "x86_64" ? "amd64" : parts[1];
  const bool has_variant = parts.size() > 2 && !(architecture == "arm64" && parts[2] == "v8");
  return parts[0] + "/" + architecture + (has_variant ? "/" + parts[2] : "");
}

// False as well where the place that should know cannot be asked: an image that anybody may pull needs no login.
bool knows_login(engine::Engine& engine, const std::string& registry, const std::stop_token& stop) {
  try {
    return engine.login_for(registry, stop).has_value();
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return false;
  }
}

// BuildKit asks its client for logins, over a session that the plain Engine API has not. But it takes what the engine
// has already: images behind a login are pulled before the build, by the engine. Returns the indices of these pulls.
std::vector<size_t> pull_bases(change::Context& context, plan::BuildImage& step, plan::Plan& plan,
                               std::stop_token stop) {
  if (step.builder == plan::BuilderChoice::classic || step.builder == plan::BuilderChoice::buildx ||
      !step.secrets.empty())
    return {};
  const auto engine = context.engine.info(stop);
  if (step.builder == plan::BuilderChoice::automatic && !engine.buildkit) return {};
  const std::string own_platform = plain_platform(engine.os + "/" + engine.architecture);
  const auto bases =
      formats::base_images(read_file(step.dockerfile), {step.arguments, step.target, step.platform, own_platform});
  std::map<std::string, bool> has_login;  // by registry
  for (const auto& base : bases) {
    const std::string registry = ImageRef::parse(base.reference).registry();
    if (!has_login.contains(registry)) has_login[registry] = knows_login(context.engine, registry, stop);
  }
  const bool any_login =
      std::any_of(has_login.begin(), has_login.end(), [](const auto& registry) { return registry.second; });
  if (!any_login) return {};

  std::vector<size_t> pulls;
  for (const auto& base : bases) {
    const std::string registry = ImageRef::parse(base.reference).registry();
    if (!step.pull && (!has_login[registry] || context.engine.image(base.reference, stop))) continue;
    if (base.platform.empty() || plain_platform(base.platform) == own_platform) {
      pulls.push_back(plan.add(plan::PullImage{base.reference},
                               step.pull ? "--pull" : format("BuildKit cannot use the login for {}", registry)));
    } else {
      plan.notes.push_back(format("{} for {} is left to BuildKit, which takes what is here or pulls it without a login",
                                  base.reference, base.platform));
    }
  }
  // BuildKit would pull all of them anew, without a login.
  step.pull = false;
  return pulls;
}

plan::Plan plan_of(change::Context& context, const AppName& name, const BuildOptions& options, const Place& place,
                   const std::string& tag, std::stop_token stop) {
  plan::BuildImage step;
  step.folder = place.folder;
  step.dockerfile = place.dockerfile;
  step.tags = {tag};
  step.arguments = options.arguments;
  step.secrets = options.secrets;
  step.labels = labels::for_image(name);
  step.target = options.target;
  step.platform = options.platform;
  step.network = options.network;
  step.no_cache = options.no_cache;
  step.pull = options.pull;
  step.builder = options.builder;
  plan::Plan plan;
  auto pulls = pull_bases(context, step, plan, stop);
  plan.add(std::move(step), "", std::move(pulls));
  return plan;
}

std::string built_image(change::Context& context, const AppName& name, const BuildOptions& options, const Place& place,
                        BuildOutcome& outcome, std::stop_token stop) {
  outcome.plan = plan_of(context, name, options, place, outcome.tag, stop);
  if (options.dry_run) return {};
  const auto result = change::carry_out_whole(context, outcome.plan, {}, stop);
  return result.built.rbegin()->second;
}

void add_push(plan::Plan& plan, const std::string& image, const std::string& reference) {
  std::vector<size_t> built;
  if (!plan.empty()) built.push_back(plan.actions.size() - 1);
  const size_t tagged = plan.add(plan::TagImage{image, reference}, "--push", std::move(built));
  plan.add(plan::PushImage{reference}, "--push", {tagged});
}

void push(change::Context& context, const std::string& image, const std::string& reference, std::stop_token stop) {
  plan::Plan plan;
  add_push(plan, image, reference);
  change::carry_out_whole(context, plan, {}, stop);
}

}  // namespace

plan::Plan plan_build(change::Context& context, const AppName& name, const BuildOptions& options,
                      const std::string& tag, std::stop_token stop) {
  return plan_of(context, name, options, find_dockerfile(name, options.where), tag, stop);
}

namespace {

Parameters asked_parameters(const AppName& name, const BuildOptions& options, const std::optional<Place>& place) {
  if (options.settings_from_image) {
    if (!options.parameter_file.empty())
      throw UsageError("--settings-from-image does not go with --config-file", "Give one of them.");
    return {{}, settings_of_the_image, no_settings(name), {}};
  }
  if (!options.parameter_file.empty()) return read_parameters(name, options.parameter_file, options.parameter_files);
  return find_parameters(name, {place ? place->folder : fs::current_path()}, options.parameter_files);
}

// Settings belong to the app: a build that has none of its own goes on with those there are.
void keep_settings(change::Context& context, const App& app, const BuildOptions& options, Parameters& parameters) {
  const Build* known = settings_of(app);
  if (known == nullptr || options.settings_from_image) return;
  parameters.by_hand = known->by_hand;
  if (!parameters.file.empty() || !parameters.text.empty()) {
    if (known->by_hand) lay_by_hand(parameters.configurations, *known->by_hand);
    return;
  }
  parameters.configurations = known->configurations;
  parameters.file = known->parameter_file;
  parameters.text = known->parameter_text;
  context.report.note(format("no settings are beside it: {} keeps those it has{}", app.name.text(),
                             known->parameter_file.empty() ? "" : format(", from {}", known->parameter_file)));
}

// Those of the command line count, and stay as what was set by hand; then the file's, where it speaks of any; then
// those that an earlier Belay kept without noting that a command line gave them. What an earlier file said and this one
// does not is over.
void settle_checks(const App& app, const BuildOptions& options, Parameters& parameters) {
  const auto set = [&](const std::vector<Check>& checks) {
    for (auto& [name, configuration] : parameters.configurations)
      for (auto& service : configuration.spec.services) service.checks = checks;
    if (!parameters.by_hand && checks.empty()) return;
    if (!parameters.by_hand) parameters.by_hand = no_settings(app.name).begin()->second;
    parameters.by_hand->spec.services.at(0).checks = checks;
  };
  if (options.checks) {
    set(*options.checks);
    for (const auto& [name, configuration] : parameters.configurations) check_spec(configuration.spec);
    return;
  }
  const Build* before = settings_of(app);
  if (parameters.speaks_of_checks || options.settings_from_image || before == nullptr || before->configurations.empty())
    return;
  const Configuration& earlier = before->configurations.begin()->second;
  if (parameters.file.empty() || earlier.spec.services.empty() || earlier.spec.services[0].checks.empty()) return;
  const bool is_by_hand = parameters.by_hand && !parameters.by_hand->spec.services.at(0).checks.empty();
  if (!is_by_hand && !formats::speaks_of_checks(before->parameter_text)) set(earlier.spec.services[0].checks);
}

std::string without_digits(std::string text) {
  std::erase_if(text, [](char c) { return c >= '0' && c <= '9'; });
  return text;
}

// What stands behind the last separator: "a" of "shop-a".
std::string_view ending(std::string_view name) {
  const size_t at = name.find_last_of("-_.");
  return at == std::string_view::npos ? std::string_view() : name.substr(at + 1);
}

// One letter too many, too few or another one, or two that changed places.
bool is_one_keystroke_off(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  const bool are_swapped = a.size() == 2 && b.size() == 2 && a[0] == b[1] && a[1] == b[0];
  return are_swapped || (a.size() <= 1 && b.size() <= 1);
}

// Not names of a series: web1 and web2, shop-a and shop-b are meant to be like each other; shop-db and shop-web share
// only what they belong to.
bool is_a_slip(const std::string& name, const std::string& near) {
  constexpr size_t short_ending = 2, too_short = 3;
  if (name.size() < too_short || without_digits(name) == without_digits(near)) return false;
  if (!is_one_keystroke_off(name, near)) return false;
  const auto ends = ending(name), near_ends = ending(near);
  return ends.empty() || ends.size() > short_ending || near_ends.size() > short_ending ||
         name.substr(0, name.size() - ends.size()) != near.substr(0, near.size() - near_ends.size());
}

// Who calls an app like its folder or file has not mistyped it.
bool is_named_after(const AppName& name, const Place& place) {
  const fs::path file(place.dockerfile);
  return file.parent_path().filename() == name.text() || file.filename() == name.text() + "-Dockerfile";
}

// A slip in a name makes an app that nobody wanted: it is said which one is new, and which one it may be instead.
void tell_new_name(change::Context& context, const AppName& name, const BuildOptions& options,
                   const std::optional<Place>& place) {
  const auto names = context.store.app_names();
  if (std::find(names.begin(), names.end(), name.text()) != names.end()) return;
  std::string other;
  if (place)
    for (const auto& each : names) {
      const auto app = context.store.app(AppName(each));
      const Build* build = app ? app->latest_build() : nullptr;
      if (build != nullptr && build->dockerfile == place->dockerfile.string()) other = each;
    }
  const auto near = nearest(name.text(), names);
  context.report.note(format("{} is a new app{}{}", name.text(),
                             other.empty() ? "" : format(", from the same Dockerfile as {}", other),
                             near ? format(". Did you mean '{}'?", *near) : ""));
  if (!options.confirm_new_name || options.dry_run) return;
  std::string what;
  if (!other.empty())
    what = format("{} is built from this Dockerfile, and {} is new", other, name.text());
  else if (near && is_a_slip(name.text(), *near) && !(place && is_named_after(name, *place)))
    what = format("there is no app {} yet, and its name is near to that of {}", name.text(), *near);
  if (what.empty() || options.confirm_new_name(what)) return;
  throw Error(ErrorCode::declined, "nothing was built",
              format("belay deploy {} makes its next release.", other.empty() ? *near : other));
}

App app_to_build(change::Context& context, const AppName& name, const BuildOptions& options) {
  if (auto known = context.store.app(name)) return std::move(*known);
  App app(name);
  app.scheme = options.scheme;
  app.created = context.clock.now();
  return app;
}

// Whether it is another than the last one: then it is in the app.
bool add_build(change::Context& context, App& app, const BuildOutcome& outcome, const std::optional<Place>& place,
               const Parameters& parameters) {
  const Build* before = app.latest_build();
  // Of what failed the settings are not the app's: asked for once more, they are a build of their own.
  const Build* known = settings_of(app);
  const bool are_of_the_app =
      before != nullptr && (known == nullptr ? !has_settings(*before) : has_same_settings(*before, *known));
  if (are_of_the_app && before->image == outcome.image && before->configurations == parameters.configurations &&
      before->by_hand == parameters.by_hand && before->parameter_text == parameters.text)
    return false;
  Build record;
  record.number = before == nullptr ? 1 : before->number + 1;
  record.image = outcome.image;
  record.tag = outcome.tag;
  if (place) {
    record.context = place->folder.string();
    record.dockerfile = place->dockerfile.string();
  }
  record.configurations = parameters.configurations;
  record.by_hand = parameters.by_hand;
  record.parameter_file = parameters.file.string();
  record.parameter_text = parameters.text;
  record.created = context.clock.now();
  record.who = context.who;
  app.builds.push_back(std::move(record));
  return true;
}

}  // namespace

BuildOutcome build(change::Context& context, const AppName& name, const BuildOptions& options, std::stop_token stop) {
  BuildOutcome outcome;
  outcome.dry_run = options.dry_run;
  std::optional<Place> place;
  if (options.image.empty()) place = find_dockerfile(name, options.where);
  if (options.tells_new_names) tell_new_name(context, name, options, place);
  outcome.tag = options.image.empty() ? family_tag(context, name) : options.image;
  const std::string push_to = options.push.empty() ? "" : ImageRef::parse(options.push).text();

  // A broken parameter file stops the build before anything is built.
  Parameters parameters = asked_parameters(name, options, place);
  outcome.parameter_file = parameters.file.string();
  for (const auto& warning : parameters.warnings) context.report.warning(warning);

  std::optional<FileLock> lock;
  if (!options.dry_run) lock = lock_app(context, name, stop);
  App app = app_to_build(context, name, options);
  keep_settings(context, app, options, parameters);
  settle_checks(app, options, parameters);
  if (options.settings) refuse_declared_settings(app);
  if (options.settings) add_by_hand(name, parameters.configurations, parameters.by_hand, *options.settings);
  outcome.image = doing(format("building {}", name.text()), [&] {
    return place ? built_image(context, name, options, *place, outcome, stop)
                 : existing_image(context, options, outcome, stop);
  });
  outcome.changed = add_build(context, app, outcome, place, parameters);
  if (!options.dry_run && outcome.changed) {
    context.store.save(app);
    write_journal(context, app, "build", "done", format("image {}", short_digest(outcome.image)));
  }
  if (!push_to.empty() && options.dry_run) add_push(outcome.plan, outcome.tag, push_to);
  if (!push_to.empty() && !options.dry_run) push(context, outcome.image, push_to, stop);
  outcome.app = std::move(app);
  return outcome;
}

}  // namespace belay::family
