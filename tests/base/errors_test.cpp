#include "base/errors.h"

#include <cerrno>
#include <gtest/gtest.h>

namespace belay {
namespace {

TEST(Errors, ContextsReadFromTheOutsideIn) {
  try {
    doing("deploying shop",
          [] { doing("starting web", [] { throw Conflict("port 80 is held by nginx", "Stop nginx."); }); });
    FAIL() << "nothing was thrown";
  } catch (const Conflict& error) {
    // The kind of error survives its contexts.
    EXPECT_STREQ(error.what(), "deploying shop: starting web: port 80 is held by nginx");
    EXPECT_EQ(error.hint(), "Stop nginx.");
  }
}

TEST(Errors, WorkThatSucceedsGivesItsResultThrough) {
  int value = 1;
  int& same = doing("counting", [&]() -> int& { return value; });
  EXPECT_EQ(&same, &value);
}

TEST(Errors, TheHintNearestToTheCauseWins) {
  Error with_hint("x", "first");
  with_hint.offer_hint("second");
  EXPECT_EQ(with_hint.hint(), "first");
  Error without("x");
  without.offer_hint("second");
  EXPECT_EQ(without.hint(), "second");
}

TEST(Errors, AConfigErrorBeginsWithItsPosition) {
  const ConfigError error({"web.json", 3, 14}, "'prots' is unknown");
  EXPECT_STREQ(error.what(), "web.json:3:14: 'prots' is unknown");
  EXPECT_EQ(error.where(), (SourcePosition{"web.json", 3, 14}));
}

TEST(Errors, APositionWithoutALineIsTheFileAsAWhole) {
  EXPECT_EQ((SourcePosition{"web.json", 0, 0}).text(), "web.json");
}

TEST(Errors, AFailedSystemCallIsNamedInWords) {
  EXPECT_STREQ(system_error("opening /x", EACCES).what(), "opening /x: Permission denied");
  EXPECT_EQ(system_error("opening /x", EACCES).hint(), "");
}

TEST(Errors, AFullDiskComesWithAWayOut) {
  EXPECT_NE(system_error("writing /x", ENOSPC).hint().find("belay cleanup"), std::string::npos);
}

TEST(Errors, AnEngineErrorKeepsItsStatus) {
  EXPECT_EQ(EngineError(500, "no").status(), 500);
}

}  // namespace
}  // namespace belay
