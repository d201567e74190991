#pragma once
// Which containers have data that is to be exchanged.

#include <optional>
#include <vector>

#include "plan/planner.h"

namespace belay::plan {

// Whether what is mounted is the place, or lies in it: something below the place moves away with it; what has the
// folder above finds what is there under the name.
bool is_within(const Mount& mount, const DataPlace& place, const World& world);

// The first container that is up, is none of `ours` and has one of the places: it goes on with the data that it has
// open, whatever is put in its place. As the error that names both; nullopt: there is none. The world knows where the
// places and the mounts are (World::where).
std::optional<Conflict> used_by_others(const std::vector<DataExchange>& exchanges, const std::vector<Instance>& ours,
                                       const World& world);

}  // namespace belay::plan
