#include "state/folder.h"

#include <array>
#include <cstdlib>
#include <functional>
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tuple>
#include <unistd.h>

#include "base/text.h"
#include "state/store.h"

namespace belay::state {
namespace {

struct stat status_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status;
}

// Sets a variable, or unsets it where the value is null, and puts back what was there.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }

 private:
  void set(const char* value) const {
    if (value != nullptr) {
      ::setenv(name_, value, 1);
    } else {
      ::unsetenv(name_);
    }
  }
  const char* name_;
  std::optional<std::string> before_;
};

TEST(StateFolder, FollowsTheVariables) {
  {
    const Variable chosen("BELAY_STATE_DIR", "/srv/belay");
    EXPECT_EQ(state_folder(), "/srv/belay");
  }
  {
    const Variable chosen("BELAY_STATE_DIR", "here");
    EXPECT_EQ(state_folder(), fs::current_path() / "here");
  }
  const Variable chosen("BELAY_STATE_DIR", nullptr);
  const Variable home("HOME", "/home/somebody");
  const Variable state_home("XDG_STATE_HOME", "/xdg");
  EXPECT_EQ(state_folder(), ::geteuid() == 0 ? "/var/lib/belay" : "/xdg/belay");
  if (::geteuid() == 0) return;
  const Variable relative("XDG_STATE_HOME", "xdg");
  EXPECT_EQ(state_folder(), "/home/somebody/.local/state/belay");
}

TEST(StateFolder, IsForOwnerAndGroupOnly) {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "a/state";
  const mode_t before = ::umask(0);
  const auto store = Store::open(folder);
  store->save(App{AppName("web")});
  const fs::path lock = lock_file(folder, AppName("web"));
  ::umask(before);
  EXPECT_EQ(lock, folder / "locks/web");
  const bool is_shared = ::geteuid() == 0 && ::getgrnam("docker") != nullptr;
  for (const fs::path& path : {folder, folder / "locks"})
    EXPECT_EQ(status_of(path).st_mode & 0777, is_shared ? 0770U : 0700U) << path;
  for (const auto& entry : fs::directory_iterator(folder)) {
    EXPECT_EQ(status_of(entry.path()).st_mode & 0007, 0U) << entry.path();
  }
  EXPECT_EQ(status_of(folder / "state.db").st_mode & 0777, is_shared ? 0660U : 0600U);
  EXPECT_EQ(status_of(lock).st_mode & 0777, is_shared ? 0660U : 0600U);
}

TEST(StateFolder, KeepsItsModesUnderAStrictUmask) {
  const TemporaryFolder temporary;
  const mode_t before = ::umask(0077);
  Store::open(temporary.path() / "state");
  const fs::path lock = lock_file(temporary.path() / "state", AppName("web"));
  ::umask(before);
  const bool is_shared = ::geteuid() == 0 && ::getgrnam("docker") != nullptr;
  EXPECT_EQ(status_of(temporary.path() / "state").st_mode & 0777, is_shared ? 0770U : 0700U);
  EXPECT_EQ(status_of(temporary.path() / "state/state.db").st_mode & 0777, is_shared ? 0660U : 0600U);
  EXPECT_EQ(status_of(lock).st_mode & 0777, is_shared ? 0660U : 0600U);
}

