#include "model/spec.h"

#include "base/format.h"

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

bool clash(const PortBinding& a, const PortBinding& b) {
  const auto everywhere = [](const std::string& ip) { return ip.empty() || ip == "0.0.0.0" || ip == "::"; };
  return a.host_port && b.host_port && *a.host_port == *b.host_port && a.protocol == b.protocol &&
         (a.host_ip == b.host_ip || everywhere(a.host_ip) || everywhere(b.host_ip));
}

const Service& Spec::service(const std::string& name) const {
  for (const auto& service : services)
    if (service.name == name) return service;
  throw NotFound(ErrorCode::service_not_found, format("there is no service '{}'", name));
}

}  // namespace belay
