#pragma once
// An app's summary as JSON, for ls and status.

#include "cli/json_output.h"
#include "look/look.h"

namespace belay::cli {

Node app_node(const look::AppSummary& row);
Node instance_node(const look::InstanceRow& row);

// For people: "in trouble".
std::string words_of(look::AppState state);

}  // namespace belay::cli
