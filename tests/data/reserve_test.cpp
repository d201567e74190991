#include "data/reserve.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/format.h"

namespace belay::data {
namespace {

using Kind = DataPlace::Kind;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Volumes "web_data" and its reserve, a folder and a file, each with old content; every kind in turn.
class Reserve : public ::testing::TestWithParam<Kind> {
 protected:
  Reserve() {
    for (const auto* name : {"web_data", "web_data.belay-s1"}) {
      make_folder(folder_.path() / "volumes" / name / "_data");
      volumes_.push_back({name, "local", (folder_.path() / "volumes" / name / "_data").string(), {}, {}, {}});
    }
    make_folder(folder_.path() / "site");
    write_file_durably(folder_.path() / "app.conf", "old");
    if (GetParam() != Kind::file) write_file_durably(at(place()) / "file", "old");
  }

  DataPlace place() const {
    if (GetParam() == Kind::volume) return {Kind::volume, "web_data"};
    return {GetParam(), (folder_.path() / (GetParam() == Kind::folder ? "site" : "app.conf")).string()};
  }
  DataPlace reserve() const { return reserve_of(place(), "s1"); }
  Reserves reserves() const { return Reserves(volumes_); }
  fs::path at(const DataPlace& place) const { return reserves().path(place); }

  std::string held(const DataPlace& place) const {
    const fs::path path = GetParam() == Kind::file ? at(place) : at(place) / "file";
    return read_file_if_present(path).value_or("-");
  }
  void fill(const std::string& text) const {
    reserves().fill(reserve(), [&](const fs::path& into) {
      EXPECT_EQ(fs::exists(into), GetParam() != Kind::file);
      if (GetParam() != Kind::file) {
        EXPECT_TRUE(fs::is_empty(into));
      }
      write_file_durably(GetParam() == Kind::file ? into : into / "file", text);
    });
  }
  template <class How>
  void fill_halfway(const How& how) const {
    reserves().fill(reserve(), [&](const fs::path& into) {
      write_file_durably(GetParam() == Kind::file ? into : into / "half", "half");
      throw how;
    });
  }
  // Not an Error: as a power cut, nothing catches it.
  void be_cut_off() const {
    struct PowerCut {};
    EXPECT_THROW(fill_halfway(PowerCut()), PowerCut);
  }
  bool is_whole() const { return reserves().contents({}, {reserve()}).contains(reserve()); }
  std::string content(const DataPlace& of) const { return content_of(at(of)).value(); }
  // What lies about, by name.
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
      found.push_back(entry.path().lexically_relative(folder_.path()).string());
    std::sort(found.begin(), found.end());
    return found;
  }

  TemporaryFolder folder_;
  std::vector<Volume> volumes_;
};

TEST_P(Reserve, IsThereOnceItIsFilledAndNotBefore) {
  EXPECT_FALSE(is_whole());
  be_cut_off();
  EXPECT_FALSE(is_whole());
  EXPECT_EQ(held(place()), "old");
  fill("new");
  EXPECT_TRUE(is_whole());
  EXPECT_EQ(held(reserve()), "new");
  EXPECT_EQ(held(place()), "old");
  for (const auto& name : names()) EXPECT_EQ(name.find("partial"), std::string::npos) << name;
}

TEST_P(Reserve, ThatCannotBeFilledLeavesNothingBehind) {
  const auto before = names();
  try {
    fill_halfway(Error(ErrorCode::internal, "the disk is full"));
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("filling " + text_of(reserve())));
    EXPECT_THAT(error.what(), HasSubstr("the disk is full"));
  }
  EXPECT_EQ(names(), before) << "what filled the disk would keep it full";
  EXPECT_THROW(fill_halfway(Cancelled()), Cancelled);
  EXPECT_EQ(names(), before);
  fill("new");
  EXPECT_EQ(held(reserve()), "new");
}

