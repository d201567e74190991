#pragma once
// The files beside a Dockerfile that say what containers get: `jockler-NAME` and `dcv-NAME`. Private to host.

#include "family/build.h"

namespace belay::family {

struct Parameters {
  fs::path file;  // empty: none was found
  std::string text;
  std::map<std::string, Configuration> configurations;  // always at least "default"
  std::vector<std::string> warnings;
  bool speaks_of_checks = false;           // the file does, in some configuration
  std::optional<Configuration> by_hand{};  // as in Build; it is in the configurations
};

// Throws Conflict for an app whose settings stand in a definition or a Compose file: what a command line set would not
// last.
void refuse_declared_settings(const App& app);
// The same for a release made of something else than what is declared. `is_agreed`: the user wants it all the same; not
// where it would take the place of several services.
void refuse_declared_app(const App& app, bool is_agreed);
// What stands above files: it is laid over every configuration. Throws Error where they contradict each other.
void lay_by_hand(std::map<std::string, Configuration>& configurations, const Configuration& by_hand);
// Over what was set before, and over every configuration.
void add_by_hand(const AppName& name, std::map<std::string, Configuration>& configurations,
                 std::optional<Configuration>& by_hand, const Configuration& given);

// The first file found in the folders, in their order. Throws ConfigError for a mistake in it, Error where a folder has
// both kinds and either may be meant.
Parameters find_parameters(const AppName& name, const std::vector<fs::path>& folders, ParameterFiles kind);
// This file, whatever its name; its kind is told by the name where `kind` leaves it open.
Parameters read_parameters(const AppName& name, const fs::path& file, ParameterFiles kind);
// The same of a text that may become the file.
Parameters parse_parameters(const AppName& name, const std::string& text, const fs::path& file, ParameterFiles kind);

// Picks a configuration: by name, else "default", else the only one. Throws NotFound, or UsageError where one must be
// named, with those there are.
const Configuration& pick(const std::map<std::string, Configuration>& configurations, const std::string& name);

}  // namespace belay::family
