#include "plan/data_users.h"

#include <algorithm>

#include "base/format.h"

namespace belay::plan {

bool is_within(const Mount& mount, const DataPlace& place, const World& world) {
  if (mount.source == place.source) return true;
  const auto inner = world.where.find(mount.source), outer = world.where.find(place.source);
  if (inner != world.where.end() && outer != world.where.end())
    return inner->second == outer->second || inner->second.starts_with(outer->second + "/");
  return place.kind == DataPlace::Kind::folder && mount.source.starts_with(place.source + "/");
}

namespace {

// A path, or the name of a volume, which no path is.
std::string place_of_mount(const Mount& mount, const World& world,
                           const std::map<std::string, VolumeDefinition>& defined) {
  if (mount.kind != Mount::Kind::volume) return mount.source;
  const Volume* there = world.find_volume(mount.source);
  const auto to_come = defined.find(mount.source);
  const std::string device = there != nullptr           ? device_of(there->options)
                             : to_come != defined.end() ? device_of(to_come->second.options)
                                                        : std::string();
  return device.empty() ? mount.source : device;
}

bool is_at_or_in(std::string path, std::string folder) {
  for (std::string* each : {&path, &folder})
    while (each->ends_with('/')) each->pop_back();
  return path == folder || (path.starts_with(folder + "/") && (!folder.empty() || path.starts_with('/')));
}

}  // namespace

std::string device_of(const std::map<std::string, std::string>& options) {
  const auto device = options.find("device");
  // Memory has the name of its file system there; a disk is of its own.
  if (device == options.end() || device->second.find('/') == std::string::npos) return {};
  return device->second;
}

bool overlap(const Mount& a, const Mount& b, const World& world,
             const std::map<std::string, VolumeDefinition>& defined) {
  const std::string one = place_of_mount(a, world, defined), other = place_of_mount(b, world, defined);
  if (is_at_or_in(one, other) || is_at_or_in(other, one)) return true;
  const auto here = world.where.find(one), there = world.where.find(other);
  return here != world.where.end() && there != world.where.end() &&
         (is_at_or_in(here->second, there->second) || is_at_or_in(there->second, here->second));
}

std::optional<Conflict> used_by_others(const std::vector<DataExchange>& exchanges, const std::vector<Instance>& ours,
                                       const World& world) {
  for (const auto& exchange : exchanges)
    for (const auto& other : world.containers) {
      if (!other.is_up()) continue;
      if (std::any_of(ours.begin(), ours.end(), [&](const Instance& i) { return i.container == &other; })) continue;
      if (std::none_of(other.mounts.begin(), other.mounts.end(),
                       [&](const Mount& mount) { return is_within(mount, exchange.place, world); }))
        continue;
      const auto owner = other.owner();
      return Conflict(ErrorCode::data_in_use,
                      format("{} is in use by the container {}{}", belay::text_of(exchange.place), other.name,
                             owner ? format(" of the app {}", owner->app) : std::string(" (not Belay's)")),
                      owner ? format("Stop it with: belay stop {}", owner->app) : std::string("Stop that container."));
    }
  return {};
}

}  // namespace belay::plan
