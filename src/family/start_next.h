#pragma once
// The start of what next_release made. Private to family.

#include "change/new_release.h"
#include "family/family_release.h"

namespace belay::family {

// Refuses what failed here before, asks where settings would be lost, keeps the settings with the app, and starts it.
// The app's lock is held by the caller.
change::Change start_next(change::Context& context, App& app, const NextRelease& next, const StartOptions& options,
                          change::Containers containers, const JournalVerb& verb, std::stop_token stop);

}  // namespace belay::family
