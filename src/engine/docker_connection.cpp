#include "engine/docker_connection.h"

#include <algorithm>
#include <cerrno>
#include <thread>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::engine {

namespace {

constexpr Milliseconds connect_time{10'000};

// What the Host header says; engines behind a unix socket do not look at it.
std::string host_header(const Endpoint& endpoint) {
  return endpoint.socket.empty() && endpoint.command.empty() ? net::TcpAddress{endpoint.host, endpoint.port}.text()
                                                             : "localhost";
}

std::unique_ptr<net::TlsClient> tls_client(const Endpoint& endpoint) {
  if (!endpoint.tls) return nullptr;
  return std::make_unique<net::TlsClient>(net::TlsOptions{.ca_file = endpoint.ca_file,
                                                          .certificate_file = endpoint.certificate_file,
                                                          .key_file = endpoint.key_file,
                                                          .verify_peer = endpoint.verify_peer});
}

std::unique_ptr<net::Stream> connect(const Endpoint& endpoint, net::TlsClient* tls, std::stop_token stop) {
  const Ticks deadline = net::deadline_in(connect_time);
  if (!endpoint.socket.empty()) return net::connect_unix(endpoint.socket, deadline, stop);
  if (!endpoint.command.empty()) return net::connect_by_program(endpoint.command);
  const net::TcpAddress address{endpoint.host, endpoint.port};
  return tls != nullptr ? tls->connect(address, deadline, stop) : net::connect_tcp(address, deadline, stop);
}

// "1.41" → 41; nullopt for anything but version 1.
std::optional<int> minor_of(std::string_view version) {
  if (!version.starts_with("1.")) return {};
  const auto minor = parse_number(version.substr(2));
  if (!minor || *minor > 10'000) return {};
  return static_cast<int>(*minor);
}

net::Request with_json(net::Request request, const std::string& json) {
  if (json.empty()) return request;
  request.headers.add("Content-Type", "application/json");
  request.body = json;
  return request;
}

std::string after_last(const std::string& text, std::string_view mark) {
  const size_t at = text.rfind(mark);
  return at == std::string::npos ? text : text.substr(at + mark.size());
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// The engine's ids mean nothing to our users: they are cut to the length its own tables show.
std::string with_short_ids(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && is_hex(text[end])) ++end;
    const size_t length = end - i;
    result += text.substr(i, length == 64 ? 12 : std::max<size_t>(length, 1));
    i = std::max(end, i + 1);
  }
  return result;
}

}  // namespace

std::string ApiVersion::text() const {
  return format("1.{}", minor);
}

std::string escaped(std::string_view text) {
  static constexpr std::string_view plain = "-._~/:@";
  std::string result;
  for (const char c : text) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      plain.find(c) != std::string_view::npos;
    if (kept) {
      result += c;
    } else {
      result += format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return result;
}

Target& Target::with(std::string_view name, std::string_view value) {
  text_ += text_.find('?') == std::string::npos ? '?' : '&';
  text_ += escaped(name) + "=" + escaped(value);
  return *this;
}

DockerConnection::DockerConnection(Endpoint endpoint, Patience patience)
    : endpoint_(std::move(endpoint)),
      patience_(patience),
      tls_(tls_client(endpoint_)),
      client_(
          [this](std::stop_token stop) {
            is_fresh_ = true;
            return connect(endpoint_, tls_.get(), stop);
          },
          host_header(endpoint_)) {}

void DockerConnection::unreachable(const net::StreamError& error, bool connecting) const {
  const std::string& where = endpoint_.text;
  const std::string is_it_running =
      endpoint_.socket.empty()
          ? "Is the engine running there, and is the address right? DOCKER_HOST or -H names another."
          : "Is the engine running? 'systemctl start docker' starts it, DOCKER_HOST or -H names another, 'belay "
            "doctor' "
            "checks it.";
  switch (error.error_number()) {
    case ENOENT:
      throw EngineError(ErrorCode::engine_unreachable, 0,
                        format("there is no engine at {}: the socket does not exist", where), is_it_running);
    case ECONNREFUSED:
      throw EngineError(ErrorCode::engine_unreachable, 0, format("nothing listens at {}", where), is_it_running);
    case EACCES:
    case EPERM:
      throw EngineError(ErrorCode::engine_unreachable, 0,
                        format("you may not use the engine at {}: permission denied", where),
                        "Join the group docker ('sudo usermod -aG docker $USER', then log in anew), or use sudo.");
    case ETIMEDOUT:
      throw EngineError(ErrorCode::engine_unreachable, 0, format("the engine at {} did not answer in time", where),
                        connecting ? is_it_running : "Is it overloaded? 'belay doctor' checks it.");
    case EPROTO:
      if (connecting || dynamic_cast<const net::TlsError*>(&error) != nullptr)
        throw EngineError(ErrorCode::engine_unreachable, 0,
                          format("no safe connection to the engine at {}: {}", where, error.what()),
                          "DOCKER_CERT_PATH must hold ca.pem, cert.pem and key.pem for this engine.");
      break;
    default:
      break;
  }
  if (connecting)
    throw EngineError(ErrorCode::engine_unreachable, 0,
                      format("cannot reach the engine at {}: {}", where, error.what()), is_it_running);
  throw EngineError(ErrorCode::engine_unreachable, 0,
                    format("the connection to the engine at {} broke: {}", where, error.what()),
                    "Was the engine restarted? Run the same command again.");
}

template <class Work>
auto DockerConnection::reaching(Work&& work) {
  try {
    return work();
  } catch (const net::ConnectError& error) {
    unreachable(error, true);
  } catch (const net::StreamError& error) {
    unreachable(error, false);
  }
}

ApiVersion DockerConnection::negotiate(std::stop_token stop) {
  net::Request ping;
  ping.target = "/_ping";
  const net::Response answer = reaching([&] { return client_.exchange(ping, stop); });
  if (answer.status == 400 && answer.body.find("HTTPS server") != std::string::npos)
    throw EngineError(ErrorCode::engine_unreachable, 0, format("the engine at {} wants TLS", endpoint_.text),
                      "Set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of its certificates.");
  const auto offered = answer.headers.find("Api-Version");
  const auto minor = offered ? minor_of(*offered) : std::nullopt;
  if (!answer.ok() && !minor)
    throw EngineError(answer.status, format("the engine at {} is not well: {}", endpoint_.text, refusal_text(answer)));
  if (!minor)
    throw EngineError(ErrorCode::engine_unreachable, 0,
                      format("what listens at {} is not a container engine", endpoint_.text),
                      "DOCKER_HOST or -H names another.");
  if (*minor < oldest_api)
    throw EngineError(ErrorCode::engine_unreachable, 0,
                      format("the engine at {} speaks API 1.{}; Belay needs 1.{} (Docker 20.10) or newer",
                             endpoint_.text, *minor, oldest_api),
                      "Update the engine, or name another with DOCKER_HOST or -H.");
  return {.minor = std::min(*minor, newest_api), .buildkit = answer.headers.find("Builder-Version") == "2"};
}

ApiVersion DockerConnection::version(std::stop_token stop) {
  // Connections are made for parallel calls as well: no need to ask for each.
  constexpr Seconds enough{60};
  const Ticks now = SystemClock().ticks();
  const auto known = known_.with([](auto& value) { return value; });
  if (known && (now - known->asked < enough || !is_fresh_.exchange(false))) return known->version;
  // Two first callers may both ask: no lock is held while an engine is waited for.
  const ApiVersion negotiated = negotiate(stop);
  known_.with([&](auto& value) { value = Known{negotiated, now}; });
  is_fresh_ = false;
  ++session_;
  return negotiated;
}

// "client version 1.51 is too new. Maximum supported API version is 1.43": an older engine has taken the other's place.
net::Response DockerConnection::told(net::Response response) {
  if (response.status == 400 && response.body.find("client version") != std::string::npos)
    known_.with([](auto& value) { value.reset(); });
  return response;
}

bool DockerConnection::answers_others(std::stop_token stop) {
  net::Request ping;
  ping.target = "/_ping";
  ping.patience = patience_.answer;
  try {
    client_.exchange(ping, std::move(stop));
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

net::Response DockerConnection::answer_to(net::Request what, Milliseconds longer, std::stop_token stop) {
  what.patience = patience_.work + longer;
  std::stop_source given_up;
  const std::stop_callback on_stop(stop, [&] { given_up.request_stop(); });
  const std::jthread watch([&](std::stop_token over) {
    SystemClock clock;
    if (!clock.sleep(longer, over)) return;
    while (clock.sleep(patience_.answer, over))
      if (!answers_others(over)) {
        given_up.request_stop();
        return;
      }
  });
  return reaching([&] {
    try {
      return told(client_.exchange(what, given_up.get_token()));
    } catch (const Cancelled&) {
      if (stop.stop_requested()) throw;
      throw net::StreamError(ETIMEDOUT, "the engine answers to nobody");
    }
  });
}

net::Request DockerConnection::request(std::string method, const Target& target, std::stop_token stop) {
  net::Request request;
  request.method = std::move(method);
  request.target = "/v" + version(stop).text() + target.text();
  request.patience = patience_.answer;
  return request;
}

net::Response DockerConnection::get(const Target& target, std::stop_token stop) {
  const auto what = request("GET", target, stop);
  return reaching([&] { return told(client_.exchange(what, stop)); });
}

net::Response DockerConnection::post(const Target& target, const std::string& json, std::stop_token stop) {
  const auto what = with_json(request("POST", target, stop), json);
  return reaching([&] { return told(client_.exchange(what, stop)); });
}

net::Response DockerConnection::work(const Target& target, const std::string& json, std::stop_token stop,
                                     Milliseconds longer) {
  return answer_to(with_json(request("POST", target, stop), json), longer, stop);
}

net::Response DockerConnection::remove(const Target& target, std::stop_token stop) {
  return answer_to(request("DELETE", target, stop), Milliseconds(0), stop);
}

net::Response DockerConnection::stream(const Target& target, const Streaming& how, const net::BodySink& sink,
                                       std::stop_token stop) {
  auto what = request(how.method, target, stop);
  what.headers = how.headers;
  what.patience = how.patience;
  if (how.body) what.body = how.body;
  return reaching([&] { return told(client_.stream(what, sink, stop)); });
}

net::Upgrade DockerConnection::upgrade(const Target& target, const std::string& json, std::stop_token stop) {
  const auto what = with_json(request("POST", target, stop), json);
  return reaching([&] { return client_.upgrade(what, stop); });
}

std::string clean_message(std::string message) {
  message = trim(message);
  for (const std::string_view prefix : {"Error response from daemon: ", "Error: "})
    if (message.starts_with(prefix)) message.erase(0, prefix.size());
  // Daemon, shim and runtime each put their own sentence in front; the last one says what happened.
  if (message.find("OCI runtime") != std::string::npos || message.find("failed to create") != std::string::npos) {
    message = after_last(message, "starting container process caused: ");
    message = after_last(message, "unable to start container process: ");
    if (message.ends_with(": unknown")) message.erase(message.size() - 9);
  }
  // Our own sentences go on behind it.
  if (message.ends_with('.') && !message.ends_with("..")) message.pop_back();
  return printable(with_short_ids(message));
}

std::string refusal_text(const net::Response& response) {
  std::string message = response.body;
  try {
    const auto document = JsonDocument::parse(response.body);
    if (const auto text = document.root()["message"]) {
      message = text.text();
    } else if (const auto cause = document.root()["cause"]) {
      message = cause.text();
    }
  } catch (const EngineError&) {
    // Proxies and very old paths answer in plain text.
  }
  message = clean_message(message);
  if (message.empty()) message = format("the engine answered {} {}", response.status, response.reason);
  return message;
}

std::optional<std::string> held_port(const std::string& message) {
  const bool taken = message.find("port is already allocated") != std::string::npos ||
                     (message.find("address already in use") != std::string::npos &&
                      (message.find("listen") != std::string::npos || message.find("bind") != std::string::npos ||
                       message.find("port") != std::string::npos));
  if (!taken) return {};
  // "Bind for 0.0.0.0:8080 failed", "listen tcp4 0.0.0.0:8080: bind: …", "failed to bind host port for [::]:8080:…"
  for (const std::string_view mark : {"Bind for ", "listen tcp4 ", "listen tcp6 ", "listen tcp ", "listen udp4 ",
                                      "listen udp6 ", "listen udp ", "bind host port for ", "bind host port "}) {
    const size_t at = message.find(mark);
    if (at == std::string::npos) continue;
    std::string_view address = std::string_view(message).substr(at + mark.size());
    if (address.starts_with('[')) address.remove_prefix(std::min(address.find(']'), address.size()));
    // ":::8080": the first colon with digits behind it.
    for (size_t colon = address.find(':'); colon < address.find(' '); colon = address.find(':', colon + 1)) {
      size_t end = colon + 1;
      while (end < address.size() && address[end] >= '0' && address[end] <= '9') ++end;
      if (end > colon + 1)
        return format("port {} is already in use on this host", address.substr(colon + 1, end - colon - 1));
    }
  }
  return "a port is already in use on this host: " + message;
}

void refuse(int status, const std::string& message) {
  if (const auto port = held_port(message))
    throw Conflict(ErrorCode::port_held, *port, "'belay ls' and 'ss -ltnp' show what holds it.");
  if (status == 404) throw NotFound(message);
  if (status == 409) throw Conflict(message);
  throw EngineError(status, message);
}

EngineError::Cause cause_of_refused_start(std::string_view answer) {
  using Cause = EngineError::Cause;
  const auto says = [&](std::string_view words) { return answer.find(words) != std::string_view::npos; };
  // What containerd says of a task that an engine which was killed in the middle of a start has left.
  if (says("task ") && says(": already exists")) return Cause::broken_container;
  // A mount that fails names the path that is missing or of the wrong kind, as a command does.
  for (const auto* words : {"error mounting", "rootfs_linux.go", "mounting \\\"", "mount a directory onto a file",
                            "error while mounting", "cgroup", "seccomp", "apparmor", "no space left"})
    if (says(words)) return Cause::host;
  // A hook of a runtime; what lies on a file system that has gone away.
  for (const auto* words : {"unning hook", "nvidia-container", "stale NFS file handle", "stale file handle",
                            "input/output error", "endpoint is not connected"})
    if (says(words)) return Cause::host;
  // The engine misses its own programs in the very words of a command that is not there: its proxy, its init, its
  // firewall, a runtime (which then leaves no log). Of the container's own command, whatever that is called, runtimes
  // say that it is the container's process.
  if (!says("container process"))
    for (const auto* words : {"external connectivity", "docker-proxy", "docker-init", "iptables", "ip6tables",
                              "nftables", "unable to retrieve OCI runtime error", "containerd-shim", "-runtime"})
      if (says(words)) return Cause::host;
  // Without the words of a command it is the engine's own: a runtime that it does not know, an option it does not like.
  for (const auto* words :
       {"exec: ", "executable file", "command that was not found", "exec format error", "argument list too long",
        "unable to find user", "unable to find group", "no matching entries in passwd file",
        "no matching entries in group file", "chdir to cwd", "mkdir cwd"})
    if (says(words)) return Cause::image;
  return Cause::host;
}

void refuse_start(int status, const std::string& message, std::string_view answer) {
  if (held_port(message) || status == 404 || status == 409) refuse(status, message);
  throw EngineError(status, message, {}, cause_of_refused_start(answer));
}

void refuse(const net::Response& response) {
  refuse(response.status, refusal_text(response));
}

bool says_done(const net::Response& response, std::initializer_list<int> codes) {
  if (std::find(codes.begin(), codes.end(), response.status) != codes.end()) return true;
  if (response.ok())
    throw EngineError(response.status,
                      format("the engine answered {}, which does not say that it was done", response.status),
                      "Is the endpoint really a container engine?");
  return false;
}

JsonDocument accepted(const net::Response& response) {
  if (!response.ok()) refuse(response);
  return JsonDocument::parse(response.body);
}

namespace {
[[noreturn]] void refuse_shape(std::string_view wanted) {
  throw EngineError(0, format("the engine's answer is not {}", wanted), "Is the endpoint really a container engine?");
}
}  // namespace

JsonDocument accepted_list(const net::Response& response) {
  auto document = accepted(response);
  if (!document.root().is_list()) refuse_shape("the list that was asked for");
  return document;
}

JsonDocument accepted_object(const net::Response& response) {
  auto document = accepted(response);
  if (!document.root().is_object()) refuse_shape("what was asked for");
  return document;
}

}  // namespace belay::engine
