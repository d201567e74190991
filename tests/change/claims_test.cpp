// V4 and F13: whose a place is, before anything is put there; and where a backup may lie.

#include "change/claims.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "base/format.h"
#include "change/places.h"
#include "engine/direct.h"
#include "safekeeping/backup.h"
#include "safekeeping/restore.h"
#include "safekeeping/unpack.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const SceneOptions with_files{NamingScheme::belay, true, true, true};

// Not below /dev/shm, which cannot hold data.
class Place {
 public:
  Place() {
    std::string pattern = "/var/tmp/belay-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path = pattern;
  }
  ~Place() { fs::remove_all(path); }
  fs::path path;
};

class Whose : public ::testing::Test {
 protected:
  // What is said against the place for the app web; empty: nothing.
  std::string against(const DataPlace& place) {
    Context here = scene_.context();
    World world;
    world.containers = scene_.engine.containers({}, {});
    world.volumes = scene_.engine.volumes({}, {});
    try {
      refuse_what_is_others(here, AppName("web"), world, {place}, {}, {});
      return {};
    } catch (const Conflict& error) {
      EXPECT_THAT(error.hint(), HasSubstr("--into"));
      return error.what();
    }
  }
  std::string volume(const std::string& name) { return against({DataPlace::Kind::volume, name}); }
  std::string folder(const fs::path& path) { return against({DataPlace::Kind::folder, path.string()}); }

  // Another app with one release, which has these mounts and no container.
  void other_app(const std::vector<Mount>& mounts) {
    App app(AppName("other"));
    Release release;
    release.number = ReleaseNumber{1};
    release.spec.services.emplace_back();
    release.spec.services[0].name = "other";
    release.spec.services[0].mounts = mounts;
    app.releases.push_back(release);
    app.last = ReleaseNumber{1};
    app.highest_release = 1;
    scene_.store->save(app);
  }

  Place ground_;
  Scene scene_{with_files};
};

// What was taken over bears no labels of ours, and is the app's all the same.
TEST_F(Whose, TheFolderOfAVolumeMayBeOpenInWhatTheAppTookOver) {
  VolumeDefinition bound;
  bound.options = {{"type", "none"}, {"o", "bind"}, {"device", ground_.path.string()}};
  scene_.engine.create_volume({"bound", {}, bound}, {});
  scene_.engine.add_image("old:1", {}, {}, "old");
  const auto run = [&](const std::string& name) {
    engine::ContainerRequest request;
    request.name = name;
    request.image = request.service.image = "old:1";
    request.service.mounts = {{Mount::Kind::volume, "bound", "/data", false, {}}};
    scene_.engine.create_container(request, {});
    scene_.engine.start_container(name, {});
  };
  run("old");
  Context here = scene_.context("belay adopt web");
  std::ignore = adopt(here, AppName("web"), {"old"}, {}, {});
  EXPECT_EQ(folder(ground_.path), "");
  run("stranger");
  World world;
  world.containers = scene_.engine.containers({}, {});
  world.volumes = scene_.engine.volumes({}, {});
  EXPECT_THROW(
      refuse_what_is_others(here, AppName("web"), world, {{DataPlace::Kind::folder, ground_.path.string()}}, {}, {}),
      Conflict);
}

TEST_F(Whose, AVolumeOfAStrangerIsNotTouched) {
  scene_.engine.create_volume({"data"}, {});
  EXPECT_THAT(volume("data"), HasSubstr("it is there already, and there is no sign that it is web's"));
  EXPECT_EQ(volume("free"), "");
  scene_.engine.create_volume({"kept", {{"belay.app", "web"}}}, {});
  EXPECT_EQ(volume("kept"), "");
}

TEST_F(Whose, NorIsOneOfAnotherAppThatIsDown) {
  scene_.engine.create_volume({"theirs", {{"belay.app", "other"}}}, {});
  EXPECT_THAT(volume("theirs"), HasSubstr("by its label it is the app other's"));
  other_app({{Mount::Kind::volume, "shared", "/data", false, ""},
             {Mount::Kind::bind, ground_.path / "theirs", "/b", false, ""}});
  EXPECT_THAT(volume("shared"), HasSubstr("it is the app other's (r1)")) << "also where the volume is not there";
  EXPECT_THAT(folder(ground_.path / "theirs"), HasSubstr("it is the app other's (r1)"));
  EXPECT_THAT(folder(ground_.path / "theirs/below"), HasSubstr("which is the app other's"));
  EXPECT_THAT(folder(ground_.path), HasSubstr("theirs in it is the app other's"));
  fs::create_directory(ground_.path / "theirs");
  fs::create_symlink(ground_.path / "theirs", ground_.path / "link");
  EXPECT_THAT(folder(ground_.path / "link/new"), HasSubstr("which is the app other's"));
}

