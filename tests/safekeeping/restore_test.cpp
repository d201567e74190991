// The ways back for data as stories: from a backup, from a snapshot, with an earlier release.

#include "safekeeping/restore.h"

#include <algorithm>
#include <cstdlib>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <tuple>

#include "base/format.h"
#include "change/data_swap.h"
#include "safekeeping/backup.h"
#include "safekeeping/restore_targets.h"
#include "safekeeping/trial.h"
#include "support/forged_backup.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Lines = std::vector<std::string>;

const SceneOptions with_files{NamingScheme::belay, true, true, true};

// r1 runs with "old"; there is a backup with "new".
class Restore : public ::testing::Test {
 protected:
  Restore() {
    for (const auto* line : {"deploy 1", "write new", "backup image", "write old"})
      EXPECT_EQ(scene_.run(line), "done") << line;
    before_ = scene_.engine.changes().size();
    scene_.report.on_step = [this](const std::string& step) {
      steps_.push_back(step);
      if (on_step_) on_step_(step);
    };
  }

  // The error, or what came of it in a word.
  std::string restore(const RestoreOptions& options = {}, const AppName& name = web) {
    Context here = scene_.context("belay restore");
    try {
      restored_ = safekeeping::restore(here, name, *scene_.backups(), scene_.newest_backup(), {}, options,
                                       scene_.stopping.get_token());
      scene_.reason = restored_.change.reason;
      return restored_.change.kind == Change::Kind::done          ? "done"
             : restored_.change.kind == Change::Kind::rolled_back ? "taken back"
             : restored_.change.kind == Change::Kind::planned     ? "planned"
                                                                  : "?";
    } catch (const Error& error) {
      return error.what();
    }
  }
  std::string kept(const std::string& snapshot, const std::string& volume = "web_data") const {
    return read_file_if_present(scene_.volume(volume + ".belay-" + snapshot) / "file").value_or("-");
  }
  Lines changes() const {
    auto all = scene_.engine.changes();
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(before_));
    std::erase_if(all, [](const std::string& each) { return each.find("volume") != std::string::npos; });
    return all;
  }
  // Nothing stopped, nothing changed, nothing stays behind.
  void expect_untouched() {
    EXPECT_EQ(scene_.trouble("1"), "");
    EXPECT_EQ(scene_.held(), "old");
    EXPECT_EQ(scene_.leftovers(), "");
    EXPECT_THAT(changes(), IsEmpty());
    EXPECT_THAT(scene_.app().snapshots, IsEmpty());
  }
  fs::path file() { return scene_.folder.path() / "backups" / scene_.newest_backup(); }

  Scene scene_{with_files};
  size_t before_ = 0;
  Lines steps_;
  std::function<void(const std::string&)> on_step_;
  Restored restored_;
};

TEST_F(Restore, PutsTheDataBackAndKeepsWhatWasThere) {
  ASSERT_EQ(restore(), "done");
  EXPECT_EQ(scene_.held(), "new");
  EXPECT_EQ(scene_.trouble("1"), "");
  EXPECT_EQ(restored_.snapshot, "s1");
  EXPECT_EQ(kept("s1"), "old");
  EXPECT_EQ(kept("s1", "web_more"), "old");
  EXPECT_EQ(scene_.app().snapshots.at(0).release, ReleaseNumber{1});
  EXPECT_THAT(scene_.app().snapshots.at(0).why, HasSubstr("replaced by the backup of "));
  // Everything is unpacked and checked before anything stops.
  EXPECT_THAT(
      steps_,
      ElementsAre("create volume web_data.belay-s1", HasSubstr("unpack 01-web_data"), "create volume web_more.belay-s1",
                  HasSubstr("unpack 02-web_more"), HasSubstr("check "), "set the restart policy of web-r1 to no",
                  "stop web-r1", HasSubstr("exchange what volume web_data"), HasSubstr("exchange what volume web_more"),
                  "start web-r1", HasSubstr("check that web-r1"),
                  "set the restart policy of web-r1 to unless-stopped"));
}

