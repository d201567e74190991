#pragma once
// The short forms of ports.

#include <string>

#include "document/node.h"

namespace belay::formats::compose {

struct Loading;

// "[[IP:]HOST:]CONTAINER[/PROTOCOL]", numbers and ranges, as long entries: one a container port.
void write_out_ports(document::Node& node, const std::string& what, Loading& loading);
// What makes two entries one: address, published, target, protocol.
std::string port_key(const document::Node& port);

}  // namespace belay::formats::compose
