// A plan in one line an app, and with its steps.

#include "report/host_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace belay::report {
namespace {

using declared::DeclaredApp;
using declared::Downtime;
using ::testing::ElementsAre;
using Kind = DeclaredApp::Kind;

DeclaredApp app(const std::string& name, Kind kind) {
  DeclaredApp made;
  made.name = name;
  made.kind = kind;
  return made;
}

class Plans : public ::testing::Test {
 protected:
  Plans() {
    DeclaredApp greeter = app("greeter", Kind::change);
    greeter.change.release = ReleaseNumber{1};
    greeter.reason = "new";
    greeter.downtime = Downtime{};
    greeter.change.plan.add(plan::StartContainer{"greeter"}, "r1 should be up");
    DeclaredApp web = app("web", Kind::change);
    web.change.release = ReleaseNumber{4};
    web.differences = {"image: site:1.0 → site:1.1", "env.A: - 1", "env.B: + 2", "env.C: + 3", "env.D: + 4"};
    web.downtime = Downtime{Downtime::Kind::stop_first, Milliseconds(1200)};
    web.orphans = {"web-old-1"};
    DeclaredApp cache = app("cache", Kind::held);
    cache.reason = "7.2 is new and waits until 02:00";
    DeclaredApp shop = app("shop", Kind::trouble);
    shop.reason = "its container shop keeps exiting";
    DeclaredApp old = app("old", Kind::removal);
    old.reason = "it is no longer declared; its volumes stay";
    old.downtime = Downtime{Downtime::Kind::ends};
    host_.apps = {greeter, web, cache, shop, old, app("db", Kind::unchanged), app("bad", Kind::broken)};
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> texts;
    for (const auto& line : plan_lines(host_)) {
      texts.push_back(std::string(line.sign) + " " + line.name + ": " + line.text);
      for (const auto& detail : line.details) texts.push_back("  " + detail);
    }
    return texts;
  }
  declared::DeclaredHost host_;
};

TEST_F(Plans, AreALineAnAppWithTheGistAndTheDowntime) {
  EXPECT_THAT(lines(),
              ElementsAre("+ greeter: new",
                          "~ web: image: site:1.0 → site:1.1; env.A: - 1; env.B: + 2; 2 more (about 1.2 s down, as "
                          "last time)",
                          "  no longer in the files, and left as it is (--remove-orphans removes it): web-old-1",
                          "= cache: 7.2 is new and waits until 02:00", "! shop: its container shop keeps exiting",
                          "- old: it is no longer declared; its volumes stay"));
  EXPECT_EQ(plan_sum(host_), "Plan: 1 new, 1 changed, 1 removed, 1 held, 1 in trouble, 1 broken, 1 unchanged");
}

TEST_F(Plans, HaveAllDifferencesAndStepsWhereTheyAreAskedFor) {
  const std::string text = steps_text(host_, false);
  EXPECT_THAT(text, ::testing::StartsWith("+ greeter: change (downtime: none) — new\n"
                                          "    1. start greeter — r1 should be up\n"
                                          "~ web: change (downtime: stop-first, about 1.2 s as last time)\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("    env.D: + 4\n"));
  EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("db: unchanged")));
  EXPECT_THAT(steps_text(host_, true), ::testing::HasSubstr("= db: unchanged\n"));
}

TEST(EmptyPlans, HaveNoSum) {
  EXPECT_EQ(plan_sum({}), "");
  EXPECT_EQ(steps_text({}, true), "");
}

}  // namespace
}  // namespace belay::report
