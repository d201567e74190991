#include <algorithm>
#include <optional>
#include <set>

#include "base/format.h"
#include "model/compose_labels.h"
#include "model/naming.h"
#include "model/one_off_labels.h"
#include "plan/hooks.h"
#include "plan/planner.h"
#include "plan/subjects.h"

namespace belay::plan {

namespace {

using Indices = std::vector<size_t>;

Indices remove_container(Plan& plan, const Situation& s, const Instance& instance, const std::string& reason) {
  const Container& container = *instance.container;
  Indices last;
  if (s.world.may_be_up(container)) {
    const auto detail = s.world.details.find(container.name);
    if (detail == s.world.details.end() || detail->second.restart.name != "no")
      last = {plan.add(SetRestartPolicy{container.name, {"no", 0}}, "it must stay down once it is stopped")};
    last = add_pre_stop(plan, s.app, instance, container.name, s.defaults.stop_timeout, last);
    last = {plan.add(StopContainer{container.name, s.defaults.stop_timeout}, reason, last)};
  }
  return {plan.add(RemoveContainer{container.name}, reason, last)};
}

bool is_pin(const App& app, const std::string& tag) {
  return tag.starts_with("belay/") && [&] {
    for (const auto& release : app.releases)
      for (const auto& [service, image] : release.images)
        if (tag == pin_tag(app.name, service, release.number)) return true;
    return false;
  }();
}

bool is_build_tag(const App& app, const std::string& tag) {
  return std::any_of(app.builds.begin(), app.builds.end(), [&](const Build& build) { return build.tag == tag; });
}

// Unused, with no tag but our own, and built for this app or kept by our pin alone.
// Returns what the next removal must wait for: engines that prune the parents which two images share fail when both go
// at the same time.
Indices remove_image(Plan& plan, const Situation& s, const Image& image, const std::string& reason,
                     const Indices& after) {
  std::vector<std::string> ours, foreign;
  for (const auto& tag : image.tags) (is_pin(s.app, tag) || is_build_tag(s.app, tag) ? ours : foreign).push_back(tag);
  const auto label = image.config.labels.find(labels::family);
  const bool built_for_us = label != image.config.labels.end() && label->second == s.app.name.text();
  // An image that was only taken over (build --image) keeps the tag it came with.
  std::vector<std::string> removable;
  for (const auto& tag : ours)
    if (built_for_us || is_pin(s.app, tag)) removable.push_back(tag);
  Indices last = after;
  for (const auto& tag : removable) last = {plan.add(UntagImage{tag}, reason, last)};
  // What was pulled for a declared app, and nobody has given a name since, is of no more use than what was built.
  const bool pulled_for_us = !s.app.origin.empty() && !removable.empty();
  if ((built_for_us || pulled_for_us) && foreign.empty()) {
    last = {plan.add(RemoveImage{image.id}, reason, last)};
  } else if (!foreign.empty()) {
    plan.notes.push_back(format("image {} stays: it is also tagged {}", short_digest(image.id), foreign.front()));
  }
  return last;
}

bool is_one_off(const Container& container, const App& app) {
  return labels::app_of_one_off(container.labels, container.name) == app.name.text();
}

// A container that is none of the app's.
template <class Uses>
bool is_used_by_others(const Situation& s, Uses&& uses) {
  const auto ours = instances(s.app, s.world);
  return std::any_of(s.world.containers.begin(), s.world.containers.end(), [&](const Container& container) {
    return uses(container) && !is_one_off(container, s.app) &&
           std::none_of(ours.begin(), ours.end(), [&](const Instance& i) { return i.container == &container; });
  });
}
bool mounts(const Container& container, const std::string& volume) {
  return std::any_of(container.mounts.begin(), container.mounts.end(),
                     [&](const Mount& mount) { return mount.source == volume; });
}
bool joins(const Container& container, const std::string& network) {
  return std::find(container.networks.begin(), container.networks.end(), network) != container.networks.end();
}

// Of a container made for this release: the release itself stays, or one that goes on with the container.
std::optional<std::string> why_kept(const App& app, const std::map<ReleaseNumber, std::string>& kept,
                                    ReleaseNumber made_for, const std::string& service) {
  if (const auto found = kept.find(made_for); found != kept.end()) return found->second;
  for (const auto& [number, why] : kept)
    if (const Release* release = app.find(number);
        release != nullptr && release->container_release(service) == made_for)
      return why;
  return {};
}

// Whom a volume or network was made for, as its labels tell. A project is a name only: that of another folder may have
// the same.
enum class Maker { belay, compose_project, others };
Maker maker_of(const labels::Labels& labels, const App& app) {
  const auto label = labels.find(labels::app);
  if (label != labels.end()) return label->second == app.name.text() ? Maker::belay : Maker::others;
  const auto project = labels.find(labels::compose_project);
  const bool is_its_project =
      app.scheme == NamingScheme::compose && project != labels.end() && project->second == app.name.text();
  return is_its_project ? Maker::compose_project : Maker::others;
}

bool mounts(const Service& service, const std::string& volume) {
  return std::any_of(service.mounts.begin(), service.mounts.end(),
                     [&](const Mount& mount) { return mount.kind == Mount::Kind::volume && mount.source == volume; });
}

// Whether a release or a container of the app has it.
bool has_volume(const Situation& s, const std::string& volume) {
  const auto containers = instances(s.app, s.world);
  return std::any_of(containers.begin(), containers.end(),
                     [&](const Instance& instance) { return mounts(*instance.container, volume); }) ||
         std::any_of(s.app.releases.begin(), s.app.releases.end(), [&](const Release& release) {
           return release.spec.volumes.contains(volume) ||
                  std::any_of(release.spec.services.begin(), release.spec.services.end(),
                              [&](const Service& service) { return mounts(service, volume); });
         });
}
bool is_in_network(const Situation& s, const std::string& network) {
  const auto containers = instances(s.app, s.world);
  return std::any_of(containers.begin(), containers.end(),
                     [&](const Instance& instance) { return joins(*instance.container, network); }) ||
         std::any_of(s.app.releases.begin(), s.app.releases.end(), [&](const Release& release) {
           return release.spec.networks.contains(network) ||
                  std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
                    return std::any_of(service.networks.begin(), service.networks.end(),
                                       [&](const NetworkLink& link) { return link.network == network; });
                  });
         });
}

