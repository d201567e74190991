// Data as a plain .tar.gz, both ways, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/compress.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/format.h"
#include "host/build.h"
#include "host/plain_backup.h"
#include "scene.h"

namespace belay::host {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Content {
  Content(std::string its_name, std::string its_text, archive::TarEntry::Kind its_kind = archive::TarEntry::Kind::file)
      : name(std::move(its_name)), text(std::move(its_text)), kind(its_kind) {}
  std::string name, text;
  archive::TarEntry::Kind kind;
};

// A family of jockler's with volumes at /data and /var/www, their files on this machine.
class Plain : public ::testing::Test {
 protected:
  Plain() {
    make_folder(source_);
    write_file_durably(source_ / "Dockerfile", "FROM scratch\n");
    offer();
    Context here = context();
    BuildOptions options;
    options.where = source_.string();
    options.scheme = NamingScheme::jcl;
    std::ignore = build(here, web, options, {});
  }
  static fs::path made(const fs::path& folder) {
    make_folder(folder);
    return folder;
  }
  void offer() {
    ImageConfig config;
    config.volumes = {"/data", "/var/www"};
    engine_.next_build(config, {}, "1");
  }
  Context context() {
    Context context{engine_, *store_, clock_, report_, "tester", "jockler test"};
    context.defaults.settle = Milliseconds(200);
    context.defaults.wait_timeout = Milliseconds(400);
    return context;
  }
  void start() {
    Context here = context();
    StartOptions options;
    options.scheme = NamingScheme::jcl;
    ASSERT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  }
  void hold(const std::string& volume, const std::string& file, const std::string& text) {
    make_folder(at(volume, file).parent_path());
    write_file_durably(at(volume, file), text);
  }
  fs::path at(const std::string& volume, const std::string& file) const { return volumes_ / volume / "_data" / file; }
  std::string held(const std::string& volume, const std::string& file) const {
    return read_file_if_present(at(volume, file)).value_or("-");
  }
  PlainBackedUp back_up() {
    Context here = context();
    return back_up_plain(here, web, made(out_), false, {});
  }
  // What a tar program would make.
  fs::path tarred(const std::vector<Content>& contents) {
    std::string bytes;
    archive::Compressor gzip(archive::Compression::gzip, {}, [&](std::string_view more) { bytes += more; });
    archive::TarWriter tar([&](std::string_view more) { gzip.write(more); });
    for (const auto& content : contents) {
      archive::TarEntry entry;
      entry.kind = content.kind;
      entry.name = content.name;
      entry.permissions = content.kind == archive::TarEntry::Kind::folder ? 0755 : 0644;
      entry.size = static_cast<std::int64_t>(content.text.size());
      tar.begin(entry);
      tar.write(content.text);
    }
    tar.finish();
    gzip.finish();
    write_file_durably(folder_.path() / "given.tar.gz", bytes);
    return folder_.path() / "given.tar.gz";
  }
  PlainRestored restore(const fs::path& file) {
    Context here = context();
    return restore_plain(here, web, file, {}, {});
  }
  std::string refusal(const fs::path& file) {
    const auto before = state();
    try {
      restore(file);
    } catch (const Error& error) {
      EXPECT_EQ(state(), before);
      return error.what();
    }
    return "none";
  }
  // All that a refusal leaves as it is.
  std::string state() {
    std::string text;
    for (const auto& change : engine_.changes())
      if (change.find("belay-probe") == std::string::npos) text += change + "\n";
    return text + held("jcl_web_data", "file") + held("jcl_web_var_www", "file");
  }
  std::vector<std::string> names(const fs::path& file) {
    std::string bytes = read_file(file);
    size_t next = 0;
    archive::Decompressor gzip([&](std::span<char> room) {
      const size_t count = bytes.copy(room.data(), room.size(), next);
      next += count;
      return count;
    });
    std::vector<std::string> all;
    archive::TreeEvents events;
    events.entry = [&](const archive::TarEntry& entry) { all.push_back(entry.name); };
    archive::list_tree([&](std::span<char> room) { return gzip.read(room); }, {}, events, {});
    return all;
  }

