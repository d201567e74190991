#include "serve/path_watch.h"

#include <algorithm>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"

namespace belay::serve {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// The kernel queues what happens at once, so that no test here has to wait.
class PathWatchTest : public ::testing::Test {
 protected:
  void write(const fs::path& path, const std::string& text = "x") { std::ofstream(path) << text; }
  // As an editor does.
  void replace(const fs::path& path) {
    write(path.string() + "~");
    fs::rename(path.string() + "~", path);
  }
  // The links of the test folder itself (/tmp may be one) are not the tests' matter.
  const TemporaryFolder own_;
  const fs::path root_ = fs::canonical(own_.path());
  const fs::path folder_ = root_ / "containers.d";
  PathWatch watch_;
};

TEST_F(PathWatchTest, TellsOfFilesWrittenRemovedAndRenamedIntoAFolder) {
  fs::create_directory(folder_);
  watch_.want({folder_});
  EXPECT_THAT(watch_.changes(), IsEmpty());
  write(folder_ / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_ / "web.json"));
  fs::remove(folder_ / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_ / "web.json"));
  write(root_ / "elsewhere");
  fs::rename(root_ / "elsewhere", folder_ / "db.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_ / "db.json"));
  fs::permissions(folder_ / "db.json", fs::perms::owner_read);
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_ / "db.json"));
  EXPECT_THAT(watch_.troubles(), IsEmpty());
}

TEST_F(PathWatchTest, TellsOfASingleFileButNotOfItsNeighbours) {
  const auto file = root_ / "app.conf";
  write(file);
  watch_.want({file});
  write(root_ / "app.log");
  EXPECT_THAT(watch_.changes(), IsEmpty());
  write(file, "new");
  EXPECT_THAT(watch_.changes(), ElementsAre(file));
  replace(file);
  EXPECT_THAT(watch_.changes(), ElementsAre(file));
  write(file, "after the rename");
  EXPECT_THAT(watch_.changes(), ElementsAre(file));
}

TEST_F(PathWatchTest, ReadingIsNoChange) {
  fs::create_directory(folder_);
  write(folder_ / "web.json");
  watch_.want({folder_, folder_ / "web.json"});
  std::string text;
  std::ifstream(folder_ / "web.json") >> text;
  for (const auto& entry : fs::directory_iterator(folder_)) EXPECT_TRUE(entry.exists());
  EXPECT_THAT(watch_.changes(), IsEmpty());
}

TEST_F(PathWatchTest, FindsAFolderThatVanishedAndCameBack) {
  fs::create_directory(folder_);
  watch_.want({folder_});
  fs::remove_all(folder_);
  EXPECT_THAT(watch_.changes(), Contains(folder_));
  fs::create_directory(folder_);
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_));
  write(folder_ / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_ / "web.json"));
}

TEST_F(PathWatchTest, FindsAFolderOfWhichEvenTheParentsAreYetToCome) {
  const auto deep = root_ / "a" / "b" / "containers.d";
  watch_.want({deep});
  fs::create_directory(root_ / "a");
  EXPECT_THAT(watch_.changes(), ElementsAre(root_ / "a"));
  fs::create_directory(root_ / "a" / "b");
  EXPECT_THAT(watch_.changes(), ElementsAre(root_ / "a" / "b"));
  fs::create_directory(deep);
  EXPECT_THAT(watch_.changes(), ElementsAre(deep));
  write(deep / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(deep / "web.json"));
}

TEST_F(PathWatchTest, NoticesThatAFolderAboveWasExchanged) {
  fs::create_directories(root_ / "etc" / "containers.d");
  fs::create_directories(root_ / "new" / "containers.d");
  const auto wanted = root_ / "etc" / "containers.d";
  watch_.want({wanted});
  fs::rename(root_ / "etc", root_ / "old");
  fs::rename(root_ / "new", root_ / "etc");
  EXPECT_THAT(watch_.changes(), Contains(root_ / "etc"));
  write(root_ / "old" / "containers.d" / "stale.json");
  EXPECT_THAT(watch_.changes(), IsEmpty());
  write(wanted / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(wanted / "web.json"));
}

