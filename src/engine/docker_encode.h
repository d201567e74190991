#pragma once
// Belay's model → the JSON bodies the engine takes.

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace belay::engine {

// The part behind "1." of the API version spoken: some fields moved over time.
using ApiMinor = int;

// A security option that engines have under other names: no path of the system is hidden or read-only.
inline constexpr std::string_view open_system_paths = "systempaths=unconfined";

// The body of POST /containers/create. Only the first network is in it: older engines take no more.
std::string network_body(const NetworkRequest& request);
std::string create_body(const ContainerRequest& request, ApiMinor api);
// The networks to be joined once the container exists.
std::vector<NetworkLink> later_networks(const Service& service);

std::string restart_policy_body(const RestartPolicy& policy);
std::string resources_body(const Resources& resources);
std::string connect_body(const std::string& container, const NetworkLink& link);
std::string exec_body(const ExecRequest& request, const std::optional<Terminal::Size>& window, ApiMinor api);

}  // namespace belay::engine