  TemporaryFolder folder_;
  fs::path source_ = folder_.path() / "source", out_ = folder_.path() / "out", volumes_ = folder_.path() / "volumes";
  HookedClock clock_;
  engine::MemoryEngine engine_{clock_, made(volumes_)};
  std::unique_ptr<state::Store> store_ = state::Store::open(folder_.path() / "state");
  Notes report_;
};

TEST_F(Plain, ArchivesAreNamedAfterContainerAndTimeAndHaveThePathsOfTheContainer) {
  start();
  hold("jcl_web_data", "file", "a");
  hold("jcl_web_var_www", "deep/file", "b");
  const auto made = back_up();
  EXPECT_TRUE(made.done);
  EXPECT_THAT(made.file.filename().string(), ::testing::MatchesRegex("jcl_web_2026[0-9]+-2026[0-9]+\\.tar\\.gz"));
  EXPECT_THAT(names(made.file), ElementsAre("data/", "data/file", "var/www/", "var/www/deep/", "var/www/deep/file"));
  EXPECT_EQ(made.files, 2);
}

TEST_F(Plain, ArchivesAreMadeWhileTheAppIsPaused) {
  start();
  std::vector<std::string> steps;
  report_.on_step = [&](const std::string& step) { steps.push_back(step.substr(0, step.find(' '))); };
  back_up();
  EXPECT_THAT(steps, ElementsAre("pause", "back", "back", "resume", "finish"));
  const auto container = store_->app(web)->releases.back().containers.at("web");
  EXPECT_EQ(engine_.container(container, {})->container.state, ContainerState::running);
}

TEST_F(Plain, AnArchiveThatFailsLeavesNoFileAndTheAppRunning) {
  start();
  report_.on_step = [&](const std::string& step) {
    if (step.starts_with("pause")) fs::remove_all(volumes_ / "jcl_web_data");
  };
  EXPECT_THROW(back_up(), Error);
  EXPECT_TRUE(fs::is_empty(out_));
  const auto container = store_->app(web)->releases.back().containers.at("web");
  EXPECT_EQ(engine_.container(container, {})->container.state, ContainerState::running);
  EXPECT_FALSE(store_->app(web)->wish.unfinished);
}

TEST_F(Plain, WhatWasBackedUpIsRestoredAndWhatWasThereIsASnapshot) {
  start();
  hold("jcl_web_data", "file", "old");
  hold("jcl_web_var_www", "file", "old");
  const auto made = back_up();
  hold("jcl_web_data", "file", "new");
  hold("jcl_web_var_www", "more", "new");
  const auto restored = restore(made.file);
  EXPECT_EQ(restored.change.kind, Change::Kind::done);
  EXPECT_EQ(held("jcl_web_data", "file"), "old");
  EXPECT_EQ(held("jcl_web_var_www", "file"), "old");
  EXPECT_EQ(held("jcl_web_var_www", "more"), "-");
  EXPECT_EQ(restored.snapshot, "s1");
  EXPECT_EQ(held("jcl_web_data.belay-s1", "file"), "new");
}

TEST_F(Plain, ArchivesOfATarProgramAreTakenWithAnyBeginningOfTheNames) {
  start();
  constexpr auto folder = archive::TarEntry::Kind::folder;
  for (const char* beginning : {"", "./", "/"}) {
    const std::string front = beginning;
    restore(tarred({{front + "data/", "", folder},
                    {front + "var/", "", folder},
                    {front + "var/www/file", "www" + front},
                    {front + "data/file", "data" + front}}));
    EXPECT_EQ(held("jcl_web_data", "file"), "data" + front);
    EXPECT_EQ(held("jcl_web_var_www", "file"), "www" + front);
  }
}

TEST_F(Plain, WhatTheArchiveDoesNotHaveStays) {
  start();
  hold("jcl_web_var_www", "file", "mine");
  const auto restored = restore(tarred({{"data/file", "given"}}));
  EXPECT_EQ(held("jcl_web_var_www", "file"), "mine");
  EXPECT_THAT(restored.untouched, ElementsAre("volume jcl_web_var_www"));
}

TEST_F(Plain, AnAppThatWasOnlyBuiltGetsItsDataAndStartsWithIt) {
  const auto restored = restore(tarred({{"data/file", "given"}}));
  EXPECT_EQ(restored.snapshot, "");
  EXPECT_EQ(held("jcl_web_data", "file"), "given");
  start();
  EXPECT_EQ(held("jcl_web_data", "file"), "given");
  EXPECT_EQ(engine_.volumes({}, {}).size(), 2U);
}

TEST_F(Plain, AFileOutsideOfTheMountPointsIsRefusedByItsName) {
  start();
  hold("jcl_web_data", "file", "mine");
  EXPECT_THAT(refusal(tarred({{"data/file", "given"}, {"etc/passwd", "root"}})), HasSubstr("etc/passwd"));
  EXPECT_THAT(refusal(tarred({{"database", "given"}})), HasSubstr("database"));
  EXPECT_THAT(refusal(tarred({{"data/../etc/passwd", "root"}})), HasSubstr("leads out"));
  EXPECT_EQ(held("jcl_web_data", "file"), "mine");
}

TEST_F(Plain, WhatIsNoWholeArchiveIsRefused) {
  start();
  EXPECT_THAT(refusal(folder_.path() / "absent.tar.gz"), HasSubstr("there is no file"));
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("is no file"));
  write_file_durably(folder_.path() / "text", "hello");
  EXPECT_THAT(refusal(folder_.path() / "text"), HasSubstr("is no .tar.gz"));
  EXPECT_THAT(refusal(tarred({})), HasSubstr("empty"));
  const fs::path whole = tarred({{"data/file", std::string(100'000, 'x')}});
  const std::string bytes = read_file(whole);
  for (const size_t size : {bytes.size() / 2, bytes.size() - 1}) {
    write_file_durably(whole, bytes.substr(0, size));
    EXPECT_NE(refusal(whole), "none") << size;
  }
}

TEST_F(Plain, OfAnAppWithoutABuildNothingIsKnown) {
  Context here = context();
  EXPECT_THROW(restore_plain(here, AppName("shop"), tarred({{"data/file", "x"}}), {}, {}), NotFound);
}

TEST_F(Plain, AnAppThatNeverRanHasNothingToBackUp) {
  EXPECT_THROW(back_up(), NotFound);
}

}  // namespace
}  // namespace belay::host
