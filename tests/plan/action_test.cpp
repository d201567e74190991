#include "plan/action.h"

#include <gtest/gtest.h>

namespace belay::plan {
namespace {

TEST(StepText, SaysHowAVolumeIsMadeWhereThatIsUnusual) {
  EXPECT_EQ(step_text(CreateVolume{"data", {}}), "create volume data");
  EXPECT_EQ(step_text(CreateVolume{"data", {}, {.driver = "local", .options = {{"type", "nfs"}}}}),
            "create volume data");
  EXPECT_EQ(step_text(CreateVolume{"data", {}, {.driver = "ceph"}}), "create volume data of driver ceph");
}

TEST(StepText, NamesTheFileThatAnImageIsBuiltFrom) {
  BuildImage build;
  build.folder = "/srv/web";
  build.dockerfile = "/srv/web/Dockerfile";
  build.tags = {"web:latest"};
  EXPECT_EQ(step_text(build), "build web:latest from /srv/web/Dockerfile");
  build.dockerfile_text = "FROM base";
  EXPECT_EQ(step_text(build), "build web:latest from /srv/web") << "the text is elsewhere";
}

TEST(StepText, SaysWhatStandsStillAndWhatGoesOn) {
  EXPECT_EQ(step_text(PauseContainer{"web-r3"}), "pause web-r3");
  EXPECT_EQ(step_text(ResumeContainer{"web-r3"}), "resume web-r3");
}

}  // namespace
}  // namespace belay::plan
