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

namespace {

template <class Thing>
const Thing* by_name(const std::vector<Thing>& things, const std::string& name) {
  const auto found = std::find_if(things.begin(), things.end(), [&](const Thing& thing) { return thing.name == name; });
  return found == things.end() ? nullptr : &*found;
}

}  // namespace

const Container* World::find(const std::string& name) const {
  return by_name(containers, name);
}
const Volume* World::find_volume(const std::string& name) const {
  return by_name(volumes, name);
}
const Network* World::find_network(const std::string& name) const {
  return by_name(networks, name);
}

}  // namespace belay
