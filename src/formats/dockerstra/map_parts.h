#pragma once
// The parts of a mapping. Private to dockerstra.

#include "formats/dockerstra/map.h"
#include "formats/dockerstra/values.h"

namespace belay::formats::dockerstra {

// One container: everything its creation and startup say, in one map, startup first.
struct Wanted {
  const Unit& unit;
  const Container& container;
  document::Node settings;
  fs::path folder;      // for ${PWD}
  fs::path build_path;  // for ${CONFIG_DIR}

  const document::Node* find(std::string_view key) const {
    const document::Node* node = settings.find(key);
    return node == nullptr || node->is_null() ? nullptr : node;
  }
};

void map_creation(const Wanted& wanted, Service& service);                         // map_creation.cpp
void map_startup(const Wanted& wanted, Service& service);                          // map_startup.cpp
void map_limits(const Wanted& wanted, Service& service);                           // map_limits.cpp
void map_mounts(const Wanted& wanted, Service& service);                           // map_mounts.cpp
std::optional<ImageBuild> build_of(const Unit& unit, const Container& container);  // map_build.cpp
std::string image_of(const Unit& unit, const Container& container);
// The folder that `path` of the build names, absolute; empty where there is none.
fs::path build_folder(const Unit& unit, const Container& container);

}  // namespace belay::formats::dockerstra