TEST_F(Whose, TheHostsOwnIsNobodys) {
  for (const auto* path :
       {"/etc", "/root", "/usr", "/usr/bin", "/var/lib/docker", "/etc/hosts", "/proc/1", "/home", "/"})
    EXPECT_NE(folder(path), "") << path;
  for (const auto* path : {"/etc/passwd", "/etc/cron.d/new", "/root/.ssh/authorized_keys", "/usr/bin/new", "/boot/new"})
    EXPECT_NE(against({DataPlace::Kind::file, path}), "") << path;
  for (const auto* path : {"/etc/../srv", "relative", "", ".", "/srv/x/", "//srv/x", "/srv/./x", "/srv/x/.."})
    EXPECT_THAT(folder(path), HasSubstr("not a plain absolute path")) << path;
  for (const auto* name : {"", "/etc", "../x", "a/b", "-x"}) EXPECT_NE(volume(name), "") << name;
  EXPECT_EQ(folder("/etc/a-new-app-of-mine/conf.d"), "");
  fs::create_symlink("/etc", ground_.path / "etc");
  EXPECT_THAT(folder(ground_.path / "etc"), HasSubstr("the host's own"));
}

TEST_F(Whose, BelaysOwnIsNobodysEither) {
  EXPECT_THAT(folder(scene_.store->folder()), HasSubstr("Belay's own state"));
  EXPECT_THAT(folder(scene_.store->folder().parent_path()), HasSubstr("Belay's own state"));
  EXPECT_THAT(against({DataPlace::Kind::file, (scene_.store->folder() / "state.db").string()}),
              HasSubstr("Belay's own state"));
  EXPECT_THAT(volume("web_data.belay-s3"), HasSubstr("snapshots"));
  EXPECT_THAT(folder(ground_.path / ".site.belay-s3"), HasSubstr("snapshots"));
  EXPECT_NE(folder(scene_.folder.path() / "volumes" / "x"), "") << "in the engine's own folder";
}

TEST_F(Whose, AFolderThatHoldsSomethingIsSomebodys) {
  const fs::path site = ground_.path / "site";
  EXPECT_EQ(folder(site), "");
  fs::create_directory(site);
  EXPECT_EQ(folder(site), "") << "an empty one is free";
  write_file_durably(site / "page", "x");
  EXPECT_THAT(folder(site), HasSubstr("it is there already"));
  EXPECT_THAT(against({DataPlace::Kind::file, (site / "page").string()}), HasSubstr("it is there already"));
}

TEST_F(Whose, TheAppsOwnStaysItsOwn) {
  const fs::path site = ground_.path / "site";
  fs::create_directory(site);
  write_file_durably(site / "page", "x");
  scene_.write("jockler-web", format(R"({{"volumes": {{"{}": "/site", "web_data": "/data"}}}})", site.string()));
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_EQ(folder(site), "");
  EXPECT_EQ(volume("web_data"), "");
  // Somebody who only reads it has no say.
  other_app({{Mount::Kind::bind, site, "/site", true, ""}});
  EXPECT_EQ(folder(site), "");
  other_app({{Mount::Kind::bind, site, "/site", false, ""}});
  EXPECT_THAT(folder(site), HasSubstr("it is the app other's"));
}

