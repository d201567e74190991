#include "change/whereabouts.h"

#include <algorithm>
#include <set>

#include "base/errors.h"
#include "data/place.h"
#include "plan/data_users.h"

namespace belay::change {

namespace {

std::string without_end_slash(std::string name) {
  if (name.ends_with('/')) name.pop_back();
  return name;
}

}  // namespace

fs::path without_links(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  return error ? path.lexically_normal() : found;
}

Whereabouts::Whereabouts() {
  try {
    mounts_ = data::Mounts::now();
  } catch (const Error&) {
    // Then only the paths are compared.
  }
}

const std::vector<std::string>& Whereabouts::names(const fs::path& path) const {
  const auto [found, is_new] = known_.try_emplace(path.string());
  if (is_new) {
    const fs::path here = without_links(path);
    found->second.push_back(without_end_slash(here.string()));
    if (mounts_)
      if (const auto location = mounts_->location(here)) found->second.push_back(without_end_slash(location->text()));
  }
  return found->second;
}

bool Whereabouts::holds(const fs::path& folder, const fs::path& path) const {
  const auto &outer = names(folder), &inner = names(path);
  for (std::size_t way = 0; way < std::min(outer.size(), inner.size()); ++way)
    if (inner[way] == outer[way] || inner[way].starts_with(outer[way] + "/")) return true;
  return false;
}

void look_up_where(World& world, const std::vector<DataExchange>& exchanges) {
  if (exchanges.empty()) return;
  const auto mounts = data::Mounts::now();
  const auto look_up = [&](const DataPlace& place) {
    if (place.source.empty() || world.where.contains(place.source)) return;
    try {
      if (const auto where = data::location_of(place, world.volumes, mounts)) world.where[place.source] = where->text();
    } catch (const Error&) {
      // Through a link that is not to be followed: it is known by its name only.
    }
  };
  for (const auto& exchange : exchanges) look_up(exchange.place);
  for (const auto& container : world.containers)
    for (const auto& mount : container.mounts)
      if (mount.keeps_data() && container.is_up())
        look_up({mount.kind == Mount::Kind::volume ? DataPlace::Kind::volume : DataPlace::Kind::folder, mount.source});
}

void look_up_what_is_written(World& world, const App& app) {
  const Release* wished = app.wish.is_unfinished() && app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  if (wished == nullptr) return;
  std::set<DataPlace> places;
  const auto add = [&](const Mount& mount) {
    if (mount.read_only || mount.source.empty() || !mount.keeps_data()) return;
    const bool is_volume = mount.kind == Mount::Kind::volume;
    const Volume* there = is_volume ? world.find_volume(mount.source) : nullptr;
    const auto to_come = wished->spec.volumes.find(mount.source);
    std::string device;
    if (there != nullptr)
      device = plan::device_of(there->options);
    else if (is_volume && to_come != wished->spec.volumes.end())
      device = plan::device_of(to_come->second.options);
    if (!is_volume || device.starts_with('/'))
      places.insert({DataPlace::Kind::folder, is_volume ? device : mount.source});
    else if (device.empty())
      places.insert({DataPlace::Kind::volume, mount.source});
  };
  for (const auto& service : wished->spec.services) std::for_each(service.mounts.begin(), service.mounts.end(), add);
  for (const auto& instance : plan::instances(app, world))
    if (world.may_be_up(*instance.container))
      std::for_each(instance.container->mounts.begin(), instance.container->mounts.end(), add);
  // Volumes by themselves have one name each.
  if (places.size() < 2 || std::none_of(places.begin(), places.end(),
                                        [](const DataPlace& place) { return place.kind == DataPlace::Kind::folder; }))
    return;
  std::optional<data::Mounts> mounts;
  for (const auto& place : places) {
    try {
      if (!mounts) mounts = data::Mounts::now();
      if (const auto where = data::location_of(place, world.volumes, *mounts))
        world.where.try_emplace(place.source, where->text());
    } catch (const Error&) {
      // Then it is known by its name only.
    }
  }
}

}  // namespace belay::change
