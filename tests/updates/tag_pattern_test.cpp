#include "updates/tag_pattern.h"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/errors.h"
#include "updates/version.h"

namespace belay::updates {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

bool fits(const std::string& pattern, const std::string& tag) {
  return TagPattern::parse(pattern).fits(tag);
}
std::string newest(const std::string& pattern, const std::vector<std::string>& tags, const std::string& current = {}) {
  return TagPattern::parse(pattern).newest(tags, current).value_or("none");
}
std::string complaint(const std::string& pattern) {
  try {
    check_pattern(pattern);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST(Version, IsReadFromTags) {
  EXPECT_EQ(Version::of_tag("v1.4.2")->numbers, (std::array<std::int64_t, 3>{1, 4, 2}));
  EXPECT_EQ(Version::of_tag("22.04")->numbers, (std::array<std::int64_t, 3>{22, 4, 0}));
  EXPECT_EQ(*Version::of_tag("1.4.2+build.7"), *Version::of_tag("1.4.2"));
  EXPECT_THAT(Version::of_tag("1.4.2-rc.1")->pre_release, ElementsAre("rc", "1"));
  for (const char* other : {"", "v", "1", "20260131", "latest", "1.4.x", "1.x", "*", "1.4.2.1", "1..2", "1.4.2-",
                            "1.4-rc", "1.4.2-r_c", "-1.2.3", "1.2.1234567890123", " 1.2.3"})
    EXPECT_FALSE(Version::of_tag(other)) << other;
}

TEST(Version, IsOrderedAsSemanticVersioningSays) {
  const std::vector<std::string> ascending{"1.0.0-0",       "1.0.0-2",    "1.0.0-11",     "1.0.0-alpha",
                                           "1.0.0-alpha.1", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
                                           "1.0.0-rc.1",    "1.0.0",      "1.0.1",        "1.1.0",
                                           "1.10.0",        "2.0.0",      "10.0.0"};
  for (size_t left = 0; left < ascending.size(); ++left)
    for (size_t right = 0; right < ascending.size(); ++right)
      EXPECT_EQ(*Version::of_tag(ascending[left]) <=> *Version::of_tag(ascending[right]), left <=> right)
          << ascending[left] << " " << ascending[right];
}

struct RangeCase {
  const char* range;
  std::vector<const char*> inside, outside;
};

TEST(VersionPattern, KnowsTheUsualRanges) {
  const std::vector<RangeCase> cases{
      {"^1.4", {"1.4.0", "1.4", "v1.9.9"}, {"1.3.9", "2.0.0", "1"}},
      {"^1.4.2", {"1.4.2", "1.5.0"}, {"1.4.1", "2.0.0-rc.1", "2.0.0"}},
      {"^0.2.3", {"0.2.3", "0.2.9"}, {"0.2.2", "0.3.0"}},
      {"^0.0.3", {"0.0.3"}, {"0.0.4", "0.0.2"}},
      {"^0.0", {"0.0.9"}, {"0.1.0"}},
      {"^0", {"0.9.0"}, {"1.0.0"}},
      {"~1.4.2", {"1.4.2", "1.4.9"}, {"1.4.1", "1.5.0"}},
      {"~1.4", {"1.4.0", "1.4.9"}, {"1.5.0"}},
      {"~1", {"1.0.0", "1.9.0"}, {"2.0.0", "0.9.0"}},
      {">=1.2 <2", {"1.2.0", "1.99.0"}, {"1.1.9", "2.0.0"}},
      {">= 1.2  < 2", {"1.2.0", "1.99.0"}, {"1.1.9", "2.0.0"}},
      {">1.2", {"1.3.0"}, {"1.2.0", "1.2.9"}},
      {">1.2.3", {"1.2.4"}, {"1.2.3"}},
      {"<=1.2", {"1.2.9", "0.1.0"}, {"1.3.0"}},
      {"<=1.2.3", {"1.2.3"}, {"1.2.4"}},
      {"<1.2", {"1.1.9"}, {"1.2.0"}},
      {"1.x", {"1.0.0", "1.9.9"}, {"2.0.0", "0.9.9"}},
      {"1.2.*", {"1.2.0", "1.2.9"}, {"1.3.0"}},
      {"1.2", {"1.2.0", "1.2.9"}, {"1.3.0"}},
      {"=1.2.3", {"1.2.3", "v1.2.3"}, {"1.2.4"}},
      {"v1.2.3", {"1.2.3"}, {"1.2.2"}},
      {"*", {"0.0.1", "99.0.0"}, {"1.0.0-rc.1", "latest"}},
      {"^1 || ^3", {"1.2.0", "3.1.0"}, {"2.0.0", "4.0.0"}},
      {"<1||>=2 <3", {"0.5.0", "2.5.0"}, {"1.5.0", "3.0.0"}},
  };
  for (const auto& each : cases) {
    for (const char* tag : each.inside)
      EXPECT_TRUE(fits(std::string("semver ") + each.range, tag)) << each.range << " " << tag;
    for (const char* tag : each.outside)
      EXPECT_FALSE(fits(std::string("semver ") + each.range, tag)) << each.range << " " << tag;
  }
}

TEST(VersionPattern, LeavesPreReleasesOutUnlessItNamesOne) {
  EXPECT_FALSE(fits("semver ^1.4", "1.5.0-rc.1"));
  EXPECT_FALSE(fits("semver >=1.4.0", "1.4.1-alpine"));
  EXPECT_TRUE(fits("semver ^1.5.0-rc.1", "1.5.0-rc.2"));
  EXPECT_TRUE(fits("semver ^1.5.0-rc.1", "1.5.0"));
  EXPECT_FALSE(fits("semver ^1.5.0-rc.1", "1.5.0-beta.9"));
  EXPECT_FALSE(fits("semver ^1.5.0-rc.1", "1.6.0-rc.1"));
  EXPECT_TRUE(fits("semver 1.5.0-rc.1", "1.5.0-rc.1"));
  EXPECT_FALSE(fits("semver 1.5.0-rc.1", "1.5.0-rc.2"));
}

TEST(VersionPattern, ChoosesTheNewestThatIsNotOlderThanWhatRuns) {
  const std::vector<std::string> tags{"latest", "1",     "1.4",         "1.4.9", "1.10.0",
                                      "1.9.0",  "2.0.0", "1.11.0-rc.1", "v1.8.0"};
  EXPECT_EQ(newest("semver ^1.4", tags), "1.10.0");
  EXPECT_EQ(newest("semver ~1.4", tags), "1.4.9");
  EXPECT_EQ(newest("semver ^1.4", tags, "1.10.0"), "1.10.0");
  EXPECT_EQ(newest("semver ^1.4", tags, "1.10.1"), "none");
  EXPECT_EQ(newest("semver ^1.4", tags, "3.0.0"), "none");
  EXPECT_EQ(newest("semver ^1.4", tags, "latest"), "1.10.0");
  EXPECT_EQ(newest("semver ^3", tags), "none");
  EXPECT_EQ(newest("semver ^1.4", {}), "none");
  EXPECT_THAT(TagPattern::parse("semver ^1.4").fitting(tags, "1.8.0"), ElementsAre("1.10.0", "1.9.0", "v1.8.0"));
}

TEST(VersionPattern, PrefersTheTagThatStays) {
  EXPECT_EQ(newest("semver ^1.4", {"1.5", "1.5.0"}), "1.5.0");
  EXPECT_EQ(newest("semver ^1.4", {"1.5.0", "1.5"}), "1.5.0");
  EXPECT_EQ(newest("semver ^1.4", {"1.5", "1.4.9"}), "1.5");
}

TEST(VersionPattern, StaysInTheFlavourOfTheTagThatIsWritten) {
  const std::vector<std::string> tags{"1.25.3-alpine", "1.25.3",        "1.26.0-alpine",      "1.26.0",
                                      "1.27.0",        "1.27.0-alpine", "1.27.0-alpine-perl", "2023.12.05"};
  EXPECT_EQ(newest("semver ^1.25", tags, "1.25.3-alpine"), "1.27.0-alpine");
  EXPECT_EQ(newest("semver ^1.25", tags, "1.25.3"), "1.27.0");
  EXPECT_EQ(newest("semver ^1.25", tags, "1.25.3-alpine-perl"), "1.27.0-alpine-perl");
  EXPECT_EQ(newest("semver ^1.25", tags, "1.25.3-bookworm"), "none");
  EXPECT_EQ(TagPattern::parse("semver ^1.25").choose(tags, "1.25.3-bookworm").flavour, "bookworm");
  EXPECT_EQ(newest("semver >=1", tags, "stable-alpine"), "1.27.0-alpine");
  EXPECT_EQ(newest("semver >=1", tags, "1-alpine"), "1.27.0-alpine");
  EXPECT_EQ(newest("semver >=17", {"17-alpine", "17.2-bookworm", "17.2-alpine", "18.0-alpine3.19"}, "17.1-alpine"),
            "17.2-alpine");
}

TEST(VersionPattern, PreReleasesAreNoFlavours) {
  const std::vector<std::string> tags{"1.5.0-rc.1", "1.5.0-beta2-alpine", "1.4.9-alpine", "1.4.9", "3.13.0rc1"};
  EXPECT_EQ(newest("semver ^1.4", tags, "1.4.0"), "1.4.9");
  EXPECT_EQ(newest("semver ^1.4", tags, "1.4.0-alpine"), "1.4.9-alpine");
  EXPECT_EQ(newest("semver ^1.5.0-beta", tags, "1.5.0-beta1-alpine"), "1.5.0-beta2-alpine");
  EXPECT_EQ(newest("semver ^1.5.0-house.1", {"1.5.0-house.2", "1.5.0-house.3"}, "1.5.0-house.1"), "1.5.0-house.3")
      << "a word that the range names is one";
}

TEST(VersionPattern, DatesAreNotTakenForVersions) {
  const std::vector<std::string> tags{"1.25.3", "1.26.0", "2023.12.05", "20240101.1"};
  const auto choice = TagPattern::parse("semver >=1.25").choose(tags, "1.25.3");
  EXPECT_THAT(choice.tags, ElementsAre("1.26.0", "1.25.3"));
  EXPECT_EQ(choice.left_out, "20240101.1 is left out: after 1.25.3 it looks like a date, not like a version");
  EXPECT_EQ(newest("semver >=1.25", tags, "latest"), "1.26.0");
  EXPECT_EQ(newest("semver >=2023", tags, "2023.1.1"), "20240101.1");
  EXPECT_EQ(newest("semver >=1.25 <2024", tags, "1.25.3"), "2023.12.05") << "the range itself speaks of years";
  EXPECT_EQ(newest("semver *", {"2023.11.0", "2024.2.0"}, "2023.10.0"), "2024.2.0");
  EXPECT_EQ(newest("semver *", {"99.0.0", "100.0.0"}, "99.0.0"), "100.0.0");
}

TEST(VersionPattern, BuildsOfOneVersionAreCounted) {
  const std::vector<std::string> tags{"4.0.9.1044-ls56", "4.0.9.1044-ls57", "4.0.10.7-ls1", "4.0.9.999-ls99", "4.1.0"};
  EXPECT_EQ(newest("semver ~4.0", tags, "4.0.9.1044-ls56"), "4.0.10.7-ls1");
  EXPECT_THAT(TagPattern::parse("semver 4.0.9").fitting(tags, "4.0.9.1044-ls56"),
              ElementsAre("4.0.9.1044-ls57", "4.0.9.1044-ls56"));
  EXPECT_EQ(newest("semver ^15", {"15.4.0-debian-11-r45", "15.4.0-debian-11-r9", "15.5.0-debian-12-r1"},
                   "15.4.0-debian-11-r10"),
            "15.4.0-debian-11-r45");
  EXPECT_EQ(newest("semver ^10", {"10.8.13-1-ls9", "10.8.13-1-ls56", "10.8.13-2-ls1"}, "10.8.13-1-ls9"),
            "10.8.13-2-ls1");
  EXPECT_EQ(newest("semver ^4", tags, "4.0.0"), "4.1.0") << "four numbers are not what three go on with";
}

TEST(ExpressionPattern, WantsTheWholeTag) {
  EXPECT_TRUE(fits(R"(regex ^v\d+$)", "v12"));
  EXPECT_TRUE(fits(R"(regex v\d+)", "v12"));
  EXPECT_FALSE(fits(R"(regex v\d+)", "v12-debug"));
  EXPECT_FALSE(fits(R"(regex ^v\d+$)", "12"));
  EXPECT_TRUE(fits(R"(regex \d{4}-\d{2}-(alpine|slim))", "2026-01-slim"));
  EXPECT_FALSE(fits("regex .*", std::string(129, 'a')));
}

TEST(ExpressionPattern, OrdersNumbersAsNumbers) {
  EXPECT_EQ(newest(R"(regex ^v\d+$)", {"v9", "v10", "v2", "w11"}), "v10");
  EXPECT_EQ(newest(R"(regex .*-alpine)", {"1.9-alpine", "1.10-alpine", "1.10-slim"}), "1.10-alpine");
  EXPECT_EQ(newest(R"(regex \d+)", {"20260131", "20260201", "99999999999999999999999"}), "99999999999999999999999");
  EXPECT_EQ(newest(R"(regex ^v\d+$)", {"v9", "v10"}, "v10"), "v10");
  EXPECT_EQ(newest(R"(regex ^v\d+$)", {"v9", "v10"}, "v11"), "none");
  EXPECT_EQ(newest(R"(regex ^v\d+$)", {"v9", "v10"}, "latest"), "v10");
  EXPECT_EQ(newest(R"(regex v.*)", {"v1", "v01", "v1.1"}), "v1.1");
}

TEST(ExpressionPattern, IsNotHeldUpByAnExpressionThatBacktracks) {
  const std::string tag = std::string(127, 'a') + "!";
  for (const char* bad : {"regex (a+)+b", "regex (a|a)*b", "regex (a|aa)+b", "regex ^(([a-z])+.)+[A-Z]([a-z])+$"}) {
    const auto before = std::chrono::steady_clock::now();
    EXPECT_FALSE(fits(bad, tag)) << bad;
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(20)) << bad;
  }
}

TEST(TagPattern, SaysWhatIsWrong) {
  EXPECT_EQ(complaint("semver ^1.4"), "none");
  EXPECT_THAT(complaint(""), HasSubstr("begins with neither"));
  EXPECT_THAT(complaint("glob 1.*"), HasSubstr("begins with neither 'semver' nor 'regex'"));
  EXPECT_THAT(complaint("semver"), HasSubstr("nothing follows"));
  EXPECT_THAT(complaint("semver ^1.y"), HasSubstr("'1.y' is no version"));
  EXPECT_THAT(complaint("semver >="), HasSubstr("no version follows '>='"));
  EXPECT_THAT(complaint("semver ^1 ||"), HasSubstr("a version is missing"));
  EXPECT_THAT(complaint("semver 1.x.3"), HasSubstr("'1.x.3' is no version"));
  EXPECT_THAT(complaint("semver >*"), HasSubstr("nothing is newer"));
  EXPECT_THAT(complaint("semver <*"), HasSubstr("nothing is older"));
  EXPECT_THAT(complaint("regex ^v("), HasSubstr("a bracket ( or ) is missing"));
  EXPECT_THAT(complaint("regex [a"), HasSubstr("a bracket [ or ] is missing"));
  EXPECT_THAT(complaint("regex *a"), HasSubstr("nothing to repeat"));
  EXPECT_THAT(complaint(R"(regex (a)\1)"), HasSubstr("back-references"));
  EXPECT_THAT(complaint("regex " + std::string(257, 'a')), HasSubstr("longer than 256"));
  EXPECT_THAT(complaint("regex (((a{100}){100}){100})"), HasSubstr("repeats more than"));
  EXPECT_THAT(complaint("regex a{99999999999999999999}"), HasSubstr("repeats more than"));
  EXPECT_THAT(complaint("regex a{"), HasSubstr("regular expression"));
}

}  // namespace
}  // namespace belay::updates