TEST_F(Whose, AStrangersFolderClaimsWhatIsAroundItAndWhatIsInIt) {
  const fs::path theirs = ground_.path / "theirs";
  fs::create_directories(theirs / "empty");
  scene_.engine.add_image("stranger", {}, {});
  const auto stranger = [&](const fs::path& source, bool read_only) {
    scene_.engine.remove_container("theirs", {});
    Service service;
    service.mounts = {{Mount::Kind::bind, source.string(), "/data", read_only, ""}};
    scene_.engine.create_container({"theirs", "stranger", service, {}, {"no", 0}}, {});
  };
  stranger(theirs, false);
  EXPECT_THAT(folder(theirs), HasSubstr("it is there already"));
  EXPECT_THAT(folder(theirs / "empty"), HasSubstr("which is the container theirs's"));
  EXPECT_THAT(folder(theirs / "new"), HasSubstr("which is the container theirs's"));
  stranger(theirs / "empty/new", true);
  EXPECT_THAT(folder(theirs / "empty"), HasSubstr("empty/new in it is the container theirs's"));
  EXPECT_THAT(folder(theirs / "empty/new"), HasSubstr("it is the container theirs's"));
  EXPECT_EQ(folder(theirs / "other"), "");
  stranger(theirs, true);
  EXPECT_EQ(folder(theirs / "new"), "") << "it reads what is around it, and loses nothing";
  stranger("/var", false);
  EXPECT_EQ(folder(theirs / "new"), "") << "the host's own as a whole is nobody's";
}

TEST_F(Whose, WhatARestoreWouldBeRefusedForIsSaidBeforeItIsNeeded) {
  scene_.write("jockler-web", R"({"volumes": {"web_data": "/data"}})");
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  ASSERT_EQ(scene_.run("backup image"), "done");
  EXPECT_THAT(scene_.report.warnings, IsEmpty());
  other_app({{Mount::Kind::volume, "web_data", "/data", false, ""}});
  ASSERT_EQ(scene_.run("backup image"), "done");
  EXPECT_THAT(
      scene_.report.warnings,
      ElementsAre(HasSubstr("a restore in place will be refused: volume web_data cannot get other data: it is the "
                            "app other's (r1)")));
  EXPECT_THAT(scene_.run("restore"), HasSubstr("it is the app other's"));
}

TEST_F(Whose, ARestoreAsksBeforeItTouchesAnything) {
  for (const auto* line : {"deploy 1", "write new", "backup image", "remove volumes"})
    ASSERT_EQ(scene_.run(line), "done");
  scene_.engine.create_volume({"web_more"}, {});
  write_file_durably(scene_.volume("web_more") / "precious", "theirs");
  for (int i = 0; i < 5; ++i) {
    const std::string before = scene_.all();
    EXPECT_THAT(scene_.run("restore"), HasSubstr("volume web_more cannot get web's data"));
    EXPECT_EQ(scene_.all(), before);
  }
  Context here = scene_.context();
  RestoreOptions dry;
  dry.change.dry_run = true;
  EXPECT_THROW(restore(here, AppName("web"), *scene_.backups(), scene_.newest_backup(), {}, dry, {}), Conflict);
  EXPECT_EQ(read_file(scene_.volume("web_more") / "precious"), "theirs");
}

TEST_F(Whose, ABackupIsUnpackedBesideEverything) {
  for (const auto* line : {"deploy 1", "write new", "backup"}) ASSERT_EQ(scene_.run(line), "done");
  const std::string before = scene_.all();
  const fs::path out = ground_.path / "out";
  const auto unpacked =
      unpack(scene_.report, *scene_.backups(), scene_.newest_backup(), {}, out, {"web_more"}, false, {});
  ASSERT_EQ(unpacked.items.size(), 1U);
  EXPECT_EQ(read_file(unpacked.items[0].second / "file"), "new");
  EXPECT_EQ(scene_.all(), before);
  EXPECT_THROW(unpack(scene_.report, *scene_.backups(), scene_.newest_backup(), {}, out, {}, false, {}), Conflict);
  EXPECT_THROW(
      unpack(scene_.report, *scene_.backups(), scene_.newest_backup(), {}, ground_.path / "a/b", {}, false, {}),
      NotFound);
  // Of one that is damaged nothing stays.
  const fs::path file = scene_.folder.path() / "backups" / scene_.newest_backup();
  const std::string bytes = read_file(file);
  write_file_durably(file, bytes.substr(0, bytes.size() / 2));
  EXPECT_THROW(
      unpack(scene_.report, *scene_.backups(), scene_.newest_backup(), {}, ground_.path / "bad", {}, false, {}), Error);
  EXPECT_FALSE(fs::exists(ground_.path / "bad"));
}

