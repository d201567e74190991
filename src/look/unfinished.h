#pragma once
// What is said of a change that was interrupted: the command that finishes it, and what that does. Private to look.

#include <string>

#include "change/apps.h"
#include "change/change.h"

namespace belay::look {

// "belay start web r2": of all that would finish it, the one that changes nothing else.
std::string finishing_command(const AppHead& app);
// "stop web-r1, start web-r2": what a user would notice of the plan, which may be long; the exchange of data is left
// out. Empty: nothing.
std::string steps_left(const plan::Plan& plan, const std::string& app);
// Empty where there can be none: what stands in the way is told elsewhere.
plan::Plan plan_or_none(const state::Store& store, const App& app, const World& world, Time now,
                        const plan::Defaults& defaults);

// What a command that was cut off has left beside the app's data, which nothing needs, and what takes it away. Empty:
// nothing. For an app that nobody is at work on.
std::string left_over(const App& app);

}  // namespace belay::look
