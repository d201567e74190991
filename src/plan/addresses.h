#pragma once
// Fixed addresses, which no two containers can have at once.

#include <optional>
#include <string>

#include "model/spec.h"

namespace belay::plan {

// An address that both ask for in one network, or the MAC address of both.
std::optional<std::string> shared_address(const Service& one, const Service& other);
// Whether a service of one asks for what a service of the other does.
bool have_an_address_in_common(const Spec& one, const Spec& other);

}  // namespace belay::plan
