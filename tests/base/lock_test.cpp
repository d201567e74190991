#include "base/lock.h"

#include <csignal>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "support/fake_clock.h"

namespace belay {
namespace {

class Lock : public ::testing::Test {
 protected:
  FileLock take(const std::string& holder, bool wait = true,
                const std::function<void(const std::string&)>& waiting = {}) {
    return FileLock::take({file_, holder, wait}, clock_, waiting, stop_.get_token());
  }

  TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "lock";
  testing::FakeClock clock_;
  std::stop_source stop_;
};

TEST_F(Lock, NamesItsHolderWhileItIsHeld) {
  EXPECT_EQ(FileLock::holder_of(file_), std::nullopt);
  {
    const FileLock held = take("belay deploy web (pid 4711, root)");
    EXPECT_EQ(FileLock::holder_of(file_), "belay deploy web (pid 4711, root)");
  }
  EXPECT_EQ(FileLock::holder_of(file_), std::nullopt);
}

TEST_F(Lock, ASecondThatMayNotWaitIsToldWhoHoldsIt) {
  const FileLock held = take("belay deploy web");
  try {
    take("belay stop web", false);
    FAIL() << "the lock was taken twice";
  } catch (const Conflict& error) {
    EXPECT_STREQ(error.what(), "belay deploy web is working on it");
    EXPECT_NE(error.hint().find("--no-lock-wait"), std::string::npos);
  }
}

// How a child of this process, or a child of that, gets on with a lock that is held: its exit code.
template <class Try>
int in_a_descendant(int generations, const Try& attempt) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(generations > 1 ? in_a_descendant(generations - 1, attempt) : attempt());
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F(Lock, OfAProcessThatWaitsForThisOneIsNotWaitedFor) {
  const FileLock held = take("belay update blog");
  const auto attempt = [&] {
    try {
      take("belay restart blog", true, [](const std::string&) { ::_exit(2); });
      return 3;
    } catch (const LockHeld&) {
      return 4;
    } catch (const Conflict& error) {
      return error.code() == ErrorCode::locked && std::string(error.what()).starts_with("belay update blog is") ? 0 : 5;
    }
  };
  for (const int generations : {1, 3}) EXPECT_EQ(in_a_descendant(generations, attempt), 0) << generations;
  ::setenv("BELAY_SERVE_PID", std::to_string(::getpid()).c_str(), 1);
  EXPECT_EQ(in_a_descendant(2, attempt), 2) << "this one goes on meanwhile";
  ::unsetenv("BELAY_SERVE_PID");
}

TEST_F(Lock, ASecondWaitsAndIsToldOnce) {
  std::optional<FileLock> held = take("a much longer line of the first holder");
  std::vector<std::string> told;
  int rounds = 0;
  // The fake clock's sleep costs no time, so the release comes from the loop itself.
  class Releasing final : public Clock {
   public:
    Releasing(std::optional<FileLock>& lock, int& counter) : held_(lock), rounds_(counter) {}
    Time now() const override { return {}; }
    Ticks ticks() const override { return {}; }
    bool sleep(Milliseconds, std::stop_token) override {
      if (++rounds_ == 4) held_.reset();
      return true;
    }

   private:
    std::optional<FileLock>& held_;
    int& rounds_;
  } clock(held, rounds);
  const FileLock second =
      FileLock::take({file_, "second", true}, clock, [&](const std::string& who) { told.push_back(who); }, {});
  EXPECT_EQ(told, std::vector<std::string>{"a much longer line of the first holder"});
  EXPECT_EQ(rounds, 4);
  EXPECT_EQ(FileLock::holder_of(file_), "second") << "nothing of the longer line is left";
}

TEST_F(Lock, AWaitEndsOnStop) {
  const FileLock held = take("first");
  EXPECT_THROW(take("second", true, [&](const std::string&) { stop_.request_stop(); }), Cancelled);
}

TEST_F(Lock, ControlCharactersOfAHolderDoNotReachTheTerminal) {
  const FileLock held = take("belay \x1b[2J");
  EXPECT_EQ(FileLock::holder_of(file_), "belay \\x1b[2J");
}

TEST_F(Lock, ALookAtTheHolderIsNoHolder) {
  // holder_of() of another process takes the lock for a moment; here it is held until the asker's first sleep.
  std::optional<FileLock> look = take("left over from before");
  class Looking final : public Clock {
   public:
    explicit Looking(std::optional<FileLock>& lock) : look_(lock) {}
    Time now() const override { return {}; }
    Ticks ticks() const override { return {}; }
    bool sleep(Milliseconds, std::stop_token) override {
      look_.reset();
      return true;
    }

   private:
    std::optional<FileLock>& look_;
  } clock(look);
  bool told = false;
  EXPECT_NO_THROW(FileLock::take({file_, "second", false}, clock, [&](const std::string&) { told = true; }, {}));
  EXPECT_FALSE(told);
}

TEST_F(Lock, DiesWithItsProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const FileLock held = take("the child");
    if (::write(ready[1], "x", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_EQ(FileLock::holder_of(file_), "the child");
  ::kill(child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(FileLock::holder_of(file_), std::nullopt);
  EXPECT_NO_THROW(take("the next", false));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(Lock, CannotBeTakenInAFolderThatIsNotThere) {
  EXPECT_THROW(FileLock::take({folder_.path() / "absent" / "lock", "x", true}, clock_, {}, {}), Error);
}

}  // namespace
}  // namespace belay