// F13: an app that has a folder of the host, as `site`.
class BackupsWithin : public Whose {
 protected:
  BackupsWithin() {
    fs::create_directory(site_);
    write_file_durably(site_ / "page", "x");
    scene_.write("jockler-web", format(R"({{"volumes": {{"{}": "/site", "web_data": "/data"}}}})", site_.string()));
    EXPECT_EQ(scene_.run("deploy 1"), "done");
  }
  std::string back_up_to(const fs::path& where, bool dry_run = false) {
    Context here = scene_.context("belay backup");
    BackupOptions options;
    options.dry_run = dry_run;
    const auto destination = backup::destination(backup::parse_place(where.string()), {});
    try {
      return back_up(here, AppName("web"), *destination, {}, options, {}).done ? "done" : "planned";
    } catch (const Error& error) {
      return error.what();
    }
  }
  const fs::path site_ = ground_.path / "site";
};

TEST_F(BackupsWithin, TheDataAreRefused) {
  fs::create_directory(site_ / "backups");
  fs::create_symlink(site_, ground_.path / "link");
  const fs::path volume = scene_.volume("web_data");
  for (const auto& where : {site_, site_ / "backups", site_ / "new", ground_.path / "link/new",
                            ground_.path / "site/../site/new", volume, volume / "new"}) {
    EXPECT_THAT(back_up_to(where), HasSubstr("which is backed up")) << where;
    EXPECT_THAT(back_up_to(where, true), HasSubstr("which is backed up")) << where;
  }
  EXPECT_EQ(back_up_to(ground_.path / "beside"), "done");
  EXPECT_EQ(back_up_to(ground_.path / "site-backups"), "done");
  EXPECT_EQ(scene_.trouble("1"), "");
}

TEST_F(BackupsWithin, AreNotRestoredFrom) {
  ASSERT_EQ(scene_.run("backup"), "done");
  const std::string name = scene_.newest_backup();
  fs::copy(scene_.folder.path() / "backups" / name, site_ / name);
  const auto inside = backup::destination(backup::parse_place(site_.string()), {});
  Context here = scene_.context("belay restore");
  const std::string before = scene_.all();
  try {
    std::ignore = restore(here, AppName("web"), *inside, name, {}, {}, {});
    ADD_FAILURE() << "it was restored";
  } catch (const Conflict& error) {
    EXPECT_THAT(error.what(), HasSubstr("the backup lies in folder"));
  }
  EXPECT_EQ(scene_.all(), before);
}

TEST(Volumes, OfAFolderAreKnownByTheirOptions) {
  const auto folder_of = [](std::map<std::string, std::string> options, const std::string& driver = "local") {
    const auto folder = engine::bound_folder({"v", driver, "/x", {}, {}, std::move(options)});
    return folder ? folder->string() : std::string("-");
  };
  EXPECT_EQ(folder_of({{"type", "none"}, {"o", "bind"}, {"device", "/srv/data"}}), "/srv/data");
  EXPECT_EQ(folder_of({{"o", "bind,rw"}, {"device", "/srv/data/"}}), "/srv/data");
  EXPECT_EQ(folder_of({{"type", "nfs"}, {"o", "addr=nas"}, {"device", ":/x"}}), "-");
  EXPECT_EQ(folder_of({{"type", "tmpfs"}, {"device", "tmpfs"}}), "-");
  EXPECT_EQ(folder_of({{"o", "bind,ro"}, {"device", "/srv/data"}}), "-");
  EXPECT_EQ(folder_of({{"o", "bind"}, {"device", "/"}}), "-");
  EXPECT_EQ(folder_of({{"o", "bind"}, {"device", "/srv/data"}}, "ceph"), "-");
  EXPECT_EQ(folder_of({}), "-");
  const auto why = no_way_back({"v", "local", "/x", {}, {}, {{"type", "cifs"}, {"o", "password=secret"}}});
  ASSERT_TRUE(why);
  EXPECT_THAT(*why, HasSubstr("type=cifs"));
  EXPECT_THAT(*why, ::testing::Not(HasSubstr("secret")));
  EXPECT_TRUE(no_way_back({"v", "ceph", "/x", {}, {}, {}}));
  EXPECT_FALSE(no_way_back({"v", "local", "/x", {}, {}, {}}));
}

