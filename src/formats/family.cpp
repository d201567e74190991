#include "formats/family.h"

#include <algorithm>

#include "base/format.h"
#include "formats/mounts.h"
#include "formats/ports.h"
#include "model/naming.h"

namespace belay::formats {

namespace {

void add_ports(Service& service, const ImageConfig& image) {
  std::vector<PortBinding> ports;
  for (const std::string& exposed : image.exposed_ports)
    for (PortBinding& port :
         doing(format("reading the image's port {}", exposed), [&] { return container_ports(exposed); }))
      ports.push_back(std::move(port));
  // The engine keeps them without order.
  std::sort(ports.begin(), ports.end());
  ports.erase(std::unique(ports.begin(), ports.end()), ports.end());
  const std::vector<PortBinding> given = service.ports;
  for (PortBinding& port : ports) {
    const bool published = std::any_of(given.begin(), given.end(), [&](const PortBinding& other) {
      return other.container_port == port.container_port && other.protocol == port.protocol;
    });
    if (published) continue;
    port.host_port = port.container_port;
    // A port of `raw` may already hold this number on the host.
    for (const PortBinding& other : service.ports)
      if (clash(other, port))
        throw Error(format("the image's port {} would go to the host port {}, which {} has already",
                           port.container_port, port.container_port, other.text()),
                    "Name all ports in the section \"ports\".");
    service.ports.push_back(port);
  }
}

void add_volumes(Service& service, const ImageConfig& image, NamingScheme scheme, const AppName& app) {
  std::vector<std::string> targets;
  for (const std::string& volume : image.volumes)
    targets.push_back(doing("reading the image's volumes", [&] { return mount_point(volume); }));
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  for (const std::string& target : targets) {
    const bool mounted = std::any_of(service.mounts.begin(), service.mounts.end(),
                                     [&](const Mount& mount) { return mount.target == target; });
    if (mounted) continue;
    Mount mount;
    mount.source = volume_name(scheme, app, target);
    mount.target = target;
    for (const Mount& other : service.mounts)
      if (other.kind == Mount::Kind::volume && other.source == mount.source)
        throw Error(format("the mount points {} and {} would share the volume {}", other.target, target, mount.source),
                    "Name a volume for each in the section \"volumes\".");
    service.mounts.push_back(std::move(mount));
  }
}

}  // namespace

void complete_from_image(Service& service, const ImageConfig& image, NamingScheme scheme, const AppName& app,
                         Overridden overridden) {
  // With the host's network, or another container's, or none, there is nothing to publish.
  if (!overridden.ports && service.network_mode.empty()) add_ports(service, image);
  if (!overridden.volumes) add_volumes(service, image, scheme, app);
}

}  // namespace belay::formats
