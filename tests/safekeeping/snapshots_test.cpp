// Snapshots beside those of which the app's record knows nothing: of an app that was removed and came again, of another
// one that writes to the same place.

#include "safekeeping/snapshots.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "change/let_go.h"
#include "data/reserve.h"
#include "safekeeping/restore.h"
#include "support/clock_of_another.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const SceneOptions with_files{NamingScheme::belay, true, true, true};

class OlderSnapshots : public ::testing::Test {
 protected:
  OlderSnapshots() {
    for (const auto* line : {"deploy 1", "write first"}) EXPECT_EQ(scene_.run(line), "done") << line;
  }

  std::string snapshot() {
    Context here = scene_.context("belay snapshot");
    try {
      return safekeeping::take_snapshot(here, web, "a look", false, {}).snapshot;
    } catch (const Error& error) {
      return error.what();
    }
  }
  std::string kept(const std::string& snapshot) const {
    return read_file_if_present(scene_.volume("web_data.belay-" + snapshot) / "file").value_or("-");
  }
  void forget() {
    Context here = scene_.context("belay forget");
    EXPECT_TRUE(let_go(here, web, false, [](const LetGo&) { return true; }, {}).done);
  }
  // An app that only the state knows, with a snapshot of what web writes to.
  void others_snapshot(int number, bool complete) { others_snapshot(*scene_.store, number, complete); }
  static void others_snapshot(state::Store& store, int number, bool complete) {
    App other{AppName("other")};
    Snapshot snapshot;
    snapshot.number = number;
    snapshot.complete = complete;
    snapshot.items.push_back(
        {{DataPlace::Kind::volume, "web_data"}, {DataPlace::Kind::volume, format("web_data.belay-s{}", number)}});
    other.snapshots.push_back(snapshot);
    store.save(other);
  }

  Scene scene_{with_files};
};

TEST_F(OlderSnapshots, OfAnAppThatWasRemovedStayWhenItComesAgain) {
  EXPECT_EQ(snapshot(), "s1");
  EXPECT_EQ(scene_.run("remove"), "done");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_EQ(scene_.run("write second"), "done");
  EXPECT_EQ(snapshot(), "s2");
  EXPECT_EQ(kept("s1"), "first");
  EXPECT_EQ(kept("s2"), "second");
  EXPECT_EQ(scene_.app().highest_snapshot, 2);
}

TEST_F(OlderSnapshots, OfAnAppThatWasForgottenAndRecoveredStay) {
  EXPECT_EQ(snapshot(), "s1");
  forget();
  EXPECT_EQ(scene_.run("recover"), "done");
  EXPECT_EQ(scene_.run("write second"), "done");
  EXPECT_EQ(snapshot(), "s2");
  EXPECT_EQ(kept("s1"), "first");
  EXPECT_EQ(kept("s2"), "second");
}

TEST_F(OlderSnapshots, ARestoreDisplacesDataBesideTheOldSnapshotsToo) {
  EXPECT_EQ(scene_.run("backup"), "done");
  EXPECT_EQ(snapshot(), "s1");
  forget();
  EXPECT_EQ(scene_.run("recover"), "done");
  EXPECT_EQ(scene_.run("write second"), "done");
  EXPECT_EQ(scene_.run("restore"), "done") << scene_.reason;
  EXPECT_EQ(scene_.held(), "first");
  EXPECT_EQ(kept("s1"), "first");
  EXPECT_EQ(kept("s2"), "second");
}

TEST_F(OlderSnapshots, AnOldOneIsNotTakenForTheCopyBeforeADeploy) {
  EXPECT_EQ(snapshot(), "s1");
  EXPECT_EQ(scene_.run("remove"), "done");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_EQ(scene_.run("write second"), "done");
  EXPECT_EQ(scene_.run("deploy bad snapshot"), "rolled_back");
  EXPECT_EQ(scene_.held(), "second");
  EXPECT_EQ(kept("s1"), "first");
  EXPECT_EQ(scene_.trouble("1"), "");
}

