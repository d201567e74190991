#pragma once
// Containers that Belay did not make. Private to plan and those that sort containers out.

#include "model/release.h"

namespace belay::plan {

// Whether the service's container carries no labels that fit, and is known by its name and creation time: the release
// took it over, or goes on with one that an earlier release took over.
bool may_be_adopted(const Release& release, const std::string& service);
// The same of any of its services.
bool may_be_adopted(const Release& release);

}  // namespace belay::plan
