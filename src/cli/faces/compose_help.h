#pragma once
// The help of a word of docker-compose, made of the table.

#include <string>

#include "cli/faces/compose_words.h"

namespace belay::cli {

// Markdown.
std::string help_of(const ComposeWord& word);

}  // namespace belay::cli
