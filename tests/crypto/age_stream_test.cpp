// Whole files: there and back, and what becomes of those that somebody changed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "age_files.h"

namespace belay::crypto {
namespace {

using namespace testing;
using ::testing::HasSubstr;

constexpr std::size_t chunk = 64 << 10;
constexpr std::size_t sealed_chunk = chunk + 16;

// Where the header ends and the payload's nonce begins.
std::size_t header_end(const std::string& file) {
  return file.find('\n', file.find("\n--- ") + 1) + 1;
}

class AgeRoundTrip : public ::testing::TestWithParam<std::size_t> {};
INSTANTIATE_TEST_SUITE_P(OfSize, AgeRoundTrip,
                         ::testing::Values(0, 1, 65535, 65536, 65537, 131072, 131073, (1 << 20) + 1));

TEST_P(AgeRoundTrip, GivesWhatWasWrittenHoweverItComes) {
  const std::string content = noise(GetParam());
  for (const std::size_t step : {std::size_t{997}, std::size_t{65536}, std::size_t{70001}, std::size_t{4} << 20}) {
    const std::string file = encrypted(recipients("native.pub"), content, step);
    EXPECT_TRUE(looks_encrypted(file));
    EXPECT_EQ(file.size() - header_end(file),
              16 + content.size() + 16 * std::max<std::size_t>(1, (content.size() + chunk - 1) / chunk));
    EXPECT_TRUE(decrypted(file, key_file("native.key"), step) == content) << step;
  }
}

TEST(Age, OpensForEachRecipientAndNobodyElse) {
  auto both = recipients("native.pub");
  both.push_back(recipients("ssh_ed25519.pub").front());
  const std::string file = encrypted(both, "a letter");
  EXPECT_EQ(decrypted(file, key_file("native.key")), "a letter");
  EXPECT_EQ(decrypted(file, key_file("ssh_ed25519")), "a letter");
  auto keys = key_file("other.key");
  EXPECT_THAT(complaint([&] { decrypted(file, keys); }), HasSubstr("for somebody else"));
  keys.identities.push_back(identities("ssh_ed25519").front());
  EXPECT_EQ(decrypted(file, keys), "a letter");
}

TEST(Age, OpensWithThePassphraseOnly) {
  const std::string file = encrypted(quick_passphrase("secret words"), "a letter");
  EXPECT_EQ(decrypted(file, passphrase("secret words")), "a letter");
  EXPECT_EQ(complaint([&] { decrypted(file, passphrase("other words")); }), "the passphrase is wrong");
  EXPECT_THAT(complaint([&] { decrypted(file, key_file("native.key")); }), HasSubstr("protected with a passphrase"));
}

TEST(Age, AsksForAPassphraseOnlyWhereOneIsNeeded) {
  AgeKeys keys = key_file("native.key");
  keys.passphrase = []() -> Passphrase { throw Error(ErrorCode::internal, "asked"); };
  EXPECT_EQ(decrypted(encrypted(recipients("native.pub"), "x"), keys), "x");
  EXPECT_EQ(complaint([&] { decrypted(encrypted(quick_passphrase("p"), "x"), keys); }), "asked");
}

TEST(Age, SaysThatAKeyIsNeeded) {
  const std::string file = encrypted(recipients("native.pub"), "x");
  EXPECT_THAT(complaint([&] { decrypted(file, passphrase("words")); }), HasSubstr("none was given"));
}

TEST(Age, NeverMakesTheSameFileTwice) {
  EXPECT_NE(encrypted(recipients("native.pub"), "x"), encrypted(recipients("native.pub"), "x"));
}

TEST(Age, RefusesToEncryptForNobodyOrForMoreThanAHeaderHasRoomFor) {
  EXPECT_THROW(encrypted(std::vector<Recipient>{}, "x"), Error);
  EXPECT_THROW(encrypted(std::vector<Recipient>(1001, recipients("native.pub").front()), "x"), Error);
  EXPECT_THROW(encrypted(Passphrase(""), "x"), Error);
  EXPECT_THROW(encrypted(Passphrase("words", 23), "x"), Error);
}

TEST(Age, TakesNothingMoreOnceFinished) {
  AgeWriter writer(recipients("native.pub"), [](std::string_view) {});
  writer.finish();
  EXPECT_THROW(writer.write("x"), Error);
  EXPECT_THROW(writer.finish(), Error);
}

TEST(Age, RefusesAFileThatNobodyFinished) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, chunk, chunk + 1, 3 * chunk}) {
    std::string file;
    AgeWriter writer(recipients("native.pub"), [&](std::string_view bytes) { file += bytes; });
    writer.write(noise(size));
    EXPECT_THAT(complaint([&] { decrypted(file, key_file("native.key")); }), HasSubstr("is cut off")) << size;
  }
}

