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
  Error with_hint(ErrorCode::internal, "x", "first");
  with_hint.offer_hint("second");
  EXPECT_EQ(with_hint.hint(), "first");
  Error without(ErrorCode::internal, "x");
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

TEST(Errors, EachHasACodeThatItsContextsDoNotChange) {
  const auto code_of = [](const auto& work) {
    try {
      doing("deploying shop", work);
    } catch (const Error& error) {
      return error_name(error.code());
    }
    return error_name(ErrorCode::internal);
  };
  EXPECT_EQ(code_of([] { throw Conflict("x"); }), "conflict");
  EXPECT_EQ(code_of([] { throw Conflict(ErrorCode::port_held, "x"); }), "port_held");
  EXPECT_EQ(code_of([] { throw UsageError("x"); }), "usage");
  EXPECT_EQ(code_of([] { throw ConfigError({"web.json", 3, 14}, "x"); }), "bad_definition");
  EXPECT_EQ(code_of([] { throw Cancelled(); }), "stopped");
  EXPECT_EQ(code_of([] { throw EngineError(500, "x"); }), "engine_refused");
  EXPECT_EQ(code_of([] { throw EngineError(429, "x"); }), "rate_limited");
  EXPECT_EQ(code_of([] { throw EngineError(400, "x", {}, EngineError::Cause::image); }), "image_cannot_run");
  EXPECT_EQ(code_of([] { throw system_error("writing /x", ENOSPC); }), "no_space");
  EXPECT_EQ(code_of([] { throw system_error("opening /x", EACCES); }), "not_allowed");
}

}  // namespace
}  // namespace belay
