#pragma once
// The section "volumes" of a definition.

#include <set>
#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "model/names.h"
#include "model/spec.h"

namespace belay::formats {

// Which bound files and folders count as part of the spec.
struct WatchedPaths {
  std::vector<fs::path> asked_for;  // by "watch": true
  std::vector<fs::path> by_rule;    // bound read-only and not the system's own
};

// Puts what `section` says into the service, and the volumes that it names into `named`. Relative host paths are
// relative to `folder`; where that is empty they are refused. Throws ConfigError.
void add_volumes(Service& service, WatchedPaths& watched, std::set<std::string>& named, const document::Node& section,
                 const AppName& app, const fs::path& folder);

}  // namespace belay::formats
