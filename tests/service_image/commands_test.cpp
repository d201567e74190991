// What the commands on a service do to what is there: on an engine in memory, with scripts that run here.

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar_writer.h"
#include "base/errors.h"
#include "engine/captured_output.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
#include "support/forged_backup.h"
#include "support/scene/scene_test.h"

namespace belay::service_image {
namespace {

using namespace scene;
using Unfinished = InstalledService::Unfinished;

// With the folder /dr in every image.
class ImageEngine final : public engine::MemoryEngine {
 public:
  using MemoryEngine::MemoryEngine;

  void read_archive(const std::string& container, const std::string& path, const Sink& sink,
                    std::stop_token stop) override {
    if (on_read) on_read(path);
    if (path != scripts_folder) return MemoryEngine::read_archive(container, path, sink, std::move(stop));
    archive::TarWriter writer(sink);
    archive::TarEntry entry;
    entry.name = "dr";
    entry.kind = archive::TarEntry::Kind::folder;
    entry.permissions = 0755;
    writer.begin(entry);
    for (const auto& [name, file] : scripts.files) {
      entry = {};
      entry.name = "dr/" + name;
      entry.permissions = 0755;
      entry.size = static_cast<std::int64_t>(file.content.size());
      writer.begin(entry);
      writer.write(file.content);
    }
    writer.finish();
  }
  std::string data_folder(std::stop_token stop) override {
    return is_elsewhere ? "/nonexistent" : MemoryEngine::data_folder(std::move(stop));
  }

  std::function<void(const std::string& path)> on_read;
  Scripts scripts;
  bool is_elsewhere = false;  // the files of its volumes are another machine's
};

class Commands : public ::testing::Test {
 protected:
  Commands() : engine(clock, made(folder.path() / "volumes")), store(state::Store::open(folder.path() / "state")) {
    for (const auto name : required_scripts) script(std::string(name), "exit 0");
    ImageConfig config;
    config.user = "22022";
    config.volumes = {"/config", "/cache"};
    image = engine.add_image("acme/gallery:1", config, {});
    service.name = "gallery";
    service.version.reference = "acme/gallery:1";
    service.version.image = image;
    service.launcher = (folder.path() / "bin" / "gallery").string();
    keep();
  }
  static fs::path made(const fs::path& path) {
    make_folder(path);
    return path;
  }
  void script(const std::string& name, const std::string& text) {
    engine.scripts.files[name] = {ScriptFile::Kind::file, true, "#!/bin/sh\n" + text + "\n"};
  }
  // The service is there, with these scripts.
  void keep() {
    folders().scripts().keep(engine.scripts);
    service.version.scripts = engine.scripts.digest();
    store->save(service);
    if (!engine.image(pinned_tag(service), {})) engine.tag_image(image, pinned_tag(service), {});
    const auto volumes = engine.volumes({}, {});
    if (std::none_of(volumes.begin(), volumes.end(),
                     [](const Volume& each) { return each.name == "dr-gallery-config"; }))
      engine.create_volume({"dr-gallery-config", labels_of("gallery"), {}}, {});
  }
  Folders folders() const { return Folders(store->folder()); }
  change::Context context() { return {engine, *store, clock, report, "tester", "belay test"}; }
  void run_container(const std::string& name, const std::string& volume, const labels::Labels& labels = {}) {
    engine::ContainerRequest request;
    request.name = name;
    request.image = "acme/gallery:1";
    request.labels = labels;
    if (!volume.empty()) {
      Mount mount;
      mount.source = volume;
      mount.target = "/config";
      request.service.mounts.push_back(mount);
    }
    engine.create_container(request, {});
    engine.start_container(name, {});
  }
  fs::path config_file() const { return folder.path() / "volumes" / "dr-gallery-config" / "_data" / "file"; }
  void hold_data(const std::string& text) { write_file_durably(config_file(), text); }
  std::string data() const { return read_file_if_present(config_file()).value_or("-"); }
  fs::path back_up_to(const fs::path& file, bool with_image = false) {
    change::Context here = context();
    make_folder(file.parent_path(), 0700);
    const auto destination = backup::destination(backup::parse_place(file.parent_path().string()), {});
    BackupOptions options;
    options.file = file.filename();
    options.replace = true;
    options.with_image = with_image;
    std::ignore = back_up(here, "gallery", *destination, options, {});
    return file;
  }
  Done restore_from(const fs::path& file) {
    change::Context here = context();
    const auto destination = backup::destination(backup::parse_place(file.parent_path().string()), {});
    RestoreOptions options;
    options.launchers = folder.path() / "bin";
    return restore(here, "gallery", *destination, file.filename(), {}, options, {});
  }
  void run_hold() {
    change::Context here = context();
    std::ignore = hold(here, "gallery", {});
  }
  bool exists(const std::string& container) { return engine.container(container, {}).has_value(); }
  ContainerState state_of(const std::string& container) { return engine.container(container, {})->container.state; }
  std::vector<std::string> volumes() {
    std::vector<std::string> names;
    for (const auto& volume : engine.volumes({}, {})) names.push_back(volume.name);
    return names;
  }