// What nobody named, nobody else looks for.
bool is_unnamed(const Volume& volume) {
  return !volume.labels.contains(labels::app) && is_unnamed_volume(volume.name);
}

// Where the app's containers and releases have this volume; empty: nowhere.
std::string unnamed_use(const Situation& s, const Volume& volume) {
  if (!is_unnamed(volume)) return {};
  const auto in = [&](const std::vector<Mount>& mounts) -> std::string {
    for (const Mount& mount : mounts)
      if (mount.kind == Mount::Kind::volume && mount.source == volume.name) return mount.target;
    return {};
  };
  for (const auto& instance : instances(s.app, s.world))
    if (const std::string target = in(instance.container->mounts); !target.empty()) return target;
  for (const auto& release : s.app.releases)
    for (const auto& service : release.spec.services)
      if (const std::string target = in(service.mounts); !target.empty()) return target;
  return {};
}

// The volumes without a name that nothing but containers which go has.
void note_volumes_left(Plan& plan, const Situation& s, const std::vector<const Container*>& removed,
                       const std::set<ReleaseNumber>& forgotten) {
  for (const auto& volume : s.world.volumes) {
    if (!is_unnamed(volume)) continue;
    const bool is_left = std::any_of(removed.begin(), removed.end(),
                                     [&](const Container* container) { return mounts(*container, volume.name); });
    const bool is_kept =
        is_used_by_others(s, [&](const Container& container) { return mounts(container, volume.name); }) ||
        std::any_of(s.app.releases.begin(), s.app.releases.end(), [&](const Release& release) {
          return !forgotten.contains(release.number) &&
                 std::any_of(release.spec.services.begin(), release.spec.services.end(), [&](const Service& service) {
                   return std::any_of(service.mounts.begin(), service.mounts.end(),
                                      [&](const Mount& mount) { return mount.source == volume.name; });
                 });
        });
    if (is_left && !is_kept)
      plan.notes.push_back(
          format("volume {} stays with the data of {}; it has no name, and no release that stays has it", volume.name,
                 unnamed_use(s, volume)));
  }
}