TEST_F(Restore, KeepsEverythingOfAFile) {
  const fs::path data = scene_.volume("web_data");
  write_file_durably(data / "tool", "#!/bin/sh\n", 0751);
  fs::create_symlink("tool", data / "link");
  const timespec times[2]{{1'700'000'000, 123'456'789}, {1'700'000'001, 987'654'321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (data / "tool").c_str(), times, 0), 0);
  ASSERT_EQ(scene_.run("backup"), "done");
  fs::remove(data / "tool");
  fs::remove(data / "link");
  ASSERT_EQ(restore(), "done");
  struct stat status{};
  ASSERT_EQ(::stat((data / "tool").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0751U);
  EXPECT_EQ(status.st_mtim.tv_nsec, 987'654'321);
  EXPECT_EQ(fs::read_symlink(data / "link"), "tool");
}

TEST_F(Restore, GoesBackToTheOldDataWhereTheAppDoesNotProveItselfWithTheOther) {
  bool was_killed = false;
  on_step_ = [&](const std::string& step) {
    // The way back has a verdict of its own.
    if (!step.starts_with("check that web-r1") || std::exchange(was_killed, true)) return;
    EXPECT_EQ(scene_.held(), "new");
    scene_.engine.kill("web-r1", 3);
  };
  ASSERT_EQ(restore(), "taken back");
  EXPECT_EQ(scene_.reason, "it exited with code 3");
  EXPECT_EQ(scene_.held(), "old");
  EXPECT_EQ(scene_.trouble("1"), "");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(scene_.app().snapshots, IsEmpty());
  EXPECT_EQ(scene_.app().find({1})->verdict, Verdict::passed) << "it is a good release still";
}

TEST_F(Restore, GoesBackWhereTheExchangeFailsHalfway) {
  for (const bool is_down : {false, true}) {
    if (is_down) {
      on_step_ = nullptr;
      ASSERT_EQ(scene_.run("stop"), "done");
    }
    on_step_ = [&](const std::string& step) {
      if (step.find("exchange what volume web_more") == std::string::npos) return;
      // Somebody takes what was prepared away.
      for (const auto& volume : scene_.engine.volumes({}, {}))
        if (volume.name.starts_with("web_more.belay-")) {
          fs::rename(volume.mount_point, volume.mount_point + ".away");
          make_folder(volume.mount_point);
        }
    };
    ASSERT_EQ(restore(), "taken back") << is_down;
    EXPECT_EQ(scene_.held(), "old");
    EXPECT_EQ(scene_.trouble(is_down ? "" : "1"), "");
    EXPECT_EQ(scene_.leftovers(), "");
  }
}

TEST_F(Restore, OfADamagedBackupTouchesNothing) {
  const std::string bytes = read_file(file());
  for (const size_t at : {bytes.size() / 4, bytes.size() / 2, bytes.size() - 20}) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write_file_durably(file(), damaged);
    EXPECT_THAT(restore(), HasSubstr("restoring web from ")) << at;
    write_file_durably(file(), bytes);
    expect_untouched();
  }
  for (const size_t length : {std::size_t{0}, bytes.size() / 3, bytes.size() - 1}) {
    write_file_durably(file(), bytes.substr(0, length));
    EXPECT_THAT(restore(), HasSubstr("restoring web from ")) << length;
    write_file_durably(file(), bytes);
    expect_untouched();
  }
}

TEST_F(Restore, ThatIsStoppedTouchesNothing) {
  for (const auto* moment : {"create volume web_more", "unpack 01", "unpack 02", "check"}) {
    on_step_ = [&](const std::string& step) {
      if (step.starts_with(moment)) scene_.stopping.request_stop();
    };
    const std::string came = restore();
    scene_.stopping = {};
    EXPECT_NE(came, "done") << moment;
    expect_untouched();
  }
}

TEST_F(Restore, ThatIsStoppedLeavesAVolumeThatSomebodyMadeMeanwhile) {
  RestoreOptions options;
  options.as = AppName("copy");
  for (const bool is_made : {false, true}) {
    on_step_ = [&](const std::string& step) {
      if (is_made && step == "create volume copy_data") scene_.engine.create_volume({"copy_data"}, {});
      if (step.starts_with("unpack 01")) scene_.stopping.request_stop();
    };
    EXPECT_NE(restore(options), "done");
    scene_.stopping = {};
    const auto volumes = scene_.engine.volumes({}, {});
    EXPECT_EQ(
        std::count_if(volumes.begin(), volumes.end(), [](const Volume& each) { return each.name == "copy_data"; }),
        is_made ? 1 : 0);
  }
}

TEST_F(Restore, ThatIsStoppedWhileTheAppIsDownTakesEverythingBack) {
  for (const auto* moment : {"stop web-r1", "exchange what volume web_more", "start web-r1", "check that"}) {
    on_step_ = [&](const std::string& step) {
      if (step.starts_with(moment)) scene_.stopping.request_stop();
    };
    const std::string came = restore();
    scene_.stopping = {};
    // Where the stop never came to be, it ran all the time.
    const bool was_down = std::string_view(moment) != "stop web-r1";
    EXPECT_THAT(came, HasSubstr(format("stopped on request; r1 runs {}", was_down ? "again" : "on"))) << moment;
    EXPECT_EQ(scene_.trouble("1"), "") << moment;
    EXPECT_EQ(scene_.held(), "old") << moment;
    EXPECT_EQ(scene_.leftovers(), "") << moment;
  }
}

TEST_F(Restore, OfAnotherAppsBackupIsRefused) {
  EXPECT_THAT(restore({}, AppName("shop")), HasSubstr("this is a backup of web, not of shop"));
  expect_untouched();
}

