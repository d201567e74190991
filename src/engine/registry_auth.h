#pragma once
// Logins for registries as `docker login` keeps them: ~/.docker/config.json and the credential helpers it names.

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/files.h"
#include "base/guarded.h"
#include "engine/login.h"

namespace belay::engine {

// Reads the file anew at each call: a login made meanwhile counts. A file that is no JSON, and a helper that is
// missing, fails, hangs or says something else than it should, are trouble: told once, and gone without, for an image
// that anybody may pull needs no login. Such a helper is left alone for ten minutes. Thread-safe.
class RegistryLogins {
 public:
  using Warn = std::function<void(const std::string& trouble)>;
  // `folder` holds config.json; what it says of the server of `given` does not count.
  explicit RegistryLogins(fs::path folder, std::optional<ServerLogin> given = {}, Warn warn = {})
      : folder_(std::move(folder)), given_(std::move(given)), warn_(std::move(warn)) {}

  // The login for a registry's host ("docker.io", "registry.example:5000"); nullopt where none is known.
  std::optional<Login> login(const std::string& registry, std::stop_token stop) const;
  // Why a login may have been missing; empty: nothing was in the way. For a registry that lets us in with one only.
  std::string trouble() const;
  // The value of X-Registry-Auth: that login, or the empty object, which older engines insist on.
  std::string auth_header(const std::string& registry, std::stop_token stop) const;
  // The value of X-Registry-Config: every login known, since a build may begin with images from anywhere.
  std::string config_header(std::stop_token stop) const;

 private:
  struct Config;
  struct Troubles {
    std::map<std::string, Ticks> resting;  // helper → until when
    std::set<std::string> told;
    std::string last;
  };
  Config config() const;
  std::optional<Login> ask(const std::string& helper, const std::string& key, std::stop_token stop) const;
  bool rests(const std::string& helper) const;
  void note(const std::string& trouble) const;

  fs::path folder_;
  std::optional<ServerLogin> given_;
  Warn warn_;
  mutable Guarded<Troubles> troubles_;
};

}  // namespace belay::engine
