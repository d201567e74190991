#pragma once
// The files beside a Dockerfile that say what containers get: `jockler-NAME` and `dcv-NAME`. Private to host.

#include "family/build.h"

namespace belay::family {

struct Parameters {
  fs::path file;  // empty: none was found
  std::string text;
  std::map<std::string, Configuration> configurations;  // always at least "default"
  std::vector<std::string> warnings;
  bool speaks_of_checks = false;  // the file does, in some configuration
};

// The first file found in the folders, in their order. Throws ConfigError for a mistake in it, Error where a folder has
// both kinds and either may be meant.
Parameters find_parameters(const AppName& name, const std::vector<fs::path>& folders, ParameterFiles kind);
// This file, whatever its name; its kind is told by the name where `kind` leaves it open.
Parameters read_parameters(const AppName& name, const fs::path& file, ParameterFiles kind);

// Picks a configuration: by name, else "default", else the only one. Throws NotFound, or UsageError where one must be
// named, with those there are.
const Configuration& pick(const std::map<std::string, Configuration>& configurations, const std::string& name);

}  // namespace belay::family
