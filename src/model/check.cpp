#include <algorithm>
#include <set>

#include "base/format.h"
#include "model/spec.h"

namespace belay {

namespace {

void check_service(const Service& service) {
  for (size_t i = 0; i < service.ports.size(); ++i) {
    const auto& port = service.ports[i];
    if (port.container_port == 0) throw Error("port 0 cannot be published");
    if (port.protocol != "tcp" && port.protocol != "udp" && port.protocol != "sctp")
      throw Error(format("the protocol '{}' of port {} is not tcp, udp or sctp", port.protocol, port.container_port));
    for (size_t j = 0; j < i; ++j)
      if (clash(port, service.ports[j]))
        throw Error(format("the host port {} is asked for twice: {} and {}", *port.host_port, service.ports[j].text(),
                           port.text()));
  }
  std::set<std::string> targets;
  for (const auto& mount : service.mounts) {
    if (!mount.target.starts_with('/'))
      throw Error(format("the mount point '{}' is not an absolute path in the container", mount.target));
    if (!targets.insert(mount.target).second) throw Error(format("two mounts go to {}", mount.target));
    if (mount.kind == Mount::Kind::bind && !mount.source.starts_with('/'))
      throw Error(format("the host path '{}' for {} is not absolute", mount.source, mount.target));
  }
  if (!service.network_mode.empty() && !service.networks.empty())
    throw Error(
        format("network mode '{}' excludes joining the network {}", service.network_mode, service.networks[0].network));
  if (service.network_mode.starts_with("container:") && !service.ports.empty())
    throw Error("a container that shares another's network cannot publish ports of its own");
}

}  // namespace

void check_spec(const Spec& spec) {
  std::set<std::string> names;
  for (const auto& service : spec.services) {
    if (!names.insert(service.name).second) throw Error(format("two services are called {}", service.name));
    check_service(service);
  }
  for (size_t i = 0; i < spec.services.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      for (const auto& a : spec.services[i].ports)
        for (const auto& b : spec.services[j].ports)
          if (clash(a, b))
            throw Error(format("the services {} and {} both ask for host port {}", spec.services[j].name,
                               spec.services[i].name, *a.host_port));
}

}  // namespace belay
