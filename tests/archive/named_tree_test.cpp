// Several trees in one tar, each below a name of its own, and the way back out of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/errors.h"
#include "tar_reading.h"

namespace belay::archive {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Source source_of(const std::string& bytes) {
  return [&bytes, next = std::size_t{0}](std::span<char> room) mutable {
    const std::size_t count = bytes.copy(room.data(), room.size(), next);
    next += count;
    return count;
  };
}

class NamedTrees : public ::testing::Test {
 protected:
  NamedTrees() {
    for (const char* folder : {"a/sub", "b", "out"}) make_folder(top_.path() / folder);
    write_file_durably(top_.path() / "a/one", "1");
    fs::create_hard_link(top_.path() / "a/one", top_.path() / "a/sub/same");
    write_file_durably(top_.path() / "b/two", "2");
    write_file_durably(top_.path() / "single", "3");
  }
  std::string tar(const std::vector<std::pair<std::string, std::string>>& trees) {
    std::string bytes;
    TarWriter writer([&](std::string_view more) { bytes += more; });
    for (const auto& [path, name] : trees) write_tree({top_.path() / path, name}, writer, {}, {});
    writer.finish();
    return bytes;
  }
  static std::vector<std::string> names(const std::string& bytes) {
    std::vector<std::string> all;
    for (const auto& entry : read_tar(bytes)) all.push_back(entry.name);
    return all;
  }
  void extract(const std::string& bytes, ExtractOptions options) {
    options.owners = Owners::current_user;
    extract_tree(source_of(bytes), top_.path() / "out", options, {}, {});
  }
  std::string out(const std::string& file) const {
    return read_file_if_present(top_.path() / "out" / file).value_or("-");
  }

  TemporaryFolder top_;
};

TEST_F(NamedTrees, DoublesAreTakenOnlyWhereThatIsSaid) {
  const std::string twice = tar({{"a", "data"}, {"a", "data"}});
  EXPECT_THROW(extract(twice, {}), Error);
  fs::remove_all(top_.path() / "out");
  make_folder(top_.path() / "out");
  ExtractOptions options;
  options.doubles = true;
  extract(twice, options);
  EXPECT_EQ(out("data/one"), "1");
  EXPECT_EQ(out("data/sub/same"), "1");
  EXPECT_EQ(fs::hard_link_count(top_.path() / "out/data/one"), 2U);
}

TEST_F(NamedTrees, AFurtherNameThatIsTheFirstOneAgainChangesNothing) {
  std::string bytes;
  TarWriter writer([&](std::string_view more) { bytes += more; });
  TarEntry file;
  file.name = "data/s";
  file.size = 4;
  writer.begin(file);
  writer.write("text");
  TarEntry again;
  again.kind = TarEntry::Kind::hard_link;
  again.name = again.target = "data/s";
  writer.begin(again);
  writer.finish();
  ExtractOptions options;
  options.doubles = true;
  extract(bytes, options);
  EXPECT_EQ(out("data/s"), "text");
}

TEST_F(NamedTrees, StandOneBehindTheOtherUnderTheirNames) {
  EXPECT_THAT(
      names(tar({{"a", "data"}, {"b", "var/www"}, {"single", "etc/app.conf"}, {"single", "top"}})),
      ElementsAre("data/", "data/one", "data/sub/", "data/sub/same", "var/www/", "var/www/two", "etc/app.conf", "top"));
}

TEST_F(NamedTrees, ComeOutOneByOne) {
  ExtractOptions options;
  options.below = "data";
  extract(tar({{"b", "var/www"}, {"a", "data"}}), options);
  EXPECT_EQ(out("one"), "1");
  EXPECT_EQ(fs::hard_link_count(top_.path() / "out/sub/same"), 2U);
  EXPECT_EQ(out("two"), "-");
}

TEST_F(NamedTrees, LeaveOutWhatIsNotWanted) {
  ExtractOptions options;
  options.below = "./data/";
  options.without = {"data/sub"};
  extract(tar({{"a", "data"}, {"b", "data/sub"}}), options);
  EXPECT_EQ(out("one"), "1");
  EXPECT_FALSE(fs::exists(top_.path() / "out/sub"));
}

TEST_F(NamedTrees, AHardLinkToAnotherTreeIsAnError) {
  std::string bytes;
  TarWriter writer([&](std::string_view more) { bytes += more; });
  TarEntry entry;
  entry.name = "etc/shadow";
  writer.begin(entry);
  entry.name = "data/link";
  entry.kind = TarEntry::Kind::hard_link;
  entry.target = "etc/shadow";
  writer.begin(entry);
  writer.finish();
  ExtractOptions options;
  options.below = "data";
  EXPECT_THROW(extract(bytes, options), Error);
}

TEST_F(NamedTrees, NamesWithASlashInFrontAreTakenWhereTheyMayBe) {
  std::string bytes;
  TarWriter writer([&](std::string_view more) { bytes += more; });
  TarEntry entry;
  entry.name = "/data/one";
  writer.begin(entry);
  writer.finish();
  EXPECT_THROW(list_tree(source_of(bytes), {}, {}, {}), Error);
  ExtractOptions options;
  options.below = "data";
  EXPECT_THROW(extract(bytes, options), Error);
  options.limits.absolute_names = true;
  extract(bytes, options);
  EXPECT_EQ(out("one"), "");
  EXPECT_EQ(list_tree(source_of(bytes), options.limits, {}, {}).files, 1);
}

}  // namespace
}  // namespace belay::archive
