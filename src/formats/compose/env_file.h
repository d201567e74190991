#pragma once
// Files of variables: .env, --env-file, and a service's env_file and label_file.

#include <string>
#include <string_view>
#include <vector>

#include "formats/compose/variables.h"

namespace belay::formats::compose {

struct EnvLine {
  std::string name;
  std::optional<std::string> value;  // nullopt: only the name is there, and `lookup` does not know it
  SourcePosition where;
};

// NAME=value, NAME: value or NAME a line, with or without "export" in front; # begins a comment. Values: plain to the
// end of the line or to " #"; '…' as it is; "…" with escapes; both may span lines. Variables in plain and "…" values
// are looked up with `first`, then in the lines before, then with `last`; a name alone with `first` and `last`. Throws
// ConfigError.
std::vector<EnvLine> read_env_file(std::string_view text, const std::string& file, const Lookup& first,
                                   const Lookup& last, Loading& loading);

}  // namespace belay::formats::compose
