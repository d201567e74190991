// A file that follows from what runs, and its reader that is told of it.

#include <csignal>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rendering/render_file.h"
#include "support/scene/scene_test.h"

namespace belay::scene {
namespace {

class RenderedFile : public ::testing::Test {
 protected:
  RenderedFile() {
    EXPECT_EQ(scene_.run("deploy 1"), "done");
    request_.source = folder_.path() / "sites.in";
    request_.file = folder_.path() / "sites";
    request_.reader = Target{web};
    request_.signal = "HUP";
    write_file_durably(request_.source, "new");
    write_file_durably(request_.file, "old\n");
  }

  rendering::FileResult render() {
    Context here = scene_.context();
    return rendering::render_file(here, request_, {});
  }

  Scene scene_;
  TemporaryFolder folder_;
  rendering::FileRequest request_;
};

TEST_F(RenderedFile, IsToldOfAgainWhereThatFailed) {
  // One call after another fails, up to the one that tells.
  for (int calls = 0; calls < 50; ++calls) {
    write_file_durably(request_.file, "old\n");
    const size_t before = scene_.engine.changes().size();
    scene_.engine.fail_after(calls, EngineError(500, "no signal goes through"));
    try {
      std::ignore = render();
      scene_.engine.fail_after({}, EngineError(500, ""));
      EXPECT_GT(calls, 1) << "some of them failed";
      EXPECT_EQ(read_file(request_.file), "new\n");
      return;
    } catch (const Error&) {
      scene_.engine.fail_after({}, EngineError(500, ""));
      EXPECT_EQ(read_file(request_.file), "old\n") << "after " << calls << " calls";
      EXPECT_EQ(scene_.engine.changes().size(), before);
      const auto again = render();
      EXPECT_TRUE(again.has_changed);
      EXPECT_THAT(again.told, ElementsAre("web-r1"));
    }
  }
  FAIL() << "it never came to its end";
}

struct stat status_of(const fs::path& path) {
  struct stat status{};
  EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
  return status;
}

TEST_F(RenderedFile, IsWrittenIntoWhereItIsBoundItselfWhateverItIsCalled) {
  scene_.run("bind old");
  ASSERT_EQ(scene_.run("deploy 2"), "done");
  const auto detail = scene_.engine.container("web-r2", {});
  const auto bind = std::find_if(detail->container.mounts.begin(), detail->container.mounts.end(),
                                 [](const Mount& mount) { return mount.kind == Mount::Kind::bind; });
  ASSERT_NE(bind, detail->container.mounts.end());
  const fs::path file = bind->source;
  fs::create_directory_symlink(file.parent_path(), folder_.path() / "current");
  request_.file = folder_.path() / "current" / file.filename();
  const auto before = status_of(file);
  EXPECT_TRUE(render().has_changed);
  EXPECT_EQ(read_file(file), "new\n");
  EXPECT_EQ(status_of(file).st_ino, before.st_ino) << "the container would go on seeing the old one";
}

TEST_F(RenderedFile, IsAsItWasWhereItCouldNotBeWrittenToItsEnd) {
  scene_.run("bind old");
  ASSERT_EQ(scene_.run("deploy 2"), "done");
  const auto detail = scene_.engine.container("web-r2", {});
  for (const auto& mount : detail->container.mounts)
    if (mount.kind == Mount::Kind::bind) request_.file = mount.source;
  const std::string before = read_file(request_.file);
  // More than a file may have now, as on a device that is full.
  write_file_durably(request_.source, std::string(100'000, 'x'));
  struct rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit small{50'000, limit.rlim_max};
  const auto earlier = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string reason;
  try {
    render();
  } catch (const Error& error) {
    reason = error.what();
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, earlier);
  EXPECT_THAT(reason, StartsWith("writing " + request_.file.string()));
  EXPECT_EQ(read_file(request_.file), before);
}

TEST_F(RenderedFile, StaysItsOwners) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ASSERT_EQ(::chown(request_.file.c_str(), 101, 102), 0);
  ASSERT_EQ(::chmod(request_.file.c_str(), 0600), 0);
  EXPECT_TRUE(render().has_changed);
  const auto now = status_of(request_.file);
  EXPECT_EQ(now.st_uid, 101U);
  EXPECT_EQ(now.st_gid, 102U);
  EXPECT_EQ(now.st_mode & 07777U, 0600U);
}

TEST_F(RenderedFile, IsNoLink) {
  const fs::path target = folder_.path() / "elsewhere/sites";
  make_folder(target.parent_path());
  fs::remove(request_.file);
  fs::create_symlink("elsewhere/sites", request_.file);
  for (const bool is_there : {false, true}) {
    if (is_there) write_file_durably(target, "old\n");
    for (const bool dry_run : {true, false}) {
      request_.dry_run = dry_run;
      try {
        render();
        ADD_FAILURE() << "it was followed or replaced";
      } catch (const UsageError& error) {
        EXPECT_THAT(error.hint(), ::testing::HasSubstr(target.string()));
      }
    }
    EXPECT_TRUE(fs::is_symlink(fs::symlink_status(request_.file)));
    if (is_there) EXPECT_EQ(read_file(target), "old\n");
  }
}

TEST_F(RenderedFile, IsToldOfAfterACrashAtAnyCall) {
  for (int calls = 0; calls < 50; ++calls) {
    write_file_durably(request_.file, "old\n");
    scene_.engine.crash_after(calls);
    bool was_cut = false;
    try {
      std::ignore = render();
    } catch (const engine::MemoryEngine::Crash&) {
      was_cut = true;
    }
    scene_.engine.crash_after(std::nullopt);
    scene_.reopen();
    if (!was_cut) {
      EXPECT_GT(calls, 1) << "some of them were cut off";
      EXPECT_FALSE(render().has_changed);
      return;
    }
    const auto again = render();
    EXPECT_TRUE(again.has_changed) << "after " << calls << " calls";
    EXPECT_THAT(again.told, ElementsAre("web-r1"));
    EXPECT_EQ(read_file(request_.file), "new\n");
    EXPECT_FALSE(render().has_changed);
  }
  FAIL() << "it never came to its end";
}

// What the killed one wrote is not what the file goes back to.
TEST_F(RenderedFile, GoesBackToWhatItsReadersKnowWhereACrashLeftANewerOne) {
  for (int calls = 0; calls < 50 && read_file(request_.file) == "old\n"; ++calls) {
    scene_.engine.crash_after(calls);
    try {
      std::ignore = render();
      FAIL() << "nothing cut it off";
    } catch (const engine::MemoryEngine::Crash&) {
    }
    scene_.engine.crash_after(std::nullopt);
    scene_.reopen();
  }
  bool went_back = false;
  for (int calls = 0; calls < 50 && !went_back; ++calls) {
    scene_.engine.fail_after(calls, EngineError(500, "no signal goes through"));
    EXPECT_THROW(std::ignore = render(), Error) << "nobody is told, and nobody hears of it";
    scene_.engine.fail_after({}, EngineError(500, ""));
    went_back = read_file(request_.file) == "old\n";
  }
  EXPECT_TRUE(went_back);
}

}  // namespace
}  // namespace belay::scene
