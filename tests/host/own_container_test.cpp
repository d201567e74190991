#include "host/own_container.h"

#include <gtest/gtest.h>

namespace belay::host {
namespace {

const std::string id(64, 'a'), other(64, 'b');

TEST(OwnContainer, IsToldByTheFilesThatTheEngineBinds) {
  const std::string mounts = "523 501 0:42 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/" + other +
                             "/diff\n"
                             "531 523 254:1 /var/lib/docker/containers/" +
                             id + "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n";
  EXPECT_EQ(own_container_id(mounts, ""), id);
}

TEST(OwnContainer, IsToldByTheControlGroup) {
  EXPECT_EQ(own_container_id("", "12:cpu:/docker/" + id + "\n0::/system.slice\n"), id);
  EXPECT_EQ(own_container_id("", "0::/system.slice/docker-" + id + ".scope\n"), id);
}

TEST(OwnContainer, IsNoneOnTheHostThatSeesTheMountsOfOthers) {
  const std::string mounts = "90 30 0:50 / /var/lib/docker/overlay2/" + other +
                             "/merged rw - overlay overlay rw\n"
                             "91 30 0:51 / /var/lib/docker/containers/" +
                             other + "/mounts/shm rw - tmpfs shm rw\n";
  EXPECT_EQ(own_container_id(mounts, "0::/user.slice/user-1000.slice\n1:name=systemd:/docker/short\n"), "");
  EXPECT_EQ(own_container_id("", ""), "");
}

}  // namespace
}  // namespace belay::host
