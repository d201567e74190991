#include <algorithm>

#include "base/format.h"
#include "base/lock.h"
#include "base/text.h"
#include "change/app_volumes.h"
#include "declared/pass.h"
#include "formats/family.h"
#include "model/naming.h"
#include "state/store.h"

namespace belay::declared {

void Pass::name_all_volumes(const Declaration& declared, const std::optional<App>& known_one,
                            change::ReleaseDraft& made) {
  App app = known_one.value_or(App(declared.name));
  if (app.releases.empty()) app.scheme = declared.scheme;
  const auto number = app.wish.release() ? app.wish.release() : app.last;
  const Release* before = number ? app.find(*number) : nullptr;
  const auto mounts_before = [&](const std::string& service) {
    if (before != nullptr)
      for (const auto& each : before->spec.services)
        if (each.name == service) return each.mounts;
    return std::vector<Mount>{};
  };
  auto& services = made.spec.services;
  // What was taken over may have its data in a volume without a name: where the definition names none, that stays.
  for (auto& service : services)
    for (auto& mount : service.mounts)
      for (const auto& earlier : mounts_before(service.name))
        if (mount.kind == Mount::Kind::volume && !declared.named_volumes.contains(mount.source) &&
            earlier.kind == Mount::Kind::volume && earlier.target == mount.target && is_unnamed_volume(earlier.source))
          mount.source = earlier.source;
  const bool is_known = before != nullptr && before->images == made.images &&
                        std::all_of(services.begin(), services.end(), [&](const Service& service) {
                          return mounts_before(service.name) == service.mounts;
                        });
  if (is_known) return;
  std::map<std::string, std::optional<Image>> images;
  for (auto& service : services) {
    const auto id = made.images.find(service.name);
    const bool is_here = id != made.images.end() && id->second.starts_with("sha256:");
    if (is_here && !images.contains(id->second)) images[id->second] = context_.engine.image(id->second, stop_);
    const std::optional<Image> image = is_here ? images.at(id->second) : std::nullopt;
    const auto earlier = mounts_before(service.name);
    ImageConfig config;
    if (image) config.volumes = image->config.volumes;
    // It has yet to be pulled: as far as anybody knows it has the mount points of the one before.
    if (!image)
      for (const auto& mount : earlier)
        if (mount.kind == Mount::Kind::volume) config.volumes.push_back(mount.target);
    formats::name_volumes(service, config, change::mount_for(app, service.name, earlier, {}));
  }
}

std::vector<change::DerivedVolume> Pass::derived_of(const App& app, const Spec& spec, const Declaration& declared) {
  std::vector<change::DerivedVolume> all;
  for (const auto& service : spec.services)
    for (auto& each : change::derived_volumes(
             app, service, [&](const Mount& mount) { return declared.named_volumes.contains(mount.source); }))
      all.push_back(std::move(each));
  return all;
}

const std::vector<Pass::DeclaredUse>& Pass::declared_uses_of(const std::string& volume) {
  const std::lock_guard lock(turn_);
  if (!declared_uses_) {
    declared_uses_.emplace();
    for (const auto& other : declared_.apps)
      for (const auto& its : derived_of(App(other.name), other.spec, other))
        (*declared_uses_)[its.name].push_back({&other, its.target});
  }
  static const std::vector<DeclaredUse> none;
  const auto found = declared_uses_->find(volume);
  return found == declared_uses_->end() ? none : found->second;
}

const change::VolumeUses& Pass::earlier_uses() {
  const std::lock_guard lock(turn_);
  if (!earlier_uses_) {
    earlier_uses_.emplace();
    for (const auto& [name, app] : view_.apps) earlier_uses_->add(app);
  }
  return *earlier_uses_;
}

void Pass::refuse_shared_volumes(const Declaration& declared, const App& app, const Spec& spec,
                                 change::Context& context) {
  const auto derived = derived_of(app, spec, declared);
  refuse_foreign_volumes(context, app, derived, earlier_uses(), stop_);
  for (const auto& mine : derived) {
    if (change::uses_volume(app, mine.name)) continue;
    for (const auto& other : declared_uses_of(mine.name))
      if (other.by->name != declared.name)
        throw Conflict(
            ErrorCode::foreign_data,
            format("the volume {} for {} of {} is the one for {} of {} at {}", mine.name, mine.target, app.name.text(),
                   other.target, other.by->name.text(), other.by->place.text()),
            format(R"(Name the volume of one of them: {{"containerPath": "{}", "volume": "NAME"}}.)", mine.target));
    const std::lock_guard lock(turn_);
    const auto [claim, is_new] = claimed_volumes_.try_emplace(mine.name, app.name.text());
    if (claim->second != app.name.text())
      throw Conflict(ErrorCode::foreign_data,
                     format("the volume {} for {} of {} is one of the app {}", mine.name, mine.target, app.name.text(),
                            claim->second),
                     format(R"(Name the volume: {{"containerPath": "{}", "volume": "NAME"}}.)", mine.target));
  }
}

}  // namespace belay::declared
