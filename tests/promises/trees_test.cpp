// Data in places of the host that are live: with mounts in them, inside each other, behind links; and reserves that are
// gone when they are needed.

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include "base/format.h"
#include "change/places.h"
#include "look/doctor.h"
#include "safekeeping/backup.h"
#include "safekeeping/restore.h"
#include "safekeeping/snapshots.h"
#include "support/own_mounts.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using testing::bind;
using ::testing::HasSubstr;
using testing::mount_tmpfs;

using Bound = std::vector<std::pair<std::string, std::string>>;

// The app `web` with what is bound: pairs of a path below `ground` and where it is in the container.
class BoundScene {
 public:
  explicit BoundScene(const Bound& bound) {
    // Not below /dev/shm, which cannot hold data.
    std::string pattern = "/var/tmp/belay-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw Error(ErrorCode::internal, "no folder for the test");
    ground = pattern;
    std::string volumes;
    for (const auto& [source, target] : bound)
      volumes += format("{}\"{}\": \"{}\"", volumes.empty() ? "" : ", ", (ground / source).string(), target);
    scene.write("jockler-web", format(R"({{"volumes": {{{}}}}})", volumes));
  }
  BoundScene(const BoundScene&) = delete;
  ~BoundScene() {
    std::error_code busy;
    fs::remove_all(ground, busy);
  }

  // Nothing of a reserve is there but whole ones beside the places, and none in a copy.
  std::string strays(const std::string& place) const {
    for (const auto& entry : fs::recursive_directory_iterator(ground)) {
      const std::string below = entry.path().lexically_relative(ground).string();
      const auto at = below.find(".belay-");
      if (at == std::string::npos) continue;
      if (below.find(".belay-", at + 1) != std::string::npos || below.find("partial") != std::string::npos ||
          !below.starts_with(format(".{}.belay-", place)))
        return below;
    }
    return "";
  }

  Scene scene{SceneOptions{NamingScheme::belay, true, true, true}};
  fs::path ground;
};

void say(const fs::path& path, const std::string& text) {
  make_folder(path.parent_path());
  write_file_durably(path, text);
}

std::string first_wrong(const std::vector<std::pair<std::string, std::string>>& pairs) {
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (pairs[i].second.empty() ? !pairs[i].first.empty() : pairs[i].first.find(pairs[i].second) == std::string::npos)
      return format("{}. '{}' is not '{}'", i, pairs[i].first, pairs[i].second);
  return "";
}

TEST(MountsInData, AMountBelowAPlaceIsFoundBeforeAnythingStops) {
  EXPECT_FINE_WITH_OWN_MOUNTS([]() -> std::string {
    BoundScene bound(Bound{{"app", "/data"}});
    Scene& scene = bound.scene;
    const fs::path app = bound.ground / "app", nas = bound.ground / "nas";
    say(app / "file", "old");
    make_folder(app / "photos");
    say(nas / "family.jpg", "10 years");
    for (const auto* line : {"deploy 1", "backup"})
      if (const auto came = scene.run(line); came != "done") return came;
    bind(nas, app / "photos");
    const auto before = scene.engine.changes().size();
    for (const auto* line : {"restore", "restore", "deploy 2 snapshot", "deploy bad snapshot"}) {
      const auto said = scene.run(line);
      if (said.find("photos is a mount of its own and would move with the data: unmount it") == std::string::npos)
        return format("{}: {}", line, said);
    }
    Context here = scene.context();
    for (const bool dry_run : {true, false}) {
      try {
        std::ignore = take_snapshot(here, web, "by hand", dry_run, {});
        return "a snapshot was taken";
      } catch (const Error& error) {
        if (std::string(error.what()).find("photos is a mount of its own") == std::string::npos) return error.what();
      }
    }
    for (std::size_t i = before; i < scene.engine.changes().size(); ++i)
      if (const auto change = scene.engine.changes()[i];
          change.find("stop web-r1") != std::string::npos || change.find("pause") != std::string::npos)
        return change;
    if (const auto trouble = scene.trouble("1"); !trouble.empty()) return trouble;
    if (scene.run("backup") != "done") return "no backup";
    const auto warned = ::testing::Matches(
        ::testing::Contains(HasSubstr("photos is a mount of its own and would move")))(scene.report.warnings);
    if (!warned) return "the backup does not say it";
    ::umount2((app / "photos").c_str(), MNT_DETACH);
    return first_wrong(
        {{scene.run("restore"), "done"}, {scene.trouble("1"), ""}, {read_file(nas / "family.jpg"), "10 years"}});
  });
}

