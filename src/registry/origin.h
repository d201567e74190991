#pragma once
// One server that is asked over HTTP or HTTPS.

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "net/http.h"
#include "registry/registry.h"

namespace belay::registry {

// "https://auth.example:5001/token?x=1" in parts.
struct Url {
  bool tls = true;
  std::string host;  // as written, with its port
  std::string target = "/";

  // nullopt for anything but http and https, and for one with a user name in it.
  static std::optional<Url> parse(std::string_view text);
};

// "registry.example:5000" or "[::1]:5000" → name and port; `port` where none is written.
net::TcpAddress address_of(const std::string& host, std::uint16_t port);
// 127.0.0.0/8, ::1, localhost.
bool is_loopback(const std::string& host);

// Percent-encoded for a query, but for letters, digits and -._~
std::string query_escaped(std::string_view text);

// Thread-safe as net::HttpClient is.
class Origin {
 public:
  Origin(bool tls, const std::string& host, const Access& access);

  // Throws RegistryError with status 0 where nothing sensible came back, Cancelled. A status of any kind is an answer.
  net::Response exchange(const net::Request& request, const std::stop_token& stop);
  bool is_secure() const { return tls_ != nullptr; }
  const std::string& host() const { return host_; }

 private:
  // A plain request as a proxy wants it: with the whole URL.
  net::Request through_proxy(net::Request request) const;

  const std::string host_;
  const Access access_;
  std::unique_ptr<net::TlsClient> tls_;
  const std::optional<net::Proxy> proxy_;
  net::HttpClient client_;
};

}  // namespace belay::registry
