#pragma once
// The Docker Engine's answers about usage.

#include "engine/json.h"
#include "engine/meter.h"

namespace belay::engine {

// Of /containers/NAME/stats. nullopt: it does not run.
std::optional<Usage> decode_usage(JsonView answer);
// Of /system/df.
DiskUse decode_disk_use(JsonView answer);

}  // namespace belay::engine