TEST(MountsInData, AMountThatAppearsBetweenPlanAndExchangeIsNotMovedAndTheAppRunsAgain) {
  EXPECT_FINE_WITH_OWN_MOUNTS([]() -> std::string {
    BoundScene bound(Bound{{"app", "/data"}});
    Scene& scene = bound.scene;
    const fs::path app = bound.ground / "app";
    say(app / "file", "new");
    make_folder(app / "auto");
    for (const auto* line : {"deploy 1", "backup"})
      if (const auto came = scene.run(line); came != "done") return came;
    say(app / "file", "old");
    scene.report.on_step = [&](const std::string& step) {
      if (step == "stop web-r1") mount_tmpfs(app / "auto");
    };
    const auto came = scene.run("restore");
    scene.report.on_step = nullptr;
    ::umount2((app / "auto").c_str(), MNT_DETACH);
    if (came != "rolled_back") return came;
    if (scene.reason.find("auto is a mount of its own") == std::string::npos) return scene.reason;
    return first_wrong({{scene.trouble("1"), ""}, {read_file(app / "file"), "old"}});
  });
}

// What ran before runs again whatever was mounted meanwhile: with the data that is there.
TEST(MountsInData, AMountThatAppearsWhileAReleaseFailsKeepsNothingDown) {
  EXPECT_FINE_WITH_OWN_MOUNTS([]() -> std::string {
    BoundScene bound(Bound{{"app", "/data"}});
    Scene& scene = bound.scene;
    const fs::path app = bound.ground / "app";
    say(app / "file", "old");
    make_folder(app / "auto");
    if (const auto came = scene.run("deploy 1"); came != "done") return came;
    scene.report.on_step = [&](const std::string& step) {
      if (!step.starts_with("check that web-r2")) return;
      say(app / "file", "written by r2");
      mount_tmpfs(app / "auto");
    };
    const auto came = scene.run("deploy bad snapshot");
    scene.report.on_step = nullptr;
    if (came != "rolled_back") return came;
    if (const auto trouble = scene.trouble("1"); !trouble.empty()) return trouble;
    if (read_file(app / "file") != "written by r2") return "data was exchanged all the same";
    const auto warned = ::testing::Matches(::testing::Contains(
        ::testing::AllOf(HasSubstr("the data stays as r2 left it: "), HasSubstr("auto is a mount of its own"),
                         HasSubstr("belay restore web s1 puts it back"))))(scene.report.warnings);
    if (!warned) return "nothing is said";
    ::umount2((app / "auto").c_str(), MNT_DETACH);
    return first_wrong({{scene.run("restore s1"), "done"}, {scene.trouble("1"), ""}, {read_file(app / "file"), "old"}});
  });
}

TEST(MountsInData, AMountBelowAVolumeIsSafeFromExchangesAndRemovals) {
  EXPECT_FINE_WITH_OWN_MOUNTS([]() -> std::string {
    Scene scene(SceneOptions{NamingScheme::belay, true, true, true});
    for (const auto* line : {"deploy 1", "write new", "backup", "write old", "restore"})
      if (const auto came = scene.run(line); came != "done") return came;
    const fs::path kept = scene.volume("web_data.belay-s1") / "nas", nas = scene.folder.path() / "nas";
    make_folder(kept);
    say(nas / "family.jpg", "10 years");
    bind(nas, kept);
    for (const auto* line : {"restore", "restore", "restore"})
      if (const auto came = scene.run(line); came != "done") return came;
    if (scene.app().snapshots.size() != 4) return "the snapshot is not listed any more";
    if (!::testing::Matches(::testing::Contains(HasSubstr("the snapshot s1 stays:")))(scene.report.warnings))
      return "nothing is said";
    Context here = scene.context();
    try {
      std::ignore = remove_snapshot(here, web, 1, false, [](const RemovalPreview&) { return true; }, {});
      return "it was removed";
    } catch (const Error& error) {
      if (std::string(error.what()).find("nas is a mount of its own") == std::string::npos) return error.what();
    }
    if (const auto came = scene.run("remove volumes"); came.find("nas is a mount of its own") == std::string::npos)
      return came;
    if (const auto trouble = scene.trouble("1"); !trouble.empty()) return trouble;
    if (read_file(nas / "family.jpg") != "10 years") return "the mount was emptied";
    ::umount2(kept.c_str(), MNT_DETACH);
    if (const auto came = scene.run("restore"); came != "done") return came;
    return scene.app().snapshots.size() == 3 ? "" : "it stays for ever";
  });
}

