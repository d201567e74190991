#pragma once
// A container is one app's. One that was adopted bears no labels of Belay's: whose it is, only the records tell.
// Private to change and those above it that take containers over.

#include <map>
#include <string>
#include <vector>

#include "change/context.h"
#include "model/release.h"
#include "model/world.h"

namespace belay::change {

// The world's containers that are other apps', by their names.
std::map<std::string, AppName> containers_of_others(const std::vector<App>& apps, const AppName& app,
                                                    const World& world);

}  // namespace belay::change
