#include "change/own_container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belay::change {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string id(64, 'a'), other(64, 'b');

TEST(OwnContainer, IsToldByTheFilesThatTheEngineBinds) {
  const std::string mounts = "523 501 0:42 / / rw - overlay overlay rw,upperdir=/var/lib/docker/overlay2/" + other +
                             "/diff\n"
                             "531 523 254:1 /var/lib/docker/containers/" +
                             id + "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw\n";
  EXPECT_THAT(own_container_ids(mounts, ""), ElementsAre(id));
}

TEST(OwnContainer, IsToldByTheControlGroup) {
  EXPECT_THAT(own_container_ids("", "12:cpu:/docker/" + id + "\n0::/system.slice\n"), ElementsAre(id));
  EXPECT_THAT(own_container_ids("", "0::/system.slice/docker-" + id + ".scope\n"), ElementsAre(id));
  EXPECT_THAT(own_container_ids("", "4:pids:/of/our/own/" + id + "/inner\n"), ElementsAre(id));
}

TEST(OwnContainer, IsTwoWhereItSharesAnothersNetwork) {
  const std::string mounts = "531 523 254:1 /data/containers/" + other + "/hosts /etc/hosts rw - ext4 /dev/vda1 rw\n";
  EXPECT_THAT(own_container_ids(mounts, "4:pids:/docker/" + id + "\n"), ElementsAre(id, other));
}

// A4: what is on no mount ends with the container.
TEST(OwnContainer, TellsWhatIsOnAMountAndWhatIsNot) {
  const std::string mounts =
      "500 490 0:50 / / rw - overlay overlay rw\n"
      "531 500 254:1 /srv/cache /var/cache/dockerup rw - ext4 /dev/vda1 rw\n"
      "532 500 254:1 /srv/lib /var/lib/bel rw - ext4 /dev/vda1 rw\n";
  EXPECT_TRUE(is_on_the_root(mounts, "/var/lib/belay"));
  EXPECT_FALSE(is_on_the_root(mounts, "/var/cache/dockerup"));
  EXPECT_FALSE(is_on_the_root(mounts, "/var/cache/dockerup/belay"));
  EXPECT_FALSE(is_on_the_root(mounts + "533 500 254:1 / /var/lib rw - ext4 /dev/vda1 rw\n", "/var/lib/belay"));
}

TEST(OwnContainer, IsNoneOnTheHostThatSeesTheMountsOfOthers) {
  const std::string mounts = "90 30 0:50 / /var/lib/docker/overlay2/" + other +
                             "/merged rw - overlay overlay rw\n"
                             "91 30 0:51 / /var/lib/docker/containers/" +
                             other + "/mounts/shm rw - tmpfs shm rw\n";
  EXPECT_THAT(own_container_ids(mounts, "0::/user.slice/user-1000.slice\n1:name=systemd:/docker/short\n"), IsEmpty());
  EXPECT_THAT(own_container_ids("", ""), IsEmpty());
}

}  // namespace
}  // namespace belay::change
