#pragma once
// Where an app comes from, as its user would say it.

#include <string>

#include "model/release.h"

namespace belay {

Origin kind_of_origin(const App& app);

// The command that makes the next release of the app from what it comes from: "belay build web", "belay up /srv/shop",
// "belay unit run shop", "belay apply".
std::string command_of_origin(const App& app);

}  // namespace belay
