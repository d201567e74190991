#pragma once
// The parameter file `dcv-NAME`: named configurations at the top level, or one single configuration, which is then
// called `default`. A configuration has volumes, ports, networks, raw, arguments, env and check, all optional.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "model/spec.h"

namespace belay::formats {

struct DockervisorConfiguration {
  Service service;  // without name and image
  // The sections that the file names; where it does not, the image's own ports and volumes are used.
  bool ports_given = false, volumes_given = false, checks_given = false;
  std::vector<std::string> warnings;  // of options in raw that mean nothing here
};

// By name. Relative host paths are relative to the file's folder. Throws ConfigError at the first mistake.
std::map<std::string, DockervisorConfiguration> parse_dockervisor(std::string_view text, const fs::path& file);

}  // namespace belay::formats
