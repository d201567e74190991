#pragma once
// The line files of --env-file and --label-file.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace belay::formats {

struct Variable {
  std::string name;
  std::optional<std::string> value;  // nullopt: only the name was written
};

// One variable a line, as written: no quotes, no expansion; blank lines and lines that begin with # are skipped.
// Throws ConfigError with the place.
std::vector<Variable> parse_variables(std::string_view text, const std::string& file);
// The same for a file that must be there.
std::vector<Variable> read_variables(const fs::path& file);

// "KEY=value" or "KEY", for options. Throws Error when the name is empty or holds white space; never shows the value.
Variable parse_variable(std::string_view text);

}  // namespace belay::formats
