#include "change/app_volumes.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/apps.h"
#include "formats/mounts.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::change {

namespace {

Mount* mount_at(std::vector<Mount>& mounts, const std::string& target) {
  const auto found =
      std::find_if(mounts.begin(), mounts.end(), [&](const Mount& mount) { return mount.target == target; });
  return found == mounts.end() ? nullptr : &*found;
}

// Whether the container has this volume from another one. Where the other is gone nobody can tell: then it is so.
bool is_borrowed(const Service& service, const Mount& mount, const World& world) {
  return std::any_of(service.volumes_from.begin(), service.volumes_from.end(), [&](const std::string& from) {
    const Container* other = world.find(std::string(split(from, ':').front()));
    return other == nullptr || std::any_of(other->mounts.begin(), other->mounts.end(), [&](const Mount& its) {
             return its.target == mount.target && its.source == mount.source;
           });
  });
}

// Whether the name follows from those of the app (or of one of its services) and of this mount point.
bool is_derived(const std::string& volume, const AppName& owner, const std::string& target) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl})
    if (volume_name(scheme, owner, target) == volume || earlier_volume_name(scheme, owner, target) == volume)
      return true;
  // As jockler calls it where the image writes VOLUME with a slash at the end.
  return volume_name(NamingScheme::jcl, owner, target + "/") == volume;
}

AppName owner_name(const App& app, const std::string& service) {
  if (app.scheme == NamingScheme::compose) {
    // "web#2" is a replica.
    std::string owner = format("{}_{}", app.name.text(), service);
    std::replace(owner.begin(), owner.end(), '#', '-');
    return AppName(owner);
  }
  return AppName::is_valid(service) ? AppName(service) : app.name;
}

bool mounts_volume(const std::vector<Mount>& mounts, const std::string& volume) {
  return std::any_of(mounts.begin(), mounts.end(),
                     [&](const Mount& mount) { return mount.kind == Mount::Kind::volume && mount.source == volume; });
}

[[noreturn]] void refuse(const App& app, const DerivedVolume& mine, const std::string& whose) {
  const std::string example = app.scheme == NamingScheme::fixed
                                  ? format(R"({{"containerPath": "{}", "volume": "NAME"}})", mine.target)
                                  : format(R"("volumes": {{"NAME": "{}"}})", mine.target);
  throw Conflict(ErrorCode::foreign_data,
                 format("the volume {} for {} of {} {}", mine.name, mine.target, app.name.text(), whose),
                 format("Name the volume in the settings of {}: {}.", app.name.text(), example));
}

// A volume without any label under a name that jockler or dockervisor gave: theirs, and so the family's.
bool is_of_the_old_tool(const App& app, const Volume& volume, const World& world) {
  if (app.scheme != NamingScheme::jcl && app.scheme != NamingScheme::dcv) return false;
  if (!volume.labels.empty()) return false;
  const std::string name = app.name.text();
  return std::all_of(world.containers.begin(), world.containers.end(), [&](const Container& container) {
    if (!mounts_volume(container.mounts, volume.name)) return true;
    return container.name == "dcv_" + name || container.name.starts_with("jcl_" + name + "_") ||
           container.name.starts_with("dcv_" + name + "_");
  });
}

void refuse_if_foreign(const App& app, const DerivedVolume& mine, const World& world) {
  const Volume* there = world.find_volume(mine.name);
  if (there == nullptr) return;
  const auto label = there->labels.find(labels::app);
  if (label == there->labels.end()) {
    if (is_of_the_old_tool(app, *there, world)) return;
    const auto user = std::find_if(world.containers.begin(), world.containers.end(), [&](const Container& container) {
      return mounts_volume(container.mounts, mine.name);
    });
    refuse(app, mine,
           user == world.containers.end() ? std::string("is there already, and none of Belay's")
                                          : format("is there already, and the container {} has it", user->name));
  }
  if (label->second == app.name.text() || !AppName::is_valid(label->second)) return;
  // Derived there as well, or named in its settings: nobody asked for one volume of both.
  const auto target = there->labels.find(labels::mount);
  refuse(app, mine,
         target == there->labels.end() ? format("is the app {}'s", label->second)
                                       : format("is the one for {} of the app {}", target->second, label->second));
}

}  // namespace

void learn_volumes(Service& service, const Container& container, const World& world) {
  for (const Mount& held : container.mounts) {
    if (held.kind != Mount::Kind::volume || held.source.empty()) continue;
    Mount* known = mount_at(service.mounts, held.target);
    if (known != nullptr) {
      if (known->kind == Mount::Kind::volume && known->source.empty()) known->source = held.source;
      continue;
    }
    if (is_borrowed(service, held, world)) continue;
    service.mounts.push_back({Mount::Kind::volume, held.source, held.target, held.read_only, {}});
  }
}

void learn_volumes(App& app, const World& world) {
  std::vector<const Container*> containers;
  for (const auto& container : world.containers) containers.push_back(&container);
  learn_volumes(app, containers, world);
}

