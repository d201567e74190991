#pragma once
// Plans as JSON.

#include "document/node.h"
#include "plan/action.h"

namespace belay::report {

// The list `actions`.
document::Node actions_json(const plan::Plan& plan);

}  // namespace belay::report
