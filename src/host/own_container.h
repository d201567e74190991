#pragma once
// The container that Belay itself runs in, where it runs in one.

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace belay::host {

// The id in the texts of /proc/self/mountinfo and /proc/self/cgroup; empty where they show none.
std::string own_container_id(std::string_view mounts, std::string_view cgroups);

// Its name on this engine; nullopt where Belay runs in no container of it.
std::optional<std::string> own_container(engine::Engine& engine, std::stop_token stop);

}  // namespace belay::host
