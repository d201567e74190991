#pragma once
// How apps and their containers are, for people.

#include <string>

#include "look/look.h"

namespace belay::cli {

// "in trouble".
std::string words_of(look::AppState state);

}  // namespace belay::cli
