#pragma once
// The orders of a unit: what each takes, and the lists that follow from `start`. Private to dockerstra.

#include <string>
#include <vector>

#include "formats/dockerstra/unit.h"

namespace belay::formats::dockerstra {

// The second document. Throws ConfigError.
std::vector<Order> orders_of(const document::Node& list, const std::vector<Container>& containers);
// Those that the variants leave: without any, all. Throws UsageError for a variant that no order has.
std::vector<Order> chosen_orders(std::vector<Order> orders, const Address& address);

// Whether `command` follows from `start` where it has no file; `has_update`: the unit has a file for it.
bool follows_from_start(const std::string& command, bool has_update);
std::vector<std::string> derived_commands();
// The orders of a command that follows from those of `start`. `purge` removes the images that the unit builds itself.
std::vector<Order> derived_orders(const std::string& command, const std::vector<Order>& start,
                                  const std::vector<Container>& containers);

}  // namespace belay::formats::dockerstra
