// The part of the contract that backups stand on: volumes with a driver, containers that stand still, files and images
// as streams.

#include <algorithm>
#include <unistd.h>

#include "base/errors.h"
#include "contract.h"
#include "engine/captured_output.h"
#include "tar_text.h"

namespace belay::engine {

namespace {

// Bytes without a pattern that a mistake of some blocks would keep.
std::string noise(size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 2463534242;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    byte = static_cast<char>(state >> 24);
  }
  return bytes;
}

StreamWriter writer_of(const std::string& bytes) {
  return [&bytes](const Sink& sink) {
    constexpr size_t piece = 100'000;
    for (size_t at = 0; at < bytes.size(); at += piece) sink(std::string_view(bytes).substr(at, piece));
  };
}

const StreamWriter writes_nothing = [](const Sink&) {};
const Sink drops = [](std::string_view) {};

}  // namespace

ContainerRequest EngineContract::holder(const std::string& name, bool read_only) {
  auto wanted = request(name, images().stays_up);
  wanted.service.mounts.push_back(volume_at(own("v"), "/var/data"));
  wanted.service.mounts.back().read_only = read_only;
  return wanted;
}

void EngineContract::fill(const std::string& name) {
  TarText tar;
  tar.add_folder("sub/", 0750, 1234);
  tar.add_file("sub/file", "some words", 0640, 1234);
  tar.add_link("link", "sub/file");
  const std::string bytes = tar.finished();
  engine().write_archive(own(name), "/var/data", writer_of(bytes), stop_);
}

std::string EngineContract::archive(const std::string& name, const std::string& path) {
  std::string bytes;
  engine().read_archive(own(name), path, [&](std::string_view piece) { bytes += piece; }, stop_);
  return bytes;
}

std::string EngineContract::build_own(const std::string& tag) {
  BuildRequest build;
  build.write_context = [&](const auto& sink) { scene_->write_context(sink); };
  build.tags = {own_tag(tag)};
  build.labels = {{"contract.build", scene_->prefix() + tag}};
  return engine().build(build, {}, stop_);
}

std::string EngineContract::saved(const std::vector<std::string>& references) {
  std::string bytes;
  engine().save_images(references, [&](std::string_view piece) { bytes += piece; }, stop_);
  return bytes;
}

TEST_P(EngineContract, KeepsTheDriverAndTheOptionsOfAVolume) {
  const std::map<std::string, std::string> options{{"type", "tmpfs"}, {"device", "tmpfs"}, {"o", "size=1m"}};
  engine().create_volume({own("v"), {{"contract.run", scene_->prefix()}}, {.driver = "local", .options = options}},
                         stop_);
  engine().create_volume({own("v")}, stop_);
  engine().create_volume({own("plain"), {{"contract.run", scene_->prefix()}}}, stop_);
  auto volumes = engine().volumes("contract.run=" + scene_->prefix(), stop_);
  std::sort(volumes.begin(), volumes.end(), [](const Volume& a, const Volume& b) { return a.name < b.name; });
  ASSERT_EQ(volumes.size(), 2u);
  EXPECT_EQ(volumes.at(0).driver, "local");
  EXPECT_EQ(volumes.at(0).options.size(), 0u);
  EXPECT_EQ(volumes.at(1).driver, "local");
  EXPECT_EQ(volumes.at(1).options, options);
}

TEST_P(EngineContract, PausesAndResumesAndDoesSoTwiceWithoutHarm) {
  run("web", images().stays_up);
  engine().pause_container(own("web"), stop_);
  engine().pause_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::paused);
  EXPECT_EQ(detail("web").container.state, ContainerState::paused);
  EXPECT_TRUE(listed("web").is_up());
  CapturedOutput output;
  ExecRequest command;
  command.command = {"true"};
  EXPECT_THROW(engine().exec(own("web"), command, output, stop_), Conflict);
  EXPECT_THROW(engine().remove_container(own("web"), stop_), Conflict);
  engine().unpause_container(own("web"), stop_);
  engine().unpause_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::running);
  EXPECT_EQ(engine().exec(own("web"), command, output, stop_), 0);
}