TEST_F(Restore, OfOnlyOnePlaceLeavesTheOthers) {
  RestoreOptions options;
  options.only = {"/more"};
  ASSERT_EQ(restore(options), "done");
  EXPECT_EQ(scene_.held(), "old|new");
  EXPECT_EQ(scene_.app().snapshots.at(0).items.size(), 1U);
  options.only = {"web_dat"};
  EXPECT_THAT(restore(options), HasSubstr("the backup has no data of web_dat"));
}

TEST_F(Restore, AsAnotherAppLeavesTheFirstAlone) {
  RestoreOptions options;
  options.as = AppName("copy");
  ASSERT_EQ(restore(options), "done");
  EXPECT_EQ(scene_.held(), "old");
  EXPECT_EQ(read_file(scene_.volume("copy_data") / "file"), "new");
  EXPECT_EQ(read_file(scene_.volume("copy_more") / "file"), "new");
  const auto copy = scene_.container("copy-r1");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy->state, ContainerState::running);
  EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::running);
  EXPECT_THAT(scene_.app("copy").snapshots, IsEmpty()) << "there was nothing before";
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(restore(options), HasSubstr("there is an app copy already"));
}

// Names that come out alike, or that are another place's in the backup.
TEST(RestoreAsAnother, GivesEachPlaceANameOfItsOwn) {
  const auto names = [](const std::string& as, const std::vector<std::string>& sources) {
    std::vector<backup::Item> items;
    for (const auto& source : sources) {
      backup::Item item;
      item.kind = source.starts_with('/') ? backup::Item::Kind::folder : backup::Item::Kind::volume;
      item.id = item.source = source;
      items.push_back(item);
    }
    Lines found;
    for (const auto& target : safekeeping::targets_of(items, AppName("shop"), AppName(as)))
      found.push_back(target.place.source);
    return found;
  };
  EXPECT_THAT(names("test", {"shop_data", "more"}), ElementsAre("test_data", "test_more"));
  EXPECT_THAT(names("test", {"data", "shop_data"}), ElementsAre("test_data", "test_shop_data"));
  EXPECT_THAT(names("test", {"shop_data", "data"}), ElementsAre("test_data", "test_data_2"));
  EXPECT_THAT(names("shop2", {"shop_data", "shop2_data"}), ElementsAre("shop2_shop_data", "shop22_data"));
  EXPECT_THAT(names("test", {"/srv/a", "/srv/a.test"}), ElementsAre("/srv/a.test_2", "/srv/a.test.test"));
  EXPECT_THAT(names("shop", {"data", "shop_data"}), ElementsAre("data", "shop_data")) << "the app itself";
}

TEST(RestoreAsAnother, MountsEachPlaceWhereItsDataIs) {
  for (const std::string as : {"web2", "test"}) {
    Scene scene(with_files);
    scene.write("jockler-web", R"({"volumes": {"data": "/a", "web2_data": "/b", "web2_web_data": "/c"}})");
    ASSERT_EQ(scene.run("deploy 1"), "done");
    const Lines volumes{"data", "web_data", "web_more", "web2_data", "web2_web_data"};
    for (const auto& name : volumes) write_file_durably(scene.volume(name) / "file", name);
    ASSERT_EQ(scene.run("backup"), "done");
    Context here = scene.context("belay restore");
    RestoreOptions options;
    options.as = AppName(as);
    const auto restored = safekeeping::restore(here, web, *scene.backups(), scene.newest_backup(), {}, options, {});
    EXPECT_EQ(restored.change.kind, Change::Kind::done) << as;
    const auto first = scene.container("web-r1"), second = scene.container(as + "-r1");
    ASSERT_TRUE(first && second);
    std::set<std::string> sources;
    for (const auto& mount : second->mounts) {
      const auto same = std::find_if(first->mounts.begin(), first->mounts.end(),
                                     [&](const auto& each) { return each.target == mount.target; });
      ASSERT_NE(same, first->mounts.end());
      EXPECT_EQ(read_file(scene.volume(mount.source) / "file"), same->source) << as << " " << mount.target;
      EXPECT_TRUE(sources.insert(mount.source).second) << mount.source;
    }
    EXPECT_EQ(sources.size(), volumes.size());
    for (const auto& name : volumes) {
      EXPECT_EQ(read_file(scene.volume(name) / "file"), name);
      EXPECT_FALSE(sources.contains(name));
    }
  }
}

// A backup as somebody else could make it: its images have a name, which is another app's image on this host.
class NamedImages : public ::testing::Test {
 protected:
  NamedImages() {
    EXPECT_EQ(scene_.run("deploy 1"), "done");
    EXPECT_EQ(scene_.run("write new"), "done");
    EXPECT_EQ(scene_.run("backup image"), "done");
    scene_.engine.add_image("cache:1", {}, {}, "theirs");
    std::string named;
    scene_.engine.save_images({"cache:1"}, [&](std::string_view bytes) { named += bytes; }, {});
    scene_.engine.add_image("cache:1", {}, {}, "ours");
    ours_ = scene_.engine.image("cache:1", {})->id;
    testing::forge_images(scene_.folder.path() / "backups" / scene_.newest_backup(), named);
  }

