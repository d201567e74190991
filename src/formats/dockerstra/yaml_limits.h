#pragma once
// How much the files of units may hold. Private to dockerstra.

#include "document/yaml.h"

namespace belay::formats::dockerstra {

// Of a file, and of all environment files together. A value takes a few hundred bytes while a unit is read.
constexpr size_t most_values = 50'000;
constexpr document::YamlOptions unit_yaml{.node_limit = most_values, .copy_limit = most_values, .number_keys = true};

}  // namespace belay::formats::dockerstra
