#pragma once
// The keys of a definition that stand for options of `docker run`: formats/setting_keys.h, `raw`, `env_file`,
// `secrets`.

#include <string>
#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "model/spec.h"

namespace belay::formats {

// The keys that service_of_options reads.
const std::vector<std::string>& option_keys();

// What they say; the definition's other keys go on top. Relative paths are relative to `folder`; where that is empty
// they are refused. `replicas` containers will be made of it. Throws ConfigError.
Service service_of_options(const document::Node& definition, const fs::path& folder, int replicas);

// Mounts of the files of "secrets", below /run/secrets. They are neither watched nor kept with releases.
std::vector<Mount> secret_mounts(const document::Node& definition, const fs::path& folder);

}  // namespace belay::formats
