#pragma once
// A container's configuration, read back as the Service that would make it again: what its image and the engine fill in
// by themselves is subtracted.

#include <map>
#include <optional>
#include <string>

#include "engine/docker_decode.h"

namespace belay::engine {

Service decode_service(JsonView inspection, const ImageConfig* image, const EngineDefaults& defaults);

// Parts that images and containers write alike.
std::map<std::string, std::string> decode_environment(JsonView variables);
std::optional<HealthCheck> decode_health(JsonView health);

}  // namespace belay::engine
