#include "data/place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belay::data {
namespace {

Volume volume(const std::string& name, const fs::path& folder) {
  return {name, "local", folder.string(), {}, {}, {}};
}

TEST(Place, OfAVolumeIsItsFolderOnThisMachine) {
  std::vector<Volume> volumes{volume("web_data", "/engine/web_data/_data")};
  EXPECT_EQ(path_of({DataPlace::Kind::volume, "web_data"}, volumes), "/engine/web_data/_data");
  EXPECT_EQ(path_of({DataPlace::Kind::volume, "gone"}, volumes), std::nullopt);
  volumes[0].options["type"] = "nfs";
  EXPECT_EQ(path_of({DataPlace::Kind::volume, "web_data"}, volumes), std::nullopt) << "it would have to be mounted";
  EXPECT_EQ(path_of({DataPlace::Kind::folder, "/srv/gone"}, volumes), "/srv/gone");
}

TEST(Content, IsKnownWhereverItIs) {
  const TemporaryFolder folder;
  const fs::path a = folder.path() / "a", b = folder.path() / "b";
  EXPECT_EQ(content_of(a), std::nullopt);
  make_folder(a);
  make_folder(b);
  const auto content = content_of(a);
  ASSERT_TRUE(content);
  EXPECT_NE(content, content_of(b));
  fs::rename(a, folder.path() / "c");
  EXPECT_EQ(content_of(folder.path() / "c"), content);
  write_file_durably(folder.path() / "c" / "file", "more");
  EXPECT_EQ(content_of(folder.path() / "c"), content) << "what changes below is the same content still";
}

TEST(Size, IsThatOfTheFilesBelow) {
  const TemporaryFolder folder;
  make_folder(folder.path() / "below");
  write_file_durably(folder.path() / "below" / "ten", "0123456789");
  write_file_durably(folder.path() / "five", "01234");
  fs::create_symlink("five", folder.path() / "link");
  fs::create_directory_symlink("below", folder.path() / "another");
  EXPECT_EQ(size_of(folder.path(), {}).value, 15);
  EXPECT_EQ(size_of(folder.path() / "five", {}).value, 5);
  EXPECT_EQ(size_of(folder.path() / "gone", {}).value, 0);
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_THAT([&] { std::ignore = size_of(folder.path(), stopped.get_token()); }, ::testing::Throws<Cancelled>());
}

}  // namespace
}  // namespace belay::data
