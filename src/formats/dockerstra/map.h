#pragma once
// The containers of a unit in Belay's own terms.

#include <map>
#include <string>
#include <vector>

#include "formats/dockerstra/unit.h"
#include "model/declaration.h"

namespace belay::formats::dockerstra {

// The name of a container on the engine.
std::string engine_name(const Container& container);
// The container of the unit that is meant by its key or its name on the engine; nullptr: it is another's. Where a key
// is another one's name, the key counts.
const Container* container_of_unit(const Unit& unit, const std::string& name);

struct Mapped {
  Spec spec;  // the containers that the orders make or start, in their order
  std::map<std::string, ImageBuild> builds;
  std::map<std::string, std::string> images;  // of every container of the composition that says one
  std::vector<fs::path> watched;              // bound read-only
};

// Every keyword has its effect or is refused by name. `folder` is what ${PWD} stands for. Throws ConfigError.
Mapped map_unit(const Unit& unit, const fs::path& folder);

// As a declared app: named like the unit, its origin is the unit's file. Only for a list of orders that make and start
// containers; throws ConfigError at the first other one.
Declaration declaration_of(const Unit& unit, const fs::path& folder);

}  // namespace belay::formats::dockerstra