TEST_P(EngineContract, PausesOnlyWhatRuns) {
  engine().create_container(request("web", images().stays_up), stop_);
  EXPECT_THROW(engine().pause_container(own("web"), stop_), Conflict);
  engine().unpause_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::created);
  engine().start_container(own("web"), stop_);
  engine().stop_container(own("web"), Seconds(1), stop_);
  EXPECT_THROW(engine().pause_container(own("web"), stop_), Conflict);
  engine().unpause_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::exited);
  EXPECT_THROW(engine().pause_container(own("absent"), stop_), NotFound);
  EXPECT_THROW(engine().unpause_container(own("absent"), stop_), NotFound);
}

TEST_P(EngineContract, StartsAndStopsWhatIsPaused) {
  run("web", images().stays_up);
  engine().pause_container(own("web"), stop_);
  engine().start_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::running);
  engine().pause_container(own("web"), stop_);
  engine().stop_container(own("web"), Seconds(5), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::exited);
}

TEST_P(EngineContract, CarriesFilesThroughAContainerThatNeverStarted) {
  auto wanted = holder("hold");
  // Not the owner of anything that is unpacked, for all that it is the container's user.
  wanted.service.user = "1000";
  engine().create_container(wanted, stop_);
  fill("hold");
  const auto entries = entries_of(archive("hold", "/var/data"));
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries.at("data/").type, '5');
  const auto& file = entries.at("data/sub/file");
  EXPECT_EQ(file.content, "some words");
  EXPECT_EQ(file.mode, 0640);
  EXPECT_EQ(entries.at("data/sub/").mode, 0750);
  EXPECT_EQ(entries.at("data/link").type, '2');
  EXPECT_EQ(entries.at("data/link").target, "sub/file");
  if (::geteuid() == 0) {  // the engine in memory gives files away with this process's rights
    EXPECT_EQ(file.owner, 1234);
    EXPECT_EQ(file.group, 1234);
    EXPECT_EQ(entries.at("data/sub/").owner, 1234);
  }
  EXPECT_EQ(listed("hold").state, ContainerState::created);

  // The files are the volume's: they outlive the container, and others see them.
  engine().remove_container(own("hold"), stop_);
  auto other = holder("other");
  engine().create_container(other, stop_);
  EXPECT_EQ(entries_of(archive("other", "/var/data/sub/file")).at("file").content, "some words");
}

TEST_P(EngineContract, NamesTheEntriesAfterTheLastPartOfThePath) {
  engine().create_container(holder("hold"), stop_);
  fill("hold");
  EXPECT_TRUE(entries_of(archive("hold", "/var/data/sub/")).contains("sub/file"));
  EXPECT_TRUE(entries_of(archive("hold", "/var/data/sub")).contains("sub/file"));
  EXPECT_TRUE(entries_of(archive("hold", "/var/data/sub/.")).contains("./file"));
  EXPECT_TRUE(entries_of(archive("hold", "/var/data/.")).contains("./sub/file"));
}

// A database refuses a folder of data that is not its own alone.
TEST_P(EngineContract, SetsOwnerAndModeOfAVolumeFromTheFolderAboveIt) {
  engine().create_container(holder("hold"), stop_);
  TarText tar;
  tar.add_folder("./", 0700, 1234);
  tar.add_file("./file", "words", 0600, 1234);
  const std::string within = tar.finished();
  engine().write_archive(own("hold"), "/var/data", writer_of(within), stop_);
  EXPECT_EQ(entries_of(archive("hold", "/var/data")).at("data/file").content, "words");
  EXPECT_NE(entries_of(archive("hold", "/var/data")).at("data/").mode, 0700);

  TarText whole;
  whole.add_folder("data/", 0700, 1234);
  whole.add_file("data/file", "other words", 0600, 1234);
  const std::string above = whole.finished();
  engine().write_archive(own("hold"), "/var", writer_of(above), stop_);
  const auto entries = entries_of(archive("hold", "/var/data"));
  EXPECT_EQ(entries.at("data/file").content, "other words");
  EXPECT_EQ(entries.at("data/").mode, 0700);
  if (::geteuid() == 0) {
    EXPECT_EQ(entries.at("data/").owner, 1234);
  }
}

TEST_P(EngineContract, CarriesFilesOfARunningAndOfAPausedContainer) {
  engine().create_container(holder("web"), stop_);
  engine().start_container(own("web"), stop_);
  fill("web");
  EXPECT_TRUE(entries_of(archive("web", "/var/data")).contains("data/sub/file"));
  engine().pause_container(own("web"), stop_);
  EXPECT_TRUE(entries_of(archive("web", "/var/data")).contains("data/sub/file"));
  engine().unpause_container(own("web"), stop_);
}