  template <class Work>
  void expect_refused(Work work) {
    try {
      Context here = scene_.context("belay restore");
      work(here);
      ADD_FAILURE() << "nothing was refused";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("have names of their own (cache:1)"));
    }
    EXPECT_EQ(scene_.engine.image("cache:1", {})->id, ours_);
  }

  Scene scene_{with_files};
  std::string ours_;
};

TEST_F(NamedImages, AreRefusedByARestoreAndADrill) {
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  for (const auto& image : scene_.engine.images({}, {}))
    if (image.id != ours_)
      for (const auto& tag : image.tags) std::ignore = scene_.engine.remove_image(tag, {});
  expect_refused([&](Context& here) {
    std::ignore = safekeeping::restore(here, web, *scene_.backups(), scene_.newest_backup(), {}, {}, {});
  });
  expect_refused([&](Context& here) {
    std::ignore = safekeeping::drill(here, web, *scene_.backups(), scene_.newest_backup(), {}, {}, {});
  });
  RestoreOptions options;
  options.as = AppName("other");
  expect_refused([&](Context& here) {
    std::ignore = safekeeping::restore(here, web, *scene_.backups(), scene_.newest_backup(), {}, options, {});
  });
  EXPECT_THAT(scene_.running(), IsEmpty());
  EXPECT_FALSE(scene_.store->app(web));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Restore, InstallsAnAppThatIsNotThere) {
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  ASSERT_EQ(restore(), "done");
  EXPECT_TRUE(restored_.installed);
  EXPECT_EQ(scene_.held(), "new");
  EXPECT_TRUE(scene_.app().wish.is<goal::Run>() && !scene_.app().wish.is_unfinished());
  EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::running);
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.plan(), "");
}

// What is not asked for is mounted all the same: a release does not write into what is somebody else's.
TEST_F(Restore, OfAPartInstallsNothingOnTheDataOfOthers) {
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  RestoreOptions options;
  options.only = {"/data"};
  VolumeRequest request;
  request.name = "web_more";
  const std::map<std::string, std::string> nobodys, others{{"belay.app", "other"}}, own{{"belay.app", "web"}};
  for (const auto& labels : {nobodys, others}) {
    request.labels = labels;
    scene_.engine.create_volume(request, {});
    write_file_durably(scene_.volume("web_more") / "file", "theirs");
    EXPECT_THAT(restore(options), HasSubstr("web would write to volume web_more, for which the backup has no data"));
    EXPECT_FALSE(scene_.store->app(web));
    EXPECT_EQ(read_file(scene_.volume("web_more") / "file"), "theirs");
    EXPECT_THAT(scene_.running(), IsEmpty());
    scene_.engine.remove_volume("web_more", {});
  }
  request.labels = own;
  scene_.engine.create_volume(request, {});
  EXPECT_EQ(restore(options), "done") << "what was left of it is its own";
}

// A release that a way back has bound to kept copies: the backup has what they hold, where the host's file was.
TEST(BackupOfKeptCopies, HasThemAtThePathsOfTheHost) {
  Scene scene(with_files);
  for (const auto* line : {"bind good", "deploy 1", "bind broken"}) ASSERT_EQ(scene.run(line), "done") << line;
  ASSERT_EQ(scene.run("deploy bad"), "rolled_back");
  ASSERT_EQ(scene.bound_text(), "good");
  ASSERT_EQ(scene.run("backup image"), "done");
  const fs::path file = scene.source / "app.conf";
  Context here = scene.context();
  RestoreOptions look;
  look.change.dry_run = true;
  const auto manifest = safekeeping::restore(here, web, *scene.backups(), scene.newest_backup(), {}, look, {}).manifest;
  EXPECT_THAT(manifest.left_out, IsEmpty());
  const auto item = std::find_if(manifest.items.begin(), manifest.items.end(),
                                 [&](const backup::Item& each) { return each.source == file.string(); });
  ASSERT_NE(item, manifest.items.end());
  for (const auto& mount : manifest.spec.services[0].mounts) {
    if (mount.target == "/etc/app.conf") {
      EXPECT_EQ(mount.source, file.string());
    }
  }
  // Another host: neither the state nor the file is there.
  ASSERT_EQ(scene.run("remove volumes"), "done");
  fs::remove(file);
  ASSERT_EQ(scene.run("restore"), "done");
  EXPECT_EQ(read_file(file), "good");
  EXPECT_EQ(scene.bound_text(), "good");
}

TEST_F(Restore, InstallsNothingFromADamagedBackup) {
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  std::string bytes = read_file(file());
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_file_durably(file(), bytes);
  EXPECT_THAT(restore(), HasSubstr("restoring web from "));
  EXPECT_FALSE(scene_.store->app(web));
  for (const auto& volume : scene_.engine.volumes({}, {})) ADD_FAILURE() << volume.name << " is left";
  EXPECT_THAT(scene_.running(), IsEmpty());
}

