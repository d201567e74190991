#include "model/keep.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>

#include "base/errors.h"

namespace belay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

BackupCandidate at(const char* time) {
  return {parse_time(time).value(), true, false};
}
BackupCandidate bad(const char* time) {
  return {parse_time(time).value(), false, false};
}

std::string refusal(std::string_view text) {
  try {
    parse_keep(text);
  } catch (const UsageError& error) {
    EXPECT_THAT(error.hint(), HasSubstr("last=7,daily=7"));
    return error.what();
  }
  return "accepted";
}

TEST(ParseKeep, ReadsRulesInAnyOrder) {
  const Keep keep = parse_keep(" monthly=6, last=7,daily=0 , weekly = 4,yearly=1,days=30");
  EXPECT_EQ(keep, (Keep{7, 0, 4, 6, 1, 30}));
  EXPECT_EQ(to_text(keep), "last=7,weekly=4,monthly=6,yearly=1,days=30");
  EXPECT_EQ(parse_keep(to_text(keep)), keep);
}

TEST(ParseKeep, SaysWhatIsWrong) {
  EXPECT_THAT(refusal(""), HasSubstr("it is empty"));
  EXPECT_THAT(refusal("last=1,,daily=2"), HasSubstr("nothing between two commas"));
  EXPECT_THAT(refusal("dayly=7"), HasSubstr("there is no rule 'dayly'. Did you mean 'daily'?"));
  EXPECT_THAT(refusal("xyzzy=7"), HasSubstr("there are last, daily, weekly, monthly, yearly, days"));
  EXPECT_THAT(refusal("last=1,last=2"), HasSubstr("'last' is there twice"));
  EXPECT_THAT(refusal("last"), HasSubstr("'last' needs a number, as in last=7"));
  EXPECT_THAT(refusal("last=-1"), HasSubstr("not '-1'"));
  EXPECT_THAT(refusal("last=many"), HasSubstr("not 'many'"));
  EXPECT_THAT(refusal("last=99999999999999999999"), HasSubstr("needs a number from 0"));
  EXPECT_THAT(refusal("last=0,daily=0"), HasSubstr("it would keep nothing"));
  EXPECT_THAT(refusal("\x1b[31m=1"), testing::Not(HasSubstr("\x1b")));
}

std::vector<std::size_t> backups_to_remove(const Keep& keep, const std::vector<BackupCandidate>& candidates) {
  return belay::backups_to_remove(keep, candidates, Time::max());
}

TEST(ToRemove, RefusesRulesThatKeepNothing) {
  EXPECT_THROW(backups_to_remove(Keep{}, {at("2026-01-01T00:00:00Z")}), Error);
}

TEST(ToRemove, KeepsTheLastOnes) {
  Keep keep;
  keep.last = 2;
  EXPECT_THAT(backups_to_remove(keep, {at("2026-01-03T00:00:00Z"), at("2026-01-01T00:00:00Z"),
                                       at("2026-01-04T00:00:00Z"), at("2026-01-02T00:00:00Z")}),
              ElementsAre(1, 3));
  EXPECT_THAT(backups_to_remove(keep, {}), IsEmpty());
}

TEST(ToRemove, KeepsTheNewestOfEachDayAndSkipsDaysWithoutOne) {
  Keep keep;
  keep.daily = 2;
  EXPECT_THAT(backups_to_remove(keep, {at("2026-01-01T10:00:00Z"), at("2026-01-05T00:00:00Z"),
                                       at("2026-01-05T23:59:59Z"), at("2026-01-20T12:00:00Z")}),
              ElementsAre(0, 1));
}

TEST(ToRemove, CountsWeeksFromMondayAcrossTheYear) {
  Keep keep;
  keep.weekly = 2;
  // 2025-12-29 is a Monday: with the four days after it, it is the first week of 2026.
  EXPECT_THAT(backups_to_remove(keep, {at("2025-12-21T12:00:00Z"), at("2025-12-28T23:00:00Z"),
                                       at("2025-12-29T00:00:00Z"), at("2026-01-04T23:59:59Z")}),
              ElementsAre(0, 2));
}

TEST(ToRemove, KeepsTheNewestOfEachMonthAndYear) {
  Keep keep;
  keep.monthly = 2;
  keep.yearly = 2;
  EXPECT_THAT(
      backups_to_remove(keep, {at("2024-12-31T00:00:00Z"), at("2025-11-30T00:00:00Z"), at("2025-12-30T00:00:00Z"),
                               at("2025-12-31T00:00:00Z"), at("2026-01-01T00:00:00Z"), at("2026-01-31T00:00:00Z")}),
      ElementsAre(0, 1, 2, 4));
}

TEST(ToRemove, KeepsAllOfTheLastDaysBeforeTheNewest) {
  Keep keep;
  keep.days = 2;
  EXPECT_THAT(backups_to_remove(keep, {at("2020-01-08T11:59:59Z"), at("2020-01-08T12:00:00Z"),
                                       at("2020-01-09T00:00:00Z"), at("2020-01-10T12:00:00Z")}),
              ElementsAre(0));
}

