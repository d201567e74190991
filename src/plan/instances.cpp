#include <algorithm>

#include "plan/planner.h"

namespace belay::plan {

namespace {

// A name that a rename of ours may have given: only the schemes dcv and fixed rename.
bool may_be_renamed_to(const App& app, const std::string& service, const std::string& name) {
  if (app.scheme == NamingScheme::fixed) return name == service || name.starts_with(service + "-r");
  const std::string own = "dcv_" + app.name.text();
  return app.scheme == NamingScheme::dcv &&
         (name == own || name == own + "_stable" || name.starts_with(own + "_save_"));
}

// Adopted containers carry no labels of ours: name and creation time identify them. The creation time alone does not,
// since engines tell it in seconds and a stranger may have been made in the same one; but a rename may have been cut
// short before it was recorded.
std::optional<Instance> adopted_instance(const App& app, const World& world, const Container& container) {
  for (const auto& release : app.releases) {
    if (!release.adopted) continue;
    for (const auto& [service, created] : release.adopted_created) {
      if (created != container.created) continue;
      const auto recorded = release.containers.find(service);
      if (recorded == release.containers.end()) continue;
      if (recorded->second == container.name) return Instance{&container, release.number, service};
      const Container* bearer = world.find(recorded->second);
      const bool name_is_right = bearer != nullptr && !bearer->owner() && bearer->created == created;
      if (!name_is_right && may_be_renamed_to(app, service, container.name))
        return Instance{&container, release.number, service};
    }
  }
  return {};
}

}  // namespace

std::vector<Instance> instances(const App& app, const World& world) {
  std::vector<Instance> found;
  for (const auto& container : world.containers) {
    if (const auto owner = container.owner()) {
      if (owner->app == app.name.text()) found.push_back({&container, owner->release, owner->service});
    } else if (const auto adopted = adopted_instance(app, world, container)) {
      found.push_back(*adopted);
    }
  }
  std::sort(found.begin(), found.end(), [](const Instance& a, const Instance& b) {
    return std::tie(a.release, a.service, a.container->name) < std::tie(b.release, b.service, b.container->name);
  });
  return found;
}

const Container* find_instance(const App& app, const World& world, ReleaseNumber release, const std::string& service) {
  const Release* known = app.find(release);
  const ReleaseNumber made_for = known != nullptr ? known->container_release() : release;
  const Container* found = nullptr;
  for (const auto& instance : instances(app, world)) {
    if (instance.release != made_for || instance.service != service) continue;
    // Two with one identity can only come from outside; the one that is up is the one that counts.
    if (found == nullptr || (!found->is_up() && instance.container->is_up())) found = instance.container;
  }
  return found;
}

}  // namespace belay::plan
