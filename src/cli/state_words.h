#pragma once
// How apps and their containers are, for people.

#include <string>

#include "look/look.h"

namespace belay::cli {

// "in trouble".
std::string words_of(look::AppState state);

// The reference of an image, where a container was made of a bare id no more of that than one needs.
std::string image_words(const std::string& reference);

}  // namespace belay::cli
