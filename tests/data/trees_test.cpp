// Trees that are live: what is mounted in them, how deep they are, who else exchanges names in them meanwhile.

#include <fcntl.h>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/format.h"
#include "base/text.h"
#include "data/reserve.h"
#include "data/tree.h"
#include "support/own_mounts.h"

namespace belay::data {
namespace {

using Kind = DataPlace::Kind;
using testing::bind;
using ::testing::HasSubstr;
using testing::mount_tmpfs;
using ::testing::ThrowsMessage;

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

class Trees : public ::testing::Test {
 protected:
  Trees() {
    make_folder(root_ / "app" / "photos");
    make_folder(root_ / "nas");
    write_file_durably(root_ / "app" / "index", "v1");
    write_file_durably(root_ / "nas" / "family.jpg", "10 years");
  }

  DataPlace app() const { return {Kind::folder, (root_ / "app").string()}; }
  DataPlace reserve() const { return reserve_of(app(), "s1"); }
  static std::string obstacle(const DataPlace& place, const std::vector<Volume>& volumes = {}) {
    const auto found = Reserves(volumes).obstacle(place);
    return found ? (found->kind == Obstacle::Kind::mount ? "mount: " : "place: ") + found->text : "";
  }
  void copy() const { Reserves({}).copy(app(), reserve(), {}, Sync::at_once, {}); }
  bool nas_is_whole() const { return read_file_if_present(root_ / "nas" / "family.jpg") == "10 years"; }

  TemporaryFolder folder_;
  const fs::path root_ = fs::canonical(folder_.path());
};

TEST_F(Trees, AMountBelowAPlaceIsFoundWhateverIsMounted) {
  EXPECT_EQ(obstacle(app()), "");
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    make_folder(root_ / "app/deep/er/with blank");
    write_file_durably(root_ / "app/deep/file", "");
    write_file_durably(root_ / "elsewhere", "");
    const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> ways{
        {"photos", [&](const fs::path& at) { bind(root_ / "nas", at); }},
        {"photos", mount_tmpfs},
        {"deep/er/with blank", mount_tmpfs},
        {"deep/file", [&](const fs::path& at) { bind(root_ / "elsewhere", at); }}};
    for (const auto& [at, way] : ways) {
      way(root_ / "app" / at);
      const std::string found = obstacle(app());
      ::umount2((root_ / "app" / at).c_str(), MNT_DETACH);
      if (!found.starts_with(format("mount: {} is a mount of its own", (root_ / "app" / at).string())))
        return at + found;
      if (!obstacle(app()).empty()) return "still there: " + obstacle(app());
    }
    return "";
  });
}

TEST_F(Trees, APlaceThatIsShownElsewhereIsNotExchanged) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    make_folder(root_ / "export");
    for (const auto* shown : {"app", "app/photos"}) {
      bind(root_ / shown, root_ / "export");
      const std::string found = obstacle(app());
      ::umount2((root_ / "export").c_str(), MNT_DETACH);
      if (found.find(format("is mounted at {} as well", (root_ / "export").string())) == std::string::npos)
        return found;
    }
    // What shows the folders above is no trouble: it goes the same way.
    bind(root_, root_ / "export");
    return obstacle(app()) + obstacle({Kind::folder, (root_ / "export/app").string()});
  });
}

TEST_F(Trees, AMountIsFoundThroughAnotherPathToThePlace) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    make_folder(root_ / "view");
    bind(root_, root_ / "view");
    mount_tmpfs(root_ / "view/app/photos");
    const std::string found = obstacle(app());
    return found.find("is a mount of its own") == std::string::npos ? "not found: " + found : "";
  });
}

