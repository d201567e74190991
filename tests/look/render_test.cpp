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

}  // namespace
}  // namespace belay::scene
