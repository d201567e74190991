// Which way leads to a port of a container.

#include "engine/docker_ports.h"

#include <gtest/gtest.h>

namespace belay::engine {
namespace {

ContainerDetail container(const std::string& address, const std::vector<PortBinding>& ports = {}) {
  ContainerDetail detail;
  if (!address.empty()) detail.network_addresses["shop"] = address;
  detail.container.ports = ports;
  detail.container.network_mode = "shop";
  return detail;
}

std::string way(const ContainerDetail& detail, const Here& here, const std::vector<std::string>& foreign = {}) {
  const auto found = way_to(detail, foreign, 80, here);
  return found ? found->text() : "none";
}

const std::vector<PortBinding> published{{80, "udp", "", 9999}, {80, "tcp", "", 8080}};
const Here at_home{true, true, "", {own_network("192.168.1.5/24"), own_network("172.18.0.1/16")}};

TEST(WayToAPort, IsTheContainersOwnAddressWhereTheHostIsInItsNetwork) {
  EXPECT_EQ(way(container("172.18.0.2", published), at_home), "172.18.0.2:80");
  EXPECT_EQ(way(container("172.18.0.2"), at_home), "172.18.0.2:80") << "nothing has to be published";
}

TEST(WayToAPort, IsThePublishedOneWhereTheNetworkIsNoneOfOurs) {
  EXPECT_EQ(way(container("172.19.0.2", published), at_home), "127.0.0.1:8080");
  EXPECT_EQ(way(container("172.18.0.2", published), at_home, {"shop"}), "127.0.0.1:8080") << "macvlan";
  EXPECT_EQ(way(container("172.19.0.2", {{80, "tcp", "10.1.1.1", 8080}}), at_home), "10.1.1.1:8080");
  EXPECT_EQ(way(container("172.19.0.2"), at_home), "none");
  Here rootless = at_home;
  rootless.shares_networks = false;
  EXPECT_EQ(way(container("172.18.0.2", published), rootless), "127.0.0.1:8080")
      << "the same address may be another container's here";
}

TEST(WayToAPort, LeadsOverTheEnginesHostFromElsewhere) {
  const Here remote{false, false, "engine.example", {own_network("172.18.0.1/16")}};
  EXPECT_EQ(way(container("172.18.0.2", published), remote), "engine.example:8080");
  EXPECT_EQ(way(container("172.18.0.2", {{80, "tcp", "127.0.0.1", 8080}}), remote), "none");
  const Here forwarded{false, false, "", {own_network("172.18.0.1/16")}};
  EXPECT_EQ(way(container("172.18.0.2", published), forwarded), "none") << "nobody knows where that engine is";
  const Here in_container{false, true, "172.18.0.1", {own_network("172.18.0.7/16")}};
  EXPECT_EQ(way(container("172.18.0.2", published), in_container), "172.18.0.2:80");
  EXPECT_EQ(way(container("172.20.0.2", published), in_container), "172.18.0.1:8080");
}

TEST(WayToAPort, OfAContainerInTheHostsNetworkIsTheHosts) {
  ContainerDetail detail = container("");
  detail.container.network_mode = "host";
  EXPECT_EQ(way(detail, at_home), "127.0.0.1:80");
  EXPECT_EQ(way(detail, {false, false, "engine.example", {}}), "engine.example:80");
}

}  // namespace
}  // namespace belay::engine
