#include "family/adopting.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/start.h"
#include "family/found.h"
#include "family/parameters.h"
#include "model/compose_labels.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::family {

namespace {

bool is_all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "20240131090507": how both tools write a time.
bool is_date(std::string_view text) {
  return text.size() == 14 && is_all_digits(text);
}

std::string text_of_file(const fs::path& file) {
  return read_file_if_present(file, ByteCount{1 << 20}).value_or("");
}

// `world`: the containers of the host, some of which it may have volumes from.
Spec adopted_spec(const AppName& app, const ContainerDetail& detail, const World& world) {
  Spec spec = spec_of_container(app, detail, {});
  Service& service = spec.services[0];
  // The policy the user gave it is kept; "no" is what a stopped one has under every tool.
  service.restart = detail.restart.name == "no" ? RestartPolicy{} : detail.restart;
  change::learn_volumes(service, detail.container, world);
  define_what_is_used(spec, world);
  return spec;
}

// Data in a volume without a name is found again only because we know it.
std::vector<std::string> notes_of_unnamed(const Service& service, ReleaseNumber release) {
  std::vector<std::string> notes;
  for (const Mount& mount : service.mounts)
    if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source))
      notes.push_back(format("the data of {} in {} is in a volume without a name, {}; later releases mount it too",
                             mount.target, release.text(), mount.source.substr(0, 12)));
  return notes;
}

// The engine removes such a volume together with its container as soon as that stops, by whatever it is stopped.
void refuse_data_that_goes_with_it(change::Context& context, const Release& release, const std::string& container,
                                   std::stop_token stop) {
  const auto settings = context.engine.unkept_settings(container, std::move(stop));
  if (std::none_of(settings.begin(), settings.end(), [](const auto& setting) { return setting.name == "AutoRemove"; }))
    return;
  for (const Mount& mount : release.spec.services[0].mounts)
    if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source))
      throw Conflict(ErrorCode::settings_lost,
                     format("{} was started with --rm, and its data in {} is in a volume without a name: the engine "
                            "removes both when it stops",
                            container, mount.target),
                     format("While it runs, copy the data (docker cp {}:{} FOLDER); then run it again without --rm and "
                            "with a named volume.",
                            container, mount.target));
}

Release adopted_release(change::Context& context, const App& app, const ContainerDetail& detail, const World& world) {
  Release release;
  release.number = app.next_release();
  release.spec = adopted_spec(app.name, detail, world);
  release.images[app.name.text()] = detail.container.image_id;
  release.containers[app.name.text()] = detail.container.name;
  release.adopted = true;
  release.container_created[app.name.text()] = detail.container.created;
  release.created = context.clock.now();
  release.verdict = Verdict::unproven;
  release.who = context.who;
  release.why = context.command;
  return release;
}

std::vector<ContainerDetail> details_of(change::Context& context, const std::vector<std::string>& containers,
                                        std::stop_token stop) {
  std::vector<ContainerDetail> details;
  for (const auto& container : containers) {
    if (std::count(containers.begin(), containers.end(), container) > 1)
      throw UsageError(format("the container {} is named twice", container), "Name each container once.");
    auto detail = context.engine.container(container, stop);
    if (!detail)
      throw NotFound(ErrorCode::container_not_found, format("there is no container {}", container),
                     "docker ps -a shows them all.");
    if (const auto owner = owner_of(context, container, stop)) {
      const std::string of = owner->app.text();
      const bool is_known = context.store.app(owner->app).has_value();
      throw Conflict(ErrorCode::foreign_container,
                     format("the container {} belongs to the app {} already", container, of),
                     is_known ? format("belay status {} shows it.", of)
                              : format("The state does not know {}, as after belay forget: belay recover takes it "
                                       "with its containers.",
                                       of));
    }
    details.push_back(std::move(*detail));
  }
  std::stable_sort(details.begin(), details.end(),
                   [](const auto& a, const auto& b) { return a.container.created < b.container.created; });
  return details;
}

void refuse_two_that_run(const App& app, const std::vector<ContainerDetail>& details) {
  std::vector<std::string> running;
  for (const auto& detail : details)
    if (detail.container.is_up()) running.push_back(detail.container.name);
  if (running.size() > 1)
    throw Conflict(format("{} of these containers run; an app has one that runs", running.size()),
                   "Stop all but one, or adopt them as apps of their own.");
  if (const auto present = change::what_runs(app); present && !running.empty())
    throw Conflict(format("the container {} runs, and so does {} of {}; an app has one that runs", running[0],
                          present->text(), app.name.text()),
                   format("Stop one of them first: belay stop {}, or docker stop {}", app.name.text(), running[0]));
}