TEST_F(Trees, AMountBelowAVolumeIsFound) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    make_folder(root_ / "volumes/data/_data/below");
    const std::vector<Volume> volumes{{"data", "local", (root_ / "volumes/data/_data").string(), {}, {}, {}}};
    const DataPlace place{Kind::volume, "data"};
    if (!obstacle(place, volumes).empty()) return obstacle(place, volumes);
    if (Reserves(volumes).mount_in(place)) return "a mount where there is none";
    for (const auto* at : {"volumes/data/_data/below", "volumes/data/_data", "volumes/data"}) {
      bind(root_ / at, root_ / at);
      const auto removal = Reserves(volumes).mount_in(place);
      const std::string found = obstacle(place, volumes);
      ::umount2((root_ / at).c_str(), MNT_DETACH);
      if (found.find("mount") == std::string::npos) return format("{}: {}", at, found);
      if (!removal || removal->find(at) == std::string::npos) return format("removal of {}", at);
    }
    return "";
  });
}

// The engine removes its own entry of such a volume, and unmounts what it shows there first.
TEST_F(Trees, TheRemovalOfAVolumeOfAFolderLeavesWhatIsMountedAboutTheFolder) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    const fs::path shown = root_ / "volumes/data/_data";
    make_folder(shown);
    make_folder(root_ / "volumes/data/beside");
    make_folder(root_ / "disk");
    mount_tmpfs(root_ / "disk");
    for (const auto* folder : {"disk/data/deep", "disk/other"}) make_folder(root_ / folder);
    const std::vector<Volume> volumes{
        {"data", "local", shown.string(), {}, {}, {{"type", "none"}, {"o", "bind"}, {"device", root_ / "disk/data"}}}};
    const DataPlace place{Kind::volume, "data"};
    const auto refused = [&] { return Reserves(volumes).mount_in(place).value_or(""); };
    if (!refused().empty()) return "the disk: " + refused();
    mount_tmpfs(root_ / "disk/other");
    mount_tmpfs(root_ / "disk/data/deep");
    if (!refused().empty()) return "below the folder: " + refused();
    bind(root_ / "disk/data", shown);  // as while a container runs
    mount_tmpfs(shown / "deep");
    if (!refused().empty()) return "shown: " + refused();
    bind(root_ / "nas", shown);  // an unmount would uncover the other
    if (refused().empty()) return "two at one point";
    ::umount2(shown.c_str(), MNT_DETACH);
    ::umount2(shown.c_str(), MNT_DETACH);
    bind(root_ / "nas", root_ / "volumes/data/beside");
    return refused().find("volumes/data/beside") == std::string::npos ? "beside: " + refused() : "";
  });
}

TEST_F(Trees, AMountThatCameAfterThePlanIsNotMoved) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    copy();
    const std::string wanted = content_of(reserve().source).value(), before = content_of(app().source).value();
    bind(root_ / "nas", root_ / "app/photos");
    const std::string said = message_of([&] { Reserves({}).exchange(app(), reserve(), wanted); });
    if (said.find("photos is a mount of its own") == std::string::npos) return said;
    if (content_of(app().source) != before) return "it was exchanged";
    ::umount2((root_ / "app/photos").c_str(), MNT_DETACH);
    Reserves({}).exchange(app(), reserve(), wanted);
    return content_of(app().source) == wanted ? "" : "it was not exchanged";
  });
}

// Whichever side it was on: what is mounted somewhere else after an exchange was moved by that.
TEST_F(Trees, AMountThatMovedWithTheExchangeIsMovedBack) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    copy();
    const std::string wanted = content_of(reserve().source).value(), before = content_of(app().source).value();
    bind(root_ / "nas", fs::path(reserve().source) / "photos");
    const std::string said = message_of([&] { Reserves({}).exchange(app(), reserve(), wanted); });
    if (said.find("was put back: ") == std::string::npos) return said;
    if (content_of(app().source) != before || content_of(reserve().source) != wanted) return "it was not put back";
    if (::umount2((fs::path(reserve().source) / "photos").c_str(), MNT_DETACH) != 0) return "the mount is elsewhere";
    Reserves({}).exchange(app(), reserve(), wanted);
    return content_of(app().source) == wanted && nas_is_whole() ? "" : "it was not exchanged";
  });
}

