#include "change/host_view.h"

#include <algorithm>

#include "base/format.h"
#include "base/text.h"
#include "change/own_container.h"
#include "data/place.h"

namespace belay::change {

namespace {

bool is_at_or_in(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder.ends_with('/') ? folder : folder + "/");
}

}  // namespace

HostView HostView::now(engine::Engine& engine, std::stop_token stop) {
  std::optional<std::vector<Mount>> mounts;
  for (const auto& name : own_containers(engine, stop))
    if (const auto own = engine.container(name, stop)) {
      if (!mounts) mounts.emplace();
      const auto& its = own->container.mounts;
      mounts->insert(mounts->end(), its.begin(), its.end());
    }
  return {std::move(mounts), data::Mounts::now()};
}

std::optional<std::string> HostView::blind_to(const fs::path& path) const {
  if (!container_) return {};
  // Two containers may be taken for this one: only what is mounted here counts.
  const auto here = [&](const Mount& mount) {
    const auto& all = mounts_.all();
    return std::find_if(all.begin(), all.end(), [&](const auto& point) { return point.point == mount.target; });
  };
  const bool sees_all_mounts = std::any_of(container_->begin(), container_->end(), [&](const Mount& mount) {
    const auto point = here(mount);
    return mount.kind == Mount::Kind::bind && mount.source == "/" && point != mounts_.all().end() && point->follows;
  });
  if (!sees_all_mounts)
    return "this Belay runs in a container that does not see what is mounted on the host: start it with -v "
           "/:/host:ro,rslave";
  const Mount* around = nullptr;
  for (const auto& mount : *container_)
    if (is_at_or_in(path.string(), mount.target) && here(mount) != mounts_.all().end() &&
        (around == nullptr || mount.target.size() > around->target.size()))
      around = &mount;
  if (around != nullptr && around->kind == Mount::Kind::bind && around->source == around->target) return {};
  const std::string folder = printable(path.parent_path().string());
  return format("this Belay runs in a container that has not got the host's {0}: start it with -v {0}:{0}", folder);
}

std::optional<std::string> first_unseen(const HostView& view, const std::vector<DataPlace>& places,
                                        const std::vector<Volume>& volumes) {
  for (const auto& place : places) {
    const auto path = data::path_of(place, volumes);
    if (!path) continue;
    if (const auto why = view.blind_to(*path))
      return format("what {} holds cannot be exchanged: {}", text_of(place), *why);
  }
  return {};
}

}  // namespace belay::change