// Those that were made for the app, when its containers are gone.
void remove_networks(Plan& plan, const Situation& s, const Indices& containers) {
  for (const auto& network : s.world.networks) {
    const Maker maker = maker_of(network.labels, s.app);
    if (maker == Maker::others) continue;
    if (maker == Maker::compose_project && !is_in_network(s, network.name)) {
      plan.notes.push_back(
          format("network {} stays: it is of a Compose project called {}, and no release of the app is in it",
                 network.name, s.app.name.text()));
    } else if (is_used_by_others(s, [&](const Container& container) { return joins(container, network.name); })) {
      plan.notes.push_back(format("network {} stays: containers of others use it", network.name));
    } else {
      plan.add(RemoveNetwork{network.name}, "it was made for the app", containers);
    }
  }
}

// Those of `belay run` go with the app; the plan of everything else looks past them.
void remove_one_offs(Plan& plan, const Situation& s, Indices& containers) {
  for (const auto& container : s.world.containers) {
    if (!is_one_off(container, s.app)) continue;
    Indices last;
    if (container.is_up())
      last = {plan.add(StopContainer{container.name, s.defaults.stop_timeout}, "it was for one command")};
    containers.push_back(plan.add(RemoveContainer{container.name}, "it was for one command", last));
  }
}

// The volumes of one container, each once.
std::vector<const Volume*> volumes_of(const World& world, const Container& container) {
  std::vector<const Volume*> found;
  for (const Mount& mount : container.mounts)
    if (const Volume* volume = mount.kind == Mount::Kind::volume ? world.find_volume(mount.source) : nullptr)
      found.push_back(volume);
  return found;
}

// Whether it goes with the data that the user is ready to lose. What is bound and was there before is a stranger's.
bool is_of_the_app(const Situation& s, const Volume& volume) {
  const Maker maker = maker_of(volume.labels, s.app);
  return maker == Maker::belay || !unnamed_use(s, volume).empty() ||
         (maker == Maker::compose_project && has_volume(s, volume.name));
}

// Whose the volume is besides; empty: nobody's. `removed`: containers that go; `services`: theirs. A service that has
// no container now can come back.
std::string other_user(const Situation& s, const std::string& volume, const std::set<std::string>& removed,
                       const std::set<std::string>& services) {
  if (const auto user = s.volumes_of_others.find(volume); user != s.volumes_of_others.end()) return user->second;
  for (const Container& container : s.world.containers)
    if (!removed.contains(container.name) && mounts(container, volume)) return "the container " + container.name;
  for (const auto& release : s.app.releases)
    for (const auto& service : release.spec.services)
      if (!services.contains(service.name) && mounts(service, volume))
        return format("the service {} of {}", service.name, release.number.text());
  return {};
}

}  // namespace

Plan plan_part_removal(const Situation& s, const std::set<std::string>& services, bool volumes) {
  const Containers sorted = sort_out(s.app, s.world);
  refuse_unknown(s.app, sorted);
  Plan plan;
  Indices containers;
  std::set<std::string> removed, seen;
  std::vector<const Volume*> mounted;
  for (const auto& instance : sorted.instances) {
    if (!services.contains(instance.service)) continue;
    const auto its = volumes_of(s.world, *instance.container);
    const auto nameless =
        std::find_if(its.begin(), its.end(), [](const Volume* volume) { return is_unnamed(*volume); });
    if (!volumes && nameless != its.end()) {
      plan.notes.push_back(
          format("container {} stays: nothing else leads to the data in its volume {}, which has no name",
                 instance.container->name, (*nameless)->name));
      continue;
    }
    const Indices last = remove_container(plan, s, instance, "you asked for it");
    containers.insert(containers.end(), last.begin(), last.end());
    removed.insert(instance.container->name);
    for (const Volume* volume : its)
      if (seen.insert(volume->name).second) mounted.push_back(volume);
  }
  for (const Volume* volume : mounted) {
    const std::string user = other_user(s, volume->name, removed, services);
    if (!volumes)
      plan.notes.push_back(format("volume {} stays with its data", volume->name));
    else if (!is_of_the_app(s, *volume))
      plan.notes.push_back(format("volume {} stays: it was not made for {}", volume->name, s.app.name.text()));
    else if (!user.empty())
      plan.notes.push_back(format("volume {} stays: {} has it too", volume->name, user));
    else
      plan.add(RemoveVolume{volume->name}, "you asked to lose the data", containers);
  }
  name_subjects(plan, s.app, s.world);
  return plan;
}