TEST_F(OlderSnapshots, TakeNoNumberThatAnotherAppHasForThePlace) {
  others_snapshot(4, false);
  EXPECT_EQ(snapshot(), "s5") << "though nothing of it is there yet";
  EXPECT_EQ(kept("s5"), "first");
}

// Another app takes the next number for the place, whenever that is: each reserve is one app's.
TEST_F(OlderSnapshots, TakeNoNumberThatAnotherAppTakesMeanwhile) {
  for (const auto* line : {"backup", "build 2"}) ASSERT_EQ(scene_.run(line), "done");
  const auto from = scene_.beginning();
  for (const std::string verb : {"deploy", "snapshot", "restore"}) {
    int renumbered = 0;
    bool is_over = false;
    for (int looks = 1; !is_over; ++looks) {
      ASSERT_LT(looks, 200);
      scene_.begin_again(*from);
      const auto before = scene_.app().highest_snapshot;
      const auto other_store = state::Store::open(scene_.store->folder());
      bool is_taken = false;
      ClockOfAnother clock(scene_.clock, looks, [&] {
        if (!other_store->app(web)->snapshots.empty()) return;
        others_snapshot(*other_store, before + 1, false);
        is_taken = true;
      });
      const Context here = scene_.context("belay " + verb);
      Context mine{here.engine, here.store, clock, here.report, here.who, here.command};
      mine.defaults = here.defaults;
      mine.run = here.run;
      if (verb == "snapshot") {
        safekeeping::take_snapshot(mine, web, "a look", false, {});
      } else if (verb == "deploy") {
        family::StartOptions options;
        options.change.snapshot = true;
        EXPECT_EQ(family::start_new(mine, web, options, {}).kind, Change::Kind::done) << looks;
      } else {
        safekeeping::restore(mine, web, *scene_.backups(), scene_.newest_backup(), {}, {}, {});
      }
      is_over = !clock.was_looked_at_so_often();
      if (!is_taken) continue;
      const App app = scene_.app();
      ASSERT_EQ(app.snapshots.size(), 1U) << looks;
      EXPECT_EQ(app.snapshots[0].number, before + 2) << verb << looks;
      EXPECT_EQ(app.highest_snapshot, before + 2);
      EXPECT_TRUE(app.snapshots[0].complete);
      EXPECT_EQ(kept(format("s{}", before + 1)), "-");
      EXPECT_EQ(kept(format("s{}", before + 2)), "first") << verb << looks;
      ++renumbered;
    }
    EXPECT_GT(renumbered, 0);
  }
}

TEST_F(OlderSnapshots, OfAnotherAppAreNotRemovedAsLeftOver) {
  EXPECT_EQ(snapshot(), "s1");
  others_snapshot(1, true);
  // As from a time when both could take the same number.
  App app = scene_.app();
  app.find_snapshot(1)->complete = false;
  scene_.store->save(app);
  EXPECT_EQ(scene_.run("restart"), "done");
  EXPECT_EQ(snapshot(), "s2");
  EXPECT_EQ(kept("s1"), "first");
  EXPECT_FALSE(scene_.app().find_snapshot(1)) << "it is none of this app's any more";
}

// The other app's record need not be in this state.
TEST_F(OlderSnapshots, InVolumesOfAnotherAppAreNotRemovedAsLeftOver) {
  VolumeRequest request;
  request.name = "web_data.belay-s7";
  request.labels[std::string(labels::app)] = "other";
  scene_.engine.create_volume(request, {});
  write_file_durably(scene_.volume("web_data.belay-s7") / "file", "theirs");
  App app = scene_.app();
  Snapshot snapshot;
  snapshot.number = 7;
  snapshot.items.push_back({{DataPlace::Kind::volume, "web_data"}, {DataPlace::Kind::volume, "web_data.belay-s7"}});
  app.snapshots.push_back(snapshot);
  scene_.store->save(app);
  EXPECT_EQ(scene_.run("restart"), "done");
  EXPECT_EQ(kept("s7"), "theirs");
  EXPECT_FALSE(scene_.app().find_snapshot(7));
}

