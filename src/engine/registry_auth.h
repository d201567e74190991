#pragma once
// Logins for registries as `docker login` keeps them: ~/.docker/config.json and the credential helpers it names.

#include <map>
#include <optional>
#include <stop_token>
#include <string>

#include "base/files.h"
#include "engine/login.h"

namespace belay::engine {

// Reads the file anew at each call: a login made meanwhile counts.
class RegistryLogins {
 public:
  // `folder` holds config.json; what it says of the server of `given` does not count.
  explicit RegistryLogins(fs::path folder, std::optional<ServerLogin> given = {})
      : folder_(std::move(folder)), given_(std::move(given)) {}

  // The login for a registry's host ("docker.io", "registry.example:5000"); nullopt where none is known. Throws Error
  // where the helper that should know it cannot be run.
  std::optional<Login> login(const std::string& registry, std::stop_token stop) const;
  // The value of X-Registry-Auth: that login, or the empty object, which older engines insist on.
  std::string auth_header(const std::string& registry, std::stop_token stop) const;
  // The value of X-Registry-Config: every login known, since a build may begin with images from anywhere. Helpers that
  // fail are passed over: the build may well not need them.
  std::string config_header(std::stop_token stop) const;

 private:
  fs::path folder_;
  std::optional<ServerLogin> given_;
};

}  // namespace belay::engine
