#pragma once
// A container's mounts in one form, whichever of the engine's four ways (Binds, Mounts, Tmpfs, Volumes) they were asked
// for in.

#include <map>
#include <string>

#include "engine/json.h"

namespace belay::engine {

struct FlatMount {
  std::string name;                             // where it stands: "Binds[0]", "Mounts[2]"
  std::map<std::string, std::string> settings;  // as in Mounts: "Type", "Source", "VolumeOptions.Subpath"
  bool is_anonymous() const;
};
// By mount point. `config` and `host` of an inspection, or of the body that makes a container.
std::map<std::string, FlatMount> mounts_by_target(JsonView config, JsonView host);

}  // namespace belay::engine
