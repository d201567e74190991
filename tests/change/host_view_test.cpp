// Belay in a container: what it cannot judge, it does not exchange.

#include "change/host_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belay::change {
namespace {

using ::testing::HasSubstr;

// As the kernel shows them in a container: its root, the host's root, the folder of the engine and another.
std::string mountinfo(const std::string& follows) {
  return "500 400 0:50 / / rw,relatime - overlay overlay rw\n"
         "501 500 8:1 / /host ro,relatime" +
         follows +
         " - ext4 /dev/sda1 rw\n"
         "502 500 8:1 /var/lib/docker /var/lib/docker rw,relatime - ext4 /dev/sda1 rw\n"
         "503 500 8:1 /srv /srv rw,relatime - ext4 /dev/sda1 rw\n"
         "504 500 8:1 /srv/moved /data rw,relatime - ext4 /dev/sda1 rw\n";
}

Mount bound(const std::string& source, const std::string& target) {
  return {Mount::Kind::bind, source, target, false, ""};
}

std::string blind_to(const fs::path& path, std::vector<Mount> container, const std::string& follows = " master:1") {
  return HostView(std::move(container), data::Mounts(mountinfo(follows))).blind_to(path).value_or("");
}

const std::vector<Mount> all{bound("/", "/host"), bound("/var/lib/docker", "/var/lib/docker"), bound("/srv", "/srv"),
                             bound("/srv/moved", "/data")};

TEST(HostView, OutsideOfAContainerIsWhole) {
  EXPECT_FALSE(HostView(std::nullopt, data::Mounts(mountinfo(""))).blind_to("/srv/app"));
}

TEST(HostView, OfAContainerNeedsAllMountsOfTheHost) {
  EXPECT_EQ(blind_to("/srv/app", all), "");
  EXPECT_EQ(blind_to("/var/lib/docker/volumes/data/_data", all), "");
  EXPECT_THAT(blind_to("/srv/app", all, ""), HasSubstr("start it with -v /:/host:ro,rslave"))
      << "mounts that come later are not seen";
  EXPECT_THAT(blind_to("/srv/app", {bound("/srv", "/srv")}), HasSubstr("does not see what is mounted on the host"));
  EXPECT_THAT(blind_to("/srv/app", {bound("/", "/elsewhere"), bound("/srv", "/srv")}), HasSubstr("does not see"))
      << "another container's, whose network it shares";
}

TEST(HostView, OfAContainerNeedsThePathOfTheHost) {
  for (const auto* path : {"/opt/app", "/data/app"})
    EXPECT_THAT(blind_to(path, all), HasSubstr("has not got the host's")) << path;
  EXPECT_THAT(blind_to("/opt/shop/data", all), HasSubstr("start it with -v /opt/shop:/opt/shop"));
  auto with_volume = all;
  with_volume[2] = {Mount::Kind::volume, "srv", "/srv", false, ""};
  EXPECT_THAT(blind_to("/srv/app", with_volume), HasSubstr("has not got the host's /srv"));
}

TEST(HostView, NamesTheFirstPlaceThatIsNotSeen) {
  const HostView view(all, data::Mounts(mountinfo(" shared:3 master:1")));
  const std::vector<Volume> volumes{{"data", "local", "/var/lib/docker/volumes/data/_data", {}, {}, {}}};
  const DataPlace volume{DataPlace::Kind::volume, "data"}, seen{DataPlace::Kind::folder, "/srv/app"},
      unseen{DataPlace::Kind::folder, "/opt/app"};
  EXPECT_FALSE(first_unseen(view, {volume, seen}, volumes));
  const auto why = first_unseen(view, {volume, seen, unseen}, volumes);
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("what folder /opt/app holds cannot be exchanged: this Belay runs in a container"));
}

}  // namespace
}  // namespace belay::change
