#include "serve/folder_watch.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace belay::serve {
namespace {

using ::testing::Contains;
using ::testing::Not;

TEST(Burst, EndsWhenItIsQuiet) {
  Burst burst({});
  const Ticks begin(Seconds(100));
  EXPECT_EQ(burst.end(), std::nullopt);
  burst.resume(begin);
  EXPECT_EQ(burst.end(), begin + Milliseconds(200));
  burst.resume(begin + Milliseconds(150));
  EXPECT_EQ(burst.end(), begin + Milliseconds(350));
  burst.forget();
  EXPECT_EQ(burst.end(), std::nullopt);
}

TEST(Burst, EndsAfterTwoSecondsHoweverLoudItIs) {
  Burst burst({});
  const Ticks begin(Seconds(100));
  for (int at = 0; at < 50; ++at) burst.resume(begin + Milliseconds(100) * at);
  EXPECT_EQ(burst.end(), begin + Milliseconds(2'000));
}

class FolderWatchTest : public ::testing::Test {
 protected:
  void write(const fs::path& path) { std::ofstream(path) << "x"; }
  std::set<std::string> next() { return waker_.wait({}, clock_, {}).files; }

  const TemporaryFolder own_;
  const fs::path root_ = fs::canonical(own_.path());
  testing::FakeClock clock_;
  Waker waker_;
};

TEST_F(FolderWatchTest, WakesTheLoopWithWhatChanged) {
  FolderWatch watch(waker_, {Milliseconds(5), Milliseconds(50)});
  watch.watch({root_});
  write(root_ / "web.json");
  EXPECT_THAT(next(), Contains((root_ / "web.json").string()));
}

TEST_F(FolderWatchTest, ChangesWhatItWatchesWhileItRuns) {
  fs::create_directory(root_ / "a");
  fs::create_directory(root_ / "b");
  FolderWatch watch(waker_, {Milliseconds(5), Milliseconds(50)});
  watch.watch({root_ / "a"});
  watch.watch({root_ / "b"});
  write(root_ / "a" / "old.json");
  write(root_ / "b" / "new.json");
  const auto files = next();
  EXPECT_THAT(files, Contains((root_ / "b" / "new.json").string()));
  EXPECT_THAT(files, Not(Contains((root_ / "a" / "old.json").string())));
  EXPECT_TRUE(watch.troubles().empty());
}

TEST_F(FolderWatchTest, EndsWhileABurstGoesOn) {
  FolderWatch watch(waker_, {std::chrono::hours(1), std::chrono::hours(2)});
  watch.watch({root_});
  write(root_ / "web.json");
}

}  // namespace
}  // namespace belay::serve
