// What the commands on a service do to what is there: on an engine in memory, with scripts that run here.

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar_writer.h"
#include "base/errors.h"
#include "engine/direct.h"
#include "service_image/convention.h"
#include "service_image/hold.h"
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
  fs::path back_up_to(const fs::path& file) {
    change::Context here = context();
    make_folder(file.parent_path(), 0700);
    const auto destination = backup::destination(backup::parse_place(file.parent_path().string()), {});
    BackupOptions options;
    options.file = file.filename();
    options.replace = true;
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
  belay::testing::FakeClock clock;
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

}  // namespace
}  // namespace belay::service_image
