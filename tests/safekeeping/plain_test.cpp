// Data as a plain .tar.gz, both ways, and what is refused.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "archive/compress.h"
#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "archive/tree.h"
#include "base/format.h"
#include "change/clean.h"
#include "family/build.h"
#include "safekeeping/plain_backup.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
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
  Plain() : Plain(true) {}
  // Whether the files of the volumes are on this machine.
  explicit Plain(bool files_are_here) : engine_(clock_, files_are_here ? made(volumes_) : fs::path()) {
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
    std::vector<std::string> all;
    each_entry(file, [&](const archive::TarEntry& entry) { all.push_back(entry.name); });
    return all;
  }
  int sparse_entries(const fs::path& file) {
    int count = 0;
    each_entry(file, [&](const archive::TarEntry& entry) { count += entry.sparse ? 1 : 0; });
    return count;
  }
  void each_entry(const fs::path& file, const std::function<void(const archive::TarEntry&)>& told) {
    std::string bytes = read_file(file);
    size_t next = 0;
    archive::Decompressor gzip([&](std::span<char> room) {
      const size_t count = bytes.copy(room.data(), room.size(), next);
      next += count;
      return count;
    });
    archive::TreeEvents events;
    events.entry = told;
    archive::list_tree([&](std::span<char> room) { return gzip.read(room); }, {}, events, {});
  }

  TemporaryFolder folder_;
  fs::path source_ = folder_.path() / "source", out_ = folder_.path() / "out", volumes_ = folder_.path() / "volumes";
  HookedClock clock_;
  engine::MemoryEngine engine_;
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
  EXPECT_FALSE(store_->app(web)->wish.is_unfinished());
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

