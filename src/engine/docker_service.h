#pragma once
// A container's configuration, read back as the Service that would make it again: what its image and the engine fill in
// by themselves is subtracted.

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/docker_decode.h"

namespace belay::engine {

// BlockLimit::kind and the engine's name for the list of these limits.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 5> block_limit_names{
    {{"weight", "BlkioWeightDevice"},
     {"read_bps", "BlkioDeviceReadBps"},
     {"write_bps", "BlkioDeviceWriteBps"},
     {"read_iops", "BlkioDeviceReadIOps"},
     {"write_iops", "BlkioDeviceWriteIOps"}}};

Service decode_service(JsonView inspection, const ImageConfig* image, const EngineDefaults& defaults);

// Parts that images and containers write alike.
std::map<std::string, std::string> decode_environment(JsonView variables);
std::optional<HealthCheck> decode_health(JsonView health);
// nullopt for what is neither a volume nor a folder of the host nor in memory: an image, a pipe, a cluster's volume.
std::optional<Mount::Kind> mount_kind(const std::string& type);

}  // namespace belay::engine
