#include "backup/place.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "base/files.h"

namespace belay::backup {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string refusal(std::string_view text) {
  try {
    parse_place(text);
  } catch (const UsageError& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "accepted";
}

TEST(Place, IsAPathOfThisMachine) {
  for (const char* text : {"/srv/backups", "backups", "./nas:backups", "../x y", "/a/b@c:d"}) {
    const Place place = parse_place(text);
    EXPECT_EQ(place.kind, Place::Kind::local);
    EXPECT_EQ(place.path, text);
    EXPECT_EQ(place.text(), text);
  }
  EXPECT_EQ(parse_place("~/backups").path, home_folder().string() + "/backups");
}

TEST(Place, IsAFolderOfAServer) {
  const Place place = parse_place("sftp://backup@nas:2222//srv/./back%20ups/");
  EXPECT_EQ(place.kind, Place::Kind::sftp);
  EXPECT_EQ(place.user, "backup");
  EXPECT_EQ(place.host, "nas");
  EXPECT_EQ(place.port, 2222);
  EXPECT_EQ(place.path, "/srv/back ups");
  EXPECT_EQ(place.text(), "sftp://backup@nas:2222/srv/back%20ups");
}

TEST(Place, MayBeBelowTheAccountsHome) {
  EXPECT_EQ(parse_place("sftp://nas/~/daily").path, "daily");
  EXPECT_EQ(parse_place("sftp://nas/~/").path, "");
  EXPECT_EQ(parse_place("sftp://nas/~").text(), "sftp://nas/~/");
  EXPECT_EQ(parse_place("sftp://nas/").path, "/");
  EXPECT_EQ(parse_place("sftp://nas/~other").path, "/~other");
}

TEST(Place, TakesAddressesOfBothInternets) {
  EXPECT_EQ(parse_place("sftp://[2001:db8::1]:22/b").host, "2001:db8::1");
  EXPECT_EQ(parse_place("sftp://[2001:db8::1]/b").text(), "sftp://[2001:db8::1]/b");
  EXPECT_EQ(parse_place("sftp://192.0.2.1/b").host, "192.0.2.1");
}

TEST(Place, IsARemoteOfRclone) {
  const Place place = parse_place("rclone:my s3:bucket/a b//c/");
  EXPECT_EQ(place.kind, Place::Kind::rclone);
  EXPECT_EQ(place.remote, "my s3");
  EXPECT_EQ(place.path, "bucket/a b/c");
  EXPECT_EQ(place.text(), "rclone:my s3:bucket/a b/c");
  EXPECT_EQ(parse_place("rclone:s3:").path, "");
}

TEST(Place, ThatIsSomethingElseIsRefusedWithTheWayToWriteIt) {
  EXPECT_THAT(refusal(""), HasSubstr("it is empty"));
  EXPECT_THAT(refusal("s3://bucket/x"), HasSubstr("rclone:REMOTE:PATH"));
  EXPECT_THAT(refusal("https://example.org/x"), HasSubstr("'https' is not a way to get there"));
  EXPECT_THAT(refusal("ssh://host/x"), HasSubstr("sftp://"));
  EXPECT_THAT(refusal("file:///srv"), HasSubstr("Write the path alone"));
  EXPECT_THAT(refusal("backup@nas:/srv"), HasSubstr("sftp://backup@nas/PATH"));
  EXPECT_THAT(refusal("nas:/srv"), HasSubstr("rclone:nas:/srv for a remote of rclone, ./nas:/srv for a folder"));
  EXPECT_THAT(refusal("-o"), HasSubstr("looks like an option"));
  EXPECT_THAT(refusal("a\nb"), HasSubstr("control character"));
  EXPECT_THAT(refusal("sftp:///srv"), HasSubstr("there is no host"));
  EXPECT_THAT(refusal("sftp://nas"), HasSubstr("there is no path"));
  EXPECT_THAT(refusal("sftp://nas:0/x"), HasSubstr("'0' is not a port"));
  EXPECT_THAT(refusal("sftp://nas:99999/x"), HasSubstr("'99999' is not a port"));
  EXPECT_THAT(refusal("sftp://[::1/x"), HasSubstr("not closed"));
  EXPECT_THAT(refusal("sftp://nas/%zz"), HasSubstr("two hexadecimal digits"));
  EXPECT_THAT(refusal("sftp://nas/%4"), HasSubstr("two hexadecimal digits"));
  EXPECT_THAT(refusal("sftp://nas/a%0ab"), HasSubstr("control character"));
  EXPECT_THAT(refusal("rclone:s3"), HasSubstr("a remote and a path are missing"));
  EXPECT_THAT(refusal("rclone::s3:x"), HasSubstr("is not the name of a remote"));
}

TEST(Place, CannotSmuggleOptionsIntoAProgram) {
  EXPECT_THAT(refusal("sftp://-oProxyCommand=x/y"), HasSubstr("is not a host"));
  EXPECT_THAT(refusal("sftp://a b/y"), HasSubstr("is not a host"));
  EXPECT_THAT(refusal("sftp://$(x)/y"), HasSubstr("is not a host"));
  EXPECT_THAT(refusal("sftp://-x@nas/y"), HasSubstr("is not a user"));
  EXPECT_THAT(refusal("sftp://a%3bb@nas/y"), HasSubstr("is not a user"));
  EXPECT_THAT(refusal("rclone:--config:x"), HasSubstr("is not the name of a remote"));
  EXPECT_THAT(refusal("rclone:s3,access_key_id=x:y"), HasSubstr("is not the name of a remote"));
}

TEST(Place, WithAPasswordIsRefusedWithoutShowingIt) {
  const std::string why = refusal("sftp://me:hush@nas/x");
  EXPECT_THAT(why, HasSubstr("cannot hold a password"));
  EXPECT_THAT(why, Not(HasSubstr("hush")));
}

TEST(FilePlace, IsToldByItsNameElsewhere) {
  const auto file = as_file(parse_place("sftp://nas/srv/web.belay.tar.zst.age"));
  ASSERT_TRUE(file);
  EXPECT_EQ(file->folder, parse_place("sftp://nas/srv"));
  EXPECT_EQ(file->name, "web.belay.tar.zst.age");
  EXPECT_EQ(file->text(), "sftp://nas/srv/web.belay.tar.zst.age");
  EXPECT_EQ(as_file(parse_place("sftp://nas/x.tar"))->folder.path, "/");
  EXPECT_EQ(as_file(parse_place("sftp://nas/~/x.tar"))->text(), "sftp://nas/~/x.tar");
  EXPECT_EQ(as_file(parse_place("rclone:s3:bucket/x.tar.gz"))->text(), "rclone:s3:bucket/x.tar.gz");
  EXPECT_EQ(as_file(parse_place("rclone:s3:x.tgz"))->folder.text(), "rclone:s3:");
  EXPECT_FALSE(as_file(parse_place("sftp://nas/srv/backups")));
  EXPECT_FALSE(as_file(parse_place("sftp://nas/")));
}

TEST(FilePlace, IsToldByWhatIsThereOnThisMachine) {
  const TemporaryFolder folder;
  const std::string base = folder.path().string();
  fs::create_directory(folder.path() / "folder.tar");
  std::ofstream(folder.path() / "file") << "x";
  EXPECT_FALSE(as_file(parse_place(base + "/folder.tar")));
  EXPECT_EQ(as_file(parse_place(base + "/file"))->name, "file");
  EXPECT_EQ(as_file(parse_place(base + "/new.tar.zst"))->folder.path, base);
  EXPECT_FALSE(as_file(parse_place(base + "/new")));
  EXPECT_FALSE(as_file(parse_place(base + "/new.tar/")));
  EXPECT_EQ(as_file(parse_place("new.tar.zst"))->folder.path, ".");
  EXPECT_FALSE(as_file(parse_place("..")));
}

}  // namespace
}  // namespace belay::backup
