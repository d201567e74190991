#include "updates/window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "support/zone.h"

namespace belay::updates {
namespace {

using testing::HasSubstr;

bool is_open(const std::string& window, const std::string& time) {
  return Window::parse(window).contains(at(time));
}
std::string opens(const std::string& window, const std::string& time) {
  return iso_time(Window::parse(window).next_opening(at(time)));
}
std::string complaint(const std::string& window) {
  try {
    check_window(window);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

// 2026-01-31 is a Saturday.
TEST(Window, IsAlwaysOpenWhereNothingIsSaid) {
  EXPECT_TRUE(Window::parse(" ").is_always());
  EXPECT_TRUE(is_open("", "2026-01-31T03:00:00Z"));
  EXPECT_EQ(opens("", "2026-01-31T03:00:07Z"), "2026-01-31T03:00:07Z");
}

TEST(Window, OpensOnItsDaysAtItsTimes) {
  const Zone zone("UTC0");
  const std::string week = "Mon-Fri 02:00-05:00";
  EXPECT_TRUE(is_open(week, "2026-01-30T02:00:00Z"));
  EXPECT_TRUE(is_open(week, "2026-01-30T04:59:59Z"));
  EXPECT_FALSE(is_open(week, "2026-01-30T05:00:00Z"));
  EXPECT_FALSE(is_open(week, "2026-01-30T01:59:59Z"));
  EXPECT_FALSE(is_open(week, "2026-01-31T03:00:00Z"));
  EXPECT_EQ(opens(week, "2026-01-30T05:00:00Z"), "2026-02-02T02:00:00Z");
  EXPECT_EQ(opens(week, "2026-01-30T01:30:30Z"), "2026-01-30T02:00:00Z");
}

TEST(Window, TakesDaysAloneAndSeveralParts) {
  const Zone zone("UTC0");
  EXPECT_TRUE(is_open("Sat,Sun", "2026-01-31T23:59:00Z"));
  EXPECT_FALSE(is_open("Sat,Sun", "2026-02-02T00:00:00Z"));
  const std::string parts = "sunday; wed 12:00-24:00 ;Fri-Mon 1:15-1:30";
  EXPECT_TRUE(is_open(parts, "2026-02-01T20:00:00Z"));
  EXPECT_TRUE(is_open(parts, "2026-02-04T23:59:00Z"));
  EXPECT_FALSE(is_open(parts, "2026-02-05T00:00:00Z"));
  EXPECT_TRUE(is_open(parts, "2026-02-02T01:20:00Z"));
  EXPECT_FALSE(is_open(parts, "2026-02-03T01:20:00Z"));
  EXPECT_EQ(opens("Sat", "2026-02-01T00:00:00Z"), "2026-02-07T00:00:00Z");
}

TEST(Window, CountsTimesPastMidnightToTheDayTheyBeginOn) {
  const Zone zone("UTC0");
  const std::string night = "Fri 22:00-04:00";
  EXPECT_TRUE(is_open(night, "2026-01-30T23:00:00Z"));
  EXPECT_TRUE(is_open(night, "2026-01-31T03:59:00Z"));
  EXPECT_FALSE(is_open(night, "2026-01-31T04:00:00Z"));
  EXPECT_FALSE(is_open(night, "2026-01-30T03:00:00Z"));
  EXPECT_TRUE(is_open("22:00-04:00", "2026-01-30T03:00:00Z"));
  EXPECT_TRUE(is_open("Sat 22:00-04:00", "2026-02-01T01:00:00Z"));
}

TEST(Window, GoesByTheWallClockOfTheHost) {
  const Zone zone(central_europe);
  EXPECT_TRUE(is_open("02:00-05:00", "2026-01-31T01:00:00Z"));
  EXPECT_FALSE(is_open("02:00-05:00", "2026-01-31T04:00:00Z"));
  EXPECT_TRUE(is_open("02:00-05:00", "2026-07-31T00:00:00Z"));
  EXPECT_FALSE(is_open("02:00-05:00", "2026-07-31T03:00:00Z"));
  // The local day counts: Sunday evening UTC is Monday here.
  EXPECT_TRUE(is_open("Mon 00:00-01:00", "2026-02-01T23:30:00Z"));
}

TEST(Window, LosesWhatTheClockSkipsInSpring) {
  const Zone zone(central_europe);
  // 02:00 to 03:00 does not exist on the 29th.
  EXPECT_EQ(opens("02:00-03:00", "2026-03-28T03:00:00Z"), "2026-03-30T00:00:00Z");
  EXPECT_EQ(opens("Sun 02:00-03:00", "2026-03-28T03:00:00Z"), "2026-04-05T00:00:00Z");
  EXPECT_EQ(opens("02:30-03:30", "2026-03-28T03:00:00Z"), "2026-03-29T01:00:00Z");
  EXPECT_EQ(iso_time(Window::parse("01:00-05:00").closing(at("2026-03-29T00:00:00Z"))), "2026-03-29T03:00:00Z");
}

TEST(Window, HasWhatTheClockRepeatsInAutumnTwice) {
  const Zone zone(central_europe);
  const auto window = Window::parse("02:00-03:00");
  EXPECT_EQ(iso_time(window.next_opening(at("2026-10-24T23:00:00Z"))), "2026-10-25T00:00:00Z");
  EXPECT_EQ(iso_time(window.closing(at("2026-10-25T00:00:00Z"))), "2026-10-25T02:00:00Z");
  EXPECT_EQ(iso_time(window.opened(at("2026-10-25T01:59:59Z"))), "2026-10-25T00:00:00Z");
}

TEST(Window, KnowsSinceWhenItIsOpenUpToADay) {
  const Zone zone("UTC0");
  const auto window = Window::parse("Sat,Sun;Mon 00:00-01:00");
  EXPECT_EQ(iso_time(window.opened(at("2026-01-31T10:00:30Z"))), "2026-01-31T00:00:00Z");
  EXPECT_EQ(iso_time(window.closing(at("2026-02-01T10:00:00Z"))), "2026-02-02T01:00:00Z");
  EXPECT_EQ(iso_time(window.opened(at("2026-02-02T00:30:00Z"))), "2026-02-01T00:30:00Z");
}

TEST(Window, SaysWhatIsWrong) {
  EXPECT_EQ(complaint("Mon-Fri 02:00-05:00; Sat,Sun"), "none");
  EXPECT_THAT(complaint("Mo 02:00-05:00"), HasSubstr("'Mo' is no day"));
  EXPECT_THAT(complaint("Mon- 02:00-05:00"), HasSubstr("'' is no day"));
  EXPECT_THAT(complaint("02:00"), HasSubstr("'02:00' has no end"));
  EXPECT_THAT(complaint("02:00-25:00"), HasSubstr("'25:00' is no time of the day"));
  EXPECT_THAT(complaint("02:60-03:00"), HasSubstr("'02:60' is no time of the day"));
  EXPECT_THAT(complaint("2-5"), HasSubstr("'2' is no time of the day"));
  EXPECT_THAT(complaint("+2:00-05:00"), HasSubstr("is no day"));
  EXPECT_THAT(complaint("03:00-03:00"), HasSubstr("never open"));
  EXPECT_THAT(complaint("Sat;;Sun"), HasSubstr("an empty part"));
  EXPECT_THAT(complaint("02:00-05:00 Mon"), HasSubstr("in the window '02:00-05:00 Mon'"));
}

TEST(Window, ShowsTimesAsShortAsTheyAreClear) {
  const Zone zone(central_europe);
  const Time now = at("2026-01-31T09:00:00Z");
  EXPECT_EQ(local_time_text(at("2026-01-31T22:59:00Z"), now), "23:59");
  EXPECT_EQ(local_time_text(at("2026-01-31T23:10:00Z"), now), "Sun 00:10");
  EXPECT_EQ(local_time_text(at("2026-02-06T22:10:00Z"), now), "Fri 23:10");
  EXPECT_EQ(local_time_text(at("2026-02-06T23:10:00Z"), now), "2026-02-07 00:10");
  EXPECT_EQ(local_time_text(at("2026-01-30T12:10:00Z"), now), "2026-01-30 13:10");
}

}  // namespace
}  // namespace belay::updates
