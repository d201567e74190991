#pragma once
// Which names the app's containers should have, and the renames that get them there. For the scheme dcv; in the
// scheme fixed a name moves in the middle of a swap, and the planner of wishes does it.
// Private to plan.

#include <map>
#include <string>
#include <vector>

#include "plan/planner.h"

namespace belay::plan {

struct Rename {
  std::string from, to, reason;
};

// In an order in which each new name is free when its turn comes. `wanted`: the release that should bear the app's own
// name; its container may not exist yet.
std::vector<Rename> renames(const Situation& situation, std::optional<ReleaseNumber> wanted);

}  // namespace belay::plan