  TemporaryFolder folder;
  HookedClock clock;
  ImageEngine engine;
  std::unique_ptr<state::Store> store;
  Notes report;
  std::string image;
  InstalledService service;
};

TEST_F(Commands, RestoreFromTheBackupThatAnUpdateLeavesKeepsIt) {
  hold_data("before the update");
  const fs::path left = back_up_to(folders().kept_backup("gallery"));
  hold_data("after it");
  EXPECT_EQ(restore_from(left).kind, Done::Kind::done);
  EXPECT_EQ(data(), "before the update");
  EXPECT_TRUE(fs::exists(left));
  const fs::path other = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  const std::string content = read_file(left);
  restore_from(other);
  EXPECT_EQ(read_file(left), content);
  EXPECT_FALSE(fs::exists(folders().restore_backup("gallery")));
}

// Somebody else's backup: its image has the name of another app's image.
TEST_F(Commands, RestoreLoadsNoImageThatHasAName) {
  hold_data("kept");
  const fs::path file = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst", true);
  engine.add_image("cache:1", {}, {}, "theirs");
  std::string named;
  engine.save_images({"cache:1"}, [&](std::string_view bytes) { named += bytes; }, {});
  const std::string ours = engine.add_image("cache:1", {}, {}, "ours");
  const std::string good = read_file(file);
  testing::forge_images(file, named);
  std::ignore = engine.remove_image(pinned_tag(service), {});
  std::ignore = engine.remove_image("acme/gallery:1", {});
  ASSERT_FALSE(engine.image(image, {}));
  store->forget_service("gallery");
  engine.remove_volume("dr-gallery-config", {});
  try {
    restore_from(file);
    ADD_FAILURE() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("have names of their own (cache:1)"), std::string::npos) << error.what();
  }
  EXPECT_EQ(engine.image("cache:1", {})->id, ours);
  EXPECT_FALSE(store->service("gallery"));
  write_file_durably(file, good);
  EXPECT_EQ(restore_from(file).kind, Done::Kind::done);
  EXPECT_TRUE(engine.image(image, {}));
}

TEST_F(Commands, RestoreRefusesTheFileThatItGoesBackTo) {
  hold_data("kept");
  const fs::path own = back_up_to(folders().restore_backup("gallery"));
  hold_data("now");
  EXPECT_THROW(restore_from(own), Conflict);
  EXPECT_TRUE(fs::exists(own));
  EXPECT_EQ(data(), "now");
}

TEST_F(Commands, ARestoreThatFailsBringsBackWhatWasThere) {
  hold_data("old");
  script("restore", "exit 1");
  keep();
  const fs::path file = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  hold_data("new");
  EXPECT_THROW(restore_from(file), Error);
  EXPECT_EQ(data(), "new");
}

TEST_F(Commands, AnInstallRefusesAContainerThatWouldPassForItsOwn) {
  store->forget_service("gallery");
  engine.remove_volume("dr-gallery-config", {});
  engine.remove_volume("dr-gallery-config", {});
  run_container("gallery", {});
  change::Context here = context();
  expect_free(here, "gallery", {}, service.launcher, {});
  EXPECT_THROW(expect_free(here, "gallery", image, service.launcher, {}), Conflict);
  // One of an app that was adopted has no label.
  App app(AppName("shop"));
  Release release;
  release.number = ReleaseNumber(1);
  release.containers["shop"] = "gallery";
  app.releases.push_back(release);
  EXPECT_THAT(owner_in(here, service).of_apps, IsEmpty());
  store->save(app);
  EXPECT_THAT(owner_in(here, service).of_apps, ElementsAre("gallery"));
  expect_free(here, "gallery", image, service.launcher, {});
}

TEST_F(Commands, NewNamesClaimNothingOfAnotherService) {
  change::Context here = context();
  EXPECT_THROW(expect_free(here, "Gallery", {}, folder.path() / "no", {}), Conflict);
  EXPECT_THROW(expect_free(here, "gallery-config", {}, folder.path() / "no", {}), UsageError);
  expect_free(here, "gallery-2", {}, folder.path() / "no", {});
}

TEST_F(Commands, AnInstallIsTakenBackToWhatWasThere) {
  run_container("gallery", {});
  const std::vector<std::string> before = volumes();
  change::Context here = context();
  service.before_world = before_install(here, {});
  service.unfinished = Unfinished::install;
  store->save(service);
  run_container("gallery-2", {});
  run_hold();
  EXPECT_FALSE(store->service("gallery"));
  EXPECT_TRUE(exists("gallery"));
  EXPECT_FALSE(exists("gallery-2"));
  EXPECT_EQ(volumes(), before);
}

TEST_F(Commands, NothingGoesOnFromAnInstallThatIsNotTakenBack) {
  service.unfinished = Unfinished::install;
  change::Context here = context();
  service.before_world = to_json([] {
    Belongings none;
    none.is_before_install = true;
    return none;
  }());
  store->save(service);
  run_container("shop-1", "dr-gallery-config", {{labels::app, "shop"}});
  EXPECT_THROW(run_hold(), Conflict);
  EXPECT_TRUE(store->service("gallery"));
  EXPECT_THROW(run_hold(), Error);
  RunOptions options;
  options.command = "help";
  engine::CapturedOutput terminal;
  EXPECT_THROW(run_command(here, "gallery", options, terminal, {}), Conflict);
  engine.stop_container("shop-1", {}, {});
  engine.remove_container("shop-1", {});
  const Done done = destroy(here, "gallery", {}, {});
  EXPECT_EQ(done.kind, Done::Kind::done);
  EXPECT_EQ(destroy(here, "gallery", {}, {}).kind, Done::Kind::unchanged);
}

TEST_F(Commands, ContainersStandStillWhileTheirConfigurationIsRead) {
  hold_data("text");
  run_container("dr-gallery-1", "dr-gallery-config");
  run_container("other", {});
  bool is_read = false;
  engine.on_read = [&](const std::string& path) {
    if (!path.starts_with("/config")) return;
    is_read = true;
    EXPECT_EQ(state_of("dr-gallery-1"), ContainerState::paused);
    EXPECT_EQ(state_of("other"), ContainerState::running);
  };
  back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  EXPECT_TRUE(is_read);
  EXPECT_EQ(state_of("dr-gallery-1"), ContainerState::running);
  // The power goes off while it is read.
  engine.pause_container("dr-gallery-1", {});
  make_folder(folders().work("gallery"));
  write_file_durably(folders().paused("gallery"), "gone\ndr-gallery-1");
  run_hold();
  EXPECT_EQ(state_of("dr-gallery-1"), ContainerState::running);
  EXPECT_FALSE(fs::exists(folders().work("gallery")));
}

TEST_F(Commands, AWayBackLeavesDataAloneThatNothingTouched) {
  hold_data("older");
  const fs::path file = back_up_to(folders().kept_backup("gallery"));
  service.before = service.version;
  service.before_backup = file.string();
  service.unfinished = Unfinished::update;
  change::Context here = context();
  Belongings had = belongings_of(engine, owner_in(here, service), {});
  had.untouched = true;
  service.before_world = to_json(had);
  store->save(service);
  hold_data("newer");
  const fs::path copy = folder.path() / "copy";
  fs::copy_file(file, copy);
  run_hold();
  EXPECT_EQ(data(), "newer");
  EXPECT_FALSE(fs::exists(file)) << "the way back was gone";
  make_folder(file.parent_path());
  fs::copy_file(copy, file);
  note_touch(here, service);
  run_hold();
  EXPECT_EQ(data(), "older");
}

TEST_F(Commands, ARestoreOfAnotherMachinesEngineLeavesNothingButTheBackup) {
  hold_data("old");
  const fs::path file = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  const fs::path here = config_file().parent_path();
  write_file_durably(here / "more", "x");
  fs::create_directories(here / "below" / "deep");
  write_file_durably(here / "below" / "deep" / "file", "x");
  fs::create_symlink("/etc", here / "link");
  engine.is_elsewhere = true;
  restore_from(file);
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(here)) names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, ElementsAre("file"));
  EXPECT_EQ(data(), "old");
}

