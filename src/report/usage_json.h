#pragma once
// What apps use, as JSON: docs/json.md.

#include <string>

#include "document/node.h"
#include "look/usage.h"

namespace belay::report {

// "12.5"
std::string cpu_percent_text(std::int64_t permille);

// An object of the list `containers`.
document::Node usage_json(const look::UsageRow& row);
document::Node space_json(const look::Space& space);

}  // namespace belay::report
