#include "host/take_over.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "formats/docker_run.h"
#include "host/app_volumes.h"
#include "host/apps.h"
#include "host/found.h"
#include "host/start.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::host {

namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// A name as the real jockler or dockervisor gives it to a container of this app.
std::optional<NamingScheme> foreign_scheme(const std::string& container, const std::string& app) {
  const std::string jockler = "jcl_" + app + "_", dockervisor = "dcv_" + app;
  if (container.starts_with(jockler) && all_digits(std::string_view(container).substr(jockler.size())))
    return NamingScheme::jcl;
  if (container == dockervisor || container == dockervisor + "_stable" || container.starts_with(dockervisor + "_save_"))
    return NamingScheme::dcv;
  return {};
}

// Our pin keeps the image of what was taken over, as it keeps every release's.
plan::Plan pins(Context& context, const App& app, std::stop_token stop) {
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

void refuse_losses(const Adopted& adopted, const TakeOver& how) {
  if (adopted.lost.empty() || how.lossy) return;
  throw Conflict(format("Belay has no place for all settings of what is there, and the next release would be without them: {}",
                        join(adopted.lost, "; ")),
                 format("belay adopt {} {} --lossy takes it over all the same.", adopted.app, join(adopted.containers, " ")));
}

// The app is there: the same command was given before, and its answer was lost, or somebody gave it again.
std::optional<Adopted> adopted_before(const App& app, const std::vector<std::string>& wanted) {
  Adopted adopted{app.name.text(), {}, {}, {}, false, true};
  for (const auto& release : app.releases)
    if (release.adopted)
      for (const auto& [service, container] : release.containers) adopted.containers.push_back(container);
  const auto is_ours = [&](const std::string& container) {
    return std::count(adopted.containers.begin(), adopted.containers.end(), container) > 0;
  };
  if (adopted.containers.empty() || !std::all_of(wanted.begin(), wanted.end(), is_ours)) return {};
  return adopted;
}

// The tags are there before the state knows of the app: what fails on the way can be given again.
void run_pins(Context& context, const plan::Plan& plan, std::stop_token stop) {
  if (plan.empty()) return;
  context.report.running(plan);
  const auto outcome = exec::run(plan, context.engine, context.clock, context.report, context.run, stop);
  if (outcome.error) throw *outcome.error;
}

}  // namespace

Spec spec_of_container(const AppName& app, const ContainerDetail& detail, const std::string& service) {
  Spec spec;
  spec.services.push_back(detail.service);
  Service& only = spec.services.back();
  only.name = service.empty() ? app.text() : service;
  if (only.image.empty()) only.image = detail.container.image;
  // Our own labels belong to the container, not to what it should be; the restart policy in force may be Belay's own.
  std::erase_if(only.labels, [](const auto& label) { return label.first.starts_with("belay."); });
  return spec;
}

namespace {

// Data in a volume without a name is found again only because we know it.
void note_unnamed(Context& context, const Service& service, ReleaseNumber release) {
  for (const Mount& mount : service.mounts)
    if (mount.kind == Mount::Kind::volume && is_unnamed_volume(mount.source))
      context.report.note(format("the data of {} in {} is in a volume without a name, {}; later releases mount it too",
                                 mount.target, release.text(), mount.source.substr(0, 12)));
}

}  // namespace

