#pragma once
// Ways out of a network that only a proxy leaves: HTTPS_PROXY, HTTP_PROXY and NO_PROXY as curl and Go's programs read
// them.

#include <memory>
#include <optional>
#include <string>

#include "net/stream.h"

namespace belay::net {

struct ProxySettings {
  std::string http, https;  // "http://user:password@proxy.example:3128"; empty: none
  std::string none;         // "localhost,.example,10.0.0.0/8,registry.example:5000", or "*"

  // Of this process; the names in lower case count too, and first.
  static ProxySettings from_environment();
  bool empty() const { return http.empty() && https.empty(); }
};

struct Proxy {
  TcpAddress address;
  bool tls = false;           // the connection to the proxy itself
  std::string authorization;  // of Proxy-Authorization; empty: none
};

// The proxy for a connection to `to`, which then speaks TLS or plain HTTP; nullopt: a direct one. Loopback addresses
// are never asked for elsewhere. Throws Error for a proxy that cannot be meant.
std::optional<Proxy> proxy_for(const ProxySettings& settings, bool tls, const TcpAddress& to);

// Whether the address, no name, is in a network such as "10.0.0.0/8".
bool is_in_network(const std::string& host, std::string_view network);

// A stream to `to` through the proxy (CONNECT). Throws ConnectError, which names the proxy, and Cancelled.
std::unique_ptr<Stream> connect_through(const Proxy& proxy, const TcpAddress& to, Ticks deadline,
                                        const std::stop_token& stop);
// One to the proxy itself, for plain HTTP: requests on it bear the whole URL as their target.
std::unique_ptr<Stream> connect_to(const Proxy& proxy, Ticks deadline, const std::stop_token& stop);

}  // namespace belay::net