TEST_F(Commands, WhatARestoreStopsRunsAgainAfterACrash) {
  hold_data("old");
  const fs::path file = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  run_container("shop-1", "dr-gallery-config", {{labels::app, "shop"}});
  report.on_step = [&](const std::string&) {
    if (!engine.container("shop-1", {})->container.is_up()) throw engine::MemoryEngine::Crash();
  };
  EXPECT_THROW(restore_from(file), engine::MemoryEngine::Crash);
  report.on_step = nullptr;
  EXPECT_NE(state_of("shop-1"), ContainerState::running);
  run_hold();
  EXPECT_EQ(state_of("shop-1"), ContainerState::running);
  EXPECT_EQ(store->service("gallery")->unfinished, Unfinished::nothing);
}

TEST_F(Commands, WhatAKilledCommandHadGoesAtTheNext) {
  run_container("dr-gallery-script-1", "dr-gallery-config", labels::for_temporary(lock_name("gallery"), ""));
  run_hold();
  EXPECT_FALSE(exists("dr-gallery-script-1"));
  EXPECT_THAT(volumes(), ElementsAre("dr-gallery-config"));
  service.unfinished = Unfinished::destroy;
  store->save(service);
  change::Context here = context();
  EXPECT_EQ(destroy(here, "gallery", {}, {}).kind, Done::Kind::done);
}