// As configuration managers publish a new state in one step: a link to a link to a dated folder.
TEST_F(PathWatchTest, FollowsLinksThatAreSwapped) {
  const auto etc = root_ / "etc";
  fs::create_directories(etc / "..1" / "containers.d");
  fs::create_directories(etc / "..2" / "containers.d");
  fs::create_symlink("..1", etc / "..data");
  fs::create_symlink("..data/containers.d", etc / "containers.d");
  watch_.want({etc / "containers.d"});
  write(etc / "..1" / "containers.d" / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(etc / "..1" / "containers.d" / "web.json"));
  fs::create_symlink("..2", etc / "..data_tmp");
  fs::rename(etc / "..data_tmp", etc / "..data");
  EXPECT_THAT(watch_.changes(), ElementsAre(etc / "..data"));
  write(etc / "..1" / "containers.d" / "stale.json");
  EXPECT_THAT(watch_.changes(), IsEmpty());
  write(etc / "..2" / "containers.d" / "web.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(etc / "..2" / "containers.d" / "web.json"));
}

TEST_F(PathWatchTest, FollowsTheLinksInsideAFolder) {
  fs::create_directory(folder_);
  fs::create_directory(root_ / "store");
  write(root_ / "store" / "web-1.json");
  fs::create_symlink(root_ / "store" / "web-1.json", folder_ / "web.json");
  watch_.want({folder_});
  write(root_ / "store" / "web-1.json", "new");
  EXPECT_THAT(watch_.changes(), ElementsAre(root_ / "store" / "web-1.json"));
  write(root_ / "store" / "db-1.json");
  EXPECT_THAT(watch_.changes(), IsEmpty());
  fs::create_symlink("../store/db-1.json", folder_ / "db.json");
  EXPECT_THAT(watch_.changes(), ElementsAre(folder_ / "db.json"));
  write(root_ / "store" / "db-1.json", "new");
  EXPECT_THAT(watch_.changes(), ElementsAre(root_ / "store" / "db-1.json"));
}

TEST_F(PathWatchTest, SaysThatLinksLeadInACircle) {
  fs::create_symlink("b", root_ / "a");
  fs::create_symlink("a", root_ / "b");
  watch_.want({root_ / "a"});
  ASSERT_EQ(watch_.troubles().size(), 1u);
  EXPECT_EQ(watch_.troubles()[0], (root_ / "a").string() + " leads through too many links");
  fs::remove(root_ / "b");
  write(root_ / "b");
  watch_.changes();
  EXPECT_THAT(watch_.troubles(), IsEmpty());
  write(root_ / "b", "new");
  EXPECT_THAT(watch_.changes(), ElementsAre(root_ / "b"));
}

TEST_F(PathWatchTest, ForgetsPathsThatAreWantedNoMore) {
  write(root_ / "a");
  write(root_ / "b");
  watch_.want({root_ / "a"});
  watch_.want({root_ / "b"});
  write(root_ / "a", "new");
  EXPECT_THAT(watch_.changes(), IsEmpty());
  write(root_ / "b", "new");
  EXPECT_THAT(watch_.changes(), ElementsAre(root_ / "b"));
}

TEST_F(PathWatchTest, TakesEverythingForChangedWhenTheKernelLosesEvents) {
  const auto limit = parse_number(trim(read_file("/proc/sys/fs/inotify/max_queued_events"))).value_or(0);
  if (limit > 200'000) GTEST_SKIP() << "the queue holds " << limit << " events";
  fs::create_directory(folder_);
  const auto single = root_ / "app.conf";
  write(folder_ / "a");
  watch_.want({folder_, single});
  // Each renaming is two events.
  for (long long at = 0; at < limit / 4 + 1; ++at) {
    fs::rename(folder_ / "a", folder_ / "b");
    fs::rename(folder_ / "b", folder_ / "a");
  }
  write(single);
  const auto changed = watch_.changes();
  EXPECT_THAT(changed, Contains(single)) << "its own event was lost";
  EXPECT_THAT(changed, Contains(folder_));
  write(single, "new");
  EXPECT_THAT(watch_.changes(), ElementsAre(single)) << "watching goes on";
}

}  // namespace
}  // namespace belay::serve
