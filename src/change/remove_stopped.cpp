#include "change/remove_stopped.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "change/apps.h"
#include "change/carry_out.h"
#include "change/change.h"
#include "change/start.h"
#include "model/naming.h"
#include "plan/sequence.h"
#include "state/store.h"

namespace belay::change {

namespace {

const Release& release_to_clear(const App& app) {
  if (what_runs(app) || app.last) return release_of_data(app);
  throw NotFound(ErrorCode::release_not_found,
                 format("{} has never run: it has no stopped containers to remove", app.name.text()),
                 format("belay remove {} removes the app itself.", app.name.text()));
}

Removed removal_of_stopped(Context& context, const App& app, const Target& target, const World& world,
                           UnnamedVolumes volumes, std::stop_token stop) {
  const Release& release = release_to_clear(app);
  Removed removed;
  std::set<std::string> going;
  for (const Service* service : app.services_of(release, target)) {
    const Container* container = plan::find_instance(app, world, release.number, service->name);
    if (container == nullptr || container->is_up()) continue;
    const bool is_stopped = app.wish.is<goal::Stopped>() || app.wish.is_held_down(service->name);
    if (release.runs_to_its_end(*service))
      removed.kept.push_back(format("{}: a job that has ended, which would run again", container->name));
    else if (!is_stopped)
      removed.kept.push_back(format("{}: it should be up", container->name));
    else if (going.insert(container->name).second)
      removed.plan.add(plan::RemoveContainer{container->name}, "it is stopped");
  }
  if (volumes == UnnamedVolumes::go) {
    const auto of_others = volumes_of_others(context.store, target.app);
    plan::add_unnamed_volumes(removed.plan, {app, world, context.clock.now(), context.defaults, of_others}, going);
    refuse_mounts(context, app, removed.plan, std::move(stop));
  }
  return removed;
}

}  // namespace

Removed preview_stop_and_removal(Context& context, const Target& target, UnnamedVolumes volumes, std::stop_token stop) {
  const FileLock lock = lock_app(context, target.app, stop);
  App app = app_with_volumes(context, target.app, stop);
  wish_stopped(context, app, target);
  const World world = observe(context.engine, app, stop);
  const plan::Plan stopping = plan::plan_wish({app, world, context.clock.now(), context.defaults});
  const World when_stopped = plan::as_planned(world, stopping);
  Removed removed = removal_of_stopped(context, app, target, when_stopped, volumes, stop);
  removed.plan = plan::in_sequence(stopping, removed.plan);
  return removed;
}

Removed remove_stopped(Context& context, const Target& target, UnnamedVolumes volumes, bool dry_run,
                       std::stop_token stop) {
  const FileLock lock = lock_app(context, target.app, stop);
  // What starts it again must know the volumes that the engine named.
  App app = app_with_volumes(context, target.app, stop);
  if (!dry_run) finish_unfinished(context, app, stop);
  const Release& release = release_to_clear(app);
  const World world = observe(context.engine, app, stop);
  Removed removed = removal_of_stopped(context, app, target, world, volumes, stop);
  if (dry_run || removed.plan.empty()) return removed;
  return doing(format("removing what is stopped of {}", target.text()), [&] {
    context.store.save(app);
    carry_out_whole(context, removed.plan, {}, stop);
    write_journal(context, app, "rm", "done", target.text(), release.number);
    removed.done = true;
    return removed;
  });
}

namespace {

// Why the image stays, though it is one of those asked for; nullopt: it goes.
std::optional<std::string> why_it_stays(const std::vector<App>& apps, const App& app, const World& world,
                                        const Image& image, const Release& last) {
  const auto ours = plan::instances(app, world);
  for (const auto& container : world.containers)
    if (container.image_id == image.id && std::none_of(ours.begin(), ours.end(), [&](const plan::Instance& each) {
          return each.container == &container;
        }))
      return format("the container {} has it", container.name);
  for (const auto& other : apps)
    for (const auto& release : other.releases)
      for (const auto& [service, id] : release.images)
        if (id == image.id && (other.name != app.name || release.images != last.images))
          return format("{} of {} has it", release.number.text(), other.name.text());
  return {};
}

bool is_ours(const App& app, const Release& last, const std::string& tag) {
  const auto is_named_so = [&](const Service& service) {
    return !service.image.empty() && !service.image.starts_with("sha256:") &&
           ImageRef::parse(service.image).text() == ImageRef::parse(tag).text();
  };
  if (std::any_of(last.spec.services.begin(), last.spec.services.end(), is_named_so)) return true;
  if (std::any_of(app.builds.begin(), app.builds.end(), [&](const Build& build) { return build.tag == tag; }))
    return true;
  for (const auto& release : app.releases)
    for (const auto& [service, image] : release.images)
      if (tag == pin_tag(app.name, service, release.number)) return true;
  return false;
}

// As docker compose calls an image that is built and has no name in the file.
bool has_no_name(const App& app, const Service& service) {
  const std::string usual = format("{}-{}", app.name.text(), service.group_name());
  return service.image == usual || service.image == usual + ":latest";
}

// The service whose image this is, by a name of the file; nullptr: there is none.
const Service* named_with(const App& app, const Release& last, const std::string& image) {
  for (const auto& service : last.spec.services)
    if (const auto id = last.images.find(service.name);
        id != last.images.end() && id->second == image && !has_no_name(app, service))
      return &service;
  return nullptr;
}

}  // namespace

Removed remove_images(Context& context, const AppName& name, AppImages which, bool dry_run, std::stop_token stop) {
  const FileLock lock = lock_app(context, name, stop);
  const App app = known_app(context, name, stop);
  const Release& last = release_of_data(app);
  const World world = observe(context.engine, app, stop);
  const auto apps = context.store.apps();
  Removed removed;
  std::set<std::string> seen;
  for (const auto& service : last.spec.services) {
    const auto id = last.images.find(service.name);
    if (id == last.images.end()) continue;
    if (which == AppImages::unnamed) {
      if (!has_no_name(app, service)) continue;
      if (const Service* named = named_with(app, last, id->second)) {
        removed.kept.push_back(format("image {}: it is also that of the service {}", service.image, named->name));
        continue;
      }
    }
    if (!seen.insert(id->second).second) continue;
    const auto image = context.engine.image(id->second, stop);
    if (!image) continue;
    if (const auto why = why_it_stays(apps, app, world, *image, last)) {
      removed.kept.push_back(format("image {}: {}", service.image, *why));
      continue;
    }
    const auto foreign =
        std::find_if(image->tags.begin(), image->tags.end(), [&](const auto& tag) { return !is_ours(app, last, tag); });
    if (foreign != image->tags.end()) {
      removed.kept.push_back(format("image {}: it is also tagged {}", service.image, *foreign));
      continue;
    }
    std::vector<size_t> untagged;
    for (const auto& tag : image->tags) untagged = {removed.plan.add(plan::UntagImage{tag}, "asked for", untagged)};
    // Without its last tag it goes by itself where nothing else stands on it.
    const size_t last_step = removed.plan.add(plan::RemoveImage{image->id}, "asked for", untagged);
    removed.plan.actions[last_step].may_fail = true;
  }
  if (dry_run || removed.plan.empty()) return removed;
  return doing(format("removing the images of {}", name.text()), [&] {
    carry_out_whole(context, removed.plan, {}, stop);
    write_journal(context, app, "rmi", "done", which == AppImages::all ? "all" : "local", last.number);
    removed.done = true;
    return removed;
  });
}

}  // namespace belay::change
