#pragma once
// The override file `jockler-NAME`, which stands beside a family's Dockerfile:
//
//   { "ports":   { "80": "8080/tcp", "127.0.0.1:8022": "22" },
//     "volumes": { "my_volume": "/var/data", "./logs": "/var/log" },
//     "check":   "GET :80/health 200" }
//
// The first two sections map host → container; the third is formats/check_values.h.

#include <optional>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "model/spec.h"

namespace belay::formats {

// A section that the file does not name is nullopt: then the image decides.
struct JocklerOverride {
  std::optional<std::vector<PortBinding>> ports;
  std::optional<std::vector<Mount>> mounts;
  std::optional<std::vector<Check>> checks;
};

// Relative host paths are relative to the file's folder. Throws ConfigError at the first mistake.
JocklerOverride parse_jockler(std::string_view text, const fs::path& file);

// The two sections, which dockervisor's file has as well.
std::vector<PortBinding> ports_section(const document::Node& section);
std::vector<Mount> volumes_section(const document::Node& section, const fs::path& base_folder);

}  // namespace belay::formats
