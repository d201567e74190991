#pragma once
// A container is one app's. One that was adopted bears no labels of Belay's: whose it is, only the records tell.
// Private to change and those above it that take containers over.

#include <map>
#include <string>
#include <vector>

#include "base/lock.h"
#include "change/change.h"
#include "model/world.h"

namespace belay::change {

// The world's containers that are other apps', by their names.
std::map<std::string, AppName> containers_of_others(const std::vector<App>& apps, const AppName& app,
                                                    const World& world);

// Held from the look at whose a container is until it is this app's, or gone. Taken after the app's own lock.
FileLock lock_adoptions(Context& context, std::stop_token stop);

// For the save of an app that takes containers over: throws Conflict where another app has adopted one of them
// meanwhile. Each holds the lock of its own app only. Refers to the app.
Agreement to_own_alone(const App& app);

}  // namespace belay::change