TEST_F(OlderSnapshots, AReleaseThatFailsGoesBackWithoutItsDataWhereAnotherAppUsesIt) {
  engine::ContainerRequest request;
  request.name = "reader";
  scene_.engine.add_image("stranger", {}, {});
  request.image = "stranger";
  Mount mount;
  mount.kind = Mount::Kind::volume;
  mount.source = "web_data";
  mount.target = "/data";
  request.service.mounts.push_back(mount);
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("reader", {});
  scene_.report.on_step = [&](const std::string& step) {
    if (step == "start web-r2") scene_.hold("third");
  };
  EXPECT_EQ(scene_.run("deploy bad snapshot"), "rolled_back");
  scene_.report.on_step = nullptr;
  EXPECT_THAT(scene_.running(), ElementsAre("reader", "web-r1"));
  EXPECT_EQ(scene_.held(), "third") << "under what runs with it, data is not exchanged";
  EXPECT_EQ(kept("s1"), "first");
  EXPECT_THAT(scene_.report.warnings,
              Contains(AllOf(HasSubstr("the data stays as r2 left it"), HasSubstr("in use by the container reader"),
                             HasSubstr("belay restore web s1"))));
  EXPECT_EQ(scene_.run("restart"), "done") << "nothing is left over";
}

// A folder and a file that are bound have their snapshots beside them, and no label says whose they are.
TEST(OlderSnapshotsOfPaths, StayWhenTheAppComesAgain) {
  // Not below /dev/shm, which cannot hold data.
  std::string pattern = "/var/tmp/belay-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const fs::path ground = pattern;
  {
    Scene scene(with_files);
    make_folder(ground / "site");
    const auto write = [&](const std::string& text) {
      write_file_durably(ground / "site" / "page", text);
      write_file_durably(ground / "conf", text);
    };
    const auto snapshot = [&] {
      Context here = scene.context("belay snapshot");
      return safekeeping::take_snapshot(here, web, "a look", false, {}).snapshot;
    };
    scene.write("jockler-web",
                format(R"({{"volumes": {{"{0}/site": "/site", "{0}/conf": "/conf"}}}})", ground.string()));
    ASSERT_EQ(scene.run("deploy 1"), "done");
    write("first");
    EXPECT_EQ(snapshot(), "s1");
    ASSERT_EQ(scene.run("remove"), "done");
    ASSERT_EQ(scene.run("deploy 1"), "done");
    write("second");
    EXPECT_EQ(snapshot(), "s2");
    write("third");
    EXPECT_EQ(scene.run("deploy bad snapshot"), "rolled_back");
    EXPECT_EQ(read_file(ground / "site" / "page"), "third");
    EXPECT_EQ(read_file(ground / "conf"), "third");
    EXPECT_EQ(read_file(ground / ".site.belay-s1" / "page"), "first");
    EXPECT_EQ(read_file(ground / ".conf.belay-s1"), "first");
    EXPECT_EQ(read_file(ground / ".site.belay-s2" / "page"), "second");
    EXPECT_EQ(read_file(ground / ".conf.belay-s2"), "second");
  }
  fs::remove_all(ground);
}

// What is filled at this moment counts as well, and what only looks like a snapshot does not.
TEST_F(OlderSnapshots, CountWhatIsBeingFilledAndNothingElse) {
  for (const std::string name :
       {"web_data.belay-s4.partial", "web_data.belay-s9x", "web_data2.belay-s8", "web_data.belay-s99999999999"}) {
    VolumeRequest request;
    request.name = name;
    scene_.engine.create_volume(request, {});
  }
  EXPECT_EQ(snapshot(), "s5");
}

}  // namespace
}  // namespace belay::scene
