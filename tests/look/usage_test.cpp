// What apps use of the host.

#include "look/usage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/lock.h"
#include "change/clean.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FakeMeter final : public engine::Meter {
 public:
  engine::Usage usage(const std::string& container, std::stop_token) override {
    if (container == gone) throw NotFound(ErrorCode::container_not_found, "it is gone");
    engine::Usage usage;
    usage.memory = {static_cast<std::int64_t>(container.size())};
    return usage;
  }
  engine::DiskUse disk_use(std::stop_token) override { return {{1000}, {10}, {{"web-r1", {3}}, {"web-r2", {4}}}}; }

  std::string gone;
};

std::vector<std::string> measured(Scene& scene, engine::Meter& meter) {
  auto here = scene.context();
  std::vector<std::string> texts;
  for (const auto& row : look::usage(here, meter, {web}, {}))
    texts.push_back(row.app + " " + row.service + " " + row.container + " " + std::to_string(row.usage.memory.value));
  return texts;
}

TEST(Usage, IsOfWhatRuns) {
  Scene scene;
  FakeMeter meter;
  scene.run("build 1");
  EXPECT_THAT(measured(scene, meter), IsEmpty()) << "nothing of it has run";
  scene.run("start new");
  EXPECT_THAT(measured(scene, meter), ElementsAre("web web web-r1 6"));
  scene.run("stop");
  EXPECT_THAT(measured(scene, meter), IsEmpty());
}

TEST(Usage, LeavesOutWhatEndsMeanwhile) {
  Scene scene;
  FakeMeter meter;
  scene.run("deploy 1");
  meter.gone = "web-r1";
  EXPECT_THAT(measured(scene, meter), IsEmpty());
}

TEST(Usage, OfAnAppThatIsNotThereIsAnError) {
  Scene scene;
  FakeMeter meter;
  auto here = scene.context();
  EXPECT_THROW(look::usage(here, meter, {AppName("nosuch")}, {}), NotFound);
}

TEST(Space, CountsAllContainersOfAnAppAndWhatACleanupWouldFree) {
  Scene scene;
  FakeMeter meter;
  scene.run("deploy 1");
  scene.run("deploy 2");
  scene.run("deploy 3");
  auto here = scene.context();
  const auto space = look::space(here, meter, {web}, {});
  ASSERT_EQ(space.apps.size(), 1U);
  EXPECT_EQ(space.apps[0].containers, ByteCount{7}) << "of releases that do not run too";
  ASSERT_TRUE(space.apps[0].frees);
  const auto plan = change::cleanup(here, web, 1, true, {}, {}).plan;
  EXPECT_EQ(*space.apps[0].frees, look::freed_by(here, web, plan, {}));
  EXPECT_GE(space.apps[0].images, *space.apps[0].frees);
  EXPECT_EQ(space.engine.build_cache, ByteCount{10});
}

TEST(Space, TakesNoLock) {
  Scene scene;
  FakeMeter meter;
  scene.run("deploy 1");
  scene.run("deploy 2");
  auto here = scene.context();
  const auto lock =
      FileLock::take({state::lock_file(scene.store->folder(), web), "belay backup web", false}, scene.clock, {}, {});
  const auto space = look::space(here, meter, {web}, {});
  ASSERT_EQ(space.apps.size(), 1U);
  EXPECT_TRUE(space.apps[0].frees);
}

}  // namespace
}  // namespace belay::scene
