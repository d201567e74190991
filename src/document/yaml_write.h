#pragma once
// YAML for people and for other programs: block style, two spaces a level. What is read from it again is the same.

#include <functional>
#include <string>

#include "document/node.h"

namespace belay::document {

// Said behind a scalar, as a comment: where it came from. Empty: nothing.
using YamlNote = std::function<std::string(const Node& value)>;

std::string yaml_text(const Node& value, const YamlNote& note = {});

}  // namespace belay::document
