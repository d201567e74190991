#pragma once
// The container that Belay itself runs in, where it runs in one.

#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace belay::host {

// The ids in the texts of /proc/self/mountinfo and /proc/self/cgroup. Two, where Belay's container shares another one's
// network: then the other one's files are in its place.
std::set<std::string> own_container_ids(std::string_view mounts, std::string_view cgroups);

// The names of those that this engine has; empty where Belay runs in no container of it.
std::set<std::string> own_containers(engine::Engine& engine, std::stop_token stop);

}  // namespace belay::host
