// What goes wrong with the file: another version, damage, no space, no permission.

#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "samples.h"
#include "state/store.h"

namespace belay::state {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

template <class Work>
std::pair<std::string, std::string> failure_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return {error.what(), error.hint()};
  }
  return {"no failure", ""};
}

class StoreFailure : public ::testing::Test {
 protected:
  fs::path folder() const { return temporary_.path() / "state"; }
  fs::path file() const { return folder() / "state.db"; }
  TemporaryFolder temporary_;
};

TEST_F(StoreFailure, RefusesAStateOfANewerBelayAndLeavesItAsItIs) {
  Store::open(folder())->save(full_app("web"));
  sql(folder().string(), "PRAGMA user_version = 999");
  const auto [text, hint] = failure_of([&] { Store::open(folder()); });
  EXPECT_THAT(text,
              AllOf(HasSubstr("the state in " + folder().string() + " was written by a newer Belay (schema 999; this "),
                    HasSubstr("one knows ")));
  EXPECT_THAT(hint, HasSubstr("newer"));
  EXPECT_EQ(failure_of([&] { Store::open_existing(folder()); }).first, text);
  EXPECT_EQ(sql(folder().string(), "PRAGMA user_version"), "999");
}

TEST_F(StoreFailure, NamesRecoverForAFileThatIsNoDatabase) {
  fs::create_directory(folder());
  std::ofstream(file()) << std::string(5000, 'x');
  const auto [text, hint] = failure_of([&] { Store::open(folder()); });
  EXPECT_THAT(text, StartsWith("the state in " + folder().string() + " is damaged"));
  EXPECT_THAT(hint, HasSubstr("belay recover"));
  EXPECT_EQ(fs::file_size(file()), 5000U) << "a damaged file is evidence";
}

TEST_F(StoreFailure, NamesRecoverForDamageInTheMiddle) {
  Store::open(folder())->save(long_lived_app("web", 200));
  {
    std::fstream damaged(file(), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(8192);
    damaged << std::string(static_cast<size_t>(fs::file_size(file())) - 8192, '\x55');
  }
  const auto [text, hint] = failure_of([&] { Store::open(folder())->apps(); });
  EXPECT_THAT(text, HasSubstr("is damaged"));
  EXPECT_THAT(hint, HasSubstr("belay recover"));
}

TEST_F(StoreFailure, SaysWhichAppHoldsASpecItCannotRead) {
  Store::open(folder())->save(full_app("web"));
  sql(folder().string(), "UPDATE specs SET json = '{\"from_the_future\": 1}'");
  const auto [text, hint] = failure_of([&] { Store::open(folder())->app(AppName("web")); });
  EXPECT_THAT(text, HasSubstr("reading web from the state"));
  EXPECT_THAT(text, HasSubstr("from_the_future"));
}

TEST_F(StoreFailure, SaysSoWhenTheFolderCannotBeMade) {
  std::ofstream(temporary_.path() / "file") << "";
  EXPECT_THAT(failure_of([&] { Store::open(temporary_.path() / "file/state"); }).first, HasSubstr("making the folder"));
}

// Runs `work` in a child process, as another user may; what it returns is the child's last word.
std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  if (::pipe(ends) != 0) return "no pipe";
  const pid_t child = ::fork();
  if (child == 0) {
    std::string answer;
    try {
      answer = work();
    } catch (const Error& error) {
      answer = std::string(error.what()) + " | " + error.hint();
    }
    ::_exit(::write(ends[1], answer.data(), answer.size()) < 0 ? 1 : 0);
  }
  ::close(ends[1]);
  std::string answer;
  char buffer[1024];
  for (ssize_t count = 0; (count = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<size_t>(count));
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return answer;
}

TEST_F(StoreFailure, WhatMayNotBeWrittenCanStillBeLookedAt) {
  Store::open(folder())->save(full_app("web"));
  fs::permissions(temporary_.path(), fs::perms(0755));
  fs::permissions(folder(), fs::perms(0555));
  fs::permissions(file(), fs::perms(0444));
  const std::string answer = in_child([&]() -> std::string {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return "setresuid failed";
    const auto store = Store::open(folder());
    if (text_of(*store->app(AppName("web"))) != text_of(full_app("web"))) return "it cannot be looked at";
    store->forget(AppName("web"));
    return "written";
  });
  fs::permissions(folder(), fs::perms(0755));
  EXPECT_THAT(answer, HasSubstr("cannot be opened for writing"));
  EXPECT_THAT(answer, HasSubstr("BELAY_STATE_DIR"));
}

TEST_F(StoreFailure, KeepsWhatWasSavedWhenTheDiskIsFull) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  fs::create_directory(folder());
  const std::string answer = in_child([&]() -> std::string {
    // A mount namespace of its own: the mount ends with this process.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", folder().c_str(), "tmpfs", 0, "size=1m,mode=700") != 0)
      return "no mount";
    const auto store = Store::open(folder());
    store->save(full_app("web"));
    App large = long_lived_app("large", 4);
    for (Release& release : large.releases) release.log_tail.assign(1 << 20, 'l');
    std::string failure = "no failure";
    try {
      store->save(large);
    } catch (const Error& error) {
      failure = std::string(error.what()) + " | " + error.hint();
    }
    if (text_of(*Store::open(folder())->app(AppName("web"))) != text_of(full_app("web"))) return "web was lost";
    if (store->app_names().size() != 1) return "half an app was saved";
    return failure;
  });
  if (answer == "no mount") GTEST_SKIP() << "mounting is not allowed here";
  EXPECT_THAT(answer, HasSubstr("saving large: the disk that holds the state in"));
  EXPECT_THAT(answer, HasSubstr("Free some disk space"));
}

