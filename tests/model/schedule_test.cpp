#include "model/schedule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "model/errand.h"
#include "support/zone.h"

namespace belay {
namespace {

using testing::HasSubstr;

std::string next(const std::string& schedule, const std::string& time) {
  return iso_time(Schedule::parse(schedule).next(at(time)));
}
std::string complaint_about(const std::string& schedule) {
  try {
    static_cast<void>(Schedule::parse(schedule));
  } catch (const Error& error) {
    return std::string(error.what()) + " | " + error.hint();
  }
  return "none";
}

// 2026-01-31 is a Saturday.
TEST(Schedule, HasWordsForTheUsualTimes) {
  const Zone utc("UTC");
  EXPECT_EQ(next("hourly", "2026-01-31T09:05:07Z"), "2026-01-31T10:00:00Z");
  EXPECT_EQ(next("daily", "2026-01-31T09:05:07Z"), "2026-02-01T00:00:00Z");
  EXPECT_EQ(next("weekly", "2026-01-31T09:05:07Z"), "2026-02-02T00:00:00Z");
  EXPECT_EQ(next("monthly", "2026-01-31T09:05:07Z"), "2026-02-01T00:00:00Z");
  EXPECT_EQ(next(" Daily ", "2026-01-31T09:05:07Z"), "2026-02-01T00:00:00Z");
}

TEST(Schedule, TakesTimesOfTheDayAndDaysOfTheWeek) {
  const Zone utc("UTC");
  EXPECT_EQ(next("04:30", "2026-01-31T04:29:59Z"), "2026-01-31T04:30:00Z");
  EXPECT_EQ(next("04:30", "2026-01-31T04:30:00Z"), "2026-02-01T04:30:00Z");
  EXPECT_EQ(next("04:30,16:30", "2026-01-31T04:30:00Z"), "2026-01-31T16:30:00Z");
  EXPECT_EQ(next("Mon-Fri 4:30", "2026-01-31T00:00:00Z"), "2026-02-02T04:30:00Z");
  EXPECT_EQ(next("Mon..Sat 03:00", "2026-01-31T04:00:00Z"), "2026-02-02T03:00:00Z");
  EXPECT_EQ(next("sat,sunday 03:00", "2026-01-31T04:00:00Z"), "2026-02-01T03:00:00Z");
  EXPECT_EQ(next("Fri-Mon 03:00", "2026-02-02T03:00:00Z"), "2026-02-06T03:00:00Z");
}

TEST(Schedule, CountsPeriodsFromMidnight) {
  const Zone utc("UTC");
  EXPECT_EQ(next("every 6h", "2026-01-31T09:05:07Z"), "2026-01-31T12:00:00Z");
  EXPECT_EQ(next("every 15m", "2026-01-31T09:45:00Z"), "2026-01-31T10:00:00Z");
  EXPECT_EQ(next("every hour", "2026-01-31T23:45:00Z"), "2026-02-01T00:00:00Z");
  EXPECT_EQ(next("every 24 hours", "2026-01-31T00:00:00Z"), "2026-02-01T00:00:00Z");
  const std::string second = next("every 2d", "2026-01-31T12:00:00Z");
  EXPECT_EQ(next("every 2 days", second), iso_time(at(second) + std::chrono::hours(48)));
}

TEST(Schedule, ReadsTheFiveFieldsOfCron) {
  const Zone utc("UTC");
  EXPECT_EQ(next("30 4 * * *", "2026-01-31T09:05:07Z"), "2026-02-01T04:30:00Z");
  EXPECT_EQ(next("*/20 * * * *", "2026-01-31T09:05:07Z"), "2026-01-31T09:20:00Z");
  EXPECT_EQ(next("10-50/20 8-9 * * *", "2026-01-31T09:31:00Z"), "2026-01-31T09:50:00Z");
  EXPECT_EQ(next("0 3 1 * *", "2026-01-31T09:05:07Z"), "2026-02-01T03:00:00Z");
  EXPECT_EQ(next("0 3 * jun mon-fri", "2026-01-31T09:05:07Z"), "2026-06-01T03:00:00Z");
  EXPECT_EQ(next("0 3 * * 7", "2026-01-31T09:05:07Z"), "2026-02-01T03:00:00Z");
  EXPECT_EQ(next("0 3 29 2 *", "2026-01-31T09:05:07Z"), "2028-02-29T03:00:00Z");
  // Where both are said, one of them is enough.
  EXPECT_EQ(next("0 3 15 * mon", "2026-01-31T09:05:07Z"), "2026-02-02T03:00:00Z");
  EXPECT_EQ(next("0 3 15 * mon", "2026-02-09T09:05:07Z"), "2026-02-15T03:00:00Z");
}

// In central Europe the clock is put forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00.
TEST(Schedule, GoesByTheWallClock) {
  const Zone zone(central_europe);
  EXPECT_EQ(next("04:30", "2026-01-31T09:05:07Z"), "2026-02-01T03:30:00Z");
  EXPECT_EQ(next("04:30", "2026-07-31T09:05:07Z"), "2026-08-01T02:30:00Z");
  // 02:30 is left out: no day is.
  EXPECT_EQ(next("02:30", "2026-03-28T12:00:00Z").substr(0, 10), "2026-03-29");
  EXPECT_EQ(next("02:30", "2026-03-29T12:00:00Z"), "2026-03-30T00:30:00Z");
  // 02:30 comes twice, and counts once.
  const std::string once = next("02:30", "2026-10-24T12:00:00Z");
  EXPECT_EQ(once.substr(0, 10), "2026-10-25");
  EXPECT_EQ(next("02:30", once), "2026-10-26T01:30:00Z");
  // Whatever the clock does, time goes on.
  Time time = at("2026-03-28T12:00:00Z");
  for (int i = 0; i < 60; ++i) {
    const Time then = Schedule::parse("every 1h").next(time);
    EXPECT_GT(then, time);
    EXPECT_LE(then - time, std::chrono::hours(2));
    time = then;
  }
}

TEST(Schedule, SaysWhatItCannotRead) {
  EXPECT_THAT(complaint_about("sometimes"),
              HasSubstr("in the schedule 'sometimes': 'sometimes' is no schedule | Write hourly"));
  EXPECT_THAT(complaint_about(""), HasSubstr("the schedule is empty"));
  EXPECT_THAT(complaint_about("24:30"), HasSubstr("'24:30' is no time of the day"));
  EXPECT_THAT(complaint_about("Mondi 04:30"), HasSubstr("'Mondi' is no day of the week"));
  EXPECT_THAT(complaint_about("Mon-Fry 04:30"), HasSubstr("'Fry' is no day of the week"));
  EXPECT_THAT(complaint_about("every 7h"), HasSubstr("a day is no multiple of '7h'"));
  EXPECT_THAT(complaint_about("every 10s"), HasSubstr("'10s' is no period in minutes, hours or days"));
  EXPECT_THAT(complaint_about("every 0h"), HasSubstr("'0h' is no period"));
  EXPECT_THAT(complaint_about("60 4 * * *"), HasSubstr("'60' is no minute of a cron schedule (0 to 59)"));
  EXPECT_THAT(complaint_about("0 4 * * fry"), HasSubstr("'fry' is no weekday of a cron schedule"));
  EXPECT_THAT(complaint_about("0 5-4 * * *"), HasSubstr("'5-4' ends before it begins"));
  EXPECT_THAT(complaint_about("*/0 4 * * *"), HasSubstr("'*/0' has no step"));
  EXPECT_THAT(complaint_about("0 4 30 2 *"), HasSubstr("there is no such day"));
  EXPECT_THAT(complaint_about("0 4 * *"), HasSubstr("is no schedule"));
}

TEST(Schedule, IsLateAfterTwiceItsPeriodAndTwoOfItsTimes) {
  const Zone utc("UTC");
  const auto late = [](const std::string& schedule, const std::string& done) {
    return iso_time(Schedule::parse(schedule).late_from(at(done)));
  };
  EXPECT_EQ(late("04:30", "2026-01-28T04:31:00Z"), "2026-01-30T04:31:00Z");
  EXPECT_EQ(late("every 6h", "2026-01-28T06:02:00Z"), "2026-01-28T18:02:00Z");
  // Made by hand just before its time.
  EXPECT_EQ(late("04:30", "2026-01-28T04:29:00Z"), "2026-01-30T04:29:00Z");
  // 2026-01-30 is a Friday: nothing is due until Monday.
  EXPECT_EQ(late("Mon-Fri 04:30", "2026-01-30T04:31:00Z"), "2026-02-03T04:30:00Z");
}

Errand errand_for(const std::string& schedule) {
  Errand errand;
  errand.app = "web";
  errand.schedule = schedule;
  return errand;
}

TEST(Errands, AreDueFromTheirFirstDeclarationOn) {
  const Zone utc("UTC");
  const Errand first = as_declared({}, errand_for("04:30"), at("2026-01-31T09:00:00Z"));
  EXPECT_EQ(iso_time(first.due), "2026-02-01T04:30:00Z");
  EXPECT_EQ(first.since, at("2026-01-31T09:00:00Z"));
  // Missed runs stay due, once.
  const Errand later = as_declared(first, errand_for("04:30"), at("2026-02-05T09:00:00Z"));
  EXPECT_EQ(later, first);
  EXPECT_EQ(iso_time(next_run(later, at("2026-02-05T09:00:00Z"))), "2026-02-06T04:30:00Z");
  Errand put_off = first;
  put_off.due = at("2031-02-01T04:30:00Z");
  EXPECT_EQ(as_declared(put_off, errand_for("04:30"), at("2026-02-05T09:00:00Z")).due, at("2026-02-06T04:30:00Z"))
      << "the clock was ahead when the last one ran";
  const Errand other = as_declared(first, errand_for("every 6h"), at("2026-02-05T09:00:00Z"));
  EXPECT_EQ(iso_time(other.due), "2026-02-05T12:00:00Z");
  EXPECT_EQ(other.since, first.since);
}

}  // namespace
}  // namespace belay
