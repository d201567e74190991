#include "base/pattern.h"

#include <gtest/gtest.h>

#include "base/errors.h"

namespace belay {
namespace {

TEST(Patterns, AreFoundAnywhereInTheText) {
  EXPECT_TRUE(Pattern("o[kK]").is_in("it is oK"));
  EXPECT_FALSE(Pattern("^ok").is_in("it is ok"));
  EXPECT_TRUE(Pattern("(?m)^ok$").is_in("first\nok\nlast"));
  EXPECT_TRUE(Pattern("ok").is_in(std::string("\xff\x00 ok", 5))) << "bytes that are no text";
}

TEST(Patterns, ThatAreNoneAreRefused) {
  EXPECT_THROW(Pattern("(a"), Error);
  EXPECT_THROW(Pattern("(a)\\1"), Error) << "a back reference can take for ever";
  EXPECT_THROW(Pattern("((a{1000}){1000}){1000}"), Error);
  EXPECT_THROW(Pattern(std::string(5000, 'a')), Error);
}

// Each of these takes a searcher that goes back ages, or its whole stack.
TEST(Patterns, TakeTimeByTheLengthOfTheTextOnly) {
  const std::string hostile(256 << 10, 'a');
  EXPECT_FALSE(Pattern("(a|aa)+$b").is_in(hostile));
  EXPECT_FALSE(Pattern("(a*)*b").is_in(hostile));
  EXPECT_FALSE(Pattern("(.|\\s)*b$").is_in(hostile));
  EXPECT_FALSE(Pattern("(a?){50}a{50}b").is_in(hostile));
}

}  // namespace
}  // namespace belay
