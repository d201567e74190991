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
