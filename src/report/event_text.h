#pragma once
// Events as sentences.

#include <string>

#include "plan/event.h"

namespace belay::report {

// "start shop-r2", "start shop-r2: port 80 is held by nginx", "waiting for belay deploy web (pid 4711)". The app's name
// is not in it.
std::string text_of(const plan::Event& event);

}  // namespace belay::report
