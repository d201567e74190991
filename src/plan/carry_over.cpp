#include "plan/carry_over.h"

#include <algorithm>
#include <set>

namespace belay::plan {

namespace {

template <class Value>
bool same_entry(const std::map<std::string, Value>& a, const std::map<std::string, Value>& b, const std::string& key) {
  const auto in_a = a.find(key), in_b = b.find(key);
  if (in_a == a.end() || in_b == b.end()) return in_a == a.end() && in_b == b.end();
  return in_a->second == in_b->second;
}

bool leads_to(const Service& service, const std::string& path) {
  return std::any_of(service.mounts.begin(), service.mounts.end(), [&](const Mount& mount) {
    return mount.kind == Mount::Kind::bind && (path == mount.source || path.starts_with(mount.source + "/"));
  });
}

// Whether what the service is bound to is the same, and holds the same.
bool has_same_files(const Service& service, const Release& present, const Release& next) {
  std::set<std::string> paths;
  for (const auto* files : {&present.files, &next.files})
    for (const auto& [path, mark] : *files) paths.insert(path);
  // A file that no mount of the app leads to concerns all of it.
  const auto is_of_others = [&](const std::string& path) {
    const auto leads = [&](const Service& other) { return leads_to(other, path); };
    // A file that another service was bound to, and is no longer, is its business as well.
    return !leads_to(service, path) && (std::any_of(next.spec.services.begin(), next.spec.services.end(), leads) ||
                                        std::any_of(present.spec.services.begin(), present.spec.services.end(), leads));
  };
  return std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return same_entry(present.files, next.files, path) || is_of_others(path);
  });
}

}  // namespace

std::map<std::string, Body> carried_over(const Release& present, const Release& next,
                                         const std::set<std::string>& anew) {
  std::map<std::string, Body> bodies;
  for (const auto& service : next.spec.services) {
    if (anew.contains(service.name)) continue;
    const auto before = std::find_if(present.spec.services.begin(), present.spec.services.end(),
                                     [&](const Service& each) { return each.name == service.name; });
    if (before != present.spec.services.end() && same_entry(present.images, next.images, service.name) &&
        has_same_files(service, present, next) && can_go_on(*before, service))
      bodies[service.name] = {present.container_release(service.name), present.container_identity(service.name)};
  }
  for (const size_t index : in_order_of_needs(next.spec)) {
    const Service& service = next.spec.services[index];
    const bool shares_with_a_new_one = std::any_of(
        next.spec.services.begin(), next.spec.services.end(),
        [&](const Service& other) { return shares_with(service, other.name) && !bodies.contains(other.name); });
    if (shares_with_a_new_one) bodies.erase(service.name);
  }
  return bodies;
}

}  // namespace belay::plan
