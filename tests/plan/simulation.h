#pragma once
// A tiny engine for plans: what each step makes of a world, with the engine's rules enforced.

#include "plan/planner.h"

namespace belay::plan {

// Throws Error where an engine would refuse.
void apply(const App& app, World& world, const Step& step);

}  // namespace belay::plan