TEST_F(Trees, NothingThatIsMountedInAReserveIsEverRemoved) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    copy();
    bind(root_ / "nas", fs::path(reserve().source) / "photos");
    const std::string said = message_of([&] { Reserves::remove(reserve()); });
    if (said.find("photos is a mount of its own") == std::string::npos) return said;
    if (!nas_is_whole() || !fs::exists(fs::path(reserve().source) / "index")) return "something was removed";
    // Not by the removal itself either, which a mount may come after.
    const std::string late = message_of([&] { remove_tree(spot_of(reserve().source)); });
    if (late.find("a mount of its own") == std::string::npos || !nas_is_whole()) return "late: " + late;
    ::umount2((fs::path(reserve().source) / "photos").c_str(), MNT_DETACH);
    Reserves::remove(reserve());
    return fs::exists(reserve().source) ? "it stays" : "";
  });
}

TEST_F(Trees, ACopyNeverCrossesIntoAnotherMount) {
  EXPECT_FINE_WITH_OWN_MOUNTS([&]() -> std::string {
    bind(root_ / "nas", root_ / "app/photos");
    const std::string said = message_of([&] { copy(); });
    if (said.find("photos is a mount of its own now") == std::string::npos) return said;
    return fs::exists(reserve().source) ? "a reserve" : "";
  });
}