struct Nesting {
  std::string name;
  Bound bound;
  std::string file;   // the app's data
  std::string outer;  // what is copied
  int rounds = 2;
};
void PrintTo(const Nesting& nesting, std::ostream* out) {
  *out << nesting.name;
}
class NestedPlaces : public ::testing::TestWithParam<Nesting> {};

TEST_P(NestedPlaces, PlacesInsideEachOtherAreOnePlace) {
  BoundScene bound(GetParam().bound);
  Scene& scene = bound.scene;
  const fs::path file = bound.ground / GetParam().file;
  make_folder(bound.ground / "config/deep");
  say(bound.ground / "config/other", "other");
  fs::create_directory_symlink("config", bound.ground / "link");
  say(file, "first");
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("start web-r") && step != "start web-r1") say(file, "spoiled");
  };
  for (int round = 0; round < GetParam().rounds; ++round) {
    ASSERT_EQ(scene.run(format("deploy bad{} snapshot", round)), "rolled_back") << round << scene.reason;
    EXPECT_EQ(read_file(file), "first") << round;
    EXPECT_EQ(scene.trouble("1"), "") << round;
    EXPECT_EQ(bound.strays(GetParam().outer), "") << round;
  }
  scene.report.on_step = nullptr;
  ASSERT_EQ(scene.run("backup"), "done");
  for (int round = 0; round < GetParam().rounds; ++round) {
    say(file, format("round {}", round));
    ASSERT_EQ(scene.run("restore"), "done") << round;
    EXPECT_EQ(read_file(file), "first") << round;
    EXPECT_EQ(scene.trouble("1"), "") << round;
  }
  ASSERT_EQ(scene.run("deploy 2 snapshot"), "done");
  say(file, "second");
  ASSERT_EQ(scene.run("rollback data"), "done");
  EXPECT_EQ(read_file(file), "first");
  EXPECT_EQ(scene.trouble("1"), "");
  EXPECT_EQ(bound.strays(GetParam().outer), "");
  for (const auto& snapshot : scene.app().snapshots) EXPECT_EQ(snapshot.items.size(), 1U) << snapshot.text();
}

INSTANTIATE_TEST_SUITE_P(
    Of, NestedPlaces,
    ::testing::Values(
        Nesting{
            "a_file_in_a_folder", {{"config", "/data"}, {"config/app.conf", "/more"}}, "config/app.conf", "config", 6},
        Nesting{"a_file_before_its_folder",
                {{"config/app.conf", "/data"}, {"config", "/more"}},
                "config/app.conf",
                "config"},
        Nesting{"folders_in_folders",
                {{"config/deep", "/data"}, {"config", "/more"}, {"config/deep/er", "/er"}},
                "config/deep/er/file",
                "config"},
        Nesting{"equal_places_by_a_link", {{"config", "/data"}, {"link", "/more"}}, "config/file", "config"},
        Nesting{"inside_by_a_link", {{"link/deep", "/data"}, {"config", "/more"}}, "config/deep/file", "config"},
        Nesting{"equal_places_by_dots", {{"config", "/data"}, {"config/deep/..", "/more"}}, "config/file", "config"},
        Nesting{"a_link_alone", {{"link", "/data"}, {"link/deep", "/more"}}, "config/deep/file", "config"}),
    [](const auto& nesting) { return nesting.param.name; });

TEST(NestedVolumes, AVolumeWhoseFilesAreBoundAsWellIsOnePlace) {
  Scene scene(SceneOptions{NamingScheme::belay, true, true, true});
  ASSERT_EQ(scene.run("deploy 1"), "done");
  const auto volumes = scene.engine.volumes({}, {});
  const DataPlace volume{DataPlace::Kind::volume, "web_data"};
  const std::vector<DataUse> uses{{{DataPlace::Kind::folder, scene.volume("web_data").string()}, {"/a"}, true},
                                  {volume, {"/b"}, false},
                                  {{DataPlace::Kind::folder, "/nowhere/at/all"}, {"/c"}, false}};
  const auto outer = outermost(uses, volumes);
  ASSERT_EQ(outer.size(), 2U);
  EXPECT_EQ(outer[0].place, volume);
  EXPECT_TRUE(outer[0].written) << "by the other path";
}

