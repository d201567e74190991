#include "engine/engine.h"

#include <algorithm>

namespace belay::engine {

std::optional<std::string> kept_name(const UnwantedImage& unwanted, const Image& image) {
  if (!unwanted.names) return {};
  for (const auto& tag : image.tags)
    if (std::find(unwanted.names->begin(), unwanted.names->end(), tag) == unwanted.names->end()) return tag;
  return {};
}

bool EventFilter::takes(const Event& event) const {
  // "health_status: healthy", "exec_start: /probe": the detail stands behind a colon.
  const auto action = event.action.substr(0, event.action.find(':'));
  const auto holds = [](const std::vector<std::string>& words, const std::string& word) {
    return std::find(words.begin(), words.end(), word) != words.end();
  };
  return (!until || event.time <= *until) && holds(types, event.type) && (actions.empty() || holds(actions, action));
}

}  // namespace belay::engine
