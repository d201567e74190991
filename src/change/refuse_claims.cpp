#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"
#include "change/claims.h"
#include "change/host_view.h"
#include "change/places.h"
#include "data/place.h"
#include "engine/direct.h"
#include "plan/planner.h"
#include "state/store.h"

namespace belay::change {

namespace {

constexpr const char* ways_out =
    "Restore it as another app (--as NAME), only unpack it (--into FOLDER), or choose what comes back (--only).";

// Containers that run with a volume have its folder open, though their mounts do not name it.
// `ours`: the app's own.
void refuse_open_folder(const std::set<std::string>& ours, const World& world, const DataPlace& place) {
  if (place.kind == DataPlace::Kind::volume) return;
  for (const auto& volume : world.volumes) {
    const auto folder = engine::bound_folder(volume);
    if (!folder || folder->string() != place.source) continue;
    for (const auto& container : world.containers) {
      if (!container.is_up() || ours.contains(container.name)) continue;
      const auto owner = container.owner();
      if (std::any_of(container.mounts.begin(), container.mounts.end(), [&](const Mount& mount) {
            return mount.kind == Mount::Kind::volume && mount.source == volume.name;
          }))
        throw Conflict(
            ErrorCode::data_in_use,
            format("{} is in use by the container {}, as the volume {}", text_of(place), container.name, volume.name),
            owner ? format("Stop it with: belay stop {}", owner->app) : "Stop that container.");
    }
  }
}

}  // namespace

void refuse_what_is_others(Context& context, const AppName& name, const World& world,
                           const std::vector<DataPlace>& places, const std::vector<DataPlace>& own,
                           std::stop_token stop) {
  const auto apps = context.store.apps();
  const Claims claims(context.engine, context.store, apps, world, stop);
  std::set<std::string> ours;
  for (const auto& container : world.containers)
    if (const auto owner = container.owner(); owner && owner->app == name.text()) ours.insert(container.name);
  // Those that were taken over bear no labels of ours.
  for (const auto& app : apps)
    if (app.name == name)
      for (const auto& instance : plan::instances(app, world)) ours.insert(instance.container->name);
  for (const auto& place : places) {
    if (const auto why = claims.against_exchange(name, place, own))
      throw Conflict(ErrorCode::foreign_data,
                     format("{} cannot get {}'s data: {}", printable(text_of(place)), name.text(), printable(*why)),
                     ways_out);
    refuse_open_folder(ours, world, place);
  }
}

void refuse_to_mount_what_is_others(Context& context, const AppName& name, const World& world, const Spec& spec,
                                    const std::vector<DataPlace>& filled, std::stop_token stop) {
  const auto apps = context.store.apps();
  const Claims claims(context.engine, context.store, apps, world, std::move(stop));
  for (const auto& use : places_of(spec).uses) {
    if (!use.written || std::find(filled.begin(), filled.end(), use.place) != filled.end()) continue;
    // Inside what is filled it comes along with that.
    const auto path = data::path_of(use.place, world.volumes);
    if (path && place_around(*path, filled, world.volumes)) continue;
    if (const auto why = claims.against(name, use.place))
      throw Conflict(ErrorCode::foreign_data,
                     format("{} would write to {}, for which the backup has no data: {}", name.text(),
                            printable(text_of(use.place)), printable(*why)),
                     "Restore it as another app (--as NAME), or only unpack it (--into FOLDER).");
  }
}

std::vector<std::string> claimed_by_others(const Claims& claims, const AppName& name, const Spec& spec,
                                           const std::vector<Volume>& volumes, const data::Mounts& mounts) {
  std::vector<std::string> found;
  for (const auto& use : outermost(places_of(spec).uses, volumes, mounts)) {
    const DataPlace place = data::place_of_exchange(use.place, volumes);
    if (const auto why = claims.against_exchange(name, place))
      found.push_back(format("{} cannot get other data: {}", text_of(use.place), *why));
  }
  return found;
}

std::vector<std::string> restore_refusals(Context& context, const AppName& name, const Spec& spec, const World& world,
                                          std::stop_token stop) {
  auto refusals = obstacles_of(spec, world.volumes);
  const auto apps = context.store.apps();
  if (auto why =
          first_unseen(HostView::now(context.engine, stop), places_of_exchange(spec, world.volumes), world.volumes))
    refusals.push_back(std::move(*why));
  const Claims claims(context.engine, context.store, apps, world, std::move(stop));
  for (auto& why : claimed_by_others(claims, name, spec, world.volumes)) refusals.push_back(std::move(why));
  return refusals;
}

std::optional<DataPlace> place_around(const fs::path& path, const std::vector<DataPlace>& places,
                                      const std::vector<Volume>& volumes) {
  const Whereabouts ground;
  for (const auto& place : places)
    if (const auto folder = data::path_of(place, volumes); folder && ground.holds(*folder, path)) return place;
  return {};
}

std::optional<std::string> kept_by_belay_in(Context& context, const DataPlace& place,
                                            const std::vector<Volume>& volumes) {
  const auto folder = data::path_of(place, volumes);
  if (!folder) return {};
  const Whereabouts ground;
  const fs::path& state_folder = context.store.folder();
  if (ground.holds(*folder, state_folder)) return format("Belay's own state is in {}", state_folder.string());
  return BackupFolders(context.store).within(*folder, ground);
}

}  // namespace belay::change
