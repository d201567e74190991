#pragma once
// Where the engine is, by the rules of the `docker` command line: option, DOCKER_HOST, Docker context, default socket.

#include <cstdint>
#include <string>
#include <vector>

#include "base/files.h"
#include "engine/docker.h"

namespace belay::engine {

struct Endpoint {
  std::string text;                    // as it is shown: "unix:///run/docker.sock"
  std::string context;                 // the Docker context it comes from, if any
  fs::path socket;                     // of a unix endpoint; empty: TCP, or the command
  std::vector<std::string> command{};  // a program that connects to it (ssh); empty: none is needed
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  bool verify_peer = true;
  fs::path ca_file, certificate_file, key_file;  // empty: there is none
};

// Throws UsageError for an endpoint Belay cannot use, NotFound for a Docker context that is not there, EngineError
// where a certificate that the connection needs is missing.
Endpoint find_endpoint(const DockerOptions& options);

// $DOCKER_CONFIG, else ~/.docker.
fs::path docker_config_folder();

}  // namespace belay::engine
