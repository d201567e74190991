#include "change/whereabouts.h"

#include <algorithm>

#include "base/errors.h"
#include "data/place.h"

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

}  // namespace belay::change