TEST_P(EngineContract, LeavesAloneWhatTheStreamDoesNotName) {
  engine().create_container(holder("hold"), stop_);
  fill("hold");
  TarText tar;
  tar.add_file("sub/file", "other words", 0600);
  tar.add_file("sub/more", "more", 0600);
  const std::string bytes = tar.finished();
  engine().write_archive(own("hold"), "/var/data", writer_of(bytes), stop_);
  engine().write_archive(own("hold"), "/var/data", writes_nothing, stop_);
  const auto entries = entries_of(archive("hold", "/var/data"));
  EXPECT_EQ(entries.size(), 5u);
  EXPECT_EQ(entries.at("data/sub/file").content, "other words");
  EXPECT_EQ(entries.at("data/sub/more").content, "more");
}

TEST_P(EngineContract, CarriesALargeFileBothWaysAndStopsInTheMiddle) {
  engine().create_container(holder("hold"), stop_);
  const std::string content = noise(20 << 20);
  TarText tar;
  tar.add_file("large", content, 0600);
  const std::string bytes = tar.finished();
  engine().write_archive(own("hold"), "/var/data", writer_of(bytes), stop_);
  EXPECT_TRUE(entries_of(archive("hold", "/var/data")).at("data/large").content == content) << "not what was written";

  std::stop_source reading;
  const Sink stops_reading = [&](std::string_view) { reading.request_stop(); };
  EXPECT_THROW(engine().read_archive(own("hold"), "/var/data", stops_reading, reading.get_token()), Cancelled);
  std::stop_source writing;
  const StreamWriter stops_writing = [&](const Sink& sink) {
    sink(std::string_view(bytes).substr(0, 1 << 20));
    writing.request_stop();
    sink(std::string_view(bytes).substr(1 << 20));
  };
  EXPECT_THROW(engine().write_archive(own("hold"), "/var/data", stops_writing, writing.get_token()), Cancelled);
}

TEST_P(EngineContract, SaysNotFoundOfPathsAndContainersThatAreNotThere) {
  engine().create_container(holder("hold"), stop_);
  EXPECT_THROW(archive("hold", "/var/data/absent"), NotFound);
  EXPECT_THROW(archive("hold", "/absent"), NotFound);
  EXPECT_THROW(archive("absent", "/var/data"), NotFound);
  EXPECT_THROW(engine().write_archive(own("absent"), "/var/data", writes_nothing, stop_), NotFound);
  // Refused long before all of it is sent.
  const std::string bytes(32 << 20, '\0');
  EXPECT_THROW(engine().write_archive(own("hold"), "/var/data/absent", writer_of(bytes), stop_), NotFound);
}

TEST_P(EngineContract, RefusesToWriteWhereNothingCanBeWritten) {
  engine().create_container(holder("hold"), stop_);
  fill("hold");
  TarText tar;
  tar.add_file("new", "words", 0600);
  const std::string bytes = tar.finished();
  EXPECT_THROW(engine().write_archive(own("hold"), "/var/data/sub/file", writer_of(bytes), stop_), EngineError);
  engine().create_container(holder("reader", true), stop_);
  EXPECT_THROW(engine().write_archive(own("reader"), "/var/data", writer_of(bytes), stop_), EngineError);
  EXPECT_TRUE(entries_of(archive("reader", "/var/data")).contains("data/sub/file")) << "reading is not writing";
  EXPECT_FALSE(entries_of(archive("reader", "/var/data")).contains("data/new"));
}

TEST_P(EngineContract, RemovesAFileOrAFolderWithAllThatIsInIt) {
  engine().create_container(holder("hold"), stop_);
  fill("hold");
  TarText tar;
  tar.add_file("plain", "words", 0600);
  const std::string bytes = tar.finished();
  engine().write_archive(own("hold"), "/var/data", writer_of(bytes), stop_);
  engine().remove_path(own("hold"), "/var/data/sub", stop_);
  const auto entries = entries_of(archive("hold", "/var/data"));
  EXPECT_FALSE(entries.contains("data/sub/"));
  EXPECT_FALSE(entries.contains("data/sub/file"));
  EXPECT_TRUE(entries.contains("data/plain"));
  engine().remove_path(own("hold"), "/var/data/plain", stop_);
  engine().remove_path(own("hold"), "/var/data/plain", stop_);
  engine().remove_path(own("hold"), "/var/data/absent/below", stop_);
  EXPECT_FALSE(entries_of(archive("hold", "/var/data")).contains("data/plain"));
  EXPECT_THROW(engine().remove_path(own("absent"), "/var/data/plain", stop_), NotFound);
}