TEST_F(Commands, LeaveNoVolumesWithoutAName) {
  hold_data("old");
  const fs::path file = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  restore_from(file);
  EXPECT_THAT(volumes(), ElementsAre("dr-gallery-config"));
  run_container("dr-gallery-1", "dr-gallery-config");
  EXPECT_EQ(volumes().size(), 2U);
  // The script removes the container, and the power goes off.
  report.on_step = [&](const std::string&) {
    engine.stop_container("dr-gallery-1", {}, {});
    engine.remove_container("dr-gallery-1", {});
    throw engine::MemoryEngine::Crash();
  };
  change::Context here = context();
  EXPECT_THROW(std::ignore = destroy(here, "gallery", {}, {}), engine::MemoryEngine::Crash);
  report.on_step = nullptr;
  const Done done = destroy(here, "gallery", {}, {});
  EXPECT_EQ(done.kind, Done::Kind::done);
  EXPECT_THAT(done.left, IsEmpty());
  EXPECT_THAT(volumes(), IsEmpty());
}

// The script of an update replaces a container, and with it goes what tells of its volume.
TEST_F(Commands, RememberVolumesWithoutANameThatNothingMountsAnyMore) {
  run_container("dr-gallery-1", {});
  run_hold();
  std::vector<std::string> before = volumes();
  std::erase(before, "dr-gallery-config");
  ASSERT_EQ(before.size(), 2U);
  engine.stop_container("dr-gallery-1", {}, {});
  engine.remove_container("dr-gallery-1", {});
  run_hold();
  run_container("dr-gallery-1", {});
  EXPECT_EQ(volumes().size(), 5U);
  run_container("other", before[0]);
  change::Context here = context();
  const Belongings all = all_of(here, service, {});
  EXPECT_THAT(all.volumes, Not(Contains(before[0]))) << "another container has it";
  EXPECT_THAT(all.anonymous, Contains(before[1]));
  engine.stop_container("other", {}, {});
  remove_with_nameless(engine, "other", {});
  const Done done = destroy(here, "gallery", {}, {});
  EXPECT_THAT(done.left, IsEmpty());
  EXPECT_THAT(volumes(), IsEmpty());
}

TEST_F(Commands, MakeAContainerAgainWithItsOwnVolumes) {
  run_container("dr-gallery-1", {});
  const auto volumes_of = [&](const std::string& name) {
    std::set<std::string> sources;
    const auto detail = engine.container(name, {});
    for (const auto& mount : detail->container.mounts) sources.insert(mount.source);
    return sources;
  };
  const auto before = volumes_of("dr-gallery-1");
  change::Context here = context();
  Belongings had = all_of(here, service, {});
  remember(had, engine, {});
  service.before = service.version;
  service.before_world = to_json(had);
  service.unfinished = Unfinished::update;
  store->save(service);
  engine.stop_container("dr-gallery-1", {}, {});
  engine.remove_container("dr-gallery-1", {});
  run_hold();
  ASSERT_TRUE(exists("dr-gallery-1"));
  EXPECT_EQ(volumes_of("dr-gallery-1"), before);
}

// Between the two a command that clears up sees scripts that no service has.
TEST_F(Commands, LeaveTheScriptsOfAnInstallThatIsBetweenKeepingThemAndSayingSo) {
  change::Context here = context();
  Scripts newer = engine.scripts;
  newer.files["install"].content += "exit 0\n";
  std::optional<FileLock> install(hold_scripts(here, {}));
  folders().scripts().keep(newer);
  clock.on_sleep = [&] {
    if (!install) return;
    InstalledService other = service;
    other.name = "other";
    other.version.scripts = newer.digest();
    store->save(other);
    install.reset();
  };
  clear_up(here, service);
  EXPECT_FALSE(install) << "it did not wait";
  EXPECT_EQ(folders().scripts().load(newer.digest()).digest(), newer.digest());
}

TEST_F(Commands, KeepTheConfigurationToThemselves) {
  hold_data("secret");
  const fs::path file = back_up_to(folder.path() / "elsewhere" / "gallery.belay.tar.zst");
  run_container("dr-gallery-1", "dr-gallery-config");
  bool is_seen = false;
  report.on_step = [&](const std::string&) {
    struct stat status{};
    if (::stat((folders().work("gallery") / "config.tar").c_str(), &status) != 0) return;
    is_seen = true;
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    ASSERT_EQ(::stat(folders().work("gallery").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700U);
  };
  restore_from(file);
  EXPECT_TRUE(is_seen);
}

}  // namespace
}  // namespace belay::service_image