TEST(ToRemove, LetsABadOneTakeNoPlaceAndGoWhenABetterOneIsThere) {
  Keep keep;
  keep.last = 1;
  EXPECT_THAT(backups_to_remove(keep, {at("2026-01-01T00:00:00Z"), bad("2026-01-02T00:00:00Z")}), IsEmpty());
  EXPECT_THAT(
      backups_to_remove(keep, {at("2026-01-01T00:00:00Z"), bad("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z")}),
      ElementsAre(0, 1));
  EXPECT_THAT(backups_to_remove(keep, {bad("2026-01-01T00:00:00Z"), bad("2026-01-02T00:00:00Z")}), IsEmpty());
}

TEST(ToRemove, NeverTouchesAProtectedOneNorCountsIt) {
  Keep keep;
  keep.last = 1;
  std::vector<BackupCandidate> all{at("2026-01-01T00:00:00Z"), at("2026-01-02T00:00:00Z"), at("2026-01-03T00:00:00Z")};
  all[0].protected_ = true;
  EXPECT_THAT(backups_to_remove(keep, all), ElementsAre(1));
  all[2].protected_ = true;
  EXPECT_THAT(backups_to_remove(keep, all), IsEmpty());
}

// The clock was ahead when it was made, and was set back since.
TEST(ToRemove, KeepsWhatIsDatedAfterNowAndDoesNotCountIt) {
  Keep keep;
  keep.last = 1;
  const std::vector<BackupCandidate> all{at("2026-01-01T00:00:00Z"), at("2031-01-01T00:00:00Z"),
                                         at("2026-01-02T00:00:00Z")};
  EXPECT_THAT(belay::backups_to_remove(keep, all, at("2026-01-02T00:00:00Z").taken), ElementsAre(0));
  EXPECT_THAT(belay::backups_to_remove(keep, all, at("2032-01-01T00:00:00Z").taken), ElementsAre(0, 2));
  keep = {};
  keep.days = 30;
  EXPECT_THAT(belay::backups_to_remove(keep, all, at("2026-01-02T00:00:00Z").taken), IsEmpty());
}

// The rules said again, as slowly as they read.
bool rules_keep(const Keep& keep, const std::vector<BackupCandidate>& all, std::size_t which) {
  const auto counts = [&](std::size_t i) { return all[i].good && !all[i].protected_; };
  const auto before = [&](std::size_t a, std::size_t b) {  // a is newer than b
    return all[a].taken > all[b].taken || (all[a].taken == all[b].taken && a < b);
  };
  int newer = 0;
  for (std::size_t i = 0; i < all.size(); ++i) newer += counts(i) && before(i, which);
  if (newer < keep.last) return true;
  const auto in_period = [&](auto&& period, int count) {
    std::set<decltype(period(Time{}))> newer_periods;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!counts(i) || !before(i, which)) continue;
      if (period(all[i].taken) == period(all[which].taken)) return false;
      newer_periods.insert(period(all[i].taken));
    }
    return static_cast<int>(newer_periods.size()) < count;
  };
  using namespace std::chrono;
  const auto date = [](Time time) { return year_month_day(floor<days>(time)); };
  const auto monday = [](Time time) {
    auto day = floor<days>(time);
    while (weekday(day) != Monday) day -= days(1);
    return day;
  };
  return in_period([&](Time time) { return date(time); }, keep.daily) || in_period(monday, keep.weekly) ||
         in_period([&](Time time) { return date(time).year() / date(time).month(); }, keep.monthly) ||
         in_period([&](Time time) { return date(time).year(); }, keep.yearly);
}

TEST(ToRemove, DoesWhatTheRulesSayWithAnySet) {
  std::mt19937 random(20260131);
  const auto up_to = [&](int most) { return std::uniform_int_distribution<int>(0, most)(random); };
  for (int round = 0; round < 3000; ++round) {
    Keep keep;
    keep.last = up_to(3);
    keep.daily = up_to(3);
    keep.weekly = up_to(3);
    keep.monthly = up_to(3);
    keep.yearly = up_to(2);
    if (keep == Keep{}) keep.last = 1;
    // From hours to years apart, also before 1970, also at the same moment.
    const int spread = 1 << up_to(16);
    std::vector<BackupCandidate> all(static_cast<std::size_t>(up_to(30)));
    for (auto& one : all) {
      one.taken = Time(std::chrono::hours(up_to(spread) - 20'000));
      one.good = up_to(4) != 0;
      one.protected_ = up_to(6) == 0;
    }
    const auto removed = backups_to_remove(keep, all);

    const auto newer = [&](std::size_t a, std::size_t b) {
      return all[a].taken > all[b].taken || (all[a].taken == all[b].taken && a < b);
    };
    std::optional<std::size_t> newest_good;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].good && (!newest_good || newer(i, *newest_good))) newest_good = i;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool gone = std::ranges::find(removed, i) != removed.end();
      bool stays = !newest_good || all[i].protected_ || i == newest_good || newer(i, *newest_good);
      if (all[i].good) stays = stays || rules_keep(keep, all, i);
      ASSERT_EQ(gone, !stays) << "round " << round << ", candidate " << i;
    }
    ASSERT_TRUE(all.empty() || removed.size() < all.size());
    ASSERT_TRUE(std::ranges::is_sorted(removed, {}, [&](std::size_t i) { return all[i].taken; }));

    // What is kept stays kept when nothing new has come.
    std::vector<BackupCandidate> rest;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (std::ranges::find(removed, i) == removed.end()) rest.push_back(all[i]);
    ASSERT_THAT(backups_to_remove(keep, rest), IsEmpty()) << "round " << round;
  }
}

}  // namespace
}  // namespace belay
