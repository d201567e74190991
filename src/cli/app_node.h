#pragma once
// An app's summary as JSON, for ls and status.

#include "cli/json_output.h"
#include "host/look.h"

namespace belay::cli {

Node app_node(const host::AppSummary& row);

}  // namespace belay::cli