// What every kind of recipient makes of a small file.
struct Sealed {
  std::string file;
  AgeKeys keys;
};

std::vector<Sealed> small_files() {
  std::vector<Sealed> files;
  files.push_back({encrypted(recipients("native.pub"), "a letter"), key_file("native.key")});
  files.push_back({encrypted(recipients("ssh_ed25519.pub"), "a letter"), key_file("ssh_ed25519")});
  files.push_back({encrypted(quick_passphrase("words"), "a letter"), passphrase("words")});
  files.push_back({data("armored.age"), key_file("native.key")});
  return files;
}

TEST(Age, RefusesAFileWithAnyByteChanged) {
  for (const auto& [file, keys] : small_files()) {
    for (std::size_t i = 0; i < file.size(); ++i) {
      for (const int mask : {1, 0x20, 0x80}) {
        std::string changed = file;
        changed[i] = static_cast<char>(changed[i] ^ mask);
        EXPECT_NE(complaint([&] { decrypted(changed, keys); }), "") << i << " of\n" << file;
      }
    }
  }
}

TEST(Age, RefusesAFileWithAByteTooManyOrTooFew) {
  for (const auto& [file, keys] : small_files()) {
    for (std::size_t i = 0; i + 1 < file.size(); ++i) {
      std::string longer = file;
      longer.insert(i, 1, 'A');
      EXPECT_NE(complaint([&] { decrypted(longer, keys); }), "") << i;
      std::string shorter = file;
      shorter.erase(i, 1);
      EXPECT_NE(complaint([&] { decrypted(shorter, keys); }), "") << i;
    }
    EXPECT_NE(complaint([&] { decrypted(file + 'A', keys); }), "");
  }
}

TEST(Age, RefusesAFileThatWasCutAnywhere) {
  for (const auto& [file, keys] : small_files()) {
    // The line feed behind the armor is the only byte that says nothing.
    const std::size_t last = file.back() == '\n' ? file.size() - 1 : file.size();
    for (std::size_t size = 0; size < last; ++size)
      EXPECT_NE(complaint([&] { decrypted(file.substr(0, size), keys); }), "") << size;
  }
}

class AgeChunks : public ::testing::Test {
 protected:
  std::string content_ = noise(3 * chunk + 100);
  std::string file_ = encrypted(recipients("native.pub"), content_);
  std::size_t begin_ = header_end(file_) + 16;
  AgeKeys keys_ = key_file("native.key");
  std::string complaint_about(const std::string& file) {
    return complaint([&] { decrypted(file, keys_); });
  }
};

TEST_F(AgeChunks, NamesTheDamagedOne) {
  file_[begin_ + 2 * sealed_chunk + 5] ^= 1;
  AgeReader reader(source(file_), keys_);
  std::vector<char> room(chunk);
  EXPECT_EQ(reader.read(room), chunk);
  EXPECT_EQ(reader.read(room), chunk);
  EXPECT_EQ(std::string(room.data(), chunk), content_.substr(chunk, chunk));
  EXPECT_EQ(complaint([&] { reader.read(room); }),
            "this age file is damaged in its chunk 3 (at 131072 bytes of content)");
  EXPECT_NE(complaint([&] { reader.read(room); }), "") << "an error does not go away";
}

