#pragma once
// The parameter file `dcv-NAME` in another folder than the one it was written for.

#include <string>
#include <string_view>

#include "base/files.h"

namespace belay::formats {

// The text with every host path that is relative to the file's folder written out; the same text where none is. `text`
// is one that parse_dockervisor takes. Throws ConfigError.
std::string with_absolute_host_paths(std::string_view text, const fs::path& file);

}  // namespace belay::formats