// An image that was built here is in no registry: it is said when the backup is made, and a restore that lacks it is
// refused before anything is unpacked, with the way that works.
TEST(FirstRestore, SaysHowAnAppComesBackWhoseImageIsNowhere) {
  Scene scene(with_files);
  for (const auto* line : {"deploy 1", "write new"}) ASSERT_EQ(scene.run(line), "done");
  Context here = scene.context();
  const auto made = safekeeping::back_up(here, web, *scene.backups(), {}, {}, {});
  EXPECT_THAT(made.plan.notes,
              Contains(HasSubstr("not in the backup: the image of web, which no registry has; it is made from ")));
  EXPECT_THAT(made.plan.notes, Contains("with --with-image the backup holds its images too"));
  EXPECT_TRUE(made.manifest.lacks_an_image());
  ASSERT_EQ(scene.run("remove volumes"), "done");
  for (const auto& image : scene.engine.images({}, {}))
    for (const auto& tag : image.tags) std::ignore = scene.engine.remove_image(tag, {});
  for (const bool dry_run : {true, false}) {
    RestoreOptions options;
    options.change.dry_run = dry_run;
    try {
      std::ignore = safekeeping::restore(here, web, *scene.backups(), scene.newest_backup(), {}, options, {});
      ADD_FAILURE() << "not refused";
    } catch (const NotFound& error) {
      EXPECT_THAT(error.what(), HasSubstr("the image of web is not on this host, and the backup has none"));
      EXPECT_THAT(error.hint(), HasSubstr(scene.source.string()));
      EXPECT_THAT(error.hint(), HasSubstr("belay deploy web"));
    }
    EXPECT_FALSE(scene.store->app(web));
    EXPECT_THAT(scene.engine.volumes({}, {}), IsEmpty());
  }
  // The way that it says.
  ASSERT_EQ(scene.run("deploy 2"), "done");
  ASSERT_EQ(scene.run("restore"), "done");
  EXPECT_EQ(scene.held(), "new");
}

TEST(FirstRestore, PullsTheImageBeforeItUnpacksAnything) {
  Scene scene(with_files);
  for (const auto* line : {"deploy 1", "write new"}) ASSERT_EQ(scene.run(line), "done");
  App app = scene.app();
  const std::string image = app.releases.back().images.at("web");
  const auto built = scene.engine.image(image, {});
  ASSERT_TRUE(built);
  const std::string reference = built->tags.front();
  engine::Behaviour good;
  good.healthy_after = Milliseconds(100);
  app.releases.back().digests["web"] =
      reference.substr(0, reference.find(':')) + "@" + scene.engine.in_registry(reference, built->config, good, "1");
  scene.store->save(app);
  for (const auto* line : {"backup", "remove volumes"}) ASSERT_EQ(scene.run(line), "done");
  const auto forget_image = [&] {
    for (const auto& each : scene.engine.images({}, {}))
      for (const auto& tag : each.tags) std::ignore = scene.engine.remove_image(tag, {});
  };
  forget_image();
  std::vector<std::string> steps;
  scene.report.on_step = [&](const std::string& step) { steps.push_back(step.substr(0, step.find(' '))); };
  scene.engine.registry_fails("docker.io", EngineError(500, "it is away"));
  EXPECT_THAT(scene.run("restore"), HasSubstr("it is away"));
  EXPECT_EQ(steps.front(), "pull");
  EXPECT_THAT(steps, ::testing::Not(Contains("unpack")));
  EXPECT_FALSE(scene.store->app(web));
  EXPECT_THAT(scene.engine.volumes({}, {}), IsEmpty());

  scene.engine.registry_fails("docker.io", {});
  Context here = scene.context();
  RestoreOptions options;
  options.change.dry_run = true;
  const auto shown = safekeeping::restore(here, web, *scene.backups(), scene.newest_backup(), {}, options, {});
  size_t pulls = 0;
  for (const auto& action : shown.change.plan.actions)
    pulls += std::holds_alternative<plan::PullImage>(action.step) ? 1 : 0;
  EXPECT_EQ(pulls, 1U);
  EXPECT_TRUE(std::holds_alternative<plan::PullImage>(shown.change.plan.actions.front().step));
}

