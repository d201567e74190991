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

// A change with what makes room for it, which then can only give up names and stop. What the change prepares (images,
// networks, volumes, containers) does not wait for that, and nothing of the room stops before all of it is there: where
// the engine refuses some of it, nothing was down. Names are given up first.
Plan with_room(const Plan& room, const Plan& change);

// Whether the step makes what several apps may share, so that the first to come makes it.
bool is_shared(const Step& step);

// Where the plan that would be made now is not the one that was agreed to, in words; nullopt: it does the same. What
// several apps share may have been made meanwhile. Reasons and notes do not count.
std::optional<std::string> first_difference(const Plan& agreed, const Plan& now);

// The containers as they will be called, which of them will be down, and without those that go, when the plan is done.
World as_planned(World world, const Plan& plan);

}  // namespace belay::plan
