#pragma once
// Plans made of plans.

#include <functional>

#include "model/world.h"
#include "plan/action.h"

namespace belay::plan {

// The plan without these steps; what waited for one of them waits for what that waited for.
Plan without(const Plan& plan, const std::function<bool(const Step&)>& is_left_out);

// Both, the second when all of the first is done. Notes are the second's behind the first's.
Plan in_sequence(Plan first, const Plan& second);

// The containers as they will be called, which of them will be down, and without those that go, when the plan is done.
World as_planned(World world, const Plan& plan);

}  // namespace belay::plan
