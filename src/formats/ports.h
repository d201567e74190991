#pragma once
// Ports as people write them. The parsers throw Error without a place; their callers add it.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.h"

namespace belay::formats {

// What `docker run -p` takes: "80", "8080:80", "127.0.0.1:8080:80/udp", "[::1]:80:80", "127.0.0.1::80",
// "8000-8005:9000-9005", "target=80,published=8080,protocol=udp". A range gives one binding a port. Without a host
// port, or with host port 0, the engine picks one.
std::vector<PortBinding> parse_publish(std::string_view text);

// "8080", "8080/udp", "8000-8005/tcp" as single ports with their protocol: "8080/tcp".
std::vector<std::string> parse_expose(std::string_view text);

// The same as bindings without a host port.
std::vector<PortBinding> container_ports(std::string_view text);

enum class IpFamily { any, v4, v6 };
bool is_ip_address(std::string_view text, IpFamily family = IpFamily::any);

}  // namespace belay::formats
