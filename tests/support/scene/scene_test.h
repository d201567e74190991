#pragma once
// What a test that plays on the scene begins with: the scene, and the words of the matchers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/text.h"
#include "support/scene/scene.h"

namespace belay::scene {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

// The names of the engine's containers, those that are down included.
inline std::vector<std::string> names(Scene& scene) {
  std::vector<std::string> all;
  for (const auto& each : scene.engine.containers({}, {})) all.push_back(each.name);
  return all;
}

}  // namespace belay::scene
