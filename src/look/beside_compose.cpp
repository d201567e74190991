#include "look/beside_compose.h"

#include <algorithm>

#include "change/apps.h"
#include "model/compose_labels.h"

namespace belay::look {

std::vector<std::string> made_by_compose(const App& app, const World& world) {
  std::vector<std::string> names;
  const Release* release = app.wish.release() ? app.find(*app.wish.release()) : nullptr;
  if (app.scheme != NamingScheme::compose || release == nullptr) return names;
  const auto ours = plan::instances(app, world);
  for (const auto& container : world.containers) {
    const auto label = [&](const char* key) {
      const auto found = container.labels.find(key);
      return found == container.labels.end() ? std::string() : found->second;
    };
    const auto is_of_it = [&](const Service& service) {
      return service.group_name() == label(labels::compose_service);
    };
    const auto& services = release->spec.services;
    if (label(labels::compose_project) == app.name.text() && label(labels::compose_oneoff) != "True" &&
        !container.owner() && !container.labels.contains(labels::app) &&
        std::any_of(services.begin(), services.end(), is_of_it) &&
        std::none_of(ours.begin(), ours.end(), [&](const auto& each) { return each.container == &container; }))
      names.push_back(container.name);
  }
  return names;
}

}  // namespace belay::look
