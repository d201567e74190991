#pragma once
// Plans as JSON.

#include "document/node.h"
#include "model/names.h"
#include "plan/action.h"

namespace belay::report {

// The list `actions`.
document::Node actions_json(const plan::Plan& plan);
// The plan of one app.
document::Node plan_json(const AppName& name, const plan::Plan& plan);

}  // namespace belay::report
