#include "crypto/sha256.h"

#include <gtest/gtest.h>

namespace belay::crypto {
namespace {

// The standard's own examples.
TEST(Sha256, GivesTheDigestsOfTheStandard) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, DoesNotCareHowTheBytesCome) {
  Sha256 digest;
  digest.add("a");
  digest.add("");
  digest.add("bc");
  EXPECT_EQ(digest.finish(), sha256("abc"));
}

TEST(Sha256, BeginsAnewAfterADigest) {
  Sha256 digest;
  digest.add("something else");
  digest.finish();
  digest.add("abc");
  EXPECT_EQ(digest.finish(), sha256("abc"));
}

}  // namespace
}  // namespace belay::crypto