// V9: whatever fails of a first restore, the same command once more does the work again.
TEST(FirstRestore, IsDoneAgainWhereItFailed) {
  using Cut = engine::MemoryEngine::Cut;
  for (const Cut cut : {Cut::before_the_effect, Cut::before_the_answer})
    for (int n = cut == Cut::before_the_effect ? 0 : 1;; n += 3) {
      Scene scene(with_files);
      for (const auto* line : {"deploy 1", "write new", "backup image", "remove volumes"})
        ASSERT_EQ(scene.run(line), "done");
      scene.engine.fail_after(n, EngineError(500, "injected failure"), cut);
      const std::string first = scene.run("restore");
      scene.engine.fail_after(std::nullopt, EngineError(500, ""), cut);
      const std::string then = scene.run(first == "done" ? "restart" : "restore");
      EXPECT_EQ(then, "done") << n << " " << first;
      EXPECT_THAT(scene.running(), ElementsAre("web-r1")) << n << " " << first;
      EXPECT_FALSE(scene.app().wish.is_unfinished()) << n << " " << first;
      EXPECT_EQ(scene.plan(), "") << n << " " << first;
      EXPECT_EQ(scene.held(), "new") << n << " " << first;
      EXPECT_EQ(scene.leftovers(), "") << n << " " << first;
      if (::testing::Test::HasFailure()) return;
      if (first == "done" && n > 80) break;
      ASSERT_LT(n, 400);
    }
}

TEST_F(Restore, LeavesAnAppDownThatIsDown) {
  ASSERT_EQ(scene_.run("stop"), "done");
  ASSERT_EQ(restore(), "done");
  EXPECT_EQ(scene_.held(), "new");
  EXPECT_EQ(scene_.trouble(""), "");
  EXPECT_EQ(kept("s1"), "old");
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Restore, IsRefusedWhileAStrangerUsesTheData) {
  scene_.engine.add_image("stranger", {}, {});
  engine::ContainerRequest request;
  request.name = "tool";
  request.image = "stranger";
  request.service.mounts = {{Mount::Kind::volume, "web_data", "/in", true, ""}};
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("tool", {});
  before_ = scene_.engine.changes().size();
  EXPECT_THAT(restore(), HasSubstr("in use by the container tool"));
  expect_untouched();
}

TEST_F(Restore, TouchesNothingInADryRun) {
  const std::string before = scene_.all();
  RestoreOptions options;
  options.change.dry_run = true;
  ASSERT_EQ(restore(options), "planned");
  EXPECT_EQ(scene_.all(), before);
  EXPECT_THAT(plan::plan_text(restored_.change.plan), HasSubstr("exchange what volume web_data"));
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  const std::string gone = scene_.all();
  ASSERT_EQ(restore(options), "planned");
  EXPECT_EQ(scene_.all(), gone);
}

TEST_F(Restore, RemovesWhatIsLeftWithTheAppsVolumes) {
  ASSERT_EQ(restore(), "done");
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  for (const auto& volume : scene_.engine.volumes({}, {})) ADD_FAILURE() << volume.name << " is left";
}

TEST(BoundPlaces, AreBackedUpAndRestoredLikeVolumes) {
  // Not below /dev/shm, which cannot hold data.
  std::string pattern = "/var/tmp/belay-XXXXXX";
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const fs::path ground = pattern;
  const fs::path site = ground / "site", conf = ground / "app.conf";
  {
    Scene scene(with_files);
    make_folder(site);
    write_file_durably(site / "page", "new");
    write_file_durably(conf, "new", 0640);
    scene.write("jockler-web",
                format(R"({{"volumes": {{"{}": "/site", "{}": "/app.conf"}}}})", site.string(), conf.string()));
    ASSERT_EQ(scene.run("deploy 1"), "done");
    ASSERT_EQ(scene.app().releases[0].spec.services[0].mounts.size(), 4U) << "and the two volumes of the image";
    ASSERT_EQ(scene.run("backup"), "done");
    write_file_durably(site / "page", "old");
    write_file_durably(conf, "old");
    ASSERT_EQ(scene.run("restore"), "done");
    EXPECT_EQ(read_file(site / "page"), "new");
    EXPECT_EQ(read_file(conf), "new");
    EXPECT_EQ(fs::status(conf).permissions(), fs::perms(0640));
    EXPECT_EQ(read_file(ground / ".site.belay-s1" / "page"), "old");
    EXPECT_EQ(read_file(ground / ".app.conf.belay-s1"), "old");
    ASSERT_EQ(scene.run("restore s1"), "done");
    EXPECT_EQ(read_file(site / "page"), "old");
    EXPECT_EQ(read_file(conf), "old");
    // What is gone altogether comes back too.
    ASSERT_EQ(scene.run("stop"), "done");
    fs::remove_all(site);
    fs::remove(conf);
    ASSERT_EQ(scene.run("restore"), "done");
    EXPECT_EQ(read_file(site / "page"), "new");
    EXPECT_EQ(read_file(conf), "new");
    ASSERT_EQ(scene.run("remove volumes"), "done");
    for (const auto& entry : fs::directory_iterator(ground))
      EXPECT_TRUE(entry.path() == site || entry.path() == conf) << entry.path();
  }
  fs::remove_all(ground);
}

