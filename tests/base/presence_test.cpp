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
  EXPECT_TRUE(is_gone(mount / "shop/compose.yaml"));
  EXPECT_FALSE(is_gone(mount / "apps/shop/compose.yaml")) << "a project is moved, or a disk is not mounted";
}

TEST(IsGone, IsNotTrueBelowAMountPointOfTheTableWhereNothingIsMounted) {
  const TemporaryFolder folder;
  const fs::path mount = folder.path() / "a disk", table = folder.path() / "fstab";
  make_folder(mount / "apps");
  write_file_durably(mount / "apps/stray", "");
  write_file_durably(table,
                     "# a comment\n/dev/sdx1 / ext4 defaults 0 1\n/dev/sdx2 none swap sw 0 0\n/proc /proc proc\n");
  EXPECT_TRUE(is_gone(mount / "apps/shop/compose.yaml", table));
  const std::string point = folder.path().string() + "/a\\040disk";
  write_file_durably(table, "UUID=1-2 " + point + "/ ext4 noauto 0 2\n");
  EXPECT_FALSE(is_gone(mount / "apps/shop/compose.yaml", table));
  EXPECT_FALSE(is_gone(mount / "shop", table));
  EXPECT_TRUE(is_gone(folder.path() / "shop", table)) << "it is not on that disk";
  fs::create_directory_symlink(mount / "apps", folder.path() / "link");
  EXPECT_FALSE(is_gone(folder.path() / "link/shop/compose.yaml", table)) << "whatever way leads there";
  write_file_durably(table, "UUID=1-2 " + point + "/shop ext4 defaults 0 2\n");
  EXPECT_FALSE(is_gone(mount / "shop/compose.yaml", table)) << "the mount point is missing too";
  EXPECT_TRUE(is_gone(mount / "apps/shop", folder.path() / "no-table"));
}

TEST(IsGone, IsNotTrueWhereALinkLeadsNowhere) {
  const TemporaryFolder folder;
  fs::create_directory_symlink(folder.path() / "unmounted/apps", folder.path() / "apps");
  fs::create_symlink("elsewhere/compose.yaml", folder.path() / "compose.yaml");
  EXPECT_FALSE(is_gone(folder.path() / "apps/shop"));
  EXPECT_FALSE(is_gone(folder.path() / "compose.yaml"));
}

TEST(IsGone, IsNotTrueOfAPathThatIsNoneOfThisMachine) {
  EXPECT_FALSE(is_gone("/no-such-folder-of-this-machine/compose/5"));
  EXPECT_FALSE(is_gone("/no-such-folder-of-this-machine"));
}

}  // namespace
}  // namespace belay
