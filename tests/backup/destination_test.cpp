#include "backup/destination.h"

#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/stat.h>
#include <thread>

#include "backup/sftp.h"
#include "base/errors.h"
#include "base/files.h"
#include "base/process.h"
#include "private_mounts.h"

namespace belay::backup {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* sftp_server = "/usr/lib/openssh/sftp-server";

std::string random_bytes(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes;
  bytes.reserve(size + sizeof(std::uint64_t));
  while (bytes.size() < size) {
    const std::uint64_t eight = random();
    bytes.append(reinterpret_cast<const char*>(&eight), sizeof eight);
  }
  bytes.resize(size);
  return bytes;
}

std::string all_of(Download& download) {
  std::string text;
  char room[50'001];
  while (const std::size_t got = download.read(room)) text.append(room, got);
  return text;
}

std::vector<std::string> names(const std::vector<Stored>& files) {
  std::vector<std::string> result;
  for (const auto& file : files) result.push_back(file.name);
  return result;
}

std::vector<std::string> everything_in(const fs::path& folder) {
  std::vector<std::string> result;
  for (const auto& entry : fs::directory_iterator(folder)) result.push_back(entry.path().filename().string());
  return result;
}

// Also tells the kind, where it matters to somebody who catches it.
std::string failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Conflict& error) {
    return std::string("conflict: ") + error.what();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// What every kind of place promises. Each of them ends up in a folder here.
class Destinations : public testing::TestWithParam<Place::Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Place::Kind::sftp && !fs::exists(sftp_server))
      FAIL() << "openssh-sftp-server is missing: scripts/setup --for test";
    if (GetParam() == Place::Kind::rclone && !find_program("rclone"))
      FAIL() << "rclone is missing: scripts/setup --for test";
    fs::create_directory(folder_);
  }

  std::unique_ptr<Destination> at(const fs::path& folder) const {
    Place place;
    place.kind = GetParam();
    place.path = folder.string();
    if (GetParam() == Place::Kind::sftp) {
      place.host = "here";
      return SftpDestination::through(place, {sftp_server});
    }
    Programs programs;
    if (GetParam() == Place::Kind::rclone) {
      const fs::path config = temporary_.path() / "rclone.conf";
      std::ofstream(config) << "[disk]\ntype = local\n";
      place.remote = "disk";
      programs.rclone = {"rclone", "--config", config.string()};
    }
    return destination(place, programs);
  }

  void put(Destination& where, const std::string& name, std::string_view bytes) {
    const auto upload = where.create(name, {}, {});
    upload->write(bytes);
    upload->commit();
  }

  const TemporaryFolder temporary_;
  const fs::path folder_ = temporary_.path() / "my 'backups' ü";
};

std::string kind_name(const testing::TestParamInfo<Place::Kind>& info) {
  switch (info.param) {
    case Place::Kind::local:
      return "Local";
    case Place::Kind::sftp:
      return "Sftp";
    case Place::Kind::rclone:
      return "Rclone";
  }
  return {};
}

INSTANTIATE_TEST_SUITE_P(All, Destinations, testing::Values(Place::Kind::local, Place::Kind::sftp, Place::Kind::rclone),
                         kind_name);

TEST_P(Destinations, GiveBackWhatTheyGot) {
  const auto where = at(folder_);
  for (const std::size_t size : {0, 1, 32'768, 98'305, 6'000'000}) {
    const std::string name = std::to_string(size) + ".tar";
    const std::string bytes = random_bytes(size);
    const auto upload = where->create(name, {}, {});
    for (std::size_t at = 0; at < size; at += 70'001) upload->write(std::string_view(bytes).substr(at, 70'001));
    upload->commit();
    const auto download = where->open(name, {});
    EXPECT_EQ(download->size(), static_cast<std::int64_t>(size));
    EXPECT_TRUE(all_of(*download) == bytes) << size;
  }
  EXPECT_THAT(names(where->list({})), ElementsAre("0.tar", "1.tar", "32768.tar", "6000000.tar", "98305.tar"));
}

