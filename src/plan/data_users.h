#pragma once
// Which containers have data that is to be exchanged.

#include <optional>
#include <vector>

#include "plan/planner.h"

namespace belay::plan {

// Whether what is mounted is the place, or lies in it: something below the place moves away with it; what has the
// folder above finds what is there under the name.
bool is_within(const Mount& mount, const DataPlace& place, const World& world);

// Whether both are one place, or one lies in the other, as far as the names tell, the devices of volumes, and where
// things are (World::where). `defined`: volumes that may be still to come.
bool overlap(const Mount& a, const Mount& b, const World& world,
             const std::map<std::string, VolumeDefinition>& defined);

// The folder that the volume is another name of, here or on another machine; empty: it is its own.
std::string device_of(const std::map<std::string, std::string>& options);

// The first container that is up, is none of `ours` and has one of the places: it goes on with the data that it has
// open, whatever is put in its place. As the error that names both; nullopt: there is none. The world knows where the
// places and the mounts are (World::where).
std::optional<Conflict> used_by_others(const std::vector<DataExchange>& exchanges, const std::vector<Instance>& ours,
                                       const World& world);

}  // namespace belay::plan