Adopted adopt(Context& context, const AppName& name, std::vector<std::string> wanted, TakeOver how,
              std::stop_token stop) {
  const FileLock lock = lock_app_as_found(context, name, stop);
  if (const auto known = context.store.app(name)) {
    if (auto before = adopted_before(*known, wanted)) {
      before->plan = pins(context, *known, stop);
      before->dry_run = how.dry_run;
      if (!how.dry_run) run_pins(context, before->plan, stop);
      return *before;
    }
    throw Conflict(format("there is an app {} already", name.text()), "Choose another name for what you adopt.");
  }
  std::optional<NamingScheme> scheme;
  World world;
  world.containers = context.engine.containers({}, stop);
  if (wanted.empty()) {
    for (const auto& container : world.containers)
      if (!container.owner() && foreign_scheme(container.name, name.text())) wanted.push_back(container.name);
    if (wanted.empty())
      throw NotFound(format("no container is called jcl_{0}_… or dcv_{0}", name.text()),
                     format("Name the container: belay adopt {} CONTAINER", name.text()));
  }
  std::vector<ContainerDetail> details;
  for (const auto& container : wanted) {
    if (std::count(wanted.begin(), wanted.end(), container) > 1)
      throw UsageError(format("the container {} is named twice", container), "Name each container once.");
    auto detail = context.engine.container(container, stop);
    if (!detail) throw NotFound(format("there is no container {}", container), "docker ps -a shows them all.");
    if (const auto owner = owner_of(context, container, stop))
      throw Conflict(format("the container {} belongs to the app {} already", container, owner->app.text()),
                     format("belay status {} shows it.", owner->app.text()));
    if (const auto found = foreign_scheme(container, name.text())) scheme = found;
    details.push_back(std::move(*detail));
  }
  std::sort(details.begin(), details.end(),
            [](const auto& a, const auto& b) { return a.container.created < b.container.created; });
  const auto running = std::count_if(details.begin(), details.end(), [](const auto& d) { return d.container.is_up(); });
  if (running > 1)
    throw Conflict(format("{} of these containers run; an app has one that runs", running),
                   "Stop all but one, or adopt them as apps of their own.");

  App app(name);
  app.scheme = scheme.value_or(NamingScheme::belay);
  app.created = context.clock.now();
  Adopted adopted{name.text(), {}, {}, {}, how.dry_run, false};
  for (auto& detail : details) {
    Release release;
    release.number = app.next_release();
    release.spec = spec_of_container(name, detail, {});
    learn_volumes(release.spec.services[0], detail.container, world);
    // The policy the user gave it is kept; "no" is what a stopped one has under every tool.
    release.spec.services[0].restart = detail.restart.name == "no" ? RestartPolicy{} : detail.restart;
    release.images[name.text()] = detail.container.image_id;
    release.containers[name.text()] = detail.container.name;
    release.adopted = true;
    release.container_created[name.text()] = detail.container.created;
    release.created = context.clock.now();
    release.verdict = Verdict::unproven;
    release.who = context.who;
    release.why = context.command;
    app.highest_release = release.number.value;
    app.last = release.number;
    if (detail.container.name.ends_with("_stable")) app.stable = release.number;
    if (detail.container.is_up()) {
      app.wish.state = Wish::State::up;
      app.wish.release = release.number;
      app.wish.who = context.who;
      app.wish.why = context.command;
      app.wish.since = context.clock.now();
    }
    adopted.containers.push_back(detail.container.name);
    for (auto& lost : unkept_of(context, detail.container.name, stop)) adopted.lost.push_back(std::move(lost));
    note_unnamed(context, release.spec.services[0], release.number);
    app.releases.push_back(std::move(release));
  }
  if (app.wish.state == Wish::State::up) {
    app.last = app.wish.release;
    // What runs without a policy of its own gets Belay's; until then nothing is to be done.
    Release& release = *app.find(*app.wish.release);
    if (release.spec.services[0].restart.name.empty()) release.spec.services[0].restart.name = "no";
  } else {
    app.wish.state = Wish::State::down;
    app.wish.who = context.who;
    app.wish.why = context.command;
    app.wish.since = context.clock.now();
  }
  refuse_losses(adopted, how);
  adopted.plan = pins(context, app, stop);
  if (how.dry_run) return adopted;
  run_pins(context, adopted.plan, stop);
  // The image of the last release is what a start of a new one begins from.
  Build build;
  build.number = 1;
  build.image = app.release(*app.last).images.begin()->second;
  build.tag = app.release(*app.last).spec.services[0].image;
  build.configurations["default"] = {app.release(*app.last).spec, true, true};
  build.created = context.clock.now();
  build.who = context.who;
  app.builds.push_back(std::move(build));
  context.store.save(app);
  const std::string lost = adopted.lost.empty() ? "" : "; without " + join(adopted.lost, "; ");
  write_journal(context, app, "adopt", "done", join(adopted.containers, ", ") + lost);
  return adopted;
}

Imported import_run(Context& context, const std::string& wanted_name, const std::vector<std::string>& line,
                    bool dry_run, std::stop_token stop) {
  const formats::RunLine parsed = formats::parse_run_line(line, {});
  if (wanted_name.empty() && parsed.name.empty())
    throw UsageError("the line gives the container no name", "Name the app: belay import run NAME -- docker run …");
  const AppName name(wanted_name.empty() ? parsed.name : wanted_name);
  Imported imported{name.text(), {}, parsed.warnings, {}};
  Spec spec;
  spec.services.push_back(parsed.service);
  spec.services[0].name = name.text();
  check_spec(spec);
  imported.spec = spec_to_json(without_secrets(spec), 2);
  const FileLock lock = lock_app(context, name, stop);
  auto app = context.store.app(name);
  const std::string reference = ImageRef::parse(parsed.service.image).text();
  auto image = context.engine.image(reference, stop);
  if (dry_run) {
    imported.image = image ? image->id : "";
    return imported;
  }
  if (!image) {
    plan::Plan plan;
    plan.add(plan::PullImage{reference}, "it is not on this host");
    context.report.running(plan);
    const auto outcome = exec::run(plan, context.engine, context.clock, context.report, context.run, stop);
    if (outcome.error) throw *outcome.error;
    image = context.engine.image(reference, stop);
    if (!image) throw NotFound(format("{} was pulled, but the engine does not have it", reference));
  }
  imported.image = image->id;
  if (!app) {
    app.emplace(name);
    app->created = context.clock.now();
  }
  Build build;
  build.number = app->builds.empty() ? 1 : app->builds.back().number + 1;
  build.image = image->id;
  build.tag = reference;
  // The line says all there is to say: ports and volumes of the image are not published behind the user's back.
  build.configurations["default"] = {spec, true, true};
  build.created = context.clock.now();
  build.who = context.who;
  app->builds.push_back(std::move(build));
  context.store.save(*app);
  write_journal(context, *app, "import", "done", reference);
  return imported;
}

}  // namespace belay::host
