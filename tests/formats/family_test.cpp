#include "formats/family.h"

#include <gtest/gtest.h>

#include "golden.h"
#include "model/naming.h"

namespace belay::formats {
namespace {

ImageConfig image() {
  ImageConfig config;
  config.exposed_ports = {"8080/tcp", "53/udp", "443/tcp"};
  config.volumes = {"/var/www/", "/data"};
  return config;
}

MountFor named(NamingScheme scheme) {
  return [scheme](const std::string& target) {
    return Mount{Mount::Kind::volume, volume_name(scheme, AppName("shop"), target), target, false, {}};
  };
}

Service completed(Service service, Ports ports = Ports::of_the_image, NamingScheme scheme = NamingScheme::belay) {
  complete_from_image(service, image(), ports, named(scheme));
  return service;
}

std::vector<std::string> port_texts(const Service& service) {
  std::vector<std::string> texts;
  for (const PortBinding& port : service.ports) texts.push_back(port.text());
  return texts;
}

std::vector<std::string> mount_texts(const Service& service) {
  std::vector<std::string> texts;
  for (const Mount& mount : service.mounts) texts.push_back(mount.source + ":" + mount.target);
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Family, PublishesThePortsOfTheImageOneToOne) {
  EXPECT_EQ(port_texts(completed({})), (Texts{"53->53/udp", "443->443/tcp", "8080->8080/tcp"}));
}

TEST(Family, NamesAVolumeForEachMountPointOfTheImage) {
  EXPECT_EQ(mount_texts(completed({})), (Texts{"shop_data:/data", "shop_var_www:/var/www"}));
  EXPECT_EQ(mount_texts(completed({}, {}, NamingScheme::jcl)),
            (Texts{"jcl_shop_data:/data", "jcl_shop_var_www_:/var/www"}));
}

TEST(Family, PublishesNothingBesideThePortsThatWereGiven) {
  EXPECT_TRUE(completed({}, Ports::as_given).ports.empty());
  EXPECT_EQ(completed({}, Ports::as_given).mounts.size(), 2U);
}

TEST(Family, NamesAVolumeForAMountPointThatTheSettingsLeaveOut) {
  Service service;
  service.mounts.push_back({Mount::Kind::volume, "pages", "/var/www", false, {}});
  EXPECT_EQ(mount_texts(completed(service)), (Texts{"pages:/var/www", "shop_data:/data"}));
}

TEST(Family, NamesAVolumeThatWasAskedForWithoutAName) {
  Service service;
  service.mounts.push_back({Mount::Kind::volume, "", "/cache", true, {}});
  service.mounts.push_back({Mount::Kind::volume, "", "/data", false, {}});
  EXPECT_EQ(mount_texts(completed(service)), (Texts{"shop_cache:/cache", "shop_data:/data", "shop_var_www:/var/www"}));
  EXPECT_TRUE(completed(service).mounts[0].read_only);
}

TEST(Family, LeavesAMountPointAloneThatHasAMount) {
  Service service;
  Mount mount;
  mount.kind = Mount::Kind::bind;
  mount.source = "/srv/www";
  mount.target = "/var/www";
  service.mounts.push_back(mount);
  EXPECT_EQ(mount_texts(completed(service)), (Texts{"/srv/www:/var/www", "shop_data:/data"}));
}

TEST(Family, LeavesAPortAloneThatIsPublishedAlready) {
  Service service;
  PortBinding port;
  port.container_port = 8080;
  port.host_port = 80;
  service.ports.push_back(port);
  EXPECT_EQ(port_texts(completed(service)), (Texts{"80->8080/tcp", "53->53/udp", "443->443/tcp"}));
}

TEST(Family, RefusesAHostPortThatAnotherPortHolds) {
  Service service;
  PortBinding port;
  port.container_port = 1;
  port.host_port = 443;
  service.ports.push_back(port);
  EXPECT_THROW(completed(service), Error);
}

TEST(Family, PublishesNothingOnTheHostsOwnNetwork) {
  Service service;
  service.network_mode = "host";
  EXPECT_TRUE(completed(service).ports.empty());
}

TEST(Family, RefusesTwoMountPointsThatWouldShareAVolume) {
  ImageConfig config;
  config.volumes = {"/var/www", "/var_www"};
  Service service;
  try {
    complete_from_image(service, config, Ports::of_the_image, named(NamingScheme::belay));
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the mount points /var/www and /var_www would share the volume shop_var_www");
  }
}

TEST(Family, SpreadsRangesAndTakesAPortOnlyOnce) {
  ImageConfig config;
  config.exposed_ports = {"9000-9001/tcp", "9000/tcp", "9000"};
  Service service;
  complete_from_image(service, config, Ports::of_the_image, named(NamingScheme::belay));
  EXPECT_EQ(port_texts(service), (Texts{"9000->9000/tcp", "9001->9001/tcp"}));
}

}  // namespace
}  // namespace belay::formats
