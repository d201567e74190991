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

}  // namespace
}  // namespace belay