// r1 worked with "old"; r2 took a snapshot of that and works with "new".
class Snapshots : public ::testing::Test {
 protected:
  Snapshots() {
    for (const auto* line : {"deploy 1", "write old", "deploy 2 snapshot", "write new"})
      EXPECT_EQ(scene_.run(line), "done") << line;
  }
  std::string kept(const std::string& snapshot) const {
    return read_file_if_present(scene_.volume("web_data.belay-" + snapshot) / "file").value_or("-");
  }
  Lines numbers() {
    Lines found;
    for (const auto& snapshot : scene_.app().snapshots) found.push_back(snapshot.text());
    return found;
  }

  Scene scene_{with_files};
};

TEST_F(Snapshots, AreTakenBetweenTheStopAndTheStart) {
  EXPECT_THAT(numbers(), ElementsAre("s1"));
  EXPECT_EQ(kept("s1"), "old");
  EXPECT_EQ(scene_.app().snapshots[0].why, "before r2");
  EXPECT_EQ(scene_.app().snapshots[0].release, ReleaseNumber{1});
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.trouble("2"), "");
}

TEST_F(Snapshots, PutTheDataBackWhereTheReleaseFails) {
  scene_.report.on_step = [&](const std::string& step) {
    if (step == "start web-r3") scene_.hold("spoiled");
  };
  EXPECT_EQ(scene_.run("deploy bad snapshot"), "rolled_back");
  EXPECT_EQ(scene_.held(), "new");
  EXPECT_EQ(scene_.trouble("2"), "");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(kept("s2"), "spoiled");
  EXPECT_EQ(scene_.app().snapshots.back().why, "what r3 wrote before it was rolled back");
  EXPECT_EQ(scene_.app().snapshots.back().release, ReleaseNumber{3});
}

// An exchange would take along what Belay keeps in the data: its state, and backups by whichever way they came there.
TEST_F(Snapshots, AreNotTakenWhereBelayKeepsItsOwn) {
  const fs::path folder = scene_.volume("web_data") / "backups";
  fs::create_directories(folder);
  write_file_durably(folder / "web-1.belay.tar.zst", "a backup");
  BackupRecord record;
  record.app = "other";
  record.place = folder.string();
  record.name = "web-1.belay.tar.zst";
  scene_.store->save(record);
  const std::string refusal = format("a backup of other is in {}", folder.string());
  for (const auto* line : {"deploy 3 snapshot", "deploy bad snapshot", "restore s1", "rollback data"})
    EXPECT_THAT(scene_.run(line), HasSubstr(refusal)) << line;
  EXPECT_EQ(scene_.trouble("2"), "");
  EXPECT_EQ(scene_.held(), "new");
  fs::remove(folder / "web-1.belay.tar.zst");
  EXPECT_EQ(scene_.run("deploy 3 snapshot"), "done") << "an entry without a file holds nobody up";
}

TEST(SnapshotsOfBelaysOwn, AreNotTaken) {
  Scene scene(with_files);
  scene.run("deploy 1");
  Context here = scene.context();
  App app = scene.app();
  const fs::path state = here.store.folder();
  Mount& mount = app.releases[0].spec.services[0].mounts[0];
  mount.kind = Mount::Kind::bind;
  mount.source = state.parent_path().string();
  EXPECT_THROW(
      {
        try {
          std::ignore = change::next_snapshot(here, app, app.releases[0], false, {});
        } catch (const Conflict& error) {
          EXPECT_THAT(error.what(), HasSubstr("Belay's own state is in " + state.string()));
          throw;
        }
      },
      Conflict);
}

TEST_F(Snapshots, AreNotKeptOfAReleaseThatNeverStarted) {
  EXPECT_EQ(scene_.run("deploy refused snapshot"), "rolled_back");
  EXPECT_EQ(scene_.held(), "new");
  EXPECT_THAT(numbers(), ElementsAre("s1"));
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_EQ(scene_.trouble("2"), "");
}

TEST_F(Snapshots, AreRestored) {
  EXPECT_EQ(scene_.run("restore s1"), "done");
  EXPECT_EQ(scene_.held(), "old");
  EXPECT_EQ(scene_.trouble("2"), "");
  EXPECT_EQ(kept("s1"), "old") << "it is a copy that was put in place";
  EXPECT_EQ(kept("s2"), "new");
  EXPECT_EQ(scene_.leftovers(), "");
  EXPECT_THAT(scene_.run("restore s7"), HasSubstr("web has no snapshot s7"));
}

