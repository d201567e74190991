#pragma once
// Plans made of plans.

#include <functional>
#include <optional>
#include <string>

#include "model/world.h"
#include "plan/action.h"

namespace belay::plan {

// The plan without these steps; what waited for one of them waits for what that waited for.
Plan without(const Plan& plan, const std::function<bool(const Step&)>& is_left_out);

// Both, the second when all of the first is done. Notes are the second's behind the first's.
Plan in_sequence(Plan first, const Plan& second);

// Whether the step makes what several apps may share, so that the first to come makes it.
bool is_shared(const Step& step);

// Where the plan that would be made now is not the one that was agreed to, in words; nullopt: it does the same. What
// several apps share may have been made meanwhile. Reasons and notes do not count.
std::optional<std::string> first_difference(const Plan& agreed, const Plan& now);

// The containers as they will be called, which of them will be down, and without those that go, when the plan is done.
World as_planned(World world, const Plan& plan);

}  // namespace belay::plan
