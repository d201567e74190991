#pragma once
// A login for a registry, as the engine and the registry module take it.

#include <string>

namespace belay::engine {

struct Login {
  std::string username, password;
  std::string identity_token;  // instead of a password
  bool operator==(const Login&) const = default;
};

// A login that Belay's own settings give.
struct ServerLogin {
  std::string server;  // the registry's host, or its address as `docker login` takes it; empty: "docker.io"
  Login login;
};

}  // namespace belay::engine