const Release* release_of_container(const App& app, const std::string& container) {
  for (const auto& release : app.releases)
    for (const auto& [service, name] : release.containers)
      if (name == container) return &release;
  return nullptr;
}

// What runs is wished to run; an app of which nothing runs is wished down.
void set_wish(change::Context& context, App& app, std::optional<ReleaseNumber> running) {
  const auto present = change::what_runs(app);
  if (!running && !app.wish.is<goal::None>()) return;
  if (running == present && running) return;
  app.wish = Wish{};
  if (running)
    app.wish.goal = goal::Run{*running};
  else
    app.wish.goal = goal::Stopped{};
  app.wish.who = context.who;
  app.wish.why = context.command;
  app.wish.since = context.clock.now();
}

// The marks that the tool kept, where the app has none of its own.
void take_marks(App& app, const FamilyOfStore& store, std::vector<std::string>& warnings) {
  const auto marked = [&](const std::string& container, const char* mark) -> std::optional<ReleaseNumber> {
    if (container.empty()) return {};
    if (const Release* release = release_of_container(app, container)) return release->number;
    warnings.push_back(format("{} has {} as {} of {}, and it is gone: that mark is left out",
                              (store.folder / mark).string(), container, mark, app.name.text()));
    return {};
  };
  if (!app.stable) app.stable = marked(store.marks.stable, "stable");
  if (!app.last) app.last = marked(store.marks.last, "last");
  if (app.autostart != Autostart::none || store.marks.startup.empty()) return;
  // The tool starts that very container, also after another has become the last: `stable` keeps to that best.
  app.autostart = store.marks.startup == store.marks.stable ? Autostart::stable : Autostart::last;
  if (store.marks.startup != store.marks.stable && store.marks.startup != store.marks.last)
    warnings.push_back(format("{} was started with the host, which is neither last nor stable: what starts now is last",
                              store.marks.startup));
}

// The image that a start of a new release begins from.
std::optional<Image> newest_image(change::Context& context, const App& app, const FamilyOfStore& store,
                                  std::stop_token stop) {
  if (auto image = context.engine.image(app.name.text() + ":latest", stop)) return image;
  std::optional<Image> newest;
  for (const auto& id : store.marks.images)
    if (auto image = context.engine.image(id, stop); image && (!newest || image->created > newest->created))
      newest = std::move(image);
  return newest;
}

void take_build(change::Context& context, App& app, const FamilyOfStore* store, std::stop_token stop) {
  const bool has_settings = store != nullptr && !store->settings_file.empty();
  const Build* before = app.latest_build();
  // What was built by Belay without a settings file takes those of the store; with one, it goes its own way already.
  if (before != nullptr && (!has_settings || !before->parameter_file.empty() || !app.releases.empty())) return;
  Build build;
  build.number = before == nullptr ? 1 : before->number + 1;
  if (before != nullptr) {
    build.image = before->image;
    build.tag = before->tag;
    build.context = before->context;
    build.dockerfile = before->dockerfile;
  } else if (const auto image = store == nullptr ? std::nullopt : newest_image(context, app, *store, stop)) {
    build.image = image->id;
    build.tag = app.name.text() + ":latest";
  }
  if (has_settings) {
    build.configurations = store->configurations;
    build.parameter_file = store->settings_file.string();
    build.parameter_text = store->settings_text;
  }
  build.created = context.clock.now();
  build.who = context.who;
  app.builds.push_back(std::move(build));
}

// A build without an image or settings of its own has those of the last release.
void fill_build(App& app) {
  if (app.builds.empty()) return;
  Build& build = app.builds.back();
  const Release* last = app.last ? app.find(*app.last) : nullptr;
  if (build.image.empty() && last != nullptr) {
    build.image = last->images.begin()->second;
    build.tag = last->spec.services[0].image;
  }
  if (build.configurations.empty() && last != nullptr) build.configurations["default"] = {last->spec, true, true};
  if (build.image.empty() || build.configurations.empty()) app.builds.pop_back();
}

}  // namespace

std::optional<FamilyOfStore> family_of_store(const fs::path& store, NamingScheme scheme, const AppName& name) {
  FamilyOfStore family;
  family.folder = store / name.text();
  family.scheme = scheme;
  std::error_code unknown;
  if (store.empty() || !fs::is_directory(family.folder, unknown)) return {};
  return doing(format("reading {}", family.folder.string()), [&]() -> std::optional<FamilyOfStore> {
    family.marks = formats::parse_stored_family(
        [&](const std::string& file) { return read_file_if_present(family.folder / file, ByteCount{1 << 20}); });
    const fs::path settings = family.folder / ((scheme == NamingScheme::jcl ? "jockler-" : "dcv-") + name.text());
    if (const std::string text = text_of_file(settings); !trim(text).empty()) {
      family.settings_file = settings;
      family.settings_text = text;
      family.configurations =
          read_parameters(name, settings,
                          scheme == NamingScheme::jcl ? ParameterFiles::jockler : ParameterFiles::dockervisor)
              .configurations;
    }
    if (family.marks.empty() && family.settings_file.empty()) return {};
    return family;
  });
}

