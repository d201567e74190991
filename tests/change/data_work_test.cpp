// What is done while an app is held still for a copy of its data, and what before and after.

#include "change/data_work.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/format.h"
#include "safekeeping/snapshots.h"
#include "support/scene/scene.h"

namespace {

std::function<void()> on_sync;

}  // namespace

// In the place of the C library's.
extern "C" int syncfs(int file) noexcept {
  if (on_sync) on_sync();
  return static_cast<int>(::syscall(SYS_syncfs, file));
}

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;

const SceneOptions with_files{NamingScheme::belay, true, true, true};

class HeldStill : public ::testing::Test {
 protected:
  HeldStill() {
    on_sync = [this] {
      const auto container = scene_.engine.container("web-r1", {});
      synced_.emplace_back(container ? to_text(container->container.state) : "gone");
    };
  }
  ~HeldStill() override { on_sync = {}; }

  Scene scene_{with_files};
  std::vector<std::string> synced_;  // each time that a whole file system was written to the disk: how web-r1 was
};

TEST_F(HeldStill, ASnapshotIsWrittenToTheDiskWhenTheAppGoesOn) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  synced_.clear();
  Context here = scene_.context("belay snapshot");
  EXPECT_EQ(safekeeping::take_snapshot(here, web, "a look", false, {}).snapshot, "s1");
  EXPECT_THAT(synced_, Not(IsEmpty()));
  EXPECT_THAT(synced_, Each("running"));
  EXPECT_TRUE(scene_.app().find_snapshot(1)->complete);
}

TEST_F(HeldStill, ACopyBeforeADeployIsOnTheDiskBeforeTheNextReleaseWrites) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  synced_.clear();
  ASSERT_EQ(scene_.run("deploy 2 snapshot"), "done");
  ASSERT_THAT(synced_, Not(IsEmpty()));
  EXPECT_EQ(synced_.front(), "running") << "what is to be written anyway is written before the app stops";
  EXPECT_THAT(synced_, Contains("exited"));
}

TEST_F(HeldStill, WhatThereIsToCopyIsMeasuredBefore) {
  const fs::path folder = scene_.folder.path() / "site";
  fs::create_directory(folder);
  write_file_durably(folder / "page", "12345");
  const DataPlace place{DataPlace::Kind::folder, folder.string()};
  plan::Plan plan;
  const plan::CopyData step{place, reserve_of(place, "s1")};
  plan.add(step, "");
  for (const auto copies : {Copies::for_keeping, Copies::for_a_trial}) {
    synced_.clear();
    write_file_durably(folder / "page", "12345");
    DataWork work(scene_.engine, scene_.report, copies);
    work.measure(plan, {});
    write_file_durably(folder / "page", "1234567890");
    std::int64_t total = 0;
    work.copy(step, [&](const Progress& progress) { total = progress.total; }, {});
    EXPECT_EQ(total, 5);
    EXPECT_THAT(synced_, IsEmpty());
    work.settle({});
    EXPECT_EQ(synced_.size(), copies == Copies::for_keeping ? 1U : 0U);
    EXPECT_EQ(read_file(fs::path(step.into.source) / "page"), "1234567890");
    data::Reserves::remove(step.into);
  }
}

}  // namespace
}  // namespace belay::scene