// F8: a volume that is a folder of the host is backed up, restored in its place, and made anew as it was.
TEST_F(Whose, AVolumeWithOptionsComesBackAsItWas) {
  const fs::path device = ground_.path / "device";
  fs::create_directory(device);
  const std::map<std::string, std::string> options{{"type", "none"}, {"o", "bind"}, {"device", device.string()}};
  scene_.engine.create_volume({"web_data", labels::for_volume(AppName("web"), "/data"), {.options = options}}, {});
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  write_file_durably(device / "note", "new");
  ASSERT_EQ(scene_.run("backup image"), "done");
  write_file_durably(device / "note", "old");
  ASSERT_EQ(scene_.run("restore"), "done") << scene_.reason;
  EXPECT_EQ(read_file(device / "note"), "new");
  EXPECT_EQ(read_file(ground_.path / ".device.belay-s1/note"), "old");
  EXPECT_EQ(scene_.trouble("1"), "");
  // The host is lost: the disk is there again, and empty.
  ASSERT_EQ(scene_.run("remove volumes"), "done");
  scene_.engine.remove_volume("web_data", {});
  fs::remove_all(device);
  EXPECT_THAT(scene_.run("restore"), HasSubstr("which is not there"));
  fs::create_directory(device);
  ASSERT_EQ(scene_.run("restore"), "done") << scene_.reason;
  EXPECT_EQ(read_file(device / "note"), "new");
  const auto volumes = scene_.engine.volumes({}, {});
  const auto made = std::find_if(volumes.begin(), volumes.end(), [](const Volume& v) { return v.name == "web_data"; });
  ASSERT_NE(made, volumes.end());
  EXPECT_EQ(made->options, options);
}

TEST_F(Whose, AVolumeThatOnlyItsDriverReachesIsNotMadeAPlainOne) {
  const std::map<std::string, std::string> options{{"type", "nfs"}, {"o", "addr=nas"}, {"device", ":/export"}};
  scene_.engine.create_volume({"web_data", labels::for_volume(AppName("web"), "/data"), {.options = options}}, {});
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  Context here = scene_.context("belay backup");
  const auto made = back_up(here, AppName("web"), *scene_.backups(), {}, {}, {});
  ASSERT_EQ(made.no_way_back.size(), 1U);
  EXPECT_THAT(made.no_way_back[0], HasSubstr("type=nfs"));
  const std::string before = scene_.all();
  EXPECT_THAT(scene_.run("restore"), HasSubstr("the driver local with the options device=:/export"));
  EXPECT_EQ(scene_.all(), before);
}

// On a host without the app such a volume is made as it was, and filled through the engine.
class EngineOnly : public Whose {
 protected:
  // The host is lost, after a backup with "new" in the volume.
  void lose(const std::map<std::string, std::string>& options) {
    definition_.options = options;
    make();
    ASSERT_EQ(scene_.run("deploy 1"), "done");
    put("note", "new");
    put("deep/er/page", "page");
    ASSERT_EQ(scene_.run("backup image"), "done");
    ASSERT_EQ(scene_.run("remove volumes"), "done");
    scene_.engine.remove_volume("web_data", {});
    std::ignore = scene_.engine.remove_image(scene_.image_of("1"), {});
  }
  void make() {
    scene_.engine.create_volume({"web_data", labels::for_volume(AppName("web"), "/data"), definition_}, {});
  }
  // Through a container with the volume, as only the engine reaches it.
  void put(const std::string& file, const std::string& text) {
    reach([&] {
      scene_.engine.write_archive("reach", "/data",
                                  [&](const Sink& sink) {
                                    archive::TarWriter tar(sink);
                                    archive::TarEntry entry;
                                    entry.name = file;
                                    entry.size = static_cast<std::int64_t>(text.size());
                                    tar.begin(entry);
                                    tar.write(text);
                                    tar.finish();
                                  },
                                  {});
    });
  }
  std::string held(const std::string& file) {
    std::string text;
    reach([&] {
      std::string tar;
      scene_.engine.read_archive("reach", "/data/" + file, [&](std::string_view bytes) { tar += bytes; }, {});
      std::string_view rest = tar;
      archive::TarReader reader([&](std::span<char> room) {
        const std::size_t count = std::min(room.size(), rest.size());
        std::copy_n(rest.begin(), count, room.begin());
        rest.remove_prefix(count);
        return count;
      });
      archive::TarEntry entry;
      while (reader.next(entry))
        for (auto bytes = reader.content(); !bytes.empty(); bytes = reader.content()) text += bytes;
    });
    return text;
  }
  std::optional<Volume> volume_there() {
    for (auto& volume : scene_.engine.volumes({}, {}))
      if (volume.name == "web_data") return std::move(volume);
    return {};
  }

