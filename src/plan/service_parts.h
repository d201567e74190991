#pragma once
// Which services of a change belong together: those that need each other, and those of which one can only start when a
// container of another has stopped. Private to plan.

#include <functional>
#include <vector>

#include "model/spec.h"

namespace belay::plan {

using Part = std::vector<size_t>;  // indices of services, in their order

// Sorts `count` services into parts. `connected(a, b)`: whether two of them belong together; asked of each pair, a < b.
std::vector<Part> parts(size_t count, const std::function<bool(size_t, size_t)>& connected);

// Whether one of the two needs the other, directly.
bool need_each_other(const Service& a, const Service& b);

// The services that need this one, directly or through others.
std::vector<std::string> dependents_of(const Spec& spec, const std::string& service);

}  // namespace belay::plan
