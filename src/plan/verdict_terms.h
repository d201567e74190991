#pragma once
// What a container has to prove, and how long that may take.

#include "plan/planner.h"

namespace belay::plan {

// Where somebody said so; otherwise Belay's own.
struct Patience {
  std::optional<Milliseconds> settle, wait_timeout;
};

// For a container of this service, with the health check of the service and of its image. `image`: nullptr where
// it is not here yet.
AwaitVerdict verdict_terms(const std::string& container, const Service& service, const Image* image,
                           const Patience& asked, const Defaults& defaults);

}  // namespace belay::plan
