#pragma once
// How a container of `belay run` is known. Private to those that make, remove and name such containers.

#include "model/labels.h"

namespace belay::labels {

inline constexpr const char* one_off_name = "belay.one-off.name";  // what the container is called that got the labels

// The app whose `belay run` made the container; empty: none did. An image that somebody makes of such a container hands
// the labels on, to containers of other names.
inline std::string app_of_one_off(const Labels& labels, const std::string& container) {
  const auto owner = labels.find(one_off), called = labels.find(one_off_name);
  const bool is_ours = owner != labels.end() && called != labels.end() && called->second == container;
  return is_ours ? owner->second : std::string();
}

}  // namespace belay::labels
