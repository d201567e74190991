#pragma once
// The part of a definition that says what the container is.

#include <set>
#include <string>
#include <vector>

#include "base/files.h"
#include "document/node.h"
#include "formats/dockerup_volumes.h"
#include "model/names.h"
#include "model/spec.h"

namespace belay::formats {

struct DefinedService {
  Service service;  // named like the app
  WatchedPaths watched;
  std::set<std::string> named_volumes;
};

// The keys that defined_service reads.
const std::vector<std::string>& service_keys();

// `definition` is a map without unknown keys. Relative host paths are relative to `folder`; where that is empty they
// are refused. `replicas` containers will be made of the service. Throws ConfigError.
DefinedService defined_service(const document::Node& definition, const AppName& app, const fs::path& folder,
                               int replicas);

// Containers that must be there before this one: linked to, shared with, taken volumes from; each once.
std::vector<std::string> needed_containers(const Service& service);

}  // namespace belay::formats
