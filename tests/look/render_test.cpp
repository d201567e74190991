// A file that follows from what runs, and its reader that is told of it.

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