TEST_P(EngineContract, SaysWhatCannotBeRemoved) {
  engine().create_container(holder("hold"), stop_);
  fill("hold");
  engine().create_container(holder("reader", true), stop_);
  EXPECT_THROW(engine().remove_path(own("reader"), "/var/data/sub", stop_), EngineError);
  EXPECT_TRUE(entries_of(archive("hold", "/var/data")).contains("data/sub/file"));
}

TEST_P(EngineContract, RefusesAStreamThatIsNoTar) {
  engine().create_container(holder("hold"), stop_);
  const std::string bytes = noise(100'000);
  EXPECT_THROW(engine().write_archive(own("hold"), "/var/data", writer_of(bytes), stop_), EngineError);
  EXPECT_EQ(entries_of(archive("hold", "/var/data")).size(), 1u);
}

TEST_P(EngineContract, PassesOnWhatWritersAndSinksThrow) {
  engine().create_container(holder("hold"), stop_);
  fill("hold");
  const auto message = [](const auto& work) {
    try {
      work();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing");
  };
  const StreamWriter fails = [](const Sink& sink) {
    sink("some bytes");
    throw Error(ErrorCode::internal, "the disk is gone");
  };
  EXPECT_EQ(message([&] { engine().write_archive(own("hold"), "/var/data", fails, stop_); }), "the disk is gone");
  const Sink full = [](std::string_view) { throw Error(ErrorCode::internal, "the disk is full"); };
  EXPECT_EQ(message([&] { engine().read_archive(own("hold"), "/var/data", full, stop_); }), "the disk is full");
}

TEST_P(EngineContract, SavesImagesAndLoadsThemAgain) {
  const std::string one = build_own("one:1"), two = build_own("two:1");
  const std::string bytes = saved({own_tag("one:1"), own_tag("two:1")});
  ASSERT_TRUE(engine().remove_image(own_tag("one:1"), stop_).removed);
  ASSERT_TRUE(engine().remove_image(own_tag("two:1"), stop_).removed);
  ASSERT_EQ(engine().image(one, stop_), std::nullopt);

  auto loaded = engine().load_images(writer_of(bytes), [](const Progress&) {}, stop_);
  std::sort(loaded.begin(), loaded.end());
  EXPECT_EQ(loaded, (std::vector{own_tag("one:1"), own_tag("two:1")}));
  const auto image = engine().image(own_tag("one:1"), stop_);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->id, one);
  EXPECT_EQ(image->config.labels.at("contract.build"), scene_->prefix() + "one:1");
  EXPECT_EQ(engine().image(own_tag("two:1"), stop_)->id, two);
  EXPECT_EQ(engine().load_images(writer_of(bytes), {}, stop_).size(), 2u) << "what is there is no obstacle";
}

TEST_P(EngineContract, SavesAnImageByItsIdWithoutItsTags) {
  const std::string id = build_own("one:1");
  const std::string bytes = saved({id});
  ASSERT_TRUE(engine().remove_image(own_tag("one:1"), stop_).removed);
  EXPECT_EQ(engine().load_images(writer_of(bytes), {}, stop_), std::vector{id});
  const auto image = engine().image(id, stop_);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->tags, std::vector<std::string>{});
  EXPECT_TRUE(engine().remove_image(id, stop_).removed);
}

TEST_P(EngineContract, RefusesToSaveAndToLoadWhatIsNotThere) {
  build_own("one:1");
  EXPECT_THROW(engine().save_images({own_tag("absent:1")}, drops, stop_), NotFound);
  EXPECT_THROW(engine().save_images({own_tag("one:1"), own_tag("absent:1")}, drops, stop_), NotFound);
  const std::string bytes = noise(10'000);
  EXPECT_THROW(engine().load_images(writer_of(bytes), {}, stop_), EngineError);
  std::stop_source source;
  source.request_stop();
  EXPECT_THROW(engine().save_images({own_tag("one:1")}, drops, source.get_token()), Cancelled);
}

}  // namespace belay::engine
