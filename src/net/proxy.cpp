#include "net/proxy.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

#include "base/format.h"
#include "base/text.h"

namespace belay::net {

namespace {

using AddressBytes = std::vector<unsigned char>;

std::string of_environment(const char* lower_name, const char* upper_name) {
  for (const char* name : {lower_name, upper_name})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return {};
}

std::string bare_host(std::string host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host;
}

std::optional<AddressBytes> address_bytes(const std::string& text) {
  AddressBytes bytes(4);
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return bytes;
  bytes.resize(16);
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return bytes;
  return {};
}

bool is_loopback_host(const std::string& host) {
  if (host == "localhost") return true;
  const auto bytes = address_bytes(host);
  return bytes && (bytes->size() == 4 ? bytes->front() == 127 : host == "::1");
}

bool is_within(const std::string& host, std::string_view entry) {
  const size_t slash = entry.find('/');
  if (slash == std::string_view::npos) return false;
  const auto address = address_bytes(host), net = address_bytes(std::string(entry.substr(0, slash)));
  const auto length = parse_number(entry.substr(slash + 1));
  if (!address || !net || !length || address->size() != net->size()) return false;
  for (size_t bit = 0; bit < static_cast<size_t>(*length) && bit < address->size() * 8; ++bit)
    if ((((*address)[bit / 8] ^ (*net)[bit / 8]) >> (7 - bit % 8)) & 1) return false;
  return true;
}

// One entry of NO_PROXY.
bool is_excepted(const TcpAddress& to, std::string entry) {
  const std::string host = lower(bare_host(to.host));
  entry = lower(trim(entry));
  if (entry.empty()) return false;
  if (entry == "*") return true;
  if (entry.find('/') != std::string::npos) return is_within(host, entry);
  const size_t colon = entry.rfind(':');
  const bool has_port = colon != std::string::npos && (entry.find(':') == colon || entry.find("]:") + 1 == colon);
  if (has_port) {
    if (parse_number(std::string_view(entry).substr(colon + 1)) != to.port) return false;
    entry.erase(colon);
  }
  entry = bare_host(entry);
  if (entry.starts_with("*.")) entry.erase(0, 1);
  if (entry.starts_with('.')) return host.ends_with(entry);
  return host == entry || host.ends_with("." + entry);
}

std::string percent_decoded(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string digits(text.substr(i + 1, 2));
    if (text[i] == '%' && digits.size() == 2 &&
        digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos) {
      result += static_cast<char>(std::stoi(digits, nullptr, 16));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

// "xxxxx:xxxxx" is what engines show instead of the login for their proxy.
bool is_hidden_login(std::string_view login) {
  return login == "xxxxx:xxxxx" || login == "xxxxx";
}

TcpAddress proxy_address(const std::string& authority, bool tls, const std::string& shown) {
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
  const auto port =
      has_port ? parse_number(std::string_view(authority).substr(colon + 1)) : std::optional<long long>(tls ? 443 : 80);
  const std::string host = bare_host(authority.substr(0, has_port ? colon : std::string::npos));
  if (host.empty() || !port || *port < 1 || *port > 65535)
    throw Error(ErrorCode::bad_value, format("'{}' names no proxy", printable(shown)),
                "A proxy is written like http://proxy.example:3128.");
  return {host, static_cast<std::uint16_t>(*port)};
}

Proxy parse_proxy(const std::string& url) {
  std::string text = url;
  std::string scheme = "http";
  if (const size_t mark = text.find("://"); mark != std::string::npos) {
    scheme = lower(text.substr(0, mark));
    text.erase(0, mark + 3);
  }
  Proxy proxy;
  std::string login;
  // First, because a password may hold any other sign.
  if (const size_t at = text.rfind('@'); at != std::string::npos) {
    login = text.substr(0, at);
    text.erase(0, at + 1);
  }
  text = text.substr(0, text.find('/'));
  if (scheme != "http" && scheme != "https")
    throw Error(ErrorCode::bad_value, format("a proxy that speaks {} is out of reach for Belay", printable(scheme)),
                "It speaks to proxies over http and https.");
  proxy.tls = scheme == "https";
  // Without the login: it is a secret.
  proxy.address = proxy_address(text, proxy.tls, text);
  if (!login.empty() && !is_hidden_login(login)) proxy.authorization = "Basic " + base64(percent_decoded(login));
  return proxy;
}

// The head of the answer, byte by byte: what follows belongs to the tunnel.
std::string answer_head(Stream& stream, Ticks deadline, const std::stop_token& stop) {
  constexpr size_t longest = 16 << 10;
  std::string head;
  std::array<char, 1> byte{};
  while (!head.ends_with("\r\n\r\n")) {
    if (stream.read_some(byte, deadline, stop) == 0 || head.size() == longest)
      throw ConnectError(EPROTO, "it broke off its answer");
    head += byte[0];
  }
  return head;
}

}  // namespace

ProxySettings ProxySettings::from_environment() {
  // A CGI program's HTTP_PROXY is a header of its client; Belay is none, but the lower case is the safer.
  return {of_environment("http_proxy", "HTTP_PROXY"), of_environment("https_proxy", "HTTPS_PROXY"),
          of_environment("no_proxy", "NO_PROXY")};
}

std::optional<Proxy> proxy_for(const ProxySettings& settings, bool tls, const TcpAddress& to) {
  const std::string& url = tls ? settings.https : settings.http;
  if (url.empty() || is_loopback_host(lower(bare_host(to.host)))) return {};
  for (const auto& entry : split(settings.none, ','))
    if (is_excepted(to, entry)) return {};
  return parse_proxy(url);
}

bool is_in_network(const std::string& host, std::string_view network) {
  return is_within(bare_host(host), network);
}

std::unique_ptr<Stream> connect_to(const Proxy& proxy, Ticks deadline, const std::stop_token& stop) {
  try {
    if (!proxy.tls) return connect_tcp(proxy.address, deadline, stop);
    return TlsClient(TlsOptions{}).connect(proxy.address, deadline, stop);
  } catch (const StreamError& error) {
    throw ConnectError(error.error_number(), format("the proxy {}: {}", proxy.address.text(), error.what()));
  }
}

std::unique_ptr<Stream> connect_through(const Proxy& proxy, const TcpAddress& to, Ticks deadline,
                                        const std::stop_token& stop) {
  auto stream = connect_to(proxy, deadline, stop);
  std::string head;
  try {
    std::string question = format("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\nUser-Agent: belay\r\n", to.text());
    if (!proxy.authorization.empty()) question += format("Proxy-Authorization: {}\r\n", proxy.authorization);
    stream->write_all(question + "\r\n", deadline, stop);
    head = answer_head(*stream, deadline, stop);
  } catch (const StreamError& error) {
    throw ConnectError(error.error_number(), format("the proxy {}: {}", proxy.address.text(), error.what()));
  }
  const std::string status = head.starts_with("HTTP/1.") ? head.substr(9, 3) : std::string();
  if (status == "407") throw ConnectError(EPROTO, format("the proxy {} wants a login", proxy.address.text()));
  if (!status.starts_with('2'))
    throw ConnectError(EPROTO, format("the proxy {} does not lead to {}: {}", proxy.address.text(), to.text(),
                                      printable(head.substr(0, head.find("\r\n")))));
  return stream;
}

}  // namespace belay::net