  VolumeDefinition definition_;

 private:
  void reach(const std::function<void()>& work) {
    scene_.engine.add_image("reach", {}, {});
    Service service;
    service.mounts = {{Mount::Kind::volume, "web_data", "/data", false, ""}};
    scene_.engine.create_container({"reach", "reach", service, {}, {"no", 0}}, {});
    work();
    scene_.engine.remove_container("reach", {});
  }
};

const std::map<std::string, std::string> share{{"type", "nfs"}, {"o", "addr=nas"}, {"device", ":/export"}};

TEST_F(EngineOnly, AVolumeIsMadeAsItWasAndFilledThroughTheEngine) {
  lose(share);
  Context here = scene_.context("belay restore");
  RestoreOptions look;
  look.change.dry_run = true;
  const auto preview = restore(here, web, *scene_.backups(), scene_.newest_backup(), {}, look, {});
  EXPECT_THAT(plan::plan_text(preview.change.plan), HasSubstr("through the engine"));
  EXPECT_FALSE(volume_there());
  ASSERT_EQ(scene_.run("restore"), "done") << scene_.reason;
  ASSERT_TRUE(volume_there());
  EXPECT_EQ(volume_there()->options, share);
  EXPECT_EQ(held("note"), "new");
  EXPECT_EQ(held("deep/er/page"), "page");
  EXPECT_EQ(scene_.running().size(), 1U);
  EXPECT_EQ(scene_.plan(), "");
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(EngineOnly, WhatAShareHoldsIsNeverWrittenOver) {
  lose(share);
  make();
  put("note", "theirs");
  EXPECT_THAT(scene_.run("restore"), HasSubstr("volume web_data holds something already"));
  EXPECT_EQ(held("note"), "theirs");
  EXPECT_FALSE(scene_.store->app(web));
  EXPECT_EQ(scene_.leftovers(), "");
  put("note", "new");
  put("deep/er/page", "page");
  ASSERT_EQ(scene_.run("restore"), "done") << "it is the same: " << scene_.reason;
  EXPECT_EQ(held("note"), "new");
}

TEST_F(EngineOnly, AfterAnyCrashTheNextRestoreGoesOn) {
  lose(share);
  int cut = 0;
  for (bool crashed = true; crashed; ++cut) {
    ASSERT_LT(cut, 200);
    scene_.report.crash_after = cut;
    crashed = scene_.crashes("restore");
    scene_.report.crash_after.reset();
    scene_.reopen();
    const std::string again = crashed ? scene_.run("restore") : "done";
    // What was interrupted after the filling comes up first; then it is there, and its data is not exchanged.
    EXPECT_TRUE(again == "done" || again.find("only the engine reaches its files") != std::string::npos)
        << cut << again << scene_.reason;
    EXPECT_EQ(held("note"), "new") << cut;
    EXPECT_EQ(scene_.running().size(), 1U) << cut;
    EXPECT_EQ(scene_.leftovers(), "") << cut;
    ASSERT_EQ(scene_.run("remove volumes"), "done");
    scene_.engine.remove_volume("web_data", {});
    std::ignore = scene_.engine.remove_image(scene_.image_of("1"), {});
  }
  EXPECT_GT(cut, 20);
}

TEST_F(EngineOnly, ADamagedBackupMakesNoVolume) {
  lose(share);
  const fs::path file = scene_.folder.path() / "backups" / scene_.newest_backup();
  std::string bytes = read_file(file);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_file_durably(file, bytes);
  EXPECT_THAT(scene_.run("restore"), HasSubstr("error"));
  EXPECT_FALSE(scene_.store->app(web));
  EXPECT_FALSE(volume_there());
  EXPECT_THAT(scene_.engine.volumes(labels::temporary, {}), IsEmpty());
  EXPECT_THAT(scene_.engine.containers({}, {}), IsEmpty());
}

TEST_F(EngineOnly, WhatIsInMemoryIsNotMade) {
  lose({{"type", "tmpfs"}, {"device", "tmpfs"}});
  EXPECT_THAT(scene_.run("restore"), HasSubstr("the driver local with the options device=tmpfs"));
  EXPECT_FALSE(volume_there());
}

}  // namespace
}  // namespace belay::scene
