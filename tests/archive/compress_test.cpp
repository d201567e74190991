#include "archive/compress.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <thread>

#include "base/errors.h"
#include "base/files.h"
#include "base/process.h"

namespace belay::archive {
namespace {

using ::testing::HasSubstr;

// Half of it repeats, half does not.
std::string mixed_bytes(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = (i / 4096) % 2 == 0 ? static_cast<char>("belay holds the rope\n"[i % 21]) : static_cast<char>(random());
  return bytes;
}

std::string compressed(Compression kind, const std::string& bytes, const CompressOptions& options = {},
                       std::size_t step = 100'000) {
  std::string result;
  Compressor compressor(kind, options, [&](std::string_view piece) { result += piece; });
  for (std::size_t at = 0; at < bytes.size(); at += step) compressor.write(std::string_view(bytes).substr(at, step));
  compressor.finish();
  return result;
}

// Gives no more than `most` bytes at a time.
Source source_of(const std::string& bytes, std::size_t most = 1 << 20) {
  return [&bytes, most, at = std::size_t{0}](std::span<char> room) mutable {
    const std::size_t count = std::min({room.size(), most, bytes.size() - at});
    std::copy_n(bytes.data() + at, count, room.data());
    at += count;
    return count;
  };
}

std::string read_all(Decompressor& decompressor, std::size_t step = 70'000) {
  std::string result, room(step, '\0');
  while (const std::size_t count = decompressor.read(room)) result.append(room, 0, count);
  return result;
}

std::string decompressed(const std::string& bytes, std::size_t most = 1 << 20) {
  Decompressor decompressor(source_of(bytes, most));
  return read_all(decompressor);
}

// What a program makes of bytes on its standard input.
std::string through(std::vector<std::string> command, const std::string& input) {
  const ProcessResult result =
      run_process({.command = std::move(command), .input = input, .environment = {}, .folder = {}}, {});
  if (result.exit_code != 0) throw std::runtime_error(result.errors);
  return result.output;
}

std::string failure_of(const std::string& bytes) {
  try {
    decompressed(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

class CompressionKinds : public ::testing::TestWithParam<Compression> {
 protected:
  static std::string program() { return GetParam() == Compression::zstd ? "zstd" : "gzip"; }
};
INSTANTIATE_TEST_SUITE_P(Both, CompressionKinds, ::testing::Values(Compression::zstd, Compression::gzip),
                         [](const auto& kind) { return kind.param == Compression::zstd ? "zstd" : "gzip"; });

TEST_P(CompressionKinds, GivesBackWhatWasWrittenWhateverItsSize) {
  const std::size_t piece = GetParam() == Compression::zstd ? 2 << 20 : 1 << 20;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, piece - 1, piece, piece + 1, 5 * piece + 17}) {
    const std::string bytes = mixed_bytes(size);
    EXPECT_TRUE(decompressed(compressed(GetParam(), bytes)) == bytes) << size;
  }
}

TEST_P(CompressionKinds, MakesWhatTheStandardProgramOpensAndTests) {
  for (const std::size_t size : {0, 1, 9'000'000}) {
    const std::string bytes = mixed_bytes(size);
    EXPECT_TRUE(through({program(), "-dc"}, compressed(GetParam(), bytes)) == bytes) << size;
  }
}

TEST_P(CompressionKinds, HasZerosOfAHoleInTheirPlace) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{16} << 20, (std::size_t{40} << 20) + 3}) {
    std::string made;
    Compressor compressor(GetParam(), {}, [&](std::string_view bytes) { made += bytes; });
    compressor.write("before");
    compressor.write_zeros(static_cast<std::int64_t>(count));
    compressor.write("after");
    compressor.finish();
    EXPECT_TRUE(decompressed(made) == "before" + std::string(count, '\0') + "after") << count;
    EXPECT_TRUE(through({program(), "-dc"}, made) == decompressed(made)) << count;
    EXPECT_LT(made.size(), 200'000U) << count;
  }
}

TEST_P(CompressionKinds, OpensWhatTheStandardProgramMakes) {
  const std::string bytes = mixed_bytes(3'000'000);
  const std::string foreign = through({program(), "-c"}, bytes);
  for (const std::size_t most : {std::size_t{1'000}, std::size_t{1} << 20})
    EXPECT_TRUE(decompressed(foreign, most) == bytes) << most;
  EXPECT_TRUE(decompressed(foreign + foreign) == bytes + bytes) << "two, one behind the other";
}

TEST_P(CompressionKinds, ComesInTheSameBytesWhateverTheNumberOfThreads) {
  const std::string bytes = mixed_bytes(8'000'000);
  const std::string one = compressed(GetParam(), bytes, {.level = {}, .workers = 1});
  EXPECT_TRUE(compressed(GetParam(), bytes, {.level = {}, .workers = 5}, 1'000'003) == one);
}

TEST_P(CompressionKinds, ObeysTheLevelAndRefusesOneThatDoesNotExist) {
  const std::string bytes = mixed_bytes(1'000'000);
  EXPECT_LT(compressed(GetParam(), bytes, {.level = 9, .workers = 1}).size(),
            compressed(GetParam(), bytes, {.level = 1, .workers = 1}).size());
  for (const int level : {-1, 0, 99})
    EXPECT_THROW(compressed(GetParam(), bytes, {.level = level, .workers = 1}), Error) << level;
}

TEST_P(CompressionKinds, SaysThatAStreamIsCutOffWhereverItWasCut) {
  const std::string bytes = mixed_bytes(300'000);
  const std::string whole = compressed(GetParam(), bytes);
  for (const std::size_t size : {std::size_t{5}, std::size_t{20}, whole.size() / 2, whole.size() - 5, whole.size() - 1})
    EXPECT_THAT(failure_of(whole.substr(0, size)), HasSubstr("cut off")) << size;
}

TEST_P(CompressionKinds, SaysThatAStreamIsDamaged) {
  const std::string whole = compressed(GetParam(), mixed_bytes(300'000));
  for (const std::size_t at : {whole.size() / 3, whole.size() - 3}) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    EXPECT_THAT(failure_of(damaged), HasSubstr("damaged")) << at;
  }
}

TEST_P(CompressionKinds, SaysThatSomethingElseFollows) {
  const std::string whole = compressed(GetParam(), "the content");
  EXPECT_THAT(failure_of(whole + "something else"), HasSubstr("follows the end"));
}

TEST_P(CompressionKinds, GivesAllThatCameBeforeTheCut) {
  const std::string bytes = mixed_bytes(6 << 20);
  const std::string whole = compressed(GetParam(), bytes);
  const std::string cut = whole.substr(0, whole.size() - 10);
  Decompressor decompressor(source_of(cut));
  std::string got, room(1 << 20, '\0');
  EXPECT_THROW(
      {
        while (const std::size_t count = decompressor.read(room)) got.append(room, 0, count);
      },
      Error);
  EXPECT_GE(got.size(), std::size_t{4} << 20);
  EXPECT_TRUE(bytes.starts_with(got));
}

TEST_P(CompressionKinds, LetsTheSinksFailureOutOnce) {
  int calls = 0;
  Compressor compressor(GetParam(), {.level = {}, .workers = 2}, [&](std::string_view) {
    if (++calls == 2) throw Conflict("the disk is full");
  });
  const std::string bytes = mixed_bytes(1 << 20);
  EXPECT_THROW(
      {
        for (int i = 0; i < 100; ++i) compressor.write(bytes);
      },
      Conflict);
  EXPECT_THROW(compressor.write(bytes), Error);
  EXPECT_THROW(compressor.finish(), Error);
  EXPECT_EQ(calls, 2) << "nothing follows the gap";
}

TEST_P(CompressionKinds, IsCutOffWithoutFinish) {
  std::string result;
  const std::string bytes = mixed_bytes(20 << 20);
  {
    Compressor compressor(GetParam(), {.level = {}, .workers = 2}, [&](std::string_view piece) { result += piece; });
    compressor.write(bytes);
  }
  Decompressor decompressor(source_of(result));
  EXPECT_LT(read_all(decompressor).size(), bytes.size());
}

TEST_P(CompressionKinds, CallsTheSinkFromTheWritersThread) {
  const auto writer = std::this_thread::get_id();
  int strangers = 0;
  Compressor compressor(GetParam(), {.level = {}, .workers = 3},
                        [&](std::string_view) { strangers += std::this_thread::get_id() == writer ? 0 : 1; });
  compressor.write(mixed_bytes(12 << 20));
  compressor.finish();
  EXPECT_EQ(strangers, 0);
}

TEST_P(CompressionKinds, EndsInTheMiddleOfAnUnreadStream) {
  const std::string whole = compressed(GetParam(), mixed_bytes(16 << 20));
  Decompressor decompressor(source_of(whole));
  std::string room(10, '\0');
  EXPECT_EQ(decompressor.read(room), 10U);
}

TEST_P(CompressionKinds, LetsTheSourcesFailureOut) {
  const std::string whole = compressed(GetParam(), mixed_bytes(1 << 20));
  Decompressor decompressor([&, at = std::size_t{0}](std::span<char> room) mutable {
    if (at > 100'000) throw Conflict("the disk is broken");
    const std::size_t count = std::min<std::size_t>(room.size(), 10'000);
    std::copy_n(whole.data() + at, count, room.data());
    at += count;
    return count;
  });
  EXPECT_THROW(read_all(decompressor), Conflict);
}

TEST(Compression, ToldByTheFirstBytes) {
  const auto kind_of = [](const std::string& bytes) { return Decompressor(source_of(bytes, 1)).kind(); };
  EXPECT_EQ(kind_of(compressed(Compression::zstd, "x")), Compression::zstd);
  EXPECT_EQ(kind_of(compressed(Compression::gzip, "x")), Compression::gzip);
  EXPECT_EQ(kind_of("./file"), Compression::none);
  EXPECT_EQ(kind_of(""), Compression::none);
}

TEST(Compression, PassesOnWhatIsNotCompressed) {
  const std::string bytes = mixed_bytes(700'000);
  EXPECT_TRUE(compressed(Compression::none, bytes) == bytes);
  EXPECT_TRUE(decompressed(bytes, 300) == bytes);
  EXPECT_EQ(decompressed(""), "");
}

TEST(Compression, SkipsFramesThatHoldNoData) {
  const std::string skippable("\x53\x2a\x4d\x18\x05\x00\x00\x00hello", 13);
  const std::string frame = compressed(Compression::zstd, "content");
  EXPECT_EQ(decompressed(skippable + frame + skippable + frame), "contentcontent");
  EXPECT_THAT(failure_of(frame + skippable.substr(0, 9)), HasSubstr("cut off"));
}

TEST(Compression, RefusesAWindowThatTakesTooMuchMemory) {
  const std::string large = through({"zstd", "-c", "--ultra", "--long=30"}, mixed_bytes(300'000));
  EXPECT_THAT(failure_of(large), HasSubstr("more than 128 MiB"));
  EXPECT_EQ(decompressed(through({"zstd", "-c", "--long=27"}, mixed_bytes(300'000))), mixed_bytes(300'000));
}

TEST(Compression, OpensABombBitByBit) {
  const std::string zeros(1 << 20, '\0');
  std::string bomb;
  Compressor compressor(Compression::zstd, {.level = {}, .workers = 2}, [&](std::string_view piece) { bomb += piece; });
  for (int i = 0; i < 128; ++i) compressor.write(zeros);
  compressor.finish();
  EXPECT_LT(bomb.size(), 64'000U);
  Decompressor decompressor(source_of(bomb));
  std::string room(1 << 20, '\1');
  std::size_t total = 0;
  while (const std::size_t count = decompressor.read(room)) total += count;
  EXPECT_EQ(total, std::size_t{128} << 20);
}

}  // namespace
}  // namespace belay::archive
