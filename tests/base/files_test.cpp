#include "base/files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/replace_file.h"

namespace belay {
namespace {

class Files : public ::testing::Test {
 protected:
  std::string refusal(const fs::path& path, ByteCount limit = {100}) {
    try {
      read_file_if_present(path, limit);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  size_t entries() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()));
  }

  TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "file";
};

TEST_F(Files, AreReplacedAsTheirOwners) {
  EXPECT_FALSE(file_rights(file_));
  write_file_durably(file_, "old", 0640);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file_.c_str(), 101, 102), 0);
  }
  const auto before = file_rights(file_);
  ASSERT_TRUE(before && before->owner);
  EXPECT_EQ(before->mode, 0640);
  replace_file(file_, "new", *before);
  EXPECT_EQ(read_file(file_), "new");
  EXPECT_EQ(file_rights(file_)->mode, 0640);
  EXPECT_EQ(file_rights(file_)->owner->user, before->owner->user);
  EXPECT_EQ(file_rights(file_)->owner->group, before->owner->group);
  EXPECT_EQ(entries(), 1U);
}

TEST_F(Files, ReadBackWhatWasWritten) {
  const std::string content = std::string("a\0b\n", 4) + std::string(50'000, 'x');
  write_file_durably(file_, content);
  EXPECT_EQ(read_file(file_), content);
}

TEST_F(Files, AWriteReplacesTheOldFileAndLeavesNothingBeside) {
  write_file_durably(file_, "a long old content", 0644);
  write_file_durably(file_, "new", 0600);
  EXPECT_EQ(read_file(file_), "new");
  EXPECT_EQ(entries(), 1U);
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(Files, AFailedWriteLeavesNothingBehind) {
  fs::create_directory(file_);
  EXPECT_THROW(write_file_durably(file_, "x"), Error);
  EXPECT_EQ(entries(), 1U);
  EXPECT_THROW(write_file_durably(folder_.path() / "absent" / "file", "x"), Error);
}

TEST_F(Files, AbsenceIsNoErrorWhereItWasAskedFor) {
  EXPECT_EQ(read_file_if_present(file_), std::nullopt);
  EXPECT_THROW(read_file(file_), NotFound);
  write_file_durably(file_, "x");
  EXPECT_EQ(read_file_if_present(file_ / "below"), std::nullopt);
}

TEST_F(Files, AreReadUpToTheirLimitAndNotFurther) {
  write_file_durably(file_, std::string(100, 'x'));
  EXPECT_EQ(read_file(file_, {100}).size(), 100U);
  EXPECT_NE(refusal(file_, {99}).find("more than the 99 B that are plausible"), std::string::npos)
      << refusal(file_, {99});
}

TEST_F(Files, AFifoIsRefusedInsteadOfWaitedFor) {
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_NE(refusal(file_).find("not a regular file"), std::string::npos);
  EXPECT_NE(refusal(folder_.path()).find("not a regular file"), std::string::npos);
}

TEST_F(Files, AFolderIsMadeWithItsParentsOnlyOnce) {
  const fs::path deep = folder_.path() / "a" / "b" / "c";
  make_folder(deep, 0700);
  make_folder(deep, 0755);
  make_folder(deep / "");
  ASSERT_TRUE(fs::is_directory(deep));
  EXPECT_EQ(fs::status(deep).permissions(), fs::perms::owner_all);
}

TEST_F(Files, AFileInTheFoldersPlaceIsAnError) {
  write_file_durably(file_, "x");
  EXPECT_THROW(make_folder(file_), Error);
  EXPECT_THROW(make_folder(file_ / "below"), Error);
}

TEST_F(Files, ATemporaryFolderGoesWithItsOwner) {
  fs::path path;
  {
    const TemporaryFolder temporary;
    path = temporary.path();
    write_file_durably(path / "file", "x");
    EXPECT_TRUE(fs::exists(path));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(PlainAbsolute, OneFolderIsOneTextHoweverItIsWritten) {
  for (const char* text : {"/srv/defs", "/srv/defs/", "/srv/./defs//", "/srv/x/../defs/.", "/srv/defs/x/.."})
    EXPECT_EQ(plain_absolute(text), fs::path("/srv/defs")) << text;
  EXPECT_EQ(plain_absolute("/"), fs::path("/"));
  EXPECT_EQ(plain_absolute("x/"), fs::current_path() / "x");
  EXPECT_EQ(plain_absolute("."), fs::current_path());
}

}  // namespace
}  // namespace belay