TEST_F(StoreFailure, AFullOrReadOnlyDiskIsLookedAtWithoutAWordOfDamage) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  fs::create_directory(folder());
  for (const bool read_only : {false, true})
    for (const int room : {0, 4, 8, 16, 32, 48, 64, 96, 128, 192}) {
      const std::string answer = in_child([&]() -> std::string {
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
            ::mount("none", folder().c_str(), "tmpfs", 0, "size=2m,mode=700") != 0)
          return "no mount";
        Store::open(folder())->save(full_app("web"));
        std::ofstream filler(folder() / "filler");
        const std::string kilobyte(1024, 'x');
        while (filler << kilobyte << std::flush) {
        }
        filler.close();
        fs::resize_file(folder() / "filler", fs::file_size(folder() / "filler") - static_cast<size_t>(room) * 1024);
        if (read_only && ::mount("none", folder().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr) != 0)
          return "no mount";
        const auto store = Store::open(folder());
        if (text_of(*store->app(AppName("web"))) != text_of(full_app("web"))) return "web was lost";
        store->forget(AppName("web"));
        return "written";
      });
      if (answer == "no mount") GTEST_SKIP() << "mounting is not allowed here";
      EXPECT_THAT(answer, ::testing::AnyOf(HasSubstr("the disk that holds the state in"),
                                           HasSubstr("cannot be opened for writing")))
          << room << (read_only ? " read-only" : "");
      EXPECT_THAT(answer, ::testing::Not(HasSubstr("nothing was changed")));
      EXPECT_THAT(answer, HasSubstr(read_only && answer.find("cannot be opened") != std::string::npos
                                        ? "Its file system is mounted read-only"
                                        : "Free some disk space"));
    }
}

// As where the disk answers with an error.
TEST_F(StoreFailure, SpeaksOfTheDiskWhereThatFails) {
  Store::open(folder())->save(full_app("web"));
  const std::string answer = in_child([&]() -> std::string {
    const auto store = Store::open(folder());
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{0, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &none) != 0) return "no limit";
    store->save(full_app("shop"));
    return "written";
  });
  EXPECT_THAT(answer, HasSubstr("cannot be written (disk I/O error)"));
  EXPECT_THAT(answer, HasSubstr("dmesg tells more"));
  EXPECT_THAT(answer, ::testing::Not(HasSubstr("Free some")));
}

TEST_F(StoreFailure, NamesRecoverForTablesThatDoNotFitTogether) {
  for (const char* damage :
       {"PRAGMA foreign_keys = OFF; DELETE FROM releases", "PRAGMA foreign_keys = OFF; DELETE FROM specs",
        "DROP TABLE wishes", "DROP TABLE release_services", "PRAGMA foreign_keys = OFF; DELETE FROM builds",
        "DELETE FROM state; SELECT 1", "UPDATE apps SET scheme = 'none'",
        "UPDATE wishes SET release = 77, state = 'up'", "UPDATE apps SET snapshots = '{'",
        "UPDATE wishes SET state = 'sideways'"}) {
    fs::remove_all(folder());
    Store::open(folder())->save(full_app("web"));
    sql(folder().string(), damage);
    const auto [text, hint] = failure_of([&] {
      const auto store = Store::open(folder());
      store->identity();
      store->app(AppName("web"));
    });
    EXPECT_THAT(text, HasSubstr("is damaged")) << damage;
    EXPECT_THAT(hint, HasSubstr("belay recover")) << damage;
  }
}

}  // namespace
}  // namespace belay::state
