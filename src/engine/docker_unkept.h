#pragma once
// What would be missing in a container made anew from what was read of one: the inspection of the container is
// compared, key by key, with what the encoder sends for the service that the decoder reads out of it. Keys that nobody
// here has heard of count as well, unless they say nothing.

#include <vector>

#include "engine/docker_decode.h"
#include "engine/docker_encode.h"
#include "model/unkept.h"

namespace belay::engine {

// `image`: the inspection of the container's image; absent where it is gone.
std::vector<UnkeptSetting> unkept_settings(JsonView inspection, JsonView image, const EngineDefaults& defaults,
                                           ApiMinor api);

}  // namespace belay::engine