TEST_F(Snapshots, GoBackWithTheRelease) {
  EXPECT_EQ(scene_.run("rollback data"), "done");
  EXPECT_EQ(scene_.held(), "old");
  EXPECT_EQ(scene_.trouble("1"), "");
  EXPECT_EQ(kept("s2"), "new");
  EXPECT_EQ(scene_.app().snapshots.back().release, ReleaseNumber{2});
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Snapshots, StayWhereTheReleaseThatIsGoneBackToFails) {
  scene_.report.on_step = [&](const std::string& step) {
    if (step.starts_with("check that web-r1")) scene_.engine.kill("web-r1", 1);
  };
  EXPECT_EQ(scene_.run("rollback data"), "rolled_back");
  EXPECT_EQ(scene_.held(), "new");
  EXPECT_EQ(scene_.trouble("2"), "");
  EXPECT_THAT(numbers(), ElementsAre("s1"));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Snapshots, AreCopiedAgainAndAgainForTheLastThree) {
  for (const auto* line : {"deploy 3 snapshot", "deploy 4 snapshot", "deploy 5 snapshot"})
    EXPECT_EQ(scene_.run(line), "done");
  EXPECT_THAT(numbers(), ElementsAre("s2", "s3", "s4"));
  EXPECT_FALSE(fs::exists(scene_.volume("web_data.belay-s1")));
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(Snapshots, OfTheStableReleaseStay) {
  EXPECT_EQ(scene_.run("stable"), "done");
  for (const auto* line :
       {"deploy 3 snapshot", "deploy 4 snapshot", "deploy 5 snapshot", "deploy 6 snapshot", "deploy 7 snapshot"})
    EXPECT_EQ(scene_.run(line), "done");
  EXPECT_THAT(numbers(), ElementsAre("s2", "s4", "s5", "s6")) << "s2 has what r2 worked with";
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST(SnapshotsToRemove, AreTheOldestAndThoseThatAreTooOld) {
  App app(web);
  const Time now(std::chrono::hours(24 * 100));
  for (int number = 1; number <= 5; ++number) {
    Snapshot snapshot;
    snapshot.number = number;
    snapshot.release = ReleaseNumber{number};
    snapshot.taken = now - std::chrono::days(10 * (6 - number));
    snapshot.complete = true;
    app.snapshots.push_back(snapshot);
  }
  const auto removed = [&](const SnapshotKeep& keep) { return snapshots_to_remove(app, keep, now); };
  EXPECT_THAT(removed({3, {}}), ElementsAre(1, 2));
  EXPECT_THAT(removed({9, {}}), IsEmpty());
  EXPECT_THAT(removed({9, std::chrono::days(25)}), ElementsAre(1, 2, 3));
  EXPECT_THAT(removed({1, std::chrono::days(5)}), ElementsAre(1, 2, 3, 4, 5));
  app.stable = ReleaseNumber{2};
  EXPECT_THAT(removed({1, {}}), ElementsAre(1, 3, 4));
  app.snapshots[3].release = ReleaseNumber{2};
  EXPECT_THAT(removed({1, {}}), ElementsAre(1, 2, 3)) << "the newest one of the stable release is enough";
  app.snapshots[0].complete = false;
  app.wish.snapshot = 3;
  EXPECT_THAT(removed({1, {}}), ElementsAre(2)) << "what a change is about is not touched";
}

TEST(SnapshotSettings, AreLabelsOfAService) {
  Spec spec;
  spec.services.emplace_back();
  auto& labels = spec.services[0].labels;
  EXPECT_FALSE(asks_for_snapshots(spec));
  EXPECT_EQ(snapshot_keep(spec).newest, 3);
  labels = {{"belay.snapshot", "true"}, {"belay.snapshot.keep", "7"}, {"belay.snapshot.days", "30"}};
  EXPECT_TRUE(asks_for_snapshots(spec));
  EXPECT_EQ(snapshot_keep(spec).newest, 7);
  EXPECT_EQ(snapshot_keep(spec).younger_than, std::chrono::days(30));
  labels["belay.snapshot"] = "perhaps";
  EXPECT_THROW(std::ignore = asks_for_snapshots(spec), Error);
  labels["belay.snapshot.keep"] = "0";
  EXPECT_THROW(std::ignore = snapshot_keep(spec), Error);
}

// Of what an earlier Belay started, the state does not say in which volume it has its data: the engine does.
TEST(NamelessData, ComesBackFromABackup) {
  Scene scene({NamingScheme::belay, false, false, true});
  ImageConfig config;
  config.volumes = {"/data"};
  scene.engine.add_image("old:1", config, {}, "old");
  engine::ContainerRequest request;
  request.name = "old";
  request.image = "old:1";
  request.service.image = "old:1";
  scene.engine.create_container(request, {});
  scene.engine.start_container("old", {});
  Context here = scene.context("belay adopt web");
  std::ignore = adopt(here, web, {"old"}, {}, {});
  App app = scene.app();
  app.releases.at(0).spec.services.at(0).mounts.clear();
  scene.store->save(app);
  const fs::path note = scene.volume(scene.container("old")->mounts.at(0).source) / "note";
  write_file_durably(note, "first");
  ASSERT_EQ(scene.run("backup"), "done");
  write_file_durably(note, "second");
  ASSERT_EQ(scene.run("restore"), "done") << scene.reason;
  EXPECT_EQ(read_file(note), "first");
}

}  // namespace
}  // namespace belay::scene