std::optional<NamingScheme> foreign_scheme(const std::string& container, const AppName& app) {
  const std::string jockler = "jcl_" + app.text() + "_", dockervisor = "dcv_" + app.text();
  if (container.starts_with(jockler) && is_all_digits(std::string_view(container).substr(jockler.size())))
    return NamingScheme::jcl;
  if (container == dockervisor || container == dockervisor + "_stable" ||
      container.starts_with(dockervisor + "_save_") ||
      (container.starts_with(dockervisor + "_") && is_date(std::string_view(container).substr(dockervisor.size() + 1))))
    return NamingScheme::dcv;
  return {};
}

std::vector<std::string> foreign_containers(const std::vector<Container>& all, const AppName& app) {
  std::vector<const Container*> found;
  for (const auto& container : all)
    if (!container.owner() && foreign_scheme(container.name, app)) found.push_back(&container);
  std::stable_sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->created < b->created; });
  std::vector<std::string> names;
  for (const auto* container : found) names.push_back(container->name);
  return names;
}

TakenIn adopt_containers(change::Context& context, App& app, const std::vector<std::string>& containers,
                         const FamilyOfStore* store, std::stop_token stop) {
  const std::vector<ContainerDetail> details = details_of(context, containers, stop);
  refuse_two_that_run(app, details);
  const auto marks_before = std::tuple(app.last, app.stable, app.autostart, app.builds.size());
  const size_t goal_before = app.wish.goal.index();
  // A second look at the same store must not bring back what the user has changed since.
  const bool takes_marks = store != nullptr && (app.releases.empty() || !details.empty());
  World world;
  world.containers = context.engine.containers({}, stop);
  world.volumes = context.engine.volumes({}, stop);
  world.networks = context.engine.networks(stop);
  TakenIn taken;
  take_build(context, app, store, stop);
  std::optional<ReleaseNumber> running, newest, stable_by_name;
  for (const auto& detail : details) {
    Release release = adopted_release(context, app, detail, world);
    app.highest_release = release.number.value;
    newest = release.number;
    // What runs without a policy of its own gets Belay's; until then nothing is to be done.
    if (detail.container.is_up()) {
      running = release.number;
      if (RestartPolicy& policy = release.spec.services[0].restart; policy.name.empty()) policy.name = "no";
    }
    if (detail.container.name.ends_with("_stable") && foreign_scheme(detail.container.name, app.name))
      stable_by_name = release.number;
    taken.containers.push_back(detail.container.name);
    if (const auto project = detail.container.labels.find(labels::compose_project);
        project != detail.container.labels.end())
      taken.warnings.push_back(
          format("{} is of the Compose project {}, which belay up in its folder takes over as a whole; to do that "
                 "instead: belay forget {}",
                 detail.container.name, project->second, app.name.text()));
    refuse_data_that_goes_with_it(context, release, detail.container.name, stop);
    for (auto& lost : unkept_of(context, detail.container.name, stop)) taken.lost.push_back(std::move(lost));
    for (auto& note : notes_of_unnamed(release.spec.services[0], release.number))
      taken.notes.push_back(std::move(note));
    app.releases.push_back(std::move(release));
  }
  if (takes_marks) take_marks(app, *store, taken.warnings);
  if (!app.stable) app.stable = stable_by_name;
  if (!app.last) app.last = newest;
  if (running) app.last = running;
  if (!app.releases.empty()) set_wish(context, app, running);
  fill_build(app);
  taken.changed = !taken.containers.empty() || goal_before != app.wish.goal.index() ||
                  marks_before != std::tuple(app.last, app.stable, app.autostart, app.builds.size());
  return taken;
}

plan::Plan pins(change::Context& context, const App& app, std::stop_token stop) {
  plan::Plan plan;
  for (const auto& release : app.releases)
    for (const auto& [service, image] : release.images) {
      const std::string tag = pin_tag(app.name, service, release.number);
      const auto present = context.engine.image(image, stop);
      if (present && std::find(present->tags.begin(), present->tags.end(), tag) == present->tags.end())
        plan.add(plan::TagImage{image, tag}, plan::why_pinned);
    }
  return plan;
}

void run_pins(change::Context& context, const plan::Plan& plan, std::stop_token stop) {
  if (plan.empty()) return;
  change::carry_out_whole(context, plan, {}, stop);
}

}  // namespace belay::family
