// Several processes on one state, and processes that die.

#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/format.h"
#include "samples.h"
#include "state/store.h"

namespace belay::state {
namespace {

// A child that runs `work` and ends without any clean-up of ours; exit code 0 when `work` did not throw.
pid_t child_that(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  try {
    work();
    ::_exit(0);
  } catch (const std::exception& error) {
    const std::string text = std::string(error.what()) + "\n";
    static_cast<void>(!::write(2, text.data(), text.size()));
    ::_exit(1);
  }
}

int exit_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

TEST(StoreInProcesses, KeepsWhatWasSavedBeforeAKill) {
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "state";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = child_that([&] {
    const auto store = Store::open(folder);
    App app = full_app("web");
    store->save(app);
    app.wish.why = "the last save";
    store->save(app);
    if (::write(ends[1], "s", 1) != 1) throw Error(ErrorCode::internal, "the pipe is closed");
    // More writing, so that the kill may come in the midst of it.
    for (;;) store->append({});
  });
  char saved = 0;
  ASSERT_EQ(::read(ends[0], &saved, 1), 1);
  ::kill(child, SIGKILL);
  EXPECT_EQ(exit_of(child), 128 + SIGKILL);
  ::close(ends[0]);
  ::close(ends[1]);
  App expected = full_app("web");
  expected.wish.why = "the last save";
  const auto store = Store::open(folder);
  EXPECT_EQ(text_of(*store->app(AppName("web"))), text_of(expected));
  EXPECT_EQ(sql(folder.string(), "PRAGMA integrity_check"), "ok");
  store->append({});
}

TEST(StoreInProcesses, LetsSeveralMakeAndWriteTheSameStateAtOnce) {
  constexpr int processes = 6, saves = 15;
  const TemporaryFolder temporary;
  const fs::path folder = temporary.path() / "state";
  std::vector<pid_t> children;
  for (int i = 0; i < processes; ++i) {
    children.push_back(child_that([&] {
      const auto store = Store::open(folder);
      App app = full_app(format("app{}", i));
      for (int n = 1; n <= saves; ++n) {
        app.wish.why = format("save {}", n);
        store->save(app);
        JournalEntry entry;
        entry.app = app.name.text();
        store->append(entry);
        if (store->app(app.name)->wish.why != app.wish.why) throw Error(ErrorCode::internal, "the save was lost");
      }
    }));
  }
  for (const pid_t child : children) EXPECT_EQ(exit_of(child), 0);
  const auto store = Store::open(folder);
  EXPECT_EQ(store->journal("", 1000).size(), static_cast<size_t>(processes * saves));
  for (int i = 0; i < processes; ++i) {
    App expected = full_app(format("app{}", i));
    expected.wish.why = format("save {}", saves);
    EXPECT_EQ(text_of(*store->app(expected.name)), text_of(expected));
  }
}

}  // namespace
}  // namespace belay::state
