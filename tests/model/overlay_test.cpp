#include "model/overlay.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(Overlay, MergesMapsAndMountsAndReplacesTheRest) {
  Service base, over;
  base.environment = {{"A", "1"}, {"B", "1"}};
  base.mounts = {{Mount::Kind::volume, "old", "/data", false, ""}, {Mount::Kind::volume, "kept", "/kept", false, ""}};
  base.cap_add = {"A"};
  base.user = "root";
  base.resources.memory = ByteCount{1};
  base.resources.cpu_quota = 5;
  base.network_mode = "host";
  base.health = HealthCheck{{"CMD", "a"}, {}, {}, {}, 3};
  over.environment = {{"B", "2"}};
  over.mounts = {{Mount::Kind::volume, "new", "/data", false, ""}};
  over.cap_add = {"B"};
  over.resources.nano_cpus = 7;
  over.networks = {{"backend", {}, "", ""}};
  over.health = HealthCheck{{}, {}, {}, {}, 5};
  base.ulimits = {{"nofile", 1, 2}, {"nproc", 3, 3}};
  over.ulimits = {{"nofile", 5, 6}, {"core", 0, 0}};
  lay_over(base, over);
  EXPECT_EQ(base.environment, (std::map<std::string, std::string>{{"A", "1"}, {"B", "2"}}));
  ASSERT_EQ(base.mounts.size(), 2u);
  EXPECT_EQ(base.mounts[0].source + base.mounts[1].source, "keptnew");
  EXPECT_EQ(base.cap_add, std::vector<std::string>{"B"});
  EXPECT_EQ(base.user, "root");
  EXPECT_EQ(base.resources.memory, ByteCount{1});
  EXPECT_EQ(base.resources.nano_cpus, 7);
  EXPECT_FALSE(base.resources.cpu_quota) << "both say how much processor it gets";
  EXPECT_EQ(base.network_mode, "");
  EXPECT_EQ(base.health->test, (std::vector<std::string>{"CMD", "a"}));
  EXPECT_EQ(base.health->retries, 5);
  EXPECT_EQ(base.ulimits, (std::vector<Ulimit>{{"nofile", 5, 6}, {"nproc", 3, 3}, {"core", 0, 0}}));
}

TEST(Overlay, LeavesWhoseSettingsTheyAre) {
  Configuration base, over;
  base.spec.services.emplace_back().name = "web";
  base.spec.services[0].ports = {{80, "tcp", "", std::nullopt}};
  over.spec.services.emplace_back().name = "other";
  lay_over(base, over);
  EXPECT_EQ(base.spec.services[0].name, "web");
  EXPECT_EQ(base.spec.services[0].ports.size(), 1u);
  over.ports_overridden = true;
  lay_over(base, over);
  EXPECT_TRUE(base.spec.services[0].ports.empty()) << "there are to be none";
}

}  // namespace
}  // namespace belay
