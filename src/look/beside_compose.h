#pragma once
// What docker compose does beside Belay. Private to look.

#include <string>
#include <vector>

#include "model/release.h"
#include "model/world.h"

namespace belay::look {

// The containers that docker compose has made for services of the app, and that no command of Belay's has taken over
// yet.
std::vector<std::string> made_by_compose(const App& app, const World& world);

}  // namespace belay::look
