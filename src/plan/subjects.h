#pragma once
// Whose containers a plan is about. Private to plan.

#include "plan/planner.h"

namespace belay::plan {

// Notes in the plan which service each of its containers is.
void name_subjects(Plan& plan, const App& app, const World& world);

}  // namespace belay::plan
