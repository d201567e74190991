#pragma once
// "conf" of the order commit: what the image says, in the words of the engine's API. Private to dockerstra.

#include <string>
#include <vector>

#include "document/node.h"

namespace belay::formats::dockerstra {

// The same as lines of a Dockerfile. Throws ConfigError; a key that an image has no place for is refused by name.
std::vector<std::string> changes_of_conf(const document::Node& conf);

}  // namespace belay::formats::dockerstra
