// The files of a Compose project as a part of its backup: with them a restore makes the project's folder again.

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "base/format.h"
#include "safekeeping/backup.h"
#include "safekeeping/restore.h"
#include "safekeeping/restore_targets.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const SceneOptions with_files{NamingScheme::belay, true, true, true};

// web is of a project with two files of its own, and is bound to a third.
class ProjectFiles : public ::testing::Test {
 protected:
  ProjectFiles() {
    // Not below /dev/shm, which cannot hold data.
    std::string pattern = "/var/tmp/belay-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    ground_ = pattern;
    shop_ = ground_ / "srv" / "shop";
  }
  ~ProjectFiles() override { fs::remove_all(ground_); }

  void begin(Scene& scene) {
    fs::remove_all(ground_ / "srv");
    make_folder(ground_ / "srv");
    make_folder(shop_);
    write_file_durably(shop_ / "compose.yaml", "services: {}\n", 0644);
    write_file_durably(shop_ / ".env", "A=1\n", 0600);
    write_file_durably(shop_ / "app.conf", "listen\n", 0640);
    scene.write("jockler-web", format(R"({{"volumes": {{"{}": "/app.conf"}}}})", (shop_ / "app.conf").string()));
    ASSERT_EQ(scene.run("deploy 1"), "done");
    App app = scene.app();
    Release& release = app.releases.back();
    release.spec.project =
        Project{shop_.string(), {(shop_ / "compose.yaml").string()}, {}, {}, {(shop_ / ".env").string()}};
    release.files[(shop_ / "app.conf").string()] = FileMark{"as it was", {1, 2}};
    app.origin = (shop_ / "compose.yaml").string();
    scene.store->save(app);
    ASSERT_EQ(scene.run("write new"), "done");
    ASSERT_EQ(scene.run("backup image"), "done");
    ASSERT_EQ(scene.run("remove volumes"), "done");
    fs::remove_all(ground_ / "srv");
  }
  // A removal leaves what lies in the project's folder; nothing says any more whose it is.
  void leave_files(const std::string& compose) {
    make_folder(ground_ / "srv");
    make_folder(shop_);
    write_file_durably(shop_ / "compose.yaml", compose, 0644);
    write_file_durably(shop_ / ".env", "A=1\n", 0600);
    write_file_durably(shop_ / "app.conf", "changed\n");
  }
  // The error, or the word for what came of it.
  static std::string restore(Scene& scene, const RestoreOptions& options = {}) {
    Context here = scene.context("belay restore");
    try {
      const auto restored = safekeeping::restore(here, web, *scene.backups(), scene.newest_backup(), {}, options,
                                                 scene.stopping.get_token());
      return restored.change.kind == Change::Kind::done ? "done" : "?";
    } catch (const Error& error) {
      return format("{}\n{}", error.what(), error.hint());
    }
  }
  void expect_restored(Scene& scene, const fs::path& folder) {
    EXPECT_EQ(read_file_if_present(folder / "compose.yaml"), "services: {}\n");
    EXPECT_EQ(read_file_if_present(folder / ".env"), "A=1\n");
    EXPECT_EQ(read_file_if_present(folder / "app.conf"), "listen\n");
    EXPECT_EQ(fs::status(folder / ".env").permissions(), fs::perms(0600));
    EXPECT_EQ(scene.held(), "new");
    const App app = scene.app();
    EXPECT_EQ(app.origin, (folder / "compose.yaml").string());
    const Release& release = app.releases.back();
    EXPECT_EQ(release.spec.project->folder, folder.string());
    EXPECT_EQ(release.files.at((folder / "app.conf").string()).digest, "as it was");
    EXPECT_EQ(scene.leftovers(), "");
    // After a crash the second try may keep what the first one had put there already.
    std::set<fs::path> kept;
    for (const auto& snapshot : app.snapshots)
      for (const auto& item : snapshot.items) kept.insert(item.kept.source);
    for (const auto& entry : fs::directory_iterator(folder))
      EXPECT_TRUE(entry.path().filename().string().find("belay") == std::string::npos || kept.contains(entry.path()))
          << entry.path();
  }

  fs::path ground_, shop_;
};

TEST_F(ProjectFiles, ComeBackWithAnAppThatIsNotThere) {
  Scene scene(with_files);
  begin(scene);
  ASSERT_EQ(restore(scene), "done");
  expect_restored(scene, shop_);
}

// docker compose warns of a volume that is not labelled as its own.
TEST_F(ProjectFiles, ComeWithTheLabelsOfTheirVolumes) {
  Scene scene(with_files);
  begin(scene);
  ASSERT_EQ(restore(scene), "done");
  const std::string data = "web_data";
  const labels::Labels of_project{{"com.docker.compose.project", "shop"}, {"com.docker.compose.volume", "data"}};
  App app = scene.app();
  app.releases.back().spec.volumes[data].labels = of_project;
  scene.store->save(app);
  ASSERT_EQ(scene.run("backup image"), "done");
  ASSERT_EQ(scene.run("remove volumes"), "done");
  fs::remove_all(ground_ / "srv");
  ASSERT_EQ(restore(scene), "done");
  const auto volumes = scene.engine.volumes({}, {});
  const auto made = std::find_if(volumes.begin(), volumes.end(), [&](const Volume& each) { return each.name == data; });
  ASSERT_NE(made, volumes.end());
  EXPECT_THAT(made->labels, ::testing::IsSupersetOf(of_project));
  EXPECT_EQ(made->labels.at(labels::app), "web");
}

