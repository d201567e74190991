#include "base/presence.h"

#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(IsGone, IsTrueOnlyWhereNothingIsThereForSure) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "file", loop = folder.path() / "loop";
  write_file_durably(file, "");
  fs::create_symlink("loop", loop);
  EXPECT_FALSE(is_gone(file));
  EXPECT_FALSE(is_gone(folder.path()));
  EXPECT_TRUE(is_gone(folder.path() / "nothing"));
  EXPECT_TRUE(is_gone(file / "below"));
  EXPECT_FALSE(is_gone(loop / "below")) << "it cannot be looked at";
}

TEST(IsGone, IsNotTrueWhereADiskMayNotBeMounted) {
  const TemporaryFolder folder;
  const fs::path mount = folder.path() / "mnt";
  make_folder(mount);
  EXPECT_FALSE(is_gone(mount / "shop")) << "as an unmounted disk's";
  EXPECT_FALSE(is_gone(mount / "shop/compose.yaml"));
  write_file_durably(mount / "other", "");
  EXPECT_TRUE(is_gone(mount / "shop"));
  EXPECT_TRUE(is_gone(mount / "shop/below/compose.yaml"));
}

TEST(IsGone, IsNotTrueOfAPathThatIsNoneOfThisMachine) {
  EXPECT_FALSE(is_gone("/no-such-folder-of-this-machine/compose/5"));
  EXPECT_FALSE(is_gone("/no-such-folder-of-this-machine"));
}

}  // namespace
}  // namespace belay