TEST_P(Reserve, ThatWasFilledHalfwayIsClearedByTheNextTry) {
  be_cut_off();
  fill("new");
  const auto after = names();
  EXPECT_EQ(std::count_if(after.begin(), after.end(), [](const auto& name) { return name.ends_with("half"); }), 0);
  EXPECT_EQ(held(reserve()), "new");
}

TEST_P(Reserve, IsExchangedInOneStepAndOnlyOnce) {
  fill("new");
  const std::string wanted = content(reserve()), before = content(place());
  reserves().exchange(place(), reserve(), wanted);
  EXPECT_EQ(held(place()), "new");
  EXPECT_EQ(held(reserve()), "old");
  EXPECT_EQ(content(place()), wanted);
  EXPECT_TRUE(is_whole()) << "what was displaced is a whole reserve";
  reserves().exchange(place(), reserve(), wanted);
  EXPECT_EQ(held(place()), "new") << "it was so already";
  reserves().exchange(place(), reserve(), before);
  EXPECT_EQ(held(place()), "old");
  EXPECT_EQ(held(reserve()), "new");
}

TEST_P(Reserve, WithOtherContentThanWishedIsNotExchanged) {
  EXPECT_THAT([&] { reserves().exchange(place(), reserve(), "12-34.5"); },
              ThrowsMessage<Error>(HasSubstr("holds what it should")));
  fill("new");
  EXPECT_THAT([&] { reserves().exchange(place(), reserve(), "12-34.5"); },
              ThrowsMessage<Error>(HasSubstr("holds what it should")));
  EXPECT_EQ(held(place()), "old");
}

