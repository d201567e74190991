#pragma once
// A tiny engine for plans: what each step makes of a world, with the engine's rules enforced, and those of data: it is
// copied and exchanged while nobody has it in use, and what starts finds the data that the wish speaks of.

#include "plan/planner.h"

namespace belay::plan {

// Throws Error where an engine would refuse.
void apply(const App& app, World& world, const Step& step);

}  // namespace belay::plan
