#include "model/spec.h"

#include "base/format.h"
#include "base/text.h"

namespace belay {

std::string PortBinding::text() const {
  if (!host_port) {
    if (host_ip.empty()) return format("{}/{}", container_port, protocol);
    return format("{}:*->{}/{}", host_ip, container_port, protocol);
  }
  const std::string address = host_ip.empty()                          ? ""
                              : host_ip.find(':') != std::string::npos ? "[" + host_ip + "]:"
                                                                       : host_ip + ":";
  return format("{}{}->{}/{}", address, *host_port, container_port, protocol);
}

std::string PortBinding::text_with_address() const {
  return host_port && host_ip.empty() ? "*:" + text() : text();
}

bool clash(const PortBinding& a, const PortBinding& b) {
  const auto everywhere = [](const std::string& ip) { return ip.empty() || ip == "0.0.0.0" || ip == "::"; };
  return a.host_port && b.host_port && *a.host_port == *b.host_port && a.protocol == b.protocol &&
         (a.host_ip == b.host_ip || everywhere(a.host_ip) || everywhere(b.host_ip));
}

std::vector<std::string> spread_ports(const std::string& range) {
  const size_t slash = range.find('/');
  const std::string protocol = slash == std::string::npos ? "tcp" : range.substr(slash + 1);
  const std::string numbers = range.substr(0, slash);
  const size_t dash = numbers.find('-');
  const auto first = parse_number(numbers.substr(0, dash));
  const auto last = dash == std::string::npos ? first : parse_number(numbers.substr(dash + 1));
  std::vector<std::string> ports;
  if (!first || !last || *first < 1 || *last > 65535) return ports;
  for (long long port = *first; port <= *last; ++port) ports.push_back(format("{}/{}", port, protocol));
  return ports;
}

const Service& Spec::service(const std::string& name) const {
  for (const auto& service : services)
    if (service.name == name) return service;
  throw NotFound(ErrorCode::service_not_found, format("there is no service '{}'", name));
}

}  // namespace belay
