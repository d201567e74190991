#pragma once
// Settings files: `key = value` lines, comments, sections.

#include <string>
#include <string_view>

#include "document/node.h"

namespace belay::document {

// A map of texts; a section is a map in it. Comments begin with `;` or `#`, at the beginning of a line or behind white
// space. A value in double quotes is taken as it is between them. No key twice, no line that is neither.
// `file` is only a name for messages. Throws ConfigError.
Node read_ini(std::string_view text, const std::string& file);

}  // namespace belay::document