TEST_F(ProjectFiles, GoToAnotherFolder) {
  Scene scene(with_files);
  begin(scene);
  RestoreOptions options;
  options.project_folder = ground_ / "moved" / "here";
  ASSERT_EQ(restore(scene, options), "done");
  expect_restored(scene, *options.project_folder);
  EXPECT_FALSE(fs::exists(ground_ / "srv"));
  const Release release = scene.app().releases.back();
  EXPECT_EQ(release.spec.project->files, std::vector{(ground_ / "moved" / "here" / "compose.yaml").string()});
}

TEST_F(ProjectFiles, TakeTheirPlaceFromNobody) {
  Scene scene(with_files);
  begin(scene);
  make_folder(ground_ / "srv");
  make_folder(shop_);
  write_file_durably(shop_ / ".env", "somebody else's\n");
  EXPECT_THAT(restore(scene), HasSubstr("it is there already"));
  EXPECT_THAT(restore(scene), Not(HasSubstr("belay up, in"))) << "the files of the project are not there";
  EXPECT_EQ(read_file(shop_ / ".env"), "somebody else's\n");
  EXPECT_FALSE(fs::exists(shop_ / "compose.yaml"));
  EXPECT_FALSE(scene.store->app(web));
  // The very same is no trouble.
  write_file_durably(shop_ / ".env", "A=1\n", 0600);
  EXPECT_EQ(restore(scene), "done");
  expect_restored(scene, shop_);
}

// In a folder that holds the very files of the project, the rest is the project's too.
TEST_F(ProjectFiles, ReplaceWhatARemovalLeftBesideThem) {
  Scene scene(with_files);
  begin(scene);
  leave_files("services: {}\n");
  ASSERT_EQ(restore(scene), "done");
  EXPECT_EQ(read_file(shop_ / "app.conf"), "listen\n");
  const App app = scene.app();
  ASSERT_EQ(app.snapshots.size(), 1U);
  std::set<std::string> kept;
  for (const auto& item : app.snapshots.front().items)
    kept.insert(read_file_if_present(item.kept.source).value_or("-"));
  EXPECT_THAT(kept, Contains("changed\n"));
}

// One of another project may lie there, with data of its own.
TEST_F(ProjectFiles, AndDataThatARemovalLeftHaveAWayBack) {
  Scene scene(with_files);
  begin(scene);
  leave_files("services: {other: {image: x}}\n");
  EXPECT_THAT(restore(scene), AllOf(HasSubstr("app.conf cannot get web's data"),
                                    HasSubstr(format("belay up, in {}, and then the same restore", shop_.string())),
                                    HasSubstr("--as NAME")));
  EXPECT_EQ(read_file(shop_ / "app.conf"), "changed\n");
}

TEST_F(ProjectFiles, StayAsTheyAreWhereTheAppIsThere) {
  Scene scene(with_files);
  begin(scene);
  ASSERT_EQ(restore(scene), "done");
  write_file_durably(shop_ / ".env", "A=2\n");
  ASSERT_EQ(restore(scene), "done");
  EXPECT_EQ(read_file(shop_ / ".env"), "A=2\n");
}

TEST_F(ProjectFiles, AreNotForAnotherAppBesideTheFirst) {
  Scene scene(with_files);
  begin(scene);
  RestoreOptions options;
  options.as = AppName("other");
  ASSERT_EQ(restore(scene, options), "done");
  EXPECT_FALSE(fs::exists(shop_ / "compose.yaml"));
  EXPECT_EQ(scene.app("other").origin, "");
}

TEST_F(ProjectFiles, LeaveNothingBehindWhereTheBackupIsDamaged) {
  Scene scene(with_files);
  begin(scene);
  const fs::path file = scene.folder.path() / "backups" / scene.newest_backup();
  std::string bytes = read_file(file);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_file_durably(file, bytes);
  EXPECT_THAT(restore(scene), HasSubstr("restoring web from "));
  EXPECT_FALSE(fs::exists(ground_ / "srv"));
}

// Wherever it is cut off, the same command once more brings everything.
TEST_F(ProjectFiles, ComeBackAfterAnyCrash) {
  using Crash = engine::MemoryEngine::Crash;
  for (int n = 0;; ++n) {
    Scene scene(with_files);
    begin(scene);
    ASSERT_FALSE(HasFailure());
    scene.engine.crash_after(n);
    bool crashed = false;
    try {
      ASSERT_EQ(restore(scene), "done") << n;
    } catch (const Crash&) {
      crashed = true;
    }
    scene.engine.crash_after(std::nullopt);
    scene.reopen();
    if (crashed) {
      ASSERT_EQ(restore(scene), "done") << n;
    }
    expect_restored(scene, shop_);
    if (HasFailure() || !crashed) break;
    ASSERT_LT(n, 400);
  }
}

}  // namespace
}  // namespace belay::scene
