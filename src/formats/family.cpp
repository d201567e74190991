#include "formats/family.h"

#include <algorithm>
#include <map>

#include "base/format.h"
#include "formats/mounts.h"
#include "formats/ports.h"

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
        throw Error(ErrorCode::bad_value,
                    format("the image's port {} would go to the host port {}, which {} has already",
                           port.container_port, port.container_port, other.text()),
                    "Name all ports in the section \"ports\".");
    service.ports.push_back(port);
  }
}

const Mount* mount_at(const Service& service, const std::string& target) {
  const auto found = std::find_if(service.mounts.begin(), service.mounts.end(),
                                  [&](const Mount& mount) { return mount.target == target; });
  return found == service.mounts.end() ? nullptr : &*found;
}

// `mine` is not among the service's mounts yet, or is that very mount.
void refuse_a_shared_volume(const Service& service, const Mount& mine) {
  for (const Mount& other : service.mounts)
    if (other.target != mine.target && other.kind == Mount::Kind::volume && mine.kind == Mount::Kind::volume &&
        other.source == mine.source)
      throw Error(
          ErrorCode::bad_value,
          format("the mount points {} and {} would share the volume {}", other.target, mine.target, mine.source),
          "Name a volume for each in the section \"volumes\".");
}

}  // namespace

void name_volumes(Service& service, const ImageConfig& image, const MountFor& mount_for) {
  for (Mount& mount : service.mounts) {
    if (mount.kind != Mount::Kind::volume || !mount.source.empty()) continue;
    mount.source = mount_for(mount.target).source;
    refuse_a_shared_volume(service, mount);
  }
  std::map<std::string, std::string> targets;  // → as the image writes it
  for (const std::string& volume : image.volumes)
    targets.try_emplace(doing("reading the image's volumes", [&] { return mount_point(volume); }), volume);
  for (const auto& [target, written] : targets) {
    if (mount_at(service, target) != nullptr) continue;
    Mount mount = mount_for(written);
    mount.target = target;
    refuse_a_shared_volume(service, mount);
    service.mounts.push_back(std::move(mount));
  }
}

void complete_from_image(Service& service, const ImageConfig& image, Ports ports, const MountFor& mount_for) {
  // With the host's network, or another container's, or none, there is nothing to publish.
  if (ports == Ports::of_the_image && service.network_mode.empty()) add_ports(service, image);
  name_volumes(service, image, mount_for);
}

}  // namespace belay::formats
