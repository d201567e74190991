#pragma once
// Definitions of containers: a JSON file with one definition, or a map {"containers": […]} with several, as EC2
// user-data has it. Comments (// and /* */) are allowed.

#include <string>
#include <vector>

#include "base/files.h"
#include "model/declaration.h"

namespace belay::formats {

struct DefinitionText {
  std::string origin;  // the file's path, or "user-data"
  std::string text;
  // What relative host paths are relative to; empty: they are refused.
  fs::path folder;
};

struct Definition {
  Declaration declaration;
  // Those of declaration.watched that nobody asked for: they count because they are bound read-only.
  std::vector<fs::path> watched_by_rule;
};

struct Definitions {
  std::vector<Definition> good;  // in the order of the text
  // One for each definition that is wrong, with the first mistake in it; one for the whole text that cannot be read.
  std::vector<BrokenDefinition> broken;
};

// Never throws for a mistake of the text. The origin of the n-th of several definitions is "ORIGIN#n".
Definitions parse_dockerup(const DefinitionText& source);

}  // namespace belay::formats
