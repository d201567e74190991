#include "crypto/encoding.h"

#include <gtest/gtest.h>

#include "age_files.h"

namespace belay::crypto {
namespace {

using namespace testing;

TEST(UnpaddedBase64, HasOneSpelling) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string bytes = noise(size);
    EXPECT_EQ(unpadded_base64_decoded(unpadded_base64(bytes)), bytes);
  }
  EXPECT_EQ(unpadded_base64("age"), "YWdl");
  EXPECT_EQ(unpadded_base64("ag"), "YWc");
  // Padding, bits left over, a foreign alphabet, a line's end, too short.
  for (const std::string text : {"YWc=", "YWd", "YW\n", "YWd-", "Y", "YWdlY", " YWdl"})
    EXPECT_EQ(unpadded_base64_decoded(text), std::nullopt) << text;
}

TEST(PaddedBase64, HasOneSpelling) {
  EXPECT_EQ(padded_base64_decoded("YWc="), "ag");
  for (const std::string text : {"YWc", "YWc==", "YWd=", "YWdl=", "====", "Y W=", "_-8="})
    EXPECT_EQ(padded_base64_decoded(text), std::nullopt) << text;
}

TEST(Bech32, IsReadAsItWasWritten) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string bytes = noise(size);
    const std::string text = bech32("age", bytes);
    const auto decoded = bech32_decoded(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(decoded->prefix, "age");
    EXPECT_EQ(decoded->bytes, bytes);
  }
}

TEST(Bech32, HasTheChecksumOfTheStandard) {
  // The shortest texts that BIP 173 calls valid, and some that it calls wrong.
  EXPECT_TRUE(bech32_decoded("A12UEL5L"));
  EXPECT_TRUE(bech32_decoded("a12uel5l"));
  EXPECT_EQ(bech32_decoded("A12UEL5L")->prefix, "A");
  for (const std::string text : {"A12uEL5L", "A1G7SGD8", "10a06t8", "1qzzfhee", "pzry9x0s0muk", "a12uel5", "1", "",
                                 "de1lg7wt\xff", "x1b4n0q5v", "li1dgmt3", "a12uel5m", " 12uel5l"})
    EXPECT_EQ(bech32_decoded(text), std::nullopt) << text;
}

}  // namespace
}  // namespace belay::crypto
