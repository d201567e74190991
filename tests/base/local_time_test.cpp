#include "base/local_time.h"

#include <gtest/gtest.h>

#include "support/zone.h"

namespace belay {
namespace {

std::string read(std::string_view text, std::string_view now) {
  const auto time = parse_local_time(text, *parse_time(now));
  return time ? iso_time(*time) : "nothing";
}

TEST(LocalTime, IsThatOfTheZone) {
  const Zone zone(central_europe);
  EXPECT_EQ(local_time(*parse_time("2026-01-31T23:30:07Z")), "2026-02-01 00:30");
  EXPECT_EQ(local_time(*parse_time("2026-07-31T09:05:07.250Z"), Precision::seconds), "2026-07-31 11:05:07");
  EXPECT_EQ(local_date(*parse_time("2026-01-31T23:30:07Z")), "2026-02-01");
  EXPECT_EQ(local_clock(*parse_time("2026-01-31T23:30:07Z")), "00:30:07");
}

TEST(LocalTime, IsReadAsPeopleWriteIt) {
  const Zone zone(central_europe);
  const auto* now = "2026-03-30T08:00:00Z";
  EXPECT_EQ(read("now", now), "2026-03-30T08:00:00Z");
  EXPECT_EQ(read("today", now), "2026-03-29T22:00:00Z");
  // A day of 23 hours.
  EXPECT_EQ(read("yesterday", now), "2026-03-28T23:00:00Z");
  EXPECT_EQ(read("09:15", now), "2026-03-30T07:15:00Z");
  EXPECT_EQ(read("2026-01-31", now), "2026-01-30T23:00:00Z");
  EXPECT_EQ(read("2026-01-31 09:15:30", now), "2026-01-31T08:15:30Z");
  EXPECT_EQ(read("2026-01-31T09:15", now), "2026-01-31T08:15:00Z");
  EXPECT_EQ(read("2026-01-31T09:15:00Z", now), "2026-01-31T09:15:00Z");
  for (const char* wrong : {"", "soon", "2026-04-31", "25:00", "9:15", "2026-1-31", "2026-01-31 ", "2026-01-31 9"})
    EXPECT_EQ(read(wrong, now), "nothing") << wrong;
}

}  // namespace
}  // namespace belay
