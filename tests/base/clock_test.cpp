#include "base/clock.h"

#include <gtest/gtest.h>

#include "support/fake_clock.h"

namespace belay {
namespace {

const Time morning = testing::FakeClock().now();

TEST(Clock, WritesMillisecondsOnlyWhereThereAreAny) {
  EXPECT_EQ(iso_time(morning), "2026-01-31T09:05:07Z");
  EXPECT_EQ(iso_time(morning + Milliseconds(40)), "2026-01-31T09:05:07.040Z");
  EXPECT_EQ(compact_time(morning), "20260131090507");
}

TEST(Clock, ReadsBackWhatItWrites) {
  for (const Time time : {morning, morning + Milliseconds(1), Time{}, Time(Milliseconds(-1))})
    EXPECT_EQ(parse_time(iso_time(time)), time) << iso_time(time);
}

TEST(Clock, ReadsTheEnginesForms) {
  EXPECT_EQ(parse_time("2026-01-31T09:05:07.123456789Z"), morning + Milliseconds(123));
  EXPECT_EQ(parse_time("2026-01-31T09:05:07.9Z"), morning + Milliseconds(900));
  EXPECT_EQ(parse_time("2026-01-31T10:05:07+01:00"), morning);
  EXPECT_EQ(parse_time("2026-01-31T03:35:07.5-05:30"), morning + Milliseconds(500));
  EXPECT_EQ(parse_time("2026-02-01T00:05:07+15:00"), morning);
  // "never" in an inspection.
  ASSERT_TRUE(parse_time("0001-01-01T00:00:00Z"));
  EXPECT_LT(*parse_time("0001-01-01T00:00:00Z"), Time{});
}

TEST(Clock, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2026-01-31", "2026-01-31T09:05:07", "2026-02-30T09:05:07Z", "2026-13-01T09:05:07Z", "2026-01-31T24:00:00Z",
        "2026-01-31T09:60:07Z", "2026-01-31T09:05:61Z", "2026-01-31T09:05:07Zx", "2026-01-31T09:05:07.Z",
        "2026-01-31T09:05:07+1:00", "2026-01-31T09:05:07+99:99", "-026-01-31T09:05:07Z", "2026-1-31T09:05:07Z",
        "2026-01-31T-9:05:07Z"})
    EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Clock, TellsHowLongAgo) {
  using namespace std::chrono;
  const std::pair<Milliseconds, const char*> cases[] = {
      {Seconds(-30), "just now"},      {Seconds(4), "just now"},        {Seconds(5), "5 seconds ago"},
      {Seconds(60), "1 minute ago"},   {minutes(59), "59 minutes ago"}, {minutes(60), "1 hour ago"},
      {hours(47), "47 hours ago"},     {hours(48), "2 days ago"},       {hours(24 * 59), "59 days ago"},
      {hours(24 * 60), "2 months ago"}};
  for (const auto& [age, text] : cases) EXPECT_EQ(ago(morning - age, morning), text);
}

TEST(Clock, WritesDurationsForPeople) {
  const std::pair<long long, const char*> cases[] = {{0, "0 ms"},        {850, "850 ms"},          {1000, "1 s"},
                                                     {1500, "1.5 s"},    {1999, "1.9 s"},          {12'300, "12 s"},
                                                     {60'000, "1 min"},  {185'000, "3 min 5 s"},   {3'600'000, "1 h"},
                                                     {3'659'000, "1 h"}, {5'400'000, "1 h 30 min"}};
  for (const auto& [milliseconds, text] : cases) EXPECT_EQ(duration_text(Milliseconds(milliseconds)), text);
}

TEST(Clock, ReadsDurations) {
  const std::pair<const char*, long long> cases[] = {{"30s", 30'000},     {"5m", 300'000},    {"1h30m", 5'400'000},
                                                     {"500ms", 500},      {"12", 12'000},     {"0", 0},
                                                     {"2d", 172'800'000}, {"1m500ms", 60'500}};
  for (const auto& [text, milliseconds] : cases) {
    const auto read = parse_duration(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->count(), milliseconds) << text;
  }
}

TEST(Clock, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "s", "5 m", "-5s", "5x", "1.5h", "5S", "9999999999", "99999999999999999999s", "10 "})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Clock, RefusesADurationWhoseLastUnitIsMissing) {
  // It could mean minutes as well as seconds.
  EXPECT_FALSE(parse_duration("1h30"));
  EXPECT_FALSE(parse_duration("30 1h"));
}

TEST(Clock, ASumOfHugeDurationsDoesNotOverflow) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "1000000000d";
  EXPECT_FALSE(parse_duration(text));
}

TEST(Clock, ASleepEndsAtOnceOnStop) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.sleep(std::chrono::hours(1), stop.get_token()));
  EXPECT_TRUE(clock.sleep(Milliseconds(0), {}));
}

}  // namespace
}  // namespace belay
