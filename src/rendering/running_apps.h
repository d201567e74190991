#pragma once
// What runs on this host, as templates see it: docs/render.md has the list of names.

#include "change/context.h"
#include "document/node.h"

namespace belay::rendering {

// {"apps": [{"name", "release", "containers": [{"service", "name", "address", "health", "ports", …}]}]}: apps of which
// a container runs, by name. Addresses and ports are those of this moment.
document::Node running_apps(change::Context& context, std::stop_token stop);

}  // namespace belay::rendering