// Runs `work` as another user, whose primary group many share; what of it went wrong.
std::string as_another_user(const fs::path& home, const std::function<void()>& work) {
  EXPECT_EQ(::chown(home.c_str(), 41001, 41002), 0);
  fs::permissions(home.parent_path(), fs::perms(0755));
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    std::string said;
    try {
      if (::setgroups(0, nullptr) != 0 || ::setgid(41002) != 0 || ::setuid(41001) != 0) said = "cannot be another user";
      if (said.empty()) work();
    } catch (const std::exception& error) {
      said = error.what();
    }
    std::ignore = ::write(ends[1], said.data(), said.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said;
  std::array<char, 512> buffer{};
  for (ssize_t count; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    said.append(buffer.data(), static_cast<size_t>(count));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return said;
}

mode_t mode_of(const fs::path& path) {
  return status_of(path).st_mode & 07777;
}

TEST(StateFolder, IsForNobodysPrimaryGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  const TemporaryFolder temporary;
  const fs::path home = temporary.path() / "home", folder = home / "belay";
  fs::create_directory(home);
  const auto open = [&] {
    ::umask(0);
    Store::open(folder)->save(App{AppName("web")});
    lock_file(folder, AppName("web"));
  };
  EXPECT_EQ(as_another_user(home, open), "");
  EXPECT_EQ(mode_of(folder), 0700U);
  EXPECT_EQ(mode_of(folder / "locks"), 0700U);
  EXPECT_EQ(mode_of(folder / "state.db"), 0600U);
  EXPECT_EQ(mode_of(folder / "locks/web"), 0600U);
  // As earlier versions made them.
  fs::permissions(folder, fs::perms(0770));
  fs::permissions(folder / "state.db", fs::perms(0660));
  EXPECT_EQ(as_another_user(home, open), "");
  EXPECT_EQ(mode_of(folder), 0700U);
  EXPECT_EQ(mode_of(folder / "state.db"), 0600U);
}

TEST(StateFolder, IsTheGroupsWhereTheFolderAboveIsSetUpSo) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to be another user";
  const TemporaryFolder temporary;
  const fs::path home = temporary.path() / "home", folder = home / "belay";
  fs::create_directory(home);
  ASSERT_EQ(::chown(home.c_str(), 41001, 41002), 0);
  ASSERT_EQ(::chmod(home.c_str(), 02770), 0);
  const auto open = [&] { Store::open(folder)->save(App{AppName("web")}); };
  for (int again = 0; again < 2; ++again) {
    EXPECT_EQ(as_another_user(home, open), "");
    EXPECT_EQ(mode_of(folder), 02770U);
    EXPECT_EQ(mode_of(folder / "state.db"), 0660U);
    ASSERT_EQ(::chmod(home.c_str(), 02770), 0);
  }
}

TEST(StateFolder, BelongsToTheEnginesGroupForRoot) {
  const group* docker = ::getgrnam("docker");
  if (::geteuid() != 0 || docker == nullptr) GTEST_SKIP() << "needs root and a group docker";
  const gid_t expected = docker->gr_gid;
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "state";
  const auto store = Store::open(folder);
  store->save(App{AppName("web")});
  for (const fs::path& path : {folder, folder / "state.db", folder / "state.db-wal", lock_file(folder, AppName("web"))})
    EXPECT_EQ(status_of(path).st_gid, expected) << path;
}

TEST(StateFolder, LeavesAFolderThatIsThereAsItIs) {
  const TemporaryFolder temporary;
  fs::permissions(temporary.path(), fs::perms(0700));
  Store::open(temporary.path());
  EXPECT_EQ(status_of(temporary.path()).st_mode & 07777, 0700U);
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

// V10: what somebody else could have put there, or could put there, is not used.
TEST(StateFolder, RefusesWhatBelongsToSomebodyElse) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give something away";
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "state";
  fs::create_directory(folder);
  ASSERT_EQ(::chown(folder.c_str(), 65534, 65534), 0);
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("belongs to the user 65534"), std::string::npos);
  ASSERT_EQ(::chown(folder.c_str(), 0, 0), 0);
  EXPECT_EQ(refusal([&] { Store::open(folder)->save(App{AppName("web")}); }), "nothing was refused");
  ASSERT_EQ(::chown((folder / "state.db").c_str(), 65534, 65534), 0);
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("belongs to the user 65534"), std::string::npos);
  EXPECT_NE(refusal([&] { Store::open_existing(folder); }).find("belongs to the user 65534"), std::string::npos);
}

