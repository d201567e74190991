#pragma once
// Events as JSON: docs/json.md, "Events".

#include "document/node.h"
#include "plan/event.h"

namespace belay::report {

// A record. `now`: when it is told.
document::Node event_json(const plan::Event& event, Time now);

}  // namespace belay::report
