#pragma once
// Lines and columns. Private to template.

#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace belay::templates {

// Where each line of a text begins.
std::vector<size_t> line_starts(std::string_view text);

// Of the byte at `offset` of a file's text.
SourcePosition place_of(std::string_view text, size_t offset, const std::string& file);

}  // namespace belay::templates
