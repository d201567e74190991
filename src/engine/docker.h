#pragma once
// The Docker Engine behind the port: API 1.41 and up, negotiated; unix socket, TCP, TCP with TLS.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/engine.h"

namespace belay::engine {

struct DockerOptions {
  // "unix:///run/docker.sock", "tcp://host:2375", "fd://" is not ours. Empty: $DOCKER_HOST, else the current Docker
  // context's endpoint ($DOCKER_CONTEXT, else currentContext of ~/.docker/config.json), else
  // unix:///var/run/docker.sock.
  std::string host;
  // nullopt: $DOCKER_TLS_VERIFY is set and not empty.
  std::optional<bool> tls_verify;
  // Folder of ca.pem, cert.pem, key.pem. Empty: $DOCKER_CERT_PATH, else ~/.docker.
  std::string cert_path;
  // Counts more than what config.json and its helpers know of that server.
  std::optional<ServerLogin> login = {};
  // Told of registry logins that cannot be had; may be called from any thread.
  std::function<void(const std::string& trouble)> warn = {};
};

// Connects lazily: nothing is opened before the first call.
std::unique_ptr<Engine> docker_engine(const DockerOptions& options);

}  // namespace belay::engine
