#pragma once
// An app's summary as JSON, for ls and status.

#include "cli/json_output.h"
#include "host/look.h"

namespace belay::cli {

Node app_node(const host::AppSummary& row);
Node instance_node(const host::InstanceRow& row);

// For people: "in trouble".
std::string words_of(host::AppState state);

}  // namespace belay::cli