TEST_F(Trees, ATreeDeeperThanAPathIsLongIsCopiedAndRemoved) {
  const std::string name(95, 'd');
  Fd at(::open((root_ / "app").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 150; ++i) {
    ASSERT_EQ(::mkdirat(at.raw(), name.c_str(), 0755), 0);
    at = Fd(::openat(at.raw(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(at);
  }
  {
    const Fd file(::openat(at.raw(), "last", O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
    ASSERT_EQ(::write(file.raw(), "deep", 4), 4);
  }
  ASSERT_EQ(::linkat(at.raw(), "last", at.raw(), "twin", 0), 0);
  copy();
  Fd copied(::open(reserve().source.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int i = 0; i < 150; ++i) copied = Fd(::openat(copied.raw(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat status{}, twin{};
  ASSERT_EQ(::fstatat(copied.raw(), "last", &status, 0), 0);
  ASSERT_EQ(::fstatat(copied.raw(), "twin", &twin, 0), 0);
  EXPECT_EQ(status.st_size, 4);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  EXPECT_EQ(status.st_ino, twin.st_ino);
  EXPECT_EQ(size_of(app().source, {}).value, size_of(reserve().source, {}).value);
  Reserves::remove(reserve());
  EXPECT_FALSE(fs::exists(reserve().source));
  remove_tree(spot_of(app().source));
  EXPECT_FALSE(fs::exists(app().source));
}

TEST_F(Trees, ACopyOfManyFilesIsWholeAndLinksStayLinks) {
  for (int i = 0; i < 2'500; ++i) {
    const Fd made(::open((root_ / "app" / format("f{}", i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    ASSERT_TRUE(made);
  }
  make_folder(root_ / "app/a/b");
  fs::create_hard_link(root_ / "app/index", root_ / "app/a/b/index");
  fs::create_symlink("../index", root_ / "app/a/link");
  copy();
  const fs::path kept = reserve().source;
  EXPECT_EQ(std::distance(fs::directory_iterator(kept), fs::directory_iterator()), 2'503);
  EXPECT_TRUE(fs::equivalent(kept / "index", kept / "a/b/index"));
  EXPECT_EQ(fs::hard_link_count(kept / "index"), 2U);
  EXPECT_EQ(fs::read_symlink(kept / "a/link"), "../index");
  Reserves::remove(reserve());
  EXPECT_FALSE(fs::exists(kept));
}

TEST_F(Trees, ACopyLeavesSocketsOutAndSaysSo) {
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (root_ / "app/socket").string();
  if (path.size() >= sizeof address.sun_path) GTEST_SKIP() << "the temporary folder's name is too long";
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(listener.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::vector<std::string> warnings;
  CopyOptions options;
  options.warning = [&](const std::string& text) { warnings.push_back(text); };
  Reserves({}).copy(app(), reserve(), options, Sync::at_once, {});
  EXPECT_THAT(warnings, ::testing::ElementsAre(HasSubstr("app/socket is a socket; it is left out")));
  EXPECT_FALSE(fs::exists(fs::path(reserve().source) / "socket"));
}

TEST_F(Trees, ACopyKeepsCapabilitiesAclsAndHoles) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  const fs::path program = root_ / "app/program";
  write_file_durably(program, "program", 04751);
  const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  const bool capable = ::setxattr(program.c_str(), "security.capability", capability.data(), capability.size(), 0) == 0;
  const std::string acl(
      "\x02\x00\x00\x00\x01\x00\x07\x00\xff\xff\xff\xff\x02\x00\x05\x00\x67\x12\x00\x00"
      "\x04\x00\x05\x00\xff\xff\xff\xff\x10\x00\x05\x00\xff\xff\xff\xff\x20\x00\x01\x00\xff\xff\xff\xff",
      44);
  const bool has_acl = ::setxattr((root_ / "app").c_str(), "system.posix_acl_default", acl.data(), acl.size(), 0) == 0;
  {
    const Fd file(::open((root_ / "app/sparse").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    ASSERT_EQ(::pwrite(file.raw(), "one", 3, 1 << 20), 3);
    ASSERT_EQ(::pwrite(file.raw(), "two", 3, 20 << 20), 3);
    ASSERT_EQ(::ftruncate(file.raw(), 64 << 20), 0);
  }
  copy();
  const fs::path kept = reserve().source;
  struct stat status{};
  ASSERT_EQ(::stat((kept / "program").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 04751U);
  std::string value(64, '\0');
  if (capable) {
    EXPECT_EQ(::getxattr((kept / "program").c_str(), "security.capability", value.data(), value.size()), 20);
  }
  if (has_acl) {
    EXPECT_EQ(::getxattr(kept.c_str(), "system.posix_acl_default", value.data(), value.size()), 44);
    EXPECT_EQ(::getxattr((kept / "program").c_str(), "system.posix_acl_access", value.data(), value.size()), -1)
        << "handed down by the folder";
  }
  ASSERT_EQ(::stat((kept / "sparse").c_str(), &status), 0);
  EXPECT_EQ(status.st_size, 64 << 20);
  EXPECT_LT(status.st_blocks * 512, 4 << 20);
  EXPECT_EQ(read_file(kept / "sparse").substr(20 << 20, 3), "two");
}

TEST_F(Trees, LinksOfRootAreFollowedAndThoseOfOthersAreNot) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  fs::create_directory_symlink("app", root_ / "link");
  EXPECT_EQ(real_place({Kind::folder, (root_ / "link").string()}), app());
  EXPECT_EQ(real_place({Kind::folder, (root_ / "nas/../link/").string()}), app());
  fs::create_directory_symlink(root_, root_ / "nas/around");
  EXPECT_EQ(real_place({Kind::folder, (root_ / "nas/around/link/photos").string()}).source,
            (root_ / "app/photos").string());
  EXPECT_EQ(real_place({Kind::folder, (root_ / "nas/around/not/there").string()}).source,
            (root_ / "not/there").string());
  // Of a stranger's, or in a stranger's folder.
  ASSERT_EQ(::lchown((root_ / "link").c_str(), 12345, 12345), 0);
  EXPECT_THAT([&] { real_place({Kind::folder, (root_ / "link").string()}); },
              ThrowsMessage<Error>(HasSubstr("others than root could have put there")));
  ASSERT_EQ(::chown((root_ / "nas").c_str(), 12345, 12345), 0);
  EXPECT_THAT([&] { real_place({Kind::folder, (root_ / "nas/around").string()}); },
              ThrowsMessage<Error>(HasSubstr("others than root could have put there")));
  EXPECT_THAT([&] { std::ignore = spot_of(root_ / "nas/around/app"); },
              ThrowsMessage<Error>(HasSubstr("is no longer a folder")));
}

// Somebody who owns the folder above exchanges names in it as fast as they can; root copies, fills and exchanges there.
class Attack : public Trees {
 protected:
  // Each name in turn becomes a link to the folder of root's, and is put back.
  pid_t attack(const std::vector<std::string>& names) const {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const auto at = [&](const std::string& name) { return (root_ / "alice" / name).string(); };
    if (::setgid(12345) != 0 || ::setuid(12345) != 0) ::_exit(1);
    std::ignore = ::symlink((root_ / "secret").c_str(), at("planted").c_str());
    for (;;)
      for (const auto& name : names)
        for (int i = 0; i < 2; ++i)
          std::ignore = ::renameat2(AT_FDCWD, at(name).c_str(), AT_FDCWD, at("planted").c_str(), RENAME_EXCHANGE);
  }
};

TEST_F(Attack, NothingIsWrittenOutsideWhileNamesAreExchanged) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  make_folder(root_ / "secret");
  ASSERT_EQ(::chmod((root_ / "secret").c_str(), 0700), 0);
  make_folder(root_ / "alice/app");
  for (int i = 0; i < 20; ++i) write_file_durably(root_ / "alice/app" / format("zub{}", i), "alice's");
  for (const auto* own : {"alice", "alice/app"}) ASSERT_EQ(::chown((root_ / own).c_str(), 12345, 12345), 0);
  ASSERT_EQ(::chmod(root_.c_str(), 0755), 0) << "the attacker must get there";
  const DataPlace place{Kind::folder, (root_ / "alice/app").string()};
  const DataPlace kept = reserve_of(place, "s1");
  const auto name = [](const DataPlace& of) { return fs::path(of.source).filename().string(); };
  const pid_t attacker = attack({name(kept) + ".partial", name(place), name(kept)});
  ASSERT_GT(attacker, 0);
  int done = 0;
  for (int round = 0; round < 25; ++round) {
    const auto attempt = [&](const std::function<void()>& work) {
      try {
        work();
        ++done;
      } catch (const Error&) {
        // The worst that may come of it.
      }
    };
    attempt([&] { Reserves({}).copy(place, kept, {}, Sync::at_once, {}); });
    attempt(
        [&] { Reserves({}).fill(kept, [](const fs::path& into) { write_file_durably(into / "zub", "unpacked"); }); });
    attempt([&] { Reserves({}).exchange(place, kept, content_of(kept.source).value_or("-")); });
    attempt([&] { Reserves::remove(kept); });
  }
  ::kill(attacker, SIGKILL);
  ::waitpid(attacker, nullptr, 0);
  EXPECT_GT(done, 0);
  struct stat status{};
  ASSERT_EQ(::stat((root_ / "secret").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  EXPECT_EQ(status.st_uid, 0U);
  EXPECT_TRUE(fs::is_empty(root_ / "secret"));
}

TEST(MountsOfAText, AreUnderstood) {
  const Mounts mounts(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "30 22 8:2 / /srv rw - xfs /dev/sdb rw\n"
      "31 30 8:2 /app/with\\040blank /export\\134 rw shared:5 master:1 - xfs /dev/sdb rw\n"
      "32 30 0:55 / /srv/app/auto rw - autofs systemd-1 rw\n"
      "33 30 8:2 /gone//deleted /x rw - xfs /dev/sdb rw\n"
      "34 22 0:60 / /srv2 rw - fuse.mergerfs a:b rw\n");
  ASSERT_EQ(mounts.all().size(), 5U);
  EXPECT_EQ(mounts.all()[2].root, "/app/with blank");
  EXPECT_EQ(mounts.all()[2].point, "/export\\");
  EXPECT_EQ(mounts.all()[4].type, "fuse.mergerfs");
  EXPECT_EQ(mounts.location("/srv/app")->text(), "8:2:/app");
  EXPECT_EQ(mounts.location("/srv3")->text(), "8:1:/srv3");
  EXPECT_EQ(mounts.location("/export\\/x")->text(), "8:2:/app/with blank/x");
  EXPECT_EQ(mounts.within("/srv/app")->point, "/srv/app/auto");
  EXPECT_EQ(mounts.within("/srv/ap"), nullptr);
  EXPECT_EQ(mounts.within("/srv/app/with blank"), nullptr);
  EXPECT_EQ(mounts.shown_elsewhere("/srv/app")->point, "/export\\");
  EXPECT_EQ(mounts.shown_elsewhere("/srv/app/with blank/below"), nullptr);
  EXPECT_EQ(mounts.within("/srv2/app"), nullptr);
}

}  // namespace
}  // namespace belay::data
