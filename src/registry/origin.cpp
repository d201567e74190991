#include "registry/origin.h"

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/format.h"
#include "base/text.h"

namespace belay::registry {

namespace {

// The engine's rule: *.crt are authorities, *.cert and *.key belong together. What is incomplete is an error there too.
void add_files(net::TlsOptions& options, const fs::path& certificates, const std::string& host) {
  if (certificates.empty() || host.find('/') != std::string::npos || host.starts_with('.')) return;
  const fs::path folder = certificates / host;
  std::error_code absent;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, absent)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  const auto partner = [](fs::path file, const char* ending) { return file.replace_extension(ending); };
  for (const auto& file : files) {
    const std::string ending = file.extension().string();
    if (ending == ".crt") options.more_authorities.push_back(file);
    if (ending == ".cert" && !fs::exists(partner(file, ".key"), absent))
      throw RegistryError(
          0, format("{} has no key beside it: {} is missing", file.string(), partner(file, ".key").string()));
    if (ending == ".key" && !fs::exists(partner(file, ".cert"), absent))
      throw RegistryError(
          0, format("{} has no certificate beside it: {} is missing", file.string(), partner(file, ".cert").string()));
    if (ending == ".cert" && options.certificate_file.empty()) {
      options.certificate_file = file;
      options.key_file = partner(file, ".key");
    }
  }
}

std::unique_ptr<net::TlsClient> tls_client(bool tls, const std::string& host, const Access& access) {
  if (!tls) return nullptr;
  net::TlsOptions options;
  options.verify_peer = !access.insecure && !is_loopback(host);
  add_files(options, access.certificates, host);
  return std::make_unique<net::TlsClient>(options);
}

std::unique_ptr<net::Stream> connect(net::TlsClient* tls, const std::string& host,
                                     const std::optional<net::Proxy>& proxy, Milliseconds patience,
                                     const std::stop_token& stop) {
  const Ticks deadline = net::deadline_in(patience);
  const net::TcpAddress address = address_of(host, tls != nullptr ? 443 : 80);
  if (tls == nullptr)
    return proxy ? net::connect_to(*proxy, deadline, stop) : net::connect_tcp(address, deadline, stop);
  if (!proxy) return tls->connect(address, deadline, stop);
  return tls->over(net::connect_through(*proxy, address, deadline, stop), address.host, deadline, stop);
}

}  // namespace

std::optional<Url> Url::parse(std::string_view text) {
  Url url;
  const std::string scheme = lower(text.substr(0, text.find("://")));
  if (scheme != "https" && scheme != "http") return {};
  url.tls = scheme == "https";
  text.remove_prefix(std::min(scheme.size() + 3, text.size()));
  const size_t end = std::min(text.find_first_of("/?#"), text.size());
  url.host = text.substr(0, end);
  if (url.host.empty() || url.host.find('@') != std::string::npos) return {};
  url.target = text.substr(end, text.find('#') - end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  for (const char c : url.host + url.target)
    if (c <= ' ' || c > '~') return {};
  return url;
}

net::TcpAddress address_of(const std::string& host, std::uint16_t port) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  const bool has_port =
      colon != std::string::npos && (bracket == std::string::npos ? host.find(':') == colon : colon > bracket);
  if (!has_port) return {host, port};
  const auto written = parse_number(std::string_view(host).substr(colon + 1));
  if (!written || *written < 1 || *written > 65535)
    throw RegistryError(0, format("'{}' names no port of a registry", printable(host)));
  return {host.substr(0, colon), static_cast<std::uint16_t>(*written)};
}

bool is_loopback(const std::string& host) {
  const std::string name = address_of(host, 1).host;
  if (name == "localhost" || name == "[::1]" || name == "::1") return true;
  // "127.evil.example" is a name like any other.
  return name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos;
}

std::string query_escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    result += plain ? std::string(1, c) : format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return result;
}

Origin::Origin(bool tls, const std::string& host, const Access& access)
    : host_(host),
      access_(access),
      tls_(tls_client(tls, host, access)),
      proxy_(net::proxy_for(access.proxy, tls, address_of(host, tls ? 443 : 80))),
      client_([this](std::stop_token stop) { return connect(tls_.get(), host_, proxy_, access_.patience, stop); },
              host_) {}

net::Request Origin::through_proxy(net::Request request) const {
  request.target = format("http://{}{}", host_, request.target);
  if (!proxy_->authorization.empty()) request.headers.add("Proxy-Authorization", proxy_->authorization);
  return request;
}

net::Response Origin::exchange(const net::Request& request, const std::stop_token& stop) {
  try {
    if (proxy_ && !is_secure()) return client_.exchange(through_proxy(request), stop);
    return client_.exchange(request, stop);
  } catch (const net::StreamError& error) {
    switch (error.error_number()) {
      case ETIMEDOUT:
        throw RegistryError(0, format("the registry at {} did not answer in time", host_));
      case ECONNREFUSED:
        throw RegistryError(0, format("the registry does not answer: nothing listens at {}", host_));
      case EMSGSIZE:
        throw RegistryError(0, format("the answer of the registry at {} is too long", host_));
      default:
        throw RegistryError(0, format("cannot reach the registry at {}: {}", host_, error.what()), error.hint());
    }
  }
}

}  // namespace belay::registry