namespace {

// A volume that the files of a project ask for without a name has one by the app's scheme.
bool has_no_name_in_the_files(const Situation& s, const Volume& volume) {
  if (is_unnamed(volume)) return true;
  // Where the state was lost, the releases do not tell.
  if (volume.labels.contains("com.docker.compose.volume")) return false;
  return s.app.scheme == NamingScheme::compose && maker_of(volume.labels, s.app) == Maker::belay &&
         std::none_of(s.app.releases.begin(), s.app.releases.end(),
                      [&](const Release& release) { return release.spec.volumes.contains(volume.name); });
}

}  // namespace

void add_unnamed_volumes(Plan& plan, const Situation& s, const std::set<std::string>& containers) {
  std::set<std::string> services, seen;
  std::vector<const Volume*> mounted;
  for (const auto& instance : instances(s.app, s.world)) {
    if (!containers.contains(instance.container->name)) continue;
    services.insert(instance.service);
    for (const Volume* volume : volumes_of(s.world, *instance.container))
      if (has_no_name_in_the_files(s, *volume) && seen.insert(volume->name).second) mounted.push_back(volume);
  }
  Indices removals;
  for (size_t i = 0; i < plan.actions.size(); ++i)
    if (std::holds_alternative<RemoveContainer>(plan.actions[i].step)) removals.push_back(i);
  for (const Volume* volume : mounted) {
    const std::string user = other_user(s, volume->name, containers, services);
    if (user.empty())
      plan.add(RemoveVolume{volume->name}, "nobody gave it a name, and you asked to lose its data", removals);
    else
      plan.notes.push_back(format("volume {} stays: {} has it too", volume->name, user));
  }
}

Plan plan_teardown(const Situation& s) {
  const Containers sorted = sort_out(s.app, s.world);
  refuse_unknown(s.app, sorted);
  Plan plan;
  Indices containers;
  for (const auto& instance : sorted.instances) {
    const Indices removed = remove_container(plan, s, instance, "you asked for it");
    containers.insert(containers.end(), removed.begin(), removed.end());
  }
  remove_one_offs(plan, s, containers);
  remove_networks(plan, s, containers);
  name_subjects(plan, s.app, s.world);
  return plan;
}

Plan plan_removal(const Situation& s, bool volumes) {
  const Containers sorted = sort_out(s.app, s.world);
  refuse_unknown(s.app, sorted);
  Plan plan;
  for (const Container* copy : sorted.copies)
    plan.notes.push_back(format("container {} stays: somebody made it as a copy of one of the app's", copy->name));
  Indices containers;
  for (const auto& instance : instances(s.app, s.world)) {
    const Indices removed = remove_container(plan, s, instance, "the app is removed");
    containers.insert(containers.end(), removed.begin(), removed.end());
  }
  remove_one_offs(plan, s, containers);
  Indices images = containers;
  for (const auto& [id, image] : s.world.images) images = remove_image(plan, s, image, "the app is removed", images);
  remove_networks(plan, s, containers);
  for (const auto& volume : s.world.volumes) {
    const std::string unnamed_at = unnamed_use(s, volume);
    const Maker maker = maker_of(volume.labels, s.app);
    if (maker == Maker::others && unnamed_at.empty()) {
      if (has_volume(s, volume.name))
        plan.notes.push_back(
            format("volume {} stays with its data: it was not made for {}", volume.name, s.app.name.text()));
      continue;
    }
    if (maker == Maker::compose_project && !has_volume(s, volume.name)) {
      plan.notes.push_back(
          format("volume {} stays: it is of a Compose project called {}, and no release of the app has it", volume.name,
                 s.app.name.text()));
    } else if (!volumes) {
      plan.notes.push_back(
          unnamed_at.empty() ? format("volume {} stays with its data", volume.name)
                             : format("volume {} stays with the data of {}; it has no name", volume.name, unnamed_at));
    } else if (const auto user = s.volumes_of_others.find(volume.name); user != s.volumes_of_others.end()) {
      plan.notes.push_back(format("volume {} stays: {} has it too", volume.name, user->second));
    } else if (is_used_by_others(s, [&](const Container& container) { return mounts(container, volume.name); })) {
      plan.notes.push_back(format("volume {} stays: containers of others use it", volume.name));
    } else {
      plan.add(RemoveVolume{volume.name}, "you asked to lose the data", containers);
    }
  }
  name_subjects(plan, s.app, s.world);
  return plan;
}

