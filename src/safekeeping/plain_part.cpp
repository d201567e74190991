#include "safekeeping/plain_part.h"

#include <algorithm>
#include <set>

#include "base/format.h"
#include "base/text.h"

namespace belay::safekeeping {

namespace {

// Its own, and those of the services that it has volumes from.
void add_mounts(const Spec& spec, const Service& service, std::set<std::string>& seen, std::vector<Mount>& mounts) {
  constexpr std::string_view of_service = "service:";
  if (!seen.insert(service.name).second) return;
  for (const Mount& mount : service.mounts) {
    const bool is_covered =
        std::any_of(mounts.begin(), mounts.end(), [&](const Mount& other) { return other.target == mount.target; });
    if (!is_covered) mounts.push_back(mount);
  }
  for (const auto& from : service.volumes_from)
    if (from.starts_with(of_service))
      add_mounts(spec, spec.service(split(from.substr(of_service.size()), ':').front()), seen, mounts);
}

}  // namespace

Spec spec_of_part(const AppName& app, const Spec& spec, const PlainPart& part) {
  if (part.service.empty()) return spec;
  const auto found = std::find_if(spec.services.begin(), spec.services.end(),
                                  [&](const Service& service) { return service.name == part.service; });
  if (found == spec.services.end())
    throw NotFound(ErrorCode::service_not_found, format("{} has no service {}", app.text(), part.service));
  Service service = *found;
  service.mounts.clear();
  std::set<std::string> seen;
  add_mounts(spec, *found, seen, service.mounts);
  if (!part.target.empty()) {
    std::vector<std::string> targets;
    for (const Mount& mount : service.mounts) targets.push_back(mount.target);
    std::erase_if(service.mounts, [&](const Mount& mount) { return mount.target != part.target; });
    if (service.mounts.empty())
      throw NotFound(ErrorCode::volume_not_found,
                     format("{}/{} has nothing mounted at {}", app.text(), part.service, printable(part.target)),
                     targets.empty() ? "" : format("It has data at: {}", join(targets, ", ")));
  }
  Spec of_part;
  of_part.services.push_back(std::move(service));
  return of_part;
}

}  // namespace belay::safekeeping
