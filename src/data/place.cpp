#include "data/place.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include "data/spot.h"
#include "data/tree.h"
#include "engine/direct.h"

namespace belay::data {

std::optional<fs::path> path_of(const DataPlace& place, const std::vector<Volume>& volumes) {
  if (place.kind != DataPlace::Kind::volume) return fs::path(place.source);
  const auto volume =
      std::find_if(volumes.begin(), volumes.end(), [&](const Volume& v) { return v.name == place.source; });
  if (volume == volumes.end()) return {};
  if (auto folder = engine::direct_folder(*volume)) return folder;
  return engine::bound_folder(*volume);
}

DataPlace place_of_exchange(const DataPlace& place, const std::vector<Volume>& volumes) {
  if (place.kind != DataPlace::Kind::volume) return place;
  for (const auto& volume : volumes)
    if (volume.name == place.source)
      if (const auto folder = engine::bound_folder(volume)) return {DataPlace::Kind::folder, folder->string()};
  return place;
}

std::optional<std::string> content_of(const fs::path& path) {
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, content_status, &status) != 0) return {};
  return content_name(status);
}

DataPlace real_place(const DataPlace& place) {
  if (place.kind == DataPlace::Kind::volume) return place;
  return {place.kind, resolved(fs::path(place.source).lexically_normal()).string()};
}

std::optional<Location> location_of(const DataPlace& place, const std::vector<Volume>& volumes, const Mounts& mounts) {
  const auto path = path_of(place, volumes);
  return path ? mounts.location(resolved(*path)) : std::nullopt;
}

ByteCount size_of(const fs::path& path, std::stop_token stop) {
  try {
    return {size_of_tree(spot_of(resolved(path)), stop)};
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    return {};
  }
}

}  // namespace belay::data
