#include "engine/docker_context.h"

#include <cstdlib>
#include <vector>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "engine/json.h"

namespace belay::engine {

namespace {

constexpr const char* default_host = "unix:///var/run/docker.sock";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

JsonDocument read_json_file(const fs::path& file, const std::string& text) {
  return doing(format("reading {}", file.string()), [&] {
    try {
      return JsonDocument::parse(text);
    } catch (const EngineError&) {
      throw Error(ErrorCode::bad_definition, "it is not valid JSON");
    }
  });
}

// What is there but cannot be looked at counts as present: reading it says what is wrong.
bool is_absent(const fs::path& file) {
  std::error_code error;
  return fs::status(file, error).type() == fs::file_type::not_found;
}

fs::path if_present(const fs::path& file) {
  return is_absent(file) ? fs::path() : file;
}

// Throws EngineError where the folder has only one of the two files that make up a client's certificate. Clients
// without either show none.
void use_certificates(Endpoint& endpoint, const fs::path& folder, const std::string& hint) {
  endpoint.tls = true;
  endpoint.ca_file = if_present(folder / "ca.pem");
  endpoint.certificate_file = if_present(folder / "cert.pem");
  endpoint.key_file = if_present(folder / "key.pem");
  if (endpoint.certificate_file.empty() == endpoint.key_file.empty()) return;
  const bool key_is_absent = endpoint.key_file.empty();
  const fs::path absent = folder / (key_is_absent ? "key.pem" : "cert.pem");
  const fs::path present = key_is_absent ? endpoint.certificate_file : endpoint.key_file;
  throw EngineError(ErrorCode::file_not_found, 0,
                    format("{} is missing: it belongs to {}", absent.string(), present.string()), hint);
}

// With DOCKER_TLS_VERIFY the engine's certificate must be of the user's own authority. The system's authorities, of
// which any could vouch for an engine, do not stand in for it.
void use_own_certificates(Endpoint& endpoint, const fs::path& folder) {
  const std::string hint = "DOCKER_CERT_PATH (else ~/.docker) must hold ca.pem, cert.pem and key.pem for this engine.";
  use_certificates(endpoint, folder, hint);
  if (endpoint.ca_file.empty())
    throw EngineError(ErrorCode::file_not_found, 0,
                      format("{} is missing: without it, {} may be another engine than intended",
                             (folder / "ca.pem").string(), endpoint.text),
                      hint);
}

Endpoint tcp_endpoint(const std::string& host, std::string_view address) {
  Endpoint endpoint;
  endpoint.text = host;
  address = address.substr(0, address.find('/'));
  const size_t bracket = address.rfind(']');
  const size_t colon = address.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = parse_number(address.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535)
      throw UsageError(format("the engine address {} has no valid port", host), "Write it as tcp://HOST:PORT.");
    endpoint.port = static_cast<std::uint16_t>(*port);
    address = address.substr(0, colon);
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  endpoint.host = address;
  if (endpoint.host.empty())
    throw UsageError(format("the engine address {} names no host", host), "Write it as tcp://HOST:PORT.");
  return endpoint;
}

// ssh://[USER@]HOST[:PORT][/SOCKET]: through the docker program of that machine, as the docker command line does it.
Endpoint ssh_endpoint(const std::string& host, std::string_view address) {
  const auto refuse = [&](std::string_view what) {
    throw UsageError(format("the engine address {} {}", printable(host), what),
                     "Write it as ssh://[USER@]HOST[:PORT].");
  };
  const size_t slash = std::min(address.find('/'), address.size());
  const std::string socket(address.substr(slash));
  address = address.substr(0, slash);
  Endpoint endpoint;
  const std::string program = environment("BELAY_SSH");
  endpoint.command = program.empty() ? std::vector<std::string>{"ssh"} : shell_words(program);
  // Nobody can be asked for a password or a new host's key.
  endpoint.command.insert(endpoint.command.end(), {"-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"});
  if (const size_t at = address.rfind('@'); at != std::string_view::npos) {
    const std::string user(address.substr(0, at));
    if (user.find(':') != std::string::npos) refuse("holds a password");
    if (!user.empty()) endpoint.command.insert(endpoint.command.end(), {"-l", user});
    address = address.substr(at + 1);
  }
  Endpoint place = tcp_endpoint(host, address);
  if (place.port != 0) endpoint.command.insert(endpoint.command.end(), {"-p", std::to_string(place.port)});
  if (place.host.starts_with('-')) refuse("names no host");
  endpoint.text = host;
  endpoint.host = place.host;
  const bool has_socket = socket.size() > 1;
  endpoint.command.insert(endpoint.command.end(),
                          {"--", place.host,
                           has_socket ? format("docker -H {} system dial-stdio", shell_quoted("unix://" + socket))
                                      : std::string("docker system dial-stdio")});
  return endpoint;
}

Endpoint endpoint_at(const std::string& host) {
  if (host.starts_with("unix://")) {
    Endpoint endpoint;
    endpoint.text = host;
    endpoint.socket = host.substr(7);
    if (endpoint.socket.empty()) throw UsageError("the engine address unix:// names no socket");
    return endpoint;
  }
  if (host.starts_with("tcp://")) return tcp_endpoint(host, std::string_view(host).substr(6));
  if (host.starts_with("ssh://")) return ssh_endpoint(host, std::string_view(host).substr(6));
  throw UsageError(format("'{}' is not an engine address", printable(host)),
                   "Addresses look like unix:///var/run/docker.sock, tcp://HOST:PORT or ssh://[USER@]HOST.");
}

std::string current_context() {
  if (const auto named = environment("DOCKER_CONTEXT"); !named.empty()) return named;
  const fs::path file = docker_config_folder() / "config.json";
  const auto text = read_file_if_present(file);
  if (!text || trim(*text).empty()) return {};
  const auto config = read_json_file(file, *text);
  return config.root()["currentContext"].text();
}

// Contexts are kept in folders called by a hash of their names; the name within is what counts.
Endpoint endpoint_of_context(const std::string& name) {
  const fs::path root = docker_config_folder() / "contexts";
  std::vector<std::string> known;
  std::error_code absent;
  for (const auto& folder : fs::directory_iterator(root / "meta", absent)) {
    const fs::path file = folder.path() / "meta.json";
    const auto text = read_file_if_present(file);
    if (!text) continue;
    const auto meta = read_json_file(file, *text);
    known.push_back(meta.root()["Name"].text());
    if (known.back() != name) continue;
    const auto docker = meta.root()["Endpoints"]["docker"];
    Endpoint endpoint = doing(format("using the Docker context {}", name), [&] {
      const std::string host = docker["Host"].text();
      return endpoint_at(host.empty() ? default_host : host);
    });
    endpoint.context = name;
    const fs::path certificates = root / "tls" / folder.path().filename() / "docker";
    endpoint.verify_peer = !docker["SkipTLSVerify"].truth();
    if (!endpoint.socket.empty() || !endpoint.command.empty()) return endpoint;
    endpoint.tls = !endpoint.verify_peer;
    // A context keeps what it was made with: one without an authority relies on the system's.
    if (!is_absent(certificates))
      use_certificates(endpoint, certificates,
                       format("'docker context update {} --docker host={},ca=FILE,cert=FILE,key=FILE' sets them anew.",
                              name, endpoint.text));
    return endpoint;
  }
  const std::string near = did_you_mean(name, known);
  throw NotFound(format("there is no Docker context called {}", printable(name)),
                 near.empty() ? "'docker context ls' lists them; DOCKER_HOST or -H names an engine directly." : near);
}

}  // namespace

fs::path docker_config_folder() {
  const std::string named = environment("DOCKER_CONFIG");
  return named.empty() ? home_folder() / ".docker" : fs::path(named);
}

Endpoint find_endpoint(const DockerOptions& options) {
  const std::string host = options.host.empty() ? environment("DOCKER_HOST") : options.host;
  Endpoint endpoint;
  if (host.empty()) {
    const std::string context = current_context();
    if (!context.empty() && context != "default") {
      endpoint = endpoint_of_context(context);
    } else {
      endpoint = endpoint_at(default_host);
    }
  } else {
    endpoint = endpoint_at(host);
  }
  if (endpoint.socket.empty() && endpoint.command.empty() &&
      options.tls_verify.value_or(!environment("DOCKER_TLS_VERIFY").empty())) {
    fs::path folder = options.cert_path;
    if (folder.empty()) folder = environment("DOCKER_CERT_PATH");
    if (folder.empty() && !endpoint.tls) folder = docker_config_folder();
    if (!folder.empty()) use_own_certificates(endpoint, folder);
    endpoint.verify_peer = true;
  } else if (options.tls_verify == false) {
    endpoint.tls = false;
  }
  if (endpoint.socket.empty() && endpoint.command.empty() && endpoint.port == 0)
    endpoint.port = endpoint.tls ? 2376 : 2375;
  return endpoint;
}

}  // namespace belay::engine
