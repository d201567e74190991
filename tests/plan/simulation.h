#pragma once
// A tiny engine for plans: what each step makes of a world, with the engine's rules enforced, and those of data: it is
// copied and exchanged while nobody has it in use, and what starts finds the data that the wish speaks of.

#include <functional>

#include "plan/planner.h"

namespace belay::plan {

// Throws Error where an engine would refuse.
void apply(const App& app, World& world, const Step& step);

// Runs the plan in one of the orders that its arrows allow; `pick(n)` chooses among n actions that may be next. Fails
// the test where an action waits for a later one, or the engine would refuse it.
void run_as_arrows_allow(const App& app, World& world, const Plan& plan, const std::function<size_t(size_t)>& pick);

}  // namespace belay::plan
