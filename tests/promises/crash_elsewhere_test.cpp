// The power goes off in what no verb of an app's daily life does: an import, a recovery, an adoption with its
// files, a rollback to an image that has to be pulled, a restore beside everything, a save after a swap. Then it is
// done again.

#include "family/import_store.h"
#include "full_disk.h"
#include "safekeeping/restore.h"
#include "safekeeping/unpack.h"
#include "support/scene/scene_test.h"

namespace belay::scene {
namespace {

using Cut = engine::MemoryEngine::Cut;

struct Story {
  const char* name;
  std::function<void(Scene&)> before;
  std::function<void(Scene&)> act;  // cut short, and then done again
  std::function<void(Scene&)> check;
  SceneOptions scene{};
};
void PrintTo(const Story& story, std::ostream* out) {
  *out << story.name;
}

void done(Scene& scene, const std::vector<std::string>& lines) {
  for (const auto& line : lines) EXPECT_EQ(scene.run(line), "done") << line;
}

void import_web(Scene& scene) {
  Context here = scene.context("belay import");
  ImportOptions options;
  options.folder = scene.folder.path() / "store";
  for (const auto& family : import_store(here, StoreKind::jockler, options, {}))
    EXPECT_FALSE(family.error) << family.error->what();
}

void make_store(Scene& scene) {
  scene.engine.add_image("web", {}, {}, "1");
  for (const auto* name : {"jcl_web_20240101000000", "jcl_web_20240202000000"}) {
    scene.clock.advance(Seconds(5));
    engine::ContainerRequest request;
    request.name = name;
    request.image = "web";
    request.service.mounts.push_back({Mount::Kind::volume, "my_data", "/data", false, ""});
    scene.engine.create_container(request, {});
  }
  scene.engine.start_container("jcl_web_20240202000000", {});
  const fs::path family = scene.folder.path() / "store/web";
  fs::create_directories(family);
  write_file_durably(family / "last", "jcl_web_20240202000000");
  write_file_durably(family / "stable", "jcl_web_20240101000000");
  write_file_durably(family / "startup", "jcl_web_20240101000000");
  write_file_durably(family / "jockler-web", R"({"volumes": {"my_data": "/data"}})");
}

void expect_imported(Scene& scene) {
  const App app = scene.app();
  EXPECT_EQ(app.releases.size(), 2U);
  EXPECT_EQ(app.last, ReleaseNumber{2});
  EXPECT_EQ(app.stable, ReleaseNumber{1});
  EXPECT_EQ(app.autostart, Autostart::stable);
  EXPECT_EQ(app.builds.size(), 1U);
  EXPECT_EQ(scene.plan(), "");
  EXPECT_THAT(scene.running(), ElementsAre("jcl_web_20240202000000"));
}

void recover_web(Scene& scene) {
  Context here = scene.context("belay recover");
  std::ignore = recover(here, {}, {});
}

void make_bound(Scene& scene) {
  write_file_durably(scene.source / "app.conf", "good");
  scene.engine.add_image("plain:1", {}, {}, "1");
  engine::ContainerRequest request;
  request.name = "old";
  request.image = "plain:1";
  request.service.image = "plain:1";
  request.service.mounts.push_back(
      {Mount::Kind::bind, (scene.source / "app.conf").string(), "/etc/app.conf", true, ""});
  scene.engine.create_container(request, {});
  scene.engine.start_container("old", {});
}

// What it was bound to comes back, though the host's file is another by now.
void expect_kept(Scene& scene) {
  EXPECT_THAT(scene.running(), ElementsAre("old"));
  EXPECT_EQ(scene.app().releases.size(), 1U);
  EXPECT_EQ(scene.plan(), "");
  write_file_durably(scene.source / "app.conf", "broken");
  scene.clock.advance(Seconds(5));
  Context here = scene.context("belay start web new");
  EXPECT_EQ(start_new(here, web, {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(scene.bound_text(), "broken");
  EXPECT_EQ(scene.run("rollback"), "done");
  EXPECT_EQ(scene.bound_text(), "good");
}

void lose_the_first_image(Scene& scene) {
  scene.engine.in_registry("registry.example/web:1", {}, {}, "1");
  Context here = scene.context();
  BuildOptions options;
  options.image = "registry.example/web:1";
  std::ignore = build(here, web, options, {});
  done(scene, {"start new", "deploy 2"});
  scene.engine.remove_container("web-r1", {});
  for (const auto* tag : {"registry.example/web:1", "belay/web:r1"}) std::ignore = scene.engine.remove_image(tag, {});
}

void expect_pulled(Scene& scene) {
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
  EXPECT_EQ(scene.app().releases.size(), 2U) << "the rollback is one, however often it was cut off";
}

const std::vector<Story> stories{
    {"Import", make_store, import_web, expect_imported, {NamingScheme::jcl, false, false}},
    {"Recover",
     [](Scene& scene) {
       done(scene, {"deploy 1", "deploy 2"});
       scene.store->forget(web);
     },
     recover_web, [](Scene& scene) { EXPECT_EQ(scene.trouble("2"), ""); }},
    {"AdoptWithFiles",
     make_bound,
     [](Scene& scene) {
       Context here = scene.context("belay adopt web old");
       std::ignore = adopt(here, web, {"old"}, {}, {});
     },
     expect_kept,
     {NamingScheme::belay, false, false, true}},
    {"RollbackThatPulls",
     lose_the_first_image,
     [](Scene& scene) { std::ignore = scene.run("rollback"); },
     expect_pulled,
     {NamingScheme::belay, false, false}},
};

class CrashElsewhere : public ::testing::TestWithParam<Story> {};

TEST_P(CrashElsewhere, IsPutRightByDoingItAgain) {
  const Story& story = GetParam();
  int cuts = 0;
  for (const Cut cut : {Cut::before_the_effect, Cut::before_the_answer})
    for (int n = 0;; ++n, ++cuts) {
      ASSERT_LT(n, 200) << "never came to an end";
      SCOPED_TRACE(format("cut after {} calls, before the {}", n, cut == Cut::before_the_effect ? "effect" : "answer"));
      Scene scene(story.scene);
      story.before(scene);
      scene.engine.crash_after(n, cut);
      bool is_whole = true;
      try {
        story.act(scene);
      } catch (const engine::MemoryEngine::Crash&) {
        is_whole = false;
      }
      scene.engine.crash_after(std::nullopt);
      if (!is_whole) {
        scene.reopen();
        story.act(scene);
      }
      story.check(scene);
      if (is_whole || HasFailure()) break;
    }
  EXPECT_GT(cuts, 2) << "nothing was cut";
}

INSTANTIATE_TEST_SUITE_P(Everywhere, CrashElsewhere, ::testing::ValuesIn(stories),
                         [](const auto& story) { return std::string(story.param.name); });

// Every item is told before it is unpacked: there the power goes off.
class CutAtANote final : public change::Report {
 public:
  explicit CutAtANote(int left) : left_(left) {}
  void tell(const plan::Event& event) override {
    if (std::holds_alternative<plan::Remark>(event.what) && left_-- == 0) throw engine::MemoryEngine::Crash();
  }

 private:
  int left_;
};

TEST(CrashElsewhereInto, IsNotTakenForWholeAndIsDoneAgain) {
  Scene scene({NamingScheme::belay, true, true, true});
  done(scene, {"deploy 1", "write words", "backup"});
  const fs::path folder = scene.folder.path() / "out";
  const auto unpack_with = [&](change::Report& report) {
    return unpack(report, *scene.backups(), scene.newest_backup(), {}, folder, {}, false, {});
  };
  const auto seen = [&] {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  };
  for (int n = 0; n < 2; ++n) {
    CutAtANote cut(n);
    EXPECT_THROW(unpack_with(cut), engine::MemoryEngine::Crash);
    EXPECT_THAT(seen(), ElementsAre(".belay-unpacking")) << "nothing is there that could be taken for whole";
  }
  EXPECT_TRUE(unpack_with(scene.report).done);
  EXPECT_THAT(seen(), ElementsAre("01-web_data", "02-web_more"));
  EXPECT_EQ(read_file(folder / "01-web_data/file"), "words");
  EXPECT_THROW(unpack_with(scene.report), Conflict) << "what is whole is not unpacked over";
  // What somebody put beside an unfinished one is not removed.
  fs::create_directories(folder / ".belay-unpacking");
  write_file_durably(folder / "mine", "precious");
  EXPECT_THROW(unpack_with(scene.report), Conflict);
  EXPECT_EQ(read_file(folder / "mine"), "precious");
}

// The swap is done, and its end cannot be recorded: the next command finds out what runs, and records it.
TEST(CrashElsewhereSave, ThatFailsAfterASwapIsMadeUpFor) {
  for (const auto* next : {"deploy 2", "start last", "stop"}) {
    SCOPED_TRACE(next);
    Scene scene;
    done(scene, {"deploy 1"});
    std::optional<FullDisk> full;
    scene.report.on_step = [&](const std::string& step) {
      if (step.starts_with("check that ") && !full) full.emplace();
    };
    const std::string came = scene.run("deploy 2");
    ASSERT_TRUE(full);
    full.reset();
    scene.report.on_step = nullptr;
    EXPECT_THAT(came, StartsWith("error")) << "nobody is told that it is done";
    EXPECT_EQ(scene.running().size(), 1U) << "something runs all the same";
    scene.reopen();
    EXPECT_THAT(scene.run(next), Not(StartsWith("error")));
    std::vector<std::string> troubles;
    for (const auto* version : {"1", "2", ""}) troubles.push_back(scene.trouble(version));
    EXPECT_THAT(troubles, Contains("")) << troubles[0] << troubles[1] << troubles[2];
    if (std::string(next) == "deploy 2") {
      EXPECT_EQ(troubles[1], "");
    }
  }
}

}  // namespace
}  // namespace belay::scene
