#pragma once
// Which way leads from this process to a port inside a container. A pure decision over facts.

#include <optional>
#include <string>
#include <vector>

#include "model/world.h"
#include "net/stream.h"

namespace belay::engine {

// A network of IPv4 that this machine has an interface in.
struct OwnNetwork {
  std::uint32_t address = 0, mask = 0;  // in the host's byte order
};
// "172.17.0.2/16"; for tests as well. Throws Error.
OwnNetwork own_network(const std::string& text);

// Where this process is, as seen from the engine.
struct Here {
  bool is_same_host = true;     // this machine is the engine's host
  bool shares_networks = true;  // a container's address may be in one of the networks here
  std::string host{};           // where the engine's host is reached from elsewhere; empty: nobody knows
  std::vector<OwnNetwork> networks{};
};
// `remote`: the host of a TCP endpoint on another machine; empty: the engine was reached by a socket, which may have
// been forwarded from anywhere, or handed into a container. `engine_name`: what the engine calls its host.
Here here(const std::string& remote, const std::string& engine_name, bool is_rootless);

// `foreign`: networks of the container in which the engine's host is no neighbour (macvlan, ipvlan, overlay).
std::optional<net::TcpAddress> way_to(const ContainerDetail& container, const std::vector<std::string>& foreign,
                                      std::uint16_t port, const Here& here);

}  // namespace belay::engine
