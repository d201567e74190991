#pragma once
// Plans as data in a file: every step with all that it needs to be carried out, secrets included. Private to declared.

#include "document/node.h"
#include "plan/action.h"

namespace belay::declared {

document::Node to_node(const plan::Plan& plan);
// Throws ConfigError at the place of what is missing, unknown or of another kind.
plan::Plan plan_from(const document::Node& node);

}  // namespace belay::declared