TEST_F(Plain, AnArchiveOfAPartHoldsAndTakesNothingElse) {
  start();
  hold("jcl_web_data", "file", "data");
  hold("jcl_web_var_www", "page", "page");
  Context here = context();
  const auto made_of = [&](const PlainPart& part) {
    return back_up_plain(here, web, made(out_), PlainBackupOptions{part, "part.tar.gz", false}, {});
  };
  EXPECT_THROW(made_of({"other", {}}), NotFound);
  EXPECT_THROW(made_of({"web", "/elsewhere"}), NotFound);
  EXPECT_EQ(made_of({"web", "/data"}).file, out_ / "part.tar.gz");
  EXPECT_THROW(made_of({"web", "/data"}), Conflict) << "what is there is not replaced";
  hold("jcl_web_data", "file", "later");
  hold("jcl_web_var_www", "page", "later");
  std::ignore = restore_plain(here, web, PlainPart{"web", {}}, out_ / "part.tar.gz", {}, {});
  EXPECT_EQ(held("jcl_web_data", "file"), "data");
  EXPECT_EQ(held("jcl_web_var_www", "page"), "later");
  EXPECT_THROW(restore_plain(here, web, PlainPart{"web", "/var/www"}, out_ / "part.tar.gz", {}, {}), Error);
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

// As a member of the group docker: only the engine reaches the files.
class RemotePlain : public Plain {
 protected:
  RemotePlain() : Plain(false) {}
  std::string container() {
    const App app = *store_->app(web);
    return app.find(*app.last)->containers.at("web");
  }
  void put(const std::string& folder, const std::string& file, const std::string& text) {
    engine_.write_archive(container(), folder,
                          [&](const Sink& sink) {
                            archive::TarWriter tar(sink);
                            archive::TarEntry entry;
                            entry.name = file;
                            entry.permissions = 0640;
                            entry.size = static_cast<std::int64_t>(text.size());
                            tar.begin(entry);
                            tar.write(text);
                            tar.finish();
                          },
                          {});
  }
  std::string got(const std::string& path) {
    std::string bytes;
    engine_.read_archive(container(), path, [&](std::string_view more) { bytes += more; }, {});
    std::string text;
    size_t next = 0;
    archive::TarReader tar([&](std::span<char> room) {
      const size_t count = bytes.copy(room.data(), room.size(), next);
      next += count;
      return count;
    });
    archive::TarEntry entry;
    while (tar.next(entry))
      for (std::string_view more = tar.content(); !more.empty(); more = tar.content()) text += more;
    return text;
  }
};

TEST_F(RemotePlain, TheEngineReadsWhatGoesIntoTheArchive) {
  start();
  put("/data", "file", "old");
  put("/var/www", "page", "hello");
  const auto made = back_up();
  EXPECT_THAT(names(made.file), Contains("data/file"));
  EXPECT_THAT(names(made.file), Contains("var/www/page"));
  EXPECT_EQ(made.files, 2);
  EXPECT_THAT(engine_.containers({}, {}), ::testing::SizeIs(1)) << "the helper is gone";
}

TEST_F(RemotePlain, ARestoreFillsFreshVolumesAndTheOldOnesStay) {
  start();
  put("/data", "file", "then");
  const auto made = back_up();
  put("/data", "file", "now");
  put("/data", "later", "more");
  const auto restored = restore(made.file);
  EXPECT_EQ(restored.change.kind, Change::Kind::done);
  EXPECT_EQ(got("/data/file"), "then");
  EXPECT_THROW(got("/data/later"), Error) << "what is not in the archive is not in the data";
  EXPECT_THAT(engine_.lost_volumes(), IsEmpty());
  Context here = context();
  EXPECT_EQ(rollback(here, web, {}, {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(got("/data/file"), "now");
}

// The steps that a dry run shows are those of the run.
TEST_F(RemotePlain, APreviewShowsThatItAllGoesThroughTheEngine) {
  start();
  put("/data", "file", "then");
  std::vector<std::string> steps;
  report_.on_step = [&](const std::string& step) { steps.push_back(step); };
  const auto texts = [](const plan::Plan& plan) {
    std::vector<std::string> all;
    for (const auto& action : plan.actions) all.push_back(plan::step_text(action.step));
    return all;
  };
  Context here = context();
  const auto backup = texts(back_up_plain(here, web, made(out_), true, {}).plan);
  EXPECT_THAT(steps, IsEmpty());
  const auto made = back_up();
  EXPECT_EQ(steps, backup);
  steps.clear();
  ChangeOptions options;
  options.dry_run = true;
  const auto changes = engine_.changes().size();
  const auto restored = restore_plain(here, web, made.file, options, {});
  EXPECT_EQ(restored.change.kind, Change::Kind::planned);
  EXPECT_EQ(engine_.changes().size(), changes);
  EXPECT_THAT(steps, IsEmpty());
  restore(made.file);
  EXPECT_EQ(steps, texts(restored.change.plan));
}

TEST_F(RemotePlain, AnAppThatWasOnlyBuiltGetsItsVolumes) {
  start();
  put("/data", "file", "then");
  const auto made = back_up();
  Context here = context();
  std::ignore = remove(here, web, true, false, [](const RemovalPreview&) { return true; }, {});
  offer();
  BuildOptions options;
  options.where = source_.string();
  options.scheme = NamingScheme::jcl;
  std::ignore = build(here, web, options, {});
  EXPECT_EQ(restore(made.file).change.kind, Change::Kind::done);
  start();
  EXPECT_EQ(got("/data/file"), "then");
}

// tar czf … /data /var/www, where a mount point lies in the other one or a file was named twice.
TEST_F(Plain, AnEntryMayComeTwiceAndTheLaterCounts) {
  using Kind = archive::TarEntry::Kind;
  start();
  const Content folder("data/", "", Kind::folder);
  const auto archive = tarred({folder, {"data/s", "first"}, {"data/t", "other"}, folder, {"data/s", "second"}});
  EXPECT_EQ(restore(archive).change.kind, Change::Kind::done);
  EXPECT_EQ(held("jcl_web_data", "s"), "second");
  EXPECT_EQ(held("jcl_web_data", "t"), "other");
  EXPECT_THROW(restore(tarred({folder, {"data/s/deep", "x"}, {"data/s", "a file now"}})), Error);
  EXPECT_EQ(held("jcl_web_data", "s"), "second") << "what cannot be unpacked leaves the data as it is";
}

TEST_F(Plain, DeviceNodesGoOutAndComeBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "device nodes take root";
  start();
  const fs::path node = at("jcl_web_data", "nod");
  make_folder(node.parent_path());
  if (::mknod(node.c_str(), S_IFCHR | 0640, makedev(1, 3)) != 0) GTEST_SKIP() << "no device nodes here";
  const auto made = back_up();
  fs::remove(node);
  EXPECT_EQ(restore(made.file).change.kind, Change::Kind::done);
  struct stat status{};
  ASSERT_EQ(::lstat(node.c_str(), &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
  EXPECT_EQ(status.st_rdev, makedev(1, 3));
}

TEST_F(Plain, AFileWithHolesIsAnOrdinaryFileInTheArchive) {
  start();
  hold("jcl_web_data", "sparse", "begin");
  fs::resize_file(at("jcl_web_data", "sparse"), 5 << 20);
  const auto made = back_up();
  EXPECT_THAT(names(made.file), Contains("data/sparse"));
  EXPECT_EQ(sparse_entries(made.file), 0);
  EXPECT_EQ(restore(made.file).change.kind, Change::Kind::done);
  EXPECT_EQ(held("jcl_web_data", "sparse").substr(0, 5), "begin");
  EXPECT_EQ(held("jcl_web_data", "sparse").size(), size_t{5} << 20);
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
  EXPECT_THAT(refusal(folder_.path()), HasSubstr("is not a file"));
  write_file_durably(folder_.path() / "text", "hello");
  EXPECT_THAT(refusal(folder_.path() / "text"), HasSubstr("is not a .tar.gz file"));
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
}  // namespace belay::scene
