#pragma once
// Networks as `docker run --network` and the parameter files name them.

#include <string>
#include <string_view>
#include <vector>

#include "model/spec.h"

namespace belay::formats {

// One --network: a name, or "name=web,alias=db,ip=10.0.0.5,mac-address=…".
struct NetworkWish {
  NetworkLink link;
  std::string mac_address;
};
NetworkWish parse_network(std::string_view text);

// Puts the networks into a service that has none yet. "bridge" and "default" are the default bridge, which alone needs
// no entry; host, none and container:NAME exclude every other. Throws Error where they do not go together.
void join_networks(Service& service, std::vector<NetworkLink> links);

}  // namespace belay::formats