// Two members of the group docker: the locks that the first one made are the second one's too.
TEST(StateFolder, IsSharedByTheMembersOfItsGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give something away";
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "state", locks = folder / "locks";
  fs::create_directories(locks);
  const auto give = [&](const fs::path& path, uid_t user, gid_t group, mode_t mode) {
    ASSERT_EQ(::chown(path.c_str(), user, group), 0);
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
  };
  give(folder, 0, 4711, 02770);
  give(locks, 41001, 4711, 02770);
  EXPECT_EQ(refusal([&] { lock_file(folder, AppName("web")); }), "nothing was refused");
  give(locks, 41001, 4712, 02770);
  EXPECT_NE(refusal([&] { lock_file(folder, AppName("web")); }).find("belongs to the user 41001"), std::string::npos);
  give(locks, 41001, 4711, 02770);
  give(folder, 0, 4711, 0755);
  EXPECT_NE(refusal([&] { lock_file(folder, AppName("web")); }).find("belongs to the user 41001"), std::string::npos)
      << "a folder that no group shares";
}

TEST(StateFolder, RefusesWhatAnybodyCanWriteToOrReplace) {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "above/state";
  EXPECT_EQ(refusal([&] { Store::open(folder); }), "nothing was refused");
  fs::permissions(folder / "state.db", fs::perms(0666));
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("anybody can write to"), std::string::npos);
  fs::permissions(folder / "state.db", fs::perms(0660));
  fs::permissions(folder, fs::perms(0777));
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("anybody can write to that folder"), std::string::npos);
  fs::permissions(folder, fs::perms(0770));
  fs::permissions(temporary.path() / "above", fs::perms(0777));
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("anybody can replace it"), std::string::npos);
  fs::permissions(temporary.path() / "above", fs::perms(01777));
  EXPECT_EQ(refusal([&] { Store::open(folder); }), "nothing was refused");
}

// Whoever owns a folder above may put another in the place of what lies in it.
TEST(StateFolder, RefusesWhatAnotherUserCanReplace) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a folder away";
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "home/below/state";
  EXPECT_EQ(refusal([&] { Store::open(folder); }), "nothing was refused");
  ASSERT_EQ(::chown((temporary.path() / "home").c_str(), 41001, 41001), 0);
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("the user 41001 can replace it"), std::string::npos);
  // Also through a link.
  fs::create_directory_symlink(folder, temporary.path() / "link");
  EXPECT_NE(refusal([&] { Store::open(temporary.path() / "link"); }).find("41001 can replace it"), std::string::npos);
}

TEST(StateFolder, FollowsNoLinkToTheStateOrToALock) {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "state", precious = temporary.path() / "precious";
  write_file_durably(precious, "precious");
  Store::open(folder);
  lock_file(folder, AppName("shop"));
  fs::create_symlink(precious, folder / "locks/web");
  EXPECT_NE(refusal([&] { lock_file(folder, AppName("web")); }).find("a link"), std::string::npos);
  fs::remove(folder / "state.db");
  fs::create_symlink(precious, folder / "state.db");
  EXPECT_NE(refusal([&] { Store::open(folder); }).find("a link"), std::string::npos);
  EXPECT_EQ(read_file(precious), "precious");
}

TEST(StateFolder, SaysSoWhereItCannotBeReadInOneSentence) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const TemporaryFolder temporary;
  fs::create_directories(temporary.path() / "closed/state");
  fs::permissions(temporary.path() / "closed", fs::perms(0));
  EXPECT_NE(refusal([&] { Store::open(temporary.path() / "closed/state"); }).find("Permission denied"),
            std::string::npos);
  fs::permissions(temporary.path() / "closed", fs::perms(0755));
}

// A10: one state for root and the group docker.
TEST(StateFolder, IsRootsForWhoeverMayWriteThere) {
  const TemporaryFolder temporary;
  const Variable home("XDG_STATE_HOME", "/xdg");
  const fs::path shared = temporary.path() / "shared";
  EXPECT_EQ(usual_folder(true, shared), shared);
  EXPECT_EQ(usual_folder(false, shared), "/xdg/belay");
  fs::create_directory(shared);
  EXPECT_EQ(usual_folder(false, shared), shared);
  if (::geteuid() == 0) return;
  fs::permissions(shared, fs::perms(0500));
  EXPECT_EQ(usual_folder(false, shared), "/xdg/belay");
  fs::permissions(shared, fs::perms(0700));
}

}  // namespace
}  // namespace belay::state
