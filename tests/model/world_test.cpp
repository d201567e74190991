#include "model/world.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(World, FindsItsThingsByTheirExactNames) {
  World world;
  world.containers.resize(2);
  world.containers[0].name = "web-r1";
  world.containers[1].name = "web-r10";
  world.volumes.push_back({"data", "local", "", {}, {}});
  world.networks.push_back({"front", "bridge", {}});
  EXPECT_EQ(world.find("web-r1"), &world.containers[0]);
  EXPECT_EQ(world.find("web"), nullptr);
  EXPECT_EQ(world.find_volume("data"), &world.volumes[0]);
  EXPECT_EQ(world.find_volume("front"), nullptr);
  EXPECT_EQ(world.find_network("front"), &world.networks[0]);
}

TEST(Container, IsUpWhileItHoldsItsPorts) {
  Container container;
  std::string up;
  for (const auto state :
       {ContainerState::created, ContainerState::running, ContainerState::paused, ContainerState::restarting,
        ContainerState::exited, ContainerState::dead, ContainerState::removing}) {
    container.state = state;
    if (container.is_up()) up += std::string(to_text(state)) + " ";
  }
  EXPECT_EQ(up, "running paused restarting ");
}

}  // namespace
}  // namespace belay
