#pragma once
// What an image family takes from its image: ports one to one, and a named volume for each mount point, so that every
// release of the family has the same ones.

#include "model/names.h"
#include "model/release.h"
#include "model/spec.h"
#include "model/world.h"

namespace belay::formats {

// The sections that an override or parameter file named: they replace what the image says.
struct Overridden {
  bool ports = false, volumes = false;
};

// Adds the image's ports and volumes where they are not overridden. Ports that are published already and mount points
// that have a mount already stay as they are. Throws Error where two mount points would share one volume.
void complete_from_image(Service& service, const ImageConfig& image, NamingScheme scheme, const AppName& app,
                         Overridden overridden);

}  // namespace belay::formats
