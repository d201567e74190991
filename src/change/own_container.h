#pragma once
// The container that Belay itself runs in, where it runs in one.

#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace belay::change {

// The ids in the texts of /proc/self/mountinfo and /proc/self/cgroup. Two, where Belay's container shares another one's
// network: then the other one's files are in its place.
std::set<std::string> own_container_ids(std::string_view mounts, std::string_view cgroups);

// Whether what is in this folder ends with the container that Belay runs in, by the text of /proc/self/mountinfo: it is
// on no mount of its own, nor below one.
bool is_on_the_root(std::string_view mounts, const std::string& folder);
// The same, of this process; false where it runs in no container.
bool is_lost_with_container(const std::string& folder);

// The names of those that this engine has; empty where Belay runs in no container of it.
std::set<std::string> own_containers(engine::Engine& engine, std::stop_token stop);
// The app of those; empty: of no app, or the engine does not answer.
std::string own_app(engine::Engine& engine, std::stop_token stop);

}  // namespace belay::change
