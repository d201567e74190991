#pragma once
// What the engine says → Belay's model. Tolerant: unknown keys are passed over, null and absent keep the default.

#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/json.h"

namespace belay::engine {

// What the engine itself fills in where nobody said anything; subtracted from what an inspection shows.
struct EngineDefaults {
  std::string host_name;
  std::string log_driver = "json-file";
  std::string runtime = "runc";
  std::string cgroupns_mode = "host";
};
EngineDefaults decode_defaults(JsonView info);

RegistryWays decode_registry_ways(JsonView info);

Container decode_list_entry(JsonView entry);
// `image`: the configuration of the container's image; nullptr where it is gone, then nothing is subtracted for it.
ContainerDetail decode_inspection(JsonView inspection, const ImageConfig* image, const EngineDefaults& defaults);
Image decode_image_entry(JsonView entry);
Image decode_image(JsonView inspection);
Volume decode_volume(JsonView volume);
Network decode_network(JsonView network);
std::optional<Event> decode_event(JsonView event);

// Ports on every address are reported once for IPv4 and once for IPv6: one binding of ours.
void add_published_port(std::vector<PortBinding>& ports, PortBinding port);

}  // namespace belay::engine