// The reserve of an exchange that was cut short is removed by hand, at each moment of it.
class LostReserve : public ::testing::TestWithParam<std::string> {};

TEST_P(LostReserve, HoldsNothingUp) {
  int cut = 0, lost = 0;
  Scene scene(SceneOptions{NamingScheme::belay, true, true, true});
  for (const auto* line : {"deploy 1", "write new", "backup", "write old"}) ASSERT_EQ(scene.run(line), "done");
  const auto beginning = scene.beginning();
  for (; cut < 200; ++cut) {
    scene.begin_again(*beginning);
    scene.report.crash_after = cut;
    if (!scene.crashes("restore")) break;
    scene.report.crash_after.reset();
    scene.reopen();
    for (const auto* name : {"web_data.belay-s1", "web_more.belay-s1"}) {
      if (!scene.app().wish.data.empty() && fs::exists(scene.volume(name))) ++lost;
      scene.engine.remove_volume(name, {});
    }
    if (cut % 2 == 1 && scene.container("web-r1")) {
      scene.engine.stop_container("web-r1", Seconds(1), {});
      scene.engine.remove_container("web-r1", {});
    }
    const std::string came = scene.run(GetParam());
    EXPECT_TRUE(came == "done" || came == "unchanged") << cut << ": " << came << scene.reason;
    EXPECT_EQ(scene.trouble(GetParam() == "stop" ? "" : "1"), "") << cut;
    EXPECT_EQ(scene.run("backup"), "done") << "which clears up what is left";
    const std::string held = scene.held();
    EXPECT_TRUE(held == "old" || held == "new" || held == "new|old") << held;
    EXPECT_EQ(scene.leftovers(), "") << cut;
    if (HasFailure()) return;
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(cut, 200);
}
INSTANTIATE_TEST_SUITE_P(Before, LostReserve, ::testing::Values("start last", "stop", "restore", "restart"),
                         [](const auto& verb) {
                           std::string name = verb.param;
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name;
                         });

TEST(BoundLinks, WhatARootsLinkLeadsToIsExchangedAndTheLinkStays) {
  BoundScene bound(Bound{{"srv/app", "/data"}});
  Scene& scene = bound.scene;
  say(bound.ground / "disk2/appdata/file", "new");
  make_folder(bound.ground / "srv");
  fs::create_directory_symlink("../disk2/appdata", bound.ground / "srv/app");
  for (const auto* line : {"deploy 1", "backup"}) ASSERT_EQ(scene.run(line), "done");
  EXPECT_THAT(scene.report.warnings, ::testing::IsEmpty());
  say(bound.ground / "disk2/appdata/file", "old");
  ASSERT_EQ(scene.run("restore"), "done");
  EXPECT_EQ(read_file(bound.ground / "srv/app/file"), "new");
  EXPECT_TRUE(fs::is_symlink(bound.ground / "srv/app"));
  EXPECT_EQ(read_file(bound.ground / "disk2/.appdata.belay-s1/file"), "old");
  ASSERT_EQ(scene.run("restore s1"), "done");
  EXPECT_EQ(read_file(bound.ground / "srv/app/file"), "old");
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(BoundLinks, ALinkThatOthersCouldHavePutThereIsSaidByTheBackup) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root";
  BoundScene bound(Bound{{"srv/app", "/data"}});
  Scene& scene = bound.scene;
  say(bound.ground / "disk2/appdata/file", "old");
  make_folder(bound.ground / "srv");
  fs::create_directory_symlink("../disk2/appdata", bound.ground / "srv/app");
  ASSERT_EQ(::chown((bound.ground / "srv").c_str(), 12345, 12345), 0);
  for (const auto* line : {"deploy 1", "backup"}) ASSERT_EQ(scene.run(line), "done");
  EXPECT_THAT(scene.report.warnings, ::testing::Contains(HasSubstr("others than root could have put there")));
  EXPECT_THAT(scene.run("restore"), HasSubstr("others than root could have put there"));
  EXPECT_EQ(scene.trouble("1"), "");
  EXPECT_FALSE(fs::exists(bound.ground / "disk2/.appdata.belay-s1"));
}

}  // namespace
}  // namespace belay::scene