TEST_P(Reserve, IsACopyWithEverythingThatLinuxKeeps) {
  const fs::path path = at(place());
  const fs::path file = GetParam() == Kind::file ? path : path / "file";
  ASSERT_EQ(::chmod(file.c_str(), 0641), 0);
  const timespec times[2]{{1'700'000'000, 123'456'789}, {1'700'000'001, 987'654'321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  const bool has_attributes = ::setxattr(file.c_str(), "user.colour", "red", 3, 0) == 0;
  const bool is_root = ::geteuid() == 0;
  if (is_root) {
    ASSERT_EQ(::chown(file.c_str(), 1234, 4321), 0);
  }
  if (GetParam() != Kind::file) {
    fs::create_symlink("file", path / "link");
    fs::create_hard_link(file, path / "twin");
    write_file_durably(path / "hole", "");
    fs::resize_file(path / "hole", 8 << 20);
    ASSERT_EQ(::mkfifo((path / "pipe").c_str(), 0600), 0);
    ASSERT_EQ(::chmod(path.c_str(), 0751), 0);
  }
  std::int64_t written = -1;
  CopyOptions options;
  options.written = [&](std::int64_t so_far) {
    EXPECT_GE(so_far, written);
    written = so_far;
  };
  reserves().copy(place(), reserve(), options, Sync::at_once, {});
  EXPECT_GE(written, 0);
  const fs::path copy = at(reserve());
  const fs::path copied = GetParam() == Kind::file ? copy : copy / "file";
  struct stat status{};
  ASSERT_EQ(::stat(copied.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0641U);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'700'000'001);
  EXPECT_EQ(status.st_mtim.tv_nsec, 987'654'321);
  if (is_root) {
    EXPECT_EQ(format("{}:{}", status.st_uid, status.st_gid), "1234:4321");
  }
  if (has_attributes) {
    char value[8] = {};
    EXPECT_EQ(::getxattr(copied.c_str(), "user.colour", value, sizeof value), 3);
    EXPECT_STREQ(value, "red");
  }
  EXPECT_EQ(held(reserve()), "old");
  EXPECT_EQ(held(place()), "old");
  if (GetParam() == Kind::file) return;
  EXPECT_EQ(fs::read_symlink(copy / "link"), "file");
  EXPECT_EQ(fs::hard_link_count(copy / "twin"), 2U);
  EXPECT_TRUE(fs::equivalent(copy / "twin", copy / "file"));
  ASSERT_EQ(::stat((copy / "hole").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 8 << 20);
  EXPECT_LT(status.st_blocks * 512, 1 << 20) << "the hole was filled";
  EXPECT_TRUE(fs::is_fifo(copy / "pipe"));
  ASSERT_EQ(::stat(copy.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0751U) << "the folder's own";
}

TEST_P(Reserve, CannotBeACopyOfNothing) {
  fs::remove_all(at(place()));
  EXPECT_THAT([&] { reserves().copy(place(), reserve(), {}, Sync::at_once, {}); },
              ThrowsMessage<NotFound>(HasSubstr("is not there")));
  EXPECT_FALSE(is_whole());
}

TEST_P(Reserve, WhoseCopyIsStoppedIsNotThere) {
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_THAT([&] { reserves().copy(place(), reserve(), {}, Sync::at_once, stopped.get_token()); },
              ::testing::Throws<Cancelled>());
  EXPECT_FALSE(is_whole());
}

TEST_P(Reserve, IsRemovedWithWhatAnUnfinishedFillLeft) {
  if (GetParam() == Kind::volume) {
    EXPECT_THAT([&] { Reserves::remove(reserve()); }, ThrowsMessage<Error>(HasSubstr("is not a reserve")));
    return;
  }
  const auto before = names();
  be_cut_off();
  Reserves::remove(reserve());
  EXPECT_EQ(names(), before);
  fill("new");
  Reserves::remove(reserve());
  EXPECT_EQ(names(), before);
  Reserves::remove(reserve());
}

TEST_P(Reserve, IsAllThatIsEverRemoved) {
  EXPECT_THAT([&] { Reserves::remove(place()); }, ThrowsMessage<Error>(HasSubstr("is not a reserve")));
  for (const auto* source : {"/srv/.web.belay-s1/below", "/srv/web.belay-s1", "/srv/.belay-s1"})
    EXPECT_THAT([&] { Reserves::remove({Kind::folder, source}); }, ThrowsMessage<Error>(HasSubstr("is not a reserve")))
        << source;
  EXPECT_EQ(held(place()), "old");
}

TEST_P(Reserve, OfAPlaceThatIsAMountPointIsRefusedBeforehand) {
  EXPECT_FALSE(reserves().obstacle(place()).has_value());
  // In a process of its own, so that no mount outlives the test.
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) ::_exit(77);
    const std::string path = at(place()).string();
    if (::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(77);
    const auto obstacle = reserves().obstacle(place());
    bool is_refused = false;
    fill("new");
    try {
      reserves().exchange(place(), reserve(), content(reserve()));
    } catch (const Error& error) {
      is_refused = std::string(error.what()).find("mount point") != std::string::npos;
    }
    ::_exit(obstacle && is_refused && held(place()) == "old" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mount can be made here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_P(Reserve, OfALinkIsRefusedBeforehand) {
  if (GetParam() == Kind::volume) return;
  fs::rename(place().source, folder_.path() / "elsewhere");
  fs::create_symlink("elsewhere", place().source);
  const auto obstacle = reserves().obstacle(place());
  ASSERT_TRUE(obstacle.has_value());
  EXPECT_THAT(obstacle->text, HasSubstr("symbolic link"));
}

TEST_P(Reserve, OfAVolumeThatOnlyTheEngineReachesCannotBeMade) {
  if (GetParam() != Kind::volume) return;
  volumes_[1].driver = "nfs";
  EXPECT_THAT([&] { fill("new"); }, ThrowsMessage<Error>(HasSubstr("in reach of the engine only")));
  EXPECT_FALSE(is_whole());
}

INSTANTIATE_TEST_SUITE_P(Of, Reserve, ::testing::Values(Kind::volume, Kind::folder, Kind::file),
                         [](const auto& kind) { return std::string(to_text(kind.param)); });

}  // namespace
}  // namespace belay::data
