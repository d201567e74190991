#pragma once
// A Compose project as a declared app.

#include "formats/compose/project.h"
#include "model/declaration.h"

namespace belay::formats::compose {

struct DeclaredProject {
  Declaration declaration;
  std::vector<std::string> notices;  // what has no effect, or another one than it seems: "FILE:LINE:COLUMN: …"
};

// The app bears the project's name, and its origin is the first Compose file. Throws ConfigError.
// `services`: only these are to be changed, and those that they need; empty: all.
enum class WithNeeds { yes, no };
DeclaredProject declared_project(const Project& project, const std::vector<std::string>& services = {},
                                 WithNeeds needs = WithNeeds::yes);

}  // namespace belay::formats::compose
