#include "model/world.h"

#include <algorithm>
#include <array>

namespace belay {

std::string_view to_text(ContainerState state) {
  static constexpr std::array<std::string_view, 7> words{"created", "running", "paused",  "restarting",
                                                         "exited",  "dead",    "removing"};
  return words[static_cast<size_t>(state)];
}

std::string_view to_text(Health health) {
  static constexpr std::array<std::string_view, 4> words{"none", "starting", "healthy", "unhealthy"};
  return words[static_cast<size_t>(health)];
}

const Container* World::find(const std::string& name) const {
  const auto found =
      std::find_if(containers.begin(), containers.end(), [&](const Container& c) { return c.name == name; });
  return found == containers.end() ? nullptr : &*found;
}

bool World::has_volume(const std::string& name) const {
  return std::find(volumes.begin(), volumes.end(), name) != volumes.end();
}
bool World::has_network(const std::string& name) const {
  return std::find(networks.begin(), networks.end(), name) != networks.end();
}

}  // namespace belay