TEST_F(AgeChunks, MayNotBeMissingAtTheEnd) {
  for (std::size_t chunks = 0; chunks <= 3; ++chunks)
    EXPECT_THAT(complaint_about(file_.substr(0, begin_ + chunks * sealed_chunk)), HasSubstr("is cut off"));
  EXPECT_THAT(complaint_about(file_.substr(0, begin_ + sealed_chunk + 100)), HasSubstr("cut off"));
}

TEST_F(AgeChunks, MayNotChangePlacesNorComeTwice) {
  std::string swapped = file_;
  std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(begin_),
                   swapped.begin() + static_cast<std::ptrdiff_t>(begin_ + sealed_chunk),
                   swapped.begin() + static_cast<std::ptrdiff_t>(begin_ + sealed_chunk));
  EXPECT_THAT(complaint_about(swapped), HasSubstr("damaged in its chunk 1 "));
  std::string doubled = file_;
  doubled.insert(begin_ + sealed_chunk, file_.substr(begin_, sealed_chunk));
  EXPECT_THAT(complaint_about(doubled), HasSubstr("damaged in its chunk 2 "));
}

TEST_F(AgeChunks, MayNotBeFollowedByAnything) {
  const std::string whole = encrypted(recipients("native.pub"), noise(2 * chunk));
  EXPECT_EQ(complaint_about(whole), "");
  EXPECT_EQ(complaint_about(whole + "x"), "there is something after the end of this age file");
  EXPECT_EQ(complaint_about(whole + noise(2 * chunk)), "there is something after the end of this age file");
  EXPECT_THAT(complaint_about(file_ + "x"), HasSubstr("damaged, or cut off, in its chunk 4"));
}

TEST(Age, SaysWhatIsNoAgeFile) {
  const AgeKeys keys = key_file("native.key");
  const auto say = [&](const std::string& file) { return complaint([&] { decrypted(file, keys); }); };
  EXPECT_EQ(say(""), "this is not an age file: it is empty");
  EXPECT_EQ(say(noise(3000)), "this is not an age file");
  EXPECT_EQ(say("\n\n"), "this is not an age file");
  EXPECT_EQ(say("-----BEGIN CERTIFICATE-----\n"), "this is not an age file");
  EXPECT_EQ(say("age-encryption.org/v1\r\n"), "this age file is of a version that Belay does not know ('v1')");
  EXPECT_EQ(say("age-encryption.org/v2\nwhatever"), "this age file is of a version that Belay does not know ('v2')");
  EXPECT_EQ(say("age-encr"), "this age file is cut off in its first line");
  EXPECT_FALSE(looks_encrypted(""));
  EXPECT_FALSE(looks_encrypted("age-encr"));
  EXPECT_FALSE(looks_encrypted("\x28\xb5\x2f\xfd"));
  EXPECT_TRUE(looks_encrypted("\n -----BEGIN AGE ENCRYPTED FILE-----\nYWdl"));
}

TEST(Age, LetsErrorsOfItsStreamsThrough) {
  const std::string file = encrypted(recipients("native.pub"), noise(100));
  const Source broken = [whole = source(file, 50)](std::span<char> room) mutable -> std::size_t {
    const std::size_t size = whole(room);
    if (size < 50) throw Error(ErrorCode::internal, "the disk is gone");
    return size;
  };
  EXPECT_EQ(complaint([&] {
              std::vector<char> room(100);
              AgeReader(broken, key_file("native.key")).read(room);
            }),
            "the disk is gone");
  EXPECT_EQ(complaint([&] {
              AgeWriter(recipients("native.pub"), [](std::string_view) { throw Error(ErrorCode::internal, "full"); });
            }),
            "full");
}

}  // namespace
}  // namespace belay::crypto
