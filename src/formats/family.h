#pragma once
// What an image family takes from its image: ports one to one, and a named volume for each mount point, so that every
// release of the family has the same ones.

#include <functional>

#include "model/spec.h"
#include "model/world.h"

namespace belay::formats {

// Whether the user named the ports: then they replace those of the image.
enum class Ports { of_the_image, as_given };

// The mount for a mount point for which nobody named a source. The mount point is as the image writes it.
using MountFor = std::function<Mount(const std::string& mount_point)>;

// Adds the image's ports, unless they were given, and a named volume for each mount point of the image that has no
// mount yet: data without a name would be lost with the container. Mounts of volumes without a name get one. Ports that
// are published already and mount points that have a mount already stay as they are. Throws Error where two mount
// points would share one volume.
void complete_from_image(Service& service, const ImageConfig& image, Ports ports, const MountFor& mount_for);
void name_volumes(Service& service, const ImageConfig& image, const MountFor& mount_for);

}  // namespace belay::formats
