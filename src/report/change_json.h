#pragma once
// What came of a change: as JSON (docs/json.md), and the sentences that belong to it.

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "change/change.h"
#include "document/node.h"

namespace belay::report {

// What a change cost.
struct Took {
  std::optional<Milliseconds> time, outage;  // outage: how long nothing ran
};

// An object of the list `changes`.
document::Node change_json(const AppName& name, const change::Change& change, const Took& took);

// What helps after a change that failed: its own hint, or the command that tells more.
std::string hint_for(const AppName& name, const change::Change& change);

// Where a plan publishes ports: "*:8080", "127.0.0.1:5433".
std::vector<std::string> addresses_of(const plan::Plan& plan);

}  // namespace belay::report
