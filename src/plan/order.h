#pragma once
// Which of two releases starts or stops first, where the host is known. Private to plan.

#include "plan/planner.h"

namespace belay::plan {

// As decide_order(app, …), with the volumes of the world, and where what is mounted is (World::where): one folder may
// have several names. `defined`: the volumes that what is to start asks for.
SwapDecision decide_order(const App& app, const World& world, std::optional<SwapOrder> asked, const Incoming& next,
                          const std::map<std::string, VolumeDefinition>& defined,
                          const std::vector<const Container*>& running);

}  // namespace belay::plan