void learn_volumes(App& app, const std::vector<const Container*>& containers, const World& world) {
  for (const auto& instance : plan::sort_out(app, containers).instances)
    for (auto& release : app.releases) {
      if (release.container_release(instance.service) != instance.release) continue;
      for (auto& service : release.spec.services)
        if (service.name == instance.service) learn_volumes(service, *instance.container, world);
    }
}

void learn_volumes_of(Context& context, App& app, std::stop_token stop) {
  if (app.releases.empty()) return;
  World world;
  world.containers = context.engine.containers({}, stop);
  learn_volumes(app, world);
}

App app_with_volumes(Context& context, const AppName& name, std::stop_token stop) {
  App app = known_app(context, name, stop);
  learn_volumes_of(context, app, stop);
  return app;
}

formats::MountFor mount_for(const App& app, const std::string& service, std::vector<Mount> before,
                            std::vector<Volume> volumes) {
  return [scheme = app.scheme, app = app.name, owner = owner_name(app, service), before = std::move(before),
          volumes = std::move(volumes)](const std::string& written) {
    const std::string target = formats::mount_point(written);
    for (const Mount& mount : before)
      if (mount.target == target && mount.keeps_data() && !mount.source.empty()) return mount;
    Mount mount;
    mount.target = target;
    mount.source = volume_name(scheme, owner, written);
    const std::string earlier = earlier_volume_name(scheme, owner, written);
    for (const Volume& volume : volumes)
      if (const auto label = volume.labels.find(labels::app);
          volume.name == earlier && label != volume.labels.end() && label->second == app.text())
        mount.source = earlier;
    return mount;
  };
}

std::vector<DerivedVolume> derived_volumes(const App& app, const Service& service,
                                           const std::function<bool(const Mount&)>& is_named) {
  std::vector<DerivedVolume> derived;
  for (const auto& mount : service.mounts)
    if (mount.kind == Mount::Kind::volume && !is_named(mount) &&
        (is_derived(mount.source, app.name, mount.target) ||
         is_derived(mount.source, owner_name(app, service.name), mount.target)))
      derived.push_back({mount.source, mount.target});
  return derived;
}

bool uses_volume(const App& app, const std::string& volume) {
  return std::any_of(app.releases.begin(), app.releases.end(), [&](const Release& release) {
    return std::any_of(release.spec.services.begin(), release.spec.services.end(),
                       [&](const Service& service) { return mounts_volume(service.mounts, volume); });
  });
}

VolumeUses::VolumeUses(const std::vector<App>& apps) {
  for (const auto& app : apps) add(app);
}

void VolumeUses::add(const App& app) {
  for (const auto& release : app.releases)
    for (const auto& service : release.spec.services)
      for (const auto& mount : service.mounts) {
        if (mount.kind != Mount::Kind::volume) continue;
        auto& of_volume = uses_[mount.source];
        if (std::none_of(of_volume.begin(), of_volume.end(),
                         [&](const Use& use) { return use.app == app.name.text(); }))
          of_volume.push_back({app.name.text(), mount.target});
      }
}

const VolumeUses::Use* VolumeUses::of_another(const AppName& app, const std::string& volume) const {
  const auto known = uses_.find(volume);
  if (known == uses_.end()) return nullptr;
  const auto other =
      std::find_if(known->second.begin(), known->second.end(), [&](const Use& use) { return use.app != app.text(); });
  return other == known->second.end() ? nullptr : &*other;
}

std::vector<DerivedVolume> new_to(const App& app, std::vector<DerivedVolume> derived) {
  std::erase_if(derived, [&](const DerivedVolume& mine) { return uses_volume(app, mine.name); });
  return derived;
}

void refuse_volumes_in_use(const App& app, const std::vector<DerivedVolume>& unknown, const VolumeUses& uses) {
  for (const auto& mine : unknown)
    if (const auto* use = uses.of_another(app.name, mine.name))
      refuse(app, mine, format("is the one for {} of the app {}", use->target, use->app));
}

void refuse_foreign_volumes(Context& context, const App& app, const std::vector<DerivedVolume>& derived,
                            std::stop_token stop) {
  if (new_to(app, derived).empty()) return;
  refuse_foreign_volumes(context, app, derived, VolumeUses(context.store.apps()), std::move(stop));
}

void refuse_foreign_volumes(Context& context, const App& app, const std::vector<DerivedVolume>& derived,
                            const VolumeUses& uses, std::stop_token stop) {
  const auto unknown = new_to(app, derived);
  if (unknown.empty()) return;
  refuse_volumes_in_use(app, unknown, uses);
  World world;
  world.volumes = context.engine.volumes({}, stop);
  const bool any_is_there = std::any_of(unknown.begin(), unknown.end(), [&](const DerivedVolume& mine) {
    return world.find_volume(mine.name) != nullptr;
  });
  if (!any_is_there) return;
  world.containers = context.engine.containers({}, stop);
  for (const auto& mine : unknown) refuse_if_foreign(app, mine, world);
}

}  // namespace belay::change
