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

TEST(Definitions, OfWhatIsUsedAreTakenWhereTheySayMoreThanTheEngine) {
  World world;
  world.volumes = {{"plain", "local", "", {{"a", "b"}}, {}, {}},
                   {"share", "local", "", {{"belay.app", "web"}, {"a", "b"}}, {}, {{"type", "nfs"}}},
                   {"unused", "ceph", "", {}, {}, {}}};
  Network back{"back", "bridge", {{"zone", "x"}}, true};
  back.pools = {{"10.5.0.0/16", "10.5.0.1"}};
  world.networks = {{"bridge", "bridge", {}}, {"front", "bridge", {}}, back};
  Service service;
  service.mounts = {{Mount::Kind::volume, "plain", "/plain", false, ""},
                    {Mount::Kind::volume, "share", "/share", false, ""},
                    {Mount::Kind::bind, "/unused", "/unused", false, ""}};
  service.networks = {{"front", {}, "", ""}, {"back", {}, "10.5.0.9", ""}};
  Spec spec;
  spec.services = {service};
  define_what_is_used(spec, world);
  ASSERT_EQ(spec.volumes.size(), 1U);
  EXPECT_EQ(spec.volumes.at("share"), (VolumeDefinition{false, "", {{"type", "nfs"}}, {{"a", "b"}}}));
  ASSERT_EQ(spec.networks.size(), 1U);
  EXPECT_TRUE(spec.networks.at("back").internal);
  EXPECT_EQ(spec.networks.at("back").pools, back.pools);
  EXPECT_EQ(spec.networks.at("back").labels, back.labels);
  EXPECT_TRUE(differences(back, spec.networks.at("back")).empty());
}

}  // namespace
}  // namespace belay