TEST_P(Destinations, MakeTheFolderAndLetNobodyElseRead) {
  fs::create_directory(folder_ / "new");
  const auto where = at(folder_ / "new" / "deep");
  put(*where, "web.tar", "x");
  EXPECT_EQ(read_file(folder_ / "new" / "deep" / "web.tar"), "x");
  if (GetParam() == Place::Kind::rclone) return;  // its own options say that
  struct stat status{};
  ASSERT_EQ(::stat((folder_ / "new" / "deep" / "web.tar").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

// A disk that is not mounted is not filled by what was to be on it.
TEST_P(Destinations, MakeNoFolderAboveTheirOwn) {
  if (GetParam() == Place::Kind::rclone) GTEST_SKIP() << "stores of objects know no folders";
  const auto where = at(folder_ / "mnt" / "disk");
  try {
    put(*where, "web.tar", "x");
    FAIL() << "the folder above is missing";
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("nor does the one above it"));
    EXPECT_THAT(error.hint(), HasSubstr("mkdir -p"));
  }
  EXPECT_FALSE(fs::exists(folder_ / "mnt"));
}

TEST_P(Destinations, ShowNothingOfAnUploadBeforeItsEnd) {
  const auto where = at(folder_);
  {
    const auto upload = where->create("web.tar", {}, {});
    upload->write(random_bytes(300'000));
    EXPECT_THAT(where->list({}), IsEmpty());
  }
  EXPECT_THAT(everything_in(folder_), IsEmpty());
}

TEST_P(Destinations, TakeBackAnUploadThatIsStopped) {
  const auto where = at(folder_);
  std::stop_source stop;
  {
    const auto upload = where->create("web.tar", {}, stop.get_token());
    upload->write(random_bytes(300'000));
    stop.request_stop();
    EXPECT_THROW(for (int i = 0; i < 1000; ++i) upload->write(std::string(300'000, 'x')), Cancelled);
    EXPECT_THROW(upload->commit(), Cancelled);
  }
  EXPECT_THAT(everything_in(folder_), IsEmpty());
  put(*where, "web.tar", "again");
  EXPECT_EQ(read_file(folder_ / "web.tar"), "again");
}

TEST_P(Destinations, RefuseANameThatIsTaken) {
  const auto where = at(folder_);
  put(*where, "web.tar", "first");
  EXPECT_THAT(failure([&] { where->create("web.tar", {}, {}); }),
              testing::ContainsRegex("^conflict: .*exists already"));
  try {
    where->create("web.tar", {}, {});
    FAIL() << "it is taken";
  } catch (const Conflict& taken) {
    EXPECT_THAT(taken.hint(), testing::HasSubstr("--replace"));
  }
  {
    const auto upload = where->create("shop.tar", {}, {});
    upload->write("mine");
    std::ofstream(folder_ / "shop.tar") << "somebody else's";
    EXPECT_THAT(failure([&] { upload->commit(); }), testing::ContainsRegex("^conflict: .*exists already"));
  }
  EXPECT_EQ(read_file(folder_ / "shop.tar"), "somebody else's");
  EXPECT_EQ(everything_in(folder_).size(), 2U);
}

TEST_P(Destinations, ReplaceAFileWhenAsked) {
  const auto where = at(folder_);
  put(*where, "web.tar", "first");
  UploadOptions options;
  options.replace = true;
  const auto upload = where->create("web.tar", options, {});
  upload->write("second");
  EXPECT_EQ(read_file(folder_ / "web.tar"), "first");
  upload->commit();
  EXPECT_EQ(read_file(folder_ / "web.tar"), "second");
  EXPECT_THAT(everything_in(folder_), ElementsAre("web.tar"));
}

TEST_P(Destinations, ListFilesByNameAndNothingElse) {
  fs::create_directory(folder_ / "folder.tar");
  std::ofstream(folder_ / ".hidden") << "x";
  std::ofstream(folder_ / ".web.tar.0123abcd.part") << "x";
  std::ofstream(folder_ / "b.tar") << "12345";
  std::ofstream(folder_ / "a.tar") << "1";
  const auto files = at(folder_)->list({});
  ASSERT_THAT(names(files), ElementsAre("a.tar", "b.tar"));
  EXPECT_EQ(files[1].size, 5);
  EXPECT_LT(std::chrono::abs(SystemClock().now() - files[1].modified), std::chrono::minutes(5));
}

TEST_P(Destinations, SayWhatIsNotThere) {
  const auto where = at(folder_);
  EXPECT_THROW(where->open("web.tar", {}), NotFound);
  EXPECT_THROW(where->remove("web.tar", {}), NotFound);
  EXPECT_THROW(at(folder_ / "missing")->list({}), NotFound);
  EXPECT_THAT(where->list({}), IsEmpty());
}

TEST_P(Destinations, RemoveAFile) {
  std::ofstream(folder_ / "a.tar") << "1";
  std::ofstream(folder_ / "b.tar") << "2";
  at(folder_)->remove("a.tar", {});
  EXPECT_THAT(everything_in(folder_), ElementsAre("b.tar"));
}

TEST_P(Destinations, RemoveWhatKilledUploadsLeft) {
  for (const char* name : {".web.tar.0123abcd.part", ".shop.tar.89efabcd.part", ".mine.part", "old.tar"})
    std::ofstream(folder_ / name) << "x";
  for (const char* name : {".web.tar.0123abcd.part", ".mine.part", "old.tar"})
    fs::last_write_time(folder_ / name, fs::file_time_type::clock::now() - std::chrono::hours(72));
  const auto of_web = [](const std::string& name) { return name == "web.tar"; };
  EXPECT_EQ(at(folder_)->remove_leftovers(of_web, SystemClock().now() - std::chrono::hours(24), {}), 1);
  EXPECT_THAT(everything_in(folder_),
              testing::UnorderedElementsAre(".shop.tar.89efabcd.part", ".mine.part", "old.tar"));
}

TEST(LocalDestinations, MakeOneFolderAndNoMore) {
  const TemporaryFolder ground;
  const auto at = [](const fs::path& path) { return destination(parse_place(path.string()), {}); };
  EXPECT_THROW(at(ground.path() / "not-mounted/belay")->create("a.tar", {}, {}), NotFound);
  EXPECT_THROW(at(ground.path() / "not-mounted/belay")->check(), NotFound);
  EXPECT_FALSE(fs::exists(ground.path() / "not-mounted"));
  at(ground.path() / "new")->check();
  at(ground.path() / "new")->create("a.tar", {}, {})->commit();
  EXPECT_TRUE(fs::exists(ground.path() / "new/a.tar"));
}

TEST(LocalDestinations, RemoveWhatWasLeftAtOnceAndNotWhatGoesOn) {
  const TemporaryFolder ground;
  const auto where = destination(parse_place(ground.path().string()), {});
  std::ofstream(ground.path() / ".web.tar.0123abcd.part") << "x";
  std::ofstream(ground.path() / ".shop.tar.0123abcd.part") << "x";
  const auto upload = where->create("web.tar", {}, {});
  upload->write("x");
  const auto of_web = [](const std::string& name) { return name == "web.tar"; };
  EXPECT_EQ(where->remove_leftovers(of_web, SystemClock().now() - std::chrono::hours(24), {}), 1);
  EXPECT_TRUE(fs::exists(ground.path() / ".shop.tar.0123abcd.part"));
  upload->commit();
  EXPECT_TRUE(fs::exists(ground.path() / "web.tar"));
}

TEST_P(Destinations, RefuseNamesThatLeadElsewhere) {
  const auto where = at(folder_);
  for (const char* name : {"", "../x.tar", "a/b", ".hidden", "a\nb"}) {
    EXPECT_THROW(where->create(name, {}, {}), UsageError);
    EXPECT_THROW(where->open(name, {}), UsageError);
    EXPECT_THROW(where->remove(name, {}), UsageError);
  }
  EXPECT_THROW(where->create(std::string(201, 'x'), {}, {}), UsageError);
}

TEST_P(Destinations, SayThatTheDiskIsFullAndLeaveNothing) {
  const bool done = with_memory_mounted(folder_, "size=2m", [&] {
    const auto where = at(folder_);
    const std::string bytes = random_bytes(300'000);
    put(*where, "small.tar", "fits");
    EXPECT_THAT(failure([&] {
                  const auto upload = where->create("web.tar", {}, {});
                  for (int i = 0; i < 100; ++i) upload->write(bytes);
                  upload->commit();
                }),
                testing::ContainsRegex("web.tar: .*(No space left|no space left|no space is left)"));
    EXPECT_THAT(everything_in(folder_), ElementsAre("small.tar"));
    // There is room again.
    put(*where, "web.tar", std::string(1 << 20, 'x'));
    EXPECT_THAT(names(where->list({})), ElementsAre("small.tar", "web.tar"));
  });
  if (!done) GTEST_SKIP() << "this account cannot mount";
}

TEST_P(Destinations, NoticeAFileThatIsCutOffWhileItIsRead) {
  if (GetParam() == Place::Kind::rclone) GTEST_SKIP() << "rclone reads ahead too far for this to be seen";
  std::ofstream(folder_ / "web.tar") << random_bytes(6'000'000);
  const auto download = at(folder_)->open("web.tar", {});
  char room[1000];
  EXPECT_GT(download->read(room), 0U);
  fs::resize_file(folder_ / "web.tar", 100);
  EXPECT_THAT(failure([&] { all_of(*download); }), HasSubstr("of 6000000 bytes; something cut it off"));
}

TEST_P(Destinations, ReadOnAFileThatIsRemovedMeanwhileOrSayThatItIsGone) {
  if (GetParam() == Place::Kind::rclone) GTEST_SKIP() << "rclone reads ahead too far for this to be seen";
  const std::string bytes = random_bytes(6'000'000);
  std::ofstream(folder_ / "web.tar") << bytes;
  const auto download = at(folder_)->open("web.tar", {});
  fs::remove(folder_ / "web.tar");
  EXPECT_TRUE(all_of(*download) == bytes);
}

TEST_P(Destinations, StopReadingOnRequest) {
  std::ofstream(folder_ / "web.tar") << random_bytes(6'000'000);
  std::stop_source stop;
  const auto where = at(folder_);
  {
    const auto download = where->open("web.tar", stop.get_token());
    char room[1000];
    EXPECT_GT(download->read(room), 0U);
    stop.request_stop();
    EXPECT_THROW(all_of(*download), Cancelled);
  }
  EXPECT_THAT(names(where->list({})), ElementsAre("web.tar"));
}

TEST_P(Destinations, FailWithTheReasonWhereTheFolderCannotBe) {
  std::ofstream(folder_ / "file") << "x";
  const auto where = at(folder_ / "file" / "below");
  EXPECT_THAT(failure([&] {
                const auto upload = where->create("web.tar", {}, {});
                upload->write(std::string(1 << 20, 'x'));
                upload->commit();
              }),
              testing::ContainsRegex("(not a directory|Not a directory|not a folder|file exists|File exists)"));
}

TEST(Programs, ComeFromTheEnvironmentAsShellWords) {
  ::setenv("BELAY_SSH", "ssh -F '/etc/my config'", 1);
  ::setenv("BELAY_RCLONE", " ", 1);
  const Programs programs = programs_from_environment();
  EXPECT_THAT(programs.ssh, ElementsAre("ssh", "-F", "/etc/my config"));
  EXPECT_THAT(programs.rclone, ElementsAre("rclone"));
  ::unsetenv("BELAY_SSH");
  ::unsetenv("BELAY_RCLONE");
}

TEST(Programs, ThatAreMissingAreToldBeforeAnythingIsDone) {
  Programs programs;
  programs.rclone = {"no-such-rclone"};
  programs.ssh = {"no-such-ssh"};
  for (const char* place : {"rclone:s3:bucket", "sftp://nas/srv"}) {
    try {
      destination(parse_place(place), programs);
      ADD_FAILURE() << place;
    } catch (const NotFound& error) {
      EXPECT_THAT(error.what(), HasSubstr("which is not installed"));
      EXPECT_THAT(error.hint(), HasSubstr("apt install"));
    }
  }
}

TEST(Rclone, SaysInItsOwnWordsWhatIsWrong) {
  if (!find_program("rclone")) FAIL() << "rclone is missing: scripts/setup --for test";
  const TemporaryFolder folder;
  Programs programs;
  programs.rclone = {"rclone", "--config", (folder.path() / "none.conf").string()};
  try {
    destination(parse_place("rclone:nowhere:x"), programs)->list({});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("listing rclone:nowhere:x: rclone: "));
    EXPECT_THAT(error.what(), HasSubstr("didn't find section in config file"));
    EXPECT_THAT(error.hint(), HasSubstr("rclone config"));
  }
}

TEST(Rclone, ThatIsKilledWhileItTakesABackupLeavesNone) {
  if (!find_program("rclone")) FAIL() << "rclone is missing: scripts/setup --for test";
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "rclone.conf") << "[disk]\ntype = local\n";
  // Dies in the middle of the data, as one that the kernel kills for its memory.
  std::ofstream(folder.path() / "rclone")
      << "#!/bin/sh\ncase \"$*\" in\n*rcat*) head -c 100000 >/dev/null; kill -KILL $$ ;;\n"
         "*) exec rclone \"$@\" ;;\nesac\n";
  fs::permissions(folder.path() / "rclone", fs::perms::owner_all);
  fs::create_directory(folder.path() / "backups");
  Programs programs;
  programs.rclone = {(folder.path() / "rclone").string(), "--config", (folder.path() / "rclone.conf").string()};
  const auto where = destination(parse_place("rclone:disk:" + (folder.path() / "backups").string()), programs);
  EXPECT_THAT(failure([&] {
                const auto upload = where->create("web.tar", {}, {});
                for (int i = 0; i < 100; ++i) upload->write(std::string(300'000, 'x'));
              }),
              HasSubstr("rclone ended with exit code 137"));
  EXPECT_THAT(everything_in(folder.path() / "backups"), IsEmpty());
}

}  // namespace
}  // namespace belay::backup
