#include "change/meter.h"

namespace belay::change {

std::unique_ptr<engine::Meter> meter(const InstallationOptions& options) {
  engine::DockerOptions docker;
  docker.host = options.host;
  return engine::docker_meter(docker);
}

}  // namespace belay::change
