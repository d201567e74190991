#include "updates/update_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "support/zone.h"

namespace belay::updates {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;
using Kind = Decision::Kind;

std::string digest(char sign) {
  return "sha256:" + std::string(64, sign);
}

// A tag that showed `a`, which runs, some days ago.
class UpdateRules : public testing::Test {
 protected:
  UpdateRules() {
    situation_.app = "web";
    situation_.current = {"r.example/web@" + digest('a')};
    see('a', at("2026-01-20T00:00:00Z"));
  }
  void see(char sign, Time time, const std::string& tag = "1.3") {
    seen_.push_back({"r.example/web:" + tag, digest(sign), time});
    situation_.candidates = in_order(seen_, digest(sign));
  }
  void quarantine(char sign, const std::string& reason) {
    situation_.quarantine.push_back({"sha256:image", digest(sign), {}, reason, {}});
  }
  Decision decision() const { return decide(policy_, situation_, now_); }

  const Zone zone_{"UTC0"};
  UpdatePolicy policy_;
  UpdateSituation situation_;
  std::vector<Candidate> seen_;
  Time now_ = at("2026-01-31T01:10:00Z");
};

TEST_F(UpdateRules, LeavesTheNewestAlone) {
  EXPECT_EQ(decision().kind, Kind::none);
  EXPECT_EQ(decision().sentence, "1.3@aaaaaaaaaaaa is the newest");
}

TEST_F(UpdateRules, TakesWhatIsNewAtOnceWhereNothingForbidsIt) {
  see('b', now_);
  const Decision made = decision();
  EXPECT_EQ(made.kind, Kind::update);
  EXPECT_EQ(made.candidate.digest, digest('b'));
  EXPECT_FALSE(made.tag_moved_on);
  EXPECT_EQ(made.sentence, "1.3@bbbbbbbbbbbb is new and may be deployed now");
}

TEST_F(UpdateRules, AsksForNothingWherePullIsOff) {
  see('b', now_ - hours(1));
  policy_.pull = false;
  EXPECT_EQ(decision().kind, Kind::none);
}

TEST_F(UpdateRules, KnowsWhatRunsByEachOfItsDigests) {
  see('b', now_ - hours(1));
  situation_.current = {"r.example/web@" + digest('c'), "other/web@" + digest('b')};
  EXPECT_EQ(decision().kind, Kind::none);
  situation_.current = {digest('b')};
  EXPECT_EQ(decision().kind, Kind::none);
  // Pulled by the digest of this platform, the registry shows the index around it.
  situation_.current = {"r.example/web@" + digest('d')};
  EXPECT_EQ(decision().kind, Kind::update);
  situation_.candidates.front().also = {digest('d')};
  EXPECT_EQ(decision().kind, Kind::none);
}

TEST_F(UpdateRules, WaitsUntilADigestIsOldEnough) {
  policy_.minimum_age = hours(24);
  see('b', now_ - hours(2) - Seconds(20));
  const Decision made = decision();
  EXPECT_EQ(made.kind, Kind::wait_age);
  EXPECT_EQ(made.candidate.digest, digest('b'));
  EXPECT_EQ(made.until, now_ + hours(22) - Seconds(20));
  EXPECT_EQ(made.sentence, "1.3@bbbbbbbbbbbb was first seen 2 h ago; waits until that is 24 h (23:09)");
  now_ = made.until - Milliseconds(1);
  EXPECT_EQ(decision().kind, Kind::wait_age);
  now_ = made.until;
  EXPECT_EQ(decision().kind, Kind::update);
}

TEST_F(UpdateRules, FollowsATagThatMovesFasterThanTheMinimumAge) {
  policy_.minimum_age = hours(24);
  see('b', now_ - hours(30));
  see('c', now_ - hours(10));
  see('d', now_ - hours(1));
  const Decision made = decision();
  EXPECT_EQ(made.kind, Kind::update);
  EXPECT_EQ(made.candidate.pinned(), "r.example/web@" + digest('b'));
  EXPECT_TRUE(made.tag_moved_on);
  EXPECT_THAT(made.sentence, HasSubstr("the tag has moved on"));

  // Once it runs, the next one is waited for; what lies behind it never comes back.
  situation_.current = {digest('b')};
  EXPECT_EQ(decision().kind, Kind::wait_age);
  EXPECT_EQ(decision().candidate.digest, digest('d'));
  now_ += hours(14);
  EXPECT_EQ(decision().kind, Kind::update);
  EXPECT_EQ(decision().candidate.digest, digest('c'));
  now_ += hours(9);
  EXPECT_EQ(decision().candidate.digest, digest('d'));
  EXPECT_FALSE(decision().tag_moved_on);
}

TEST_F(UpdateRules, NeverGoesMinimumAgeWithoutFiringWhileATagMovesEveryHour) {
  policy_.minimum_age = hours(24);
  int updates = 0;
  for (int hour = 0; hour < 24 * 7; ++hour, now_ += hours(1)) {
    seen_.push_back({"r.example/web:1.3", "sha256:" + std::to_string(1000 + hour), now_});
    situation_.candidates = in_order(seen_, seen_.back().digest);
    const Decision made = decision();
    if (hour < 24) {
      EXPECT_EQ(made.kind, Kind::wait_age);
      continue;
    }
    ASSERT_EQ(made.kind, Kind::update);
    EXPECT_EQ(made.candidate.first_seen, now_ - hours(24));
    situation_.current = {made.candidate.digest};
    ++updates;
  }
  EXPECT_EQ(updates, 24 * 6);
}

TEST_F(UpdateRules, GoesBackWhereTheTagWasMovedBack) {
  policy_.minimum_age = hours(24);
  see('b', now_ - hours(30));
  situation_.current = {digest('b')};
  situation_.candidates = in_order(seen_, digest('a'));
  EXPECT_EQ(decision().kind, Kind::update);
  EXPECT_EQ(decision().candidate.digest, digest('a'));
  // And does not take up again what was withdrawn.
  situation_.current = {digest('a')};
  EXPECT_EQ(decision().kind, Kind::none);
}

TEST_F(UpdateRules, SkipsWhatFailedHere) {
  see('b', now_ - hours(1));
  quarantine('b', "unhealthy after 12 s");
  const Decision made = decision();
  EXPECT_EQ(made.kind, Kind::quarantined);
  EXPECT_EQ(made.candidate.digest, digest('b'));
  EXPECT_EQ(made.reason, "unhealthy after 12 s");
  EXPECT_EQ(made.sentence, "1.3@bbbbbbbbbbbb failed here before and is not tried again: unhealthy after 12 s");
  see('c', now_);
  EXPECT_EQ(decision().kind, Kind::update);
  EXPECT_EQ(decision().candidate.digest, digest('c'));
  policy_.minimum_age = hours(1);
  EXPECT_EQ(decision().kind, Kind::wait_age);
}

TEST_F(UpdateRules, DoesNotTakeAnUnknownDigestForAFailedOne) {
  see('b', now_);
  situation_.quarantine.push_back({"sha256:image", "", {}, "built here", {}});
  EXPECT_EQ(decision().kind, Kind::update);
  quarantine('d', "another");
  EXPECT_EQ(decision().kind, Kind::update);
  situation_.candidates.front().also = {digest('d')};
  EXPECT_EQ(decision().kind, Kind::quarantined);
}

TEST_F(UpdateRules, TakesAnOlderTagThatIsRipeWhileTheNewestIsNot) {
  policy_.minimum_age = hours(24);
  situation_.candidates = {{"r.example/web:1.5.1", digest('c'), now_ - hours(2)},
                           {"r.example/web:1.5.0", digest('b'), now_ - hours(30)},
                           {"r.example/web:1.4.0", digest('a'), now_ - hours(300)}};
  EXPECT_EQ(decision().kind, Kind::update);
  EXPECT_EQ(decision().candidate.reference, "r.example/web:1.5.0");
  EXPECT_FALSE(decision().tag_moved_on);
}

TEST_F(UpdateRules, WaitsForTheWindow) {
  policy_.window = "Mon-Fri 02:00-05:00";
  see('b', now_);
  Decision made = decision();
  EXPECT_EQ(made.kind, Kind::wait_window);
  EXPECT_EQ(iso_time(made.until), "2026-02-02T02:00:00Z");
  EXPECT_EQ(made.sentence, "1.3@bbbbbbbbbbbb is new; waits for its window 'Mon-Fri 02:00-05:00' (Mon 02:00)");
  now_ = made.until;
  EXPECT_EQ(decision().kind, Kind::update);
  now_ += hours(3);
  EXPECT_EQ(decision().kind, Kind::wait_window);
}

TEST_F(UpdateRules, WaitsForAgeAndWindow) {
  policy_.window = "02:00-05:00";
  policy_.minimum_age = hours(24);
  see('b', now_ - hours(1));
  const Decision made = decision();
  EXPECT_EQ(made.kind, Kind::wait_age);
  EXPECT_EQ(iso_time(made.until), "2026-02-01T02:00:00Z");
  EXPECT_EQ(
      made.sentence,
      "1.3@bbbbbbbbbbbb was first seen 1 h ago; waits until that is 24 h (Sun 00:10), then for its turn (Sun 02:00)");
}

TEST_F(UpdateRules, SpreadsAppsOverTheWindow) {
  policy_.window = "02:00-05:00";
  policy_.jitter = hours(1);
  see('b', now_);
  const Time opening = at("2026-01-31T02:00:00Z");
  const Time turn = decision().until;
  EXPECT_EQ(turn, opening + own_jitter("web", hours(1)));
  EXPECT_GT(turn, opening);
  now_ = turn - Milliseconds(1);
  EXPECT_EQ(decision().kind, Kind::wait_window);
  EXPECT_EQ(decision().until, turn);
  now_ = turn;
  EXPECT_EQ(decision().kind, Kind::update);
  // However wide the spread, everyone's turn lies in the window.
  policy_.jitter = hours(24);
  now_ = opening - minutes(1);
  for (int number = 0; number < 50; ++number) {
    situation_.app = "web" + std::to_string(number);
    const Time own = decision().until;
    EXPECT_GE(own, opening);
    EXPECT_LT(own, opening + hours(3));
    now_ = own;
    EXPECT_EQ(decision().kind, Kind::update);
    now_ = opening - minutes(1);
  }
}

TEST_F(UpdateRules, SpreadsAppsBehindTheMomentOfRipenessWhereThereIsNoWindow) {
  policy_.jitter = hours(1);
  policy_.minimum_age = hours(2);
  see('b', now_);
  const Time turn = now_ + hours(2) + own_jitter("web", hours(1));
  EXPECT_EQ(decision().until, turn);
  now_ += hours(2);
  EXPECT_EQ(decision().kind, Kind::wait_window);
  EXPECT_THAT(decision().sentence, HasSubstr("waits for its turn"));
  now_ = turn;
  EXPECT_EQ(decision().kind, Kind::update);
}

TEST_F(UpdateRules, TakesAnythingWhereNothingRuns) {
  situation_.current.clear();
  EXPECT_EQ(decision().kind, Kind::update);
  situation_.candidates.clear();
  EXPECT_EQ(decision().kind, Kind::none);
  EXPECT_EQ(decision().sentence, "the registry has shown nothing yet");
}

TEST(Jitter, IsTheSameAtEachCallAndSpread) {
  EXPECT_EQ(own_jitter("web", Milliseconds(0)), Milliseconds(0));
  EXPECT_EQ(own_jitter("web", hours(1)), own_jitter("web", hours(1)));
  std::set<Milliseconds::rep> quarters;
  for (int number = 0; number < 32; ++number) {
    const auto own = own_jitter("web-" + std::to_string(number), hours(1));
    EXPECT_GE(own, Milliseconds(0));
    EXPECT_LT(own, hours(1));
    quarters.insert(own / minutes(15));
  }
  EXPECT_EQ(quarters.size(), 4u);
}

}  // namespace
}  // namespace belay::updates