Cleanup plan_cleanup(const Situation& s, int keep) {
  refuse_unknown(s.app, sort_out(s.app, s.world));
  Cleanup cleanup;
  std::map<ReleaseNumber, std::string> kept;
  if (s.app.last) kept[*s.app.last] = "last";
  if (s.app.stable) kept[*s.app.stable] = s.app.stable == s.app.last ? "last, stable" : "stable";
  if (s.app.wish.is<goal::Run>() && s.app.wish.release()) kept.try_emplace(*s.app.wish.release(), "wanted");
  if (s.app.wish.is_unfinished() && s.app.wish.fallback) kept.try_emplace(*s.app.wish.fallback, "to fall back on");
  // One that runs is stopped by no clean-up. Its release must stay known, or nothing could ever go back to it.
  for (const auto& instance : instances(s.app, s.world))
    if (s.world.may_be_up(*instance.container) && !why_kept(s.app, kept, instance.release, instance.service))
      kept.try_emplace(instance.release, "it is running");
  const auto keep_good = [&](const Release& release) {
    // One that never proved itself is none to go back to.
    const bool is_good = release.verdict == Verdict::passed || release.verdict == Verdict::unproven;
    if (keep <= 0 || !is_good || kept.contains(release.number)) return;
    kept[release.number] = "among the newest";
    --keep;
  };
  // First what the next rollback goes to.
  if (s.app.last)
    if (const auto ways = s.app.ways_back(*s.app.last); !ways.empty()) keep_good(s.app.release(ways.front()));
  for (auto release = s.app.releases.rbegin(); release != s.app.releases.rend(); ++release) keep_good(*release);

  std::set<std::string> kept_images;
  for (const auto& [number, why] : kept)
    if (const Release* release = s.app.find(number))
      for (const auto& [service, image] : release->images) kept_images.insert(image);
  if (const Build* build = s.app.latest_build()) kept_images.insert(build->image);

  Indices containers;
  std::vector<const Container*> removed_ones;
  for (const auto& instance : instances(s.app, s.world)) {
    if (const auto why = why_kept(s.app, kept, instance.release, instance.service)) {
      cleanup.kept.push_back(format("container {} ({})", instance.container->name, *why));
      kept_images.insert(instance.container->image_id);
      continue;
    }
    const Release* release = s.app.find(instance.release);
    const std::string reason = release != nullptr && release->verdict == Verdict::failed
                                   ? format("{} failed", instance.release.text())
                                   : format("{} is neither last nor stable", instance.release.text());
    removed_ones.push_back(instance.container);
    const Indices removed = remove_container(cleanup.plan, s, instance, reason);
    containers.insert(containers.end(), removed.begin(), removed.end());
  }
  Indices images = containers;
  for (const auto& [id, image] : s.world.images) {
    if (kept_images.contains(id)) {
      cleanup.kept.push_back(format("image {}", short_digest(id)));
      // Pins of releases that go must not keep a shared image for ever.
      for (const auto& release : s.app.releases)
        for (const auto& [service, used] : release.images)
          if (const std::string pin = pin_tag(s.app.name, service, release.number);
              used == id && !kept.contains(release.number) &&
              std::find(image.tags.begin(), image.tags.end(), pin) != image.tags.end())
            cleanup.plan.add(UntagImage{pin}, format("{} is forgotten", release.number.text()), containers);
      continue;
    }
    images = remove_image(cleanup.plan, s, image, "no release that stays uses it", images);
  }
  for (const auto& release : s.app.releases)
    if (!kept.contains(release.number)) cleanup.forgotten.push_back(release.number);
  const bool leaves_a_way_back = std::any_of(s.app.releases.begin(), s.app.releases.end(), [&](const Release& release) {
    return release.number != s.app.last && release.verdict == Verdict::passed && kept.contains(release.number);
  });
  if (!cleanup.forgotten.empty() && !leaves_a_way_back)
    cleanup.plan.notes.emplace_back("no earlier good release stays: a rollback has nothing to go back to then");
  note_volumes_left(cleanup.plan, s, removed_ones, {cleanup.forgotten.begin(), cleanup.forgotten.end()});
  return cleanup;
}

}  // namespace belay::plan
