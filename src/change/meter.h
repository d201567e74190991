#pragma once
// The engine's measurements, for those who look.

#include "change/context.h"
#include "engine/meter.h"

namespace belay::change {

// Of the engine that `connect` gives. Connects at the first request.
std::unique_ptr<engine::Meter> meter(const InstallationOptions& options);

}  // namespace belay::change
