#include "backup/spool.h"

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/errors.h"
#include "base/files.h"
#include "private_mounts.h"

namespace belay::backup {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::size_t block = Spool::block_size;
// What the spool holds without a file, beside the block that is being filled.
constexpr std::size_t memory = Spool::blocks_in_memory * block;

std::string noise(std::size_t size) {
  std::mt19937_64 random(size);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i + 8 <= size; i += 8) {
    const std::uint64_t eight = random();
    std::copy_n(reinterpret_cast<const char*>(&eight), 8, bytes.data() + i);
  }
  return bytes;
}

std::string failure(const std::function<void()>& work) {
  try {
    work();
  } catch (const Cancelled&) {
    return "cancelled";
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Closed until it is opened, for the sink that comes to it.
class Gate {
 public:
  void pass() {
    came_.set_value();
    opened_.get_future().wait();
  }
  void await_somebody() { came_.get_future().wait(); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> came_, opened_;
};

// The files of this process without a name that lie in the folder.
std::vector<fs::path> nameless_in(const fs::path& folder) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (!gone && target.starts_with(folder.string() + "/") && target.ends_with(" (deleted)"))
      found.push_back(entry.path());
  }
  return found;
}

class SpoolTest : public testing::Test {
 protected:
  // Any file system that is none in memory, however full.
  SpillPlace place(bool secret = false) const {
    return {{temporary_.path(), "/var/tmp"}, secret, 0, 0, std::int64_t{1} << 30};
  }
  static SpillPlace nowhere() {
    SpillPlace none;
    none.folders = {};
    return none;
  }

  // Takes all, but only after the gate was opened.
  Sink hung_sink() {
    return [this](std::string_view bytes) {
      if (!passed_) {
        passed_ = true;
        gate_.pass();
      }
      taken_ += bytes;
    };
  }
  // Whether the writer waits with more than fits into memory, until the gate is opened.
  void expect_waits(Spool& spool) {
    const std::string bytes = noise(memory + 4 * block);
    std::atomic<std::size_t> written = 0;
    auto writer = std::async(std::launch::async, [&] {
      for (std::size_t i = 0; i < bytes.size(); i += block) {
        spool.write(std::string_view(bytes).substr(i, block));
        written += block;
      }
      spool.finish();
    });
    gate_.await_somebody();
    EXPECT_EQ(writer.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    EXPECT_LE(written, memory + block);
    gate_.open();
    writer.get();
    EXPECT_TRUE(taken_ == bytes);
  }

  const TemporaryFolder temporary_;
  Gate gate_;
  bool passed_ = false;  // the sink's
  std::string taken_;    // the sink's, until finish() has returned
};

TEST_F(SpoolTest, GivesTheSameBytesInTheSameOrder) {
  const std::string bytes = noise(3 * memory + 12'345);
  for (const bool spills : {false, true})
    for (const bool secret : {false, true}) {
      std::string taken;
      Spool spool(place(secret), [&](std::string_view more) { taken += more; });
      spool.spill(spills);
      std::mt19937 random(7);
      for (std::size_t i = 0; i < bytes.size();) {
        const std::size_t size = std::min<std::size_t>(random() % (3 * block), bytes.size() - i);
        spool.write(std::string_view(bytes).substr(i, size));
        i += size;
      }
      spool.finish();
      EXPECT_TRUE(taken == bytes) << spills << secret;
    }
}

TEST_F(SpoolTest, DoesNotWaitForAHungSinkWhileItSpills) {
  const std::string bytes = noise(5 * memory + 777);
  for (const bool secret : {false, true}) {
    Gate gate;
    bool passed = false;
    std::string taken;
    Spool spool(place(secret), [&](std::string_view more) {
      if (!std::exchange(passed, true)) gate.pass();
      taken += more;
    });
    spool.spill(true);
    // Would not return otherwise.
    spool.write(bytes);
    gate.await_somebody();
    gate.open();
    spool.finish();
    EXPECT_TRUE(taken == bytes) << secret;
  }
}

TEST_F(SpoolTest, WaitsForASlowSinkWhereItDoesNotSpill) {
  Spool spool(place(), hung_sink());
  expect_waits(spool);
  EXPECT_THAT(nameless_in(temporary_.path()), IsEmpty());
}

TEST_F(SpoolTest, WaitsAsWellWhereItHasNoFolder) {
  Spool spool(nowhere(), hung_sink());
  spool.spill(true);
  expect_waits(spool);
}

TEST_F(SpoolTest, LeavesTheDiskSomeRoomForOthers) {
  SpillPlace full = place();
  full.bytes_left_free = std::int64_t{1} << 60;
  Spool spool(full, hung_sink());
  spool.spill(true);
  expect_waits(spool);
  EXPECT_THAT(nameless_in(temporary_.path()), IsEmpty());
}

TEST_F(SpoolTest, WaitsWhereTheFileMustNotGrow) {
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit small = before;
  small.rlim_cur = 2 * block + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    Spool spool(place(), hung_sink());
    spool.spill(true);
    const std::string bytes = noise(memory + 6 * block);
    auto writer = std::async(std::launch::async, [&] {
      spool.write(bytes);
      spool.finish();
    });
    gate_.await_somebody();
    EXPECT_EQ(writer.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    gate_.open();
    writer.get();
    EXPECT_TRUE(taken_ == bytes);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
}

TEST_F(SpoolTest, UsesNoFileSystemInMemory) {
  const bool mounted = with_memory_mounted(temporary_.path(), "size=64m", [&] {
    SpillPlace only = place();
    only.folders = {temporary_.path()};
    SpillFile file(only);
    EXPECT_FALSE(file.put("bytes"));
  });
  if (!mounted) GTEST_SKIP() << "this account cannot mount";
}

TEST_F(SpoolTest, TakesTheNextFolderWhereOneIsMissing) {
  SpillPlace several = place();
  several.folders.insert(several.folders.begin(), temporary_.path() / "missing");
  SpillFile file(several);
  const auto piece = file.put("bytes");
  ASSERT_TRUE(piece);
  archive::Buffer into;
  file.take(*piece, into);
  EXPECT_EQ(into.view(), "bytes");
}

TEST_F(SpoolTest, LeavesNothingToBeRemoved) {
  const std::string bytes = noise(3 * memory);
  Spool spool(place(), hung_sink());
  spool.spill(true);
  spool.write(bytes);
  // Nothing that a kill would leave.
  EXPECT_TRUE(fs::is_empty(temporary_.path()));
  for (const auto& file : nameless_in(temporary_.path())) {
    struct stat status{};
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_EQ(status.st_nlink, 0U);
  }
  gate_.open();
  spool.finish();
}

TEST_F(SpoolTest, GivesTheDisksRoomBackAsItIsRead) {
  SpillPlace small = place();
  small.file_size = 2 * block;
  SpillFile file(small);
  std::vector<SpillFile::Piece> pieces;
  for (int i = 0; i < 5; ++i) pieces.push_back(file.put(noise(block)).value());
  if (nameless_in(temporary_.path()).empty()) GTEST_SKIP() << "the temporary folder is in memory";
  archive::Buffer into;
  std::vector<std::size_t> files;
  for (auto& piece : pieces) {
    file.take(std::move(piece), into);
    EXPECT_EQ(into.view(), noise(block));
    files.push_back(nameless_in(temporary_.path()).size());
  }
  // The last one can still grow.
  EXPECT_THAT(files, testing::ElementsAre(3, 2, 2, 1, 1));
}

TEST_F(SpoolTest, ShowsTheDiskNothingOfASecret) {
  const std::string plain = "what only the holder of a key may read";
  for (const bool secret : {false, true}) {
    SpillFile file(place(secret));
    const auto piece = file.put(plain);
    ASSERT_TRUE(piece);
    const auto files = nameless_in(temporary_.path());
    if (files.empty()) GTEST_SKIP() << "the temporary folder is in memory";
    EXPECT_EQ(read_file(files.front()).find(plain) == std::string::npos, secret);
    archive::Buffer into;
    file.take(*piece, into);
    EXPECT_EQ(into.view(), plain);
  }
}

TEST_F(SpoolTest, GivesNothingThatTheDiskChanged) {
  SpillFile file(place(true));
  const auto piece = file.put(noise(block));
  ASSERT_TRUE(piece);
  const auto files = nameless_in(temporary_.path());
  if (files.empty()) GTEST_SKIP() << "the temporary folder is in memory";
  const Fd disk(::open(files.front().c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::pwrite(disk.raw(), "x", 1, 1000), 1);
  archive::Buffer into;
  EXPECT_THAT(failure([&] { file.take(*piece, into); }), HasSubstr("reading what waited on this machine's disk"));
}

TEST_F(SpoolTest, TellsAFailureOfTheSinkOnce) {
  for (const bool spills : {false, true}) {
    Spool spool(place(), [](std::string_view) { throw Error(ErrorCode::internal, "the line is cut"); });
    spool.spill(spills);
    const std::string bytes = noise(block);
    std::string came = "no error";
    while (came == "no error") came = failure([&] { spool.write(bytes); });
    EXPECT_EQ(came, "the line is cut");
    EXPECT_THAT(failure([&] { spool.write(bytes); }), HasSubstr("cut off by an earlier failure"));
    EXPECT_THAT(failure([&] { spool.finish(); }), HasSubstr("cut off by an earlier failure"));
  }
}

TEST_F(SpoolTest, TellsAFailureOfTheSinkAtTheEndToo) {
  Spool spool(place(), [](std::string_view) { throw Cancelled(); });
  spool.write("a few bytes");
  EXPECT_EQ(failure([&] { spool.finish(); }), "cancelled");
}

TEST_F(SpoolTest, EndsAWaitWhereTheSinkFails) {
  Spool spool(nowhere(), [this](std::string_view) {
    gate_.pass();
    throw Error(ErrorCode::internal, "the line is cut");
  });
  auto writer = std::async(std::launch::async, [&] { return failure([&] { spool.write(noise(3 * memory)); }); });
  gate_.await_somebody();
  gate_.open();
  EXPECT_EQ(writer.get(), "the line is cut");
}

TEST_F(SpoolTest, GivesNothingMoreWhenItIsDropped) {
  int calls = 0;
  std::jthread opener;
  {
    Spool spool(place(), [&](std::string_view) {
      ++calls;
      gate_.pass();
    });
    spool.spill(true);
    spool.write(noise(3 * memory));
    gate_.await_somebody();
    opener = std::jthread([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      gate_.open();
    });
  }
  EXPECT_EQ(calls, 1);
}

TEST_F(SpoolTest, PassesZerosOnInTheirPlaceAndWithoutTheirBytes) {
  std::string heard;
  Spool spool(
      nowhere(), [&](std::string_view bytes) { heard += bytes.size() > 9 ? "#" : std::string(bytes); },
      [&](std::int64_t count) { heard += "(" + std::to_string(count) + ")"; });
  spool.write("one");
  spool.write_zeros(std::int64_t{1} << 40);
  spool.write("two");
  // So few are bytes.
  spool.write_zeros(1000);
  spool.finish();
  EXPECT_EQ(heard, "one(1099511627776)#");
}

TEST_F(SpoolTest, WritesZerosAsBytesWhereTheSinkKnowsNoOthers) {
  Spool spool(place(), [&](std::string_view bytes) { taken_ += bytes; });
  spool.write_zeros(200'000);
  spool.finish();
  EXPECT_EQ(taken_, std::string(200'000, '\0'));
}

TEST(SpillPlaces, AreBesideALocalBackupAndNeverOnOthersServers) {
  Place place;
  place.path = "/srv/backups";
  EXPECT_THAT(spill_place(place, "/var/lib/belay", false).folders,
              testing::ElementsAre("/srv/backups", "/var/tmp", "/var/lib/belay"));
  place.kind = Place::Kind::sftp;
  EXPECT_THAT(spill_place(place, "/var/lib/belay", true).folders, testing::ElementsAre("/var/tmp", "/var/lib/belay"));
  EXPECT_TRUE(spill_place(place, "/var/lib/belay", true).secret);
}

}  // namespace
}  // namespace belay::backup
