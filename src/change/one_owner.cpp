#include "change/one_owner.h"

namespace belay::change {

std::map<std::string, AppName> containers_of_others(const std::vector<App>& apps, const AppName& app,
                                                    const World& world) {
  std::map<std::string, AppName> found;
  for (const App& other : apps)
    if (other.name != app)
      for (const auto& instance : plan::instances(other, world)) found.emplace(instance.container->name, other.name);
  return found;
}

}  // namespace belay::change
