#include "cli/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plan/sequence.h"

namespace belay::cli {
namespace {

using ::testing::HasSubstr;

PlannedApp changed(const std::string& name) {
  return {name, "change", {"env.LEVEL: info → debug", "1. start web — the new release"}, {{"/c/web.json", "12-3"}}};
}

TEST(PlanFile, SaysWhatWasWritten) {
  const TemporaryFolder folder;
  PlanFile plan;
  plan.folder = "/etc/containers.d";
  plan.settings_file = "/etc/other.conf";
  plan.aws = plan.thorough = plan.allow_empty = true;
  plan.pull = false;
  plan.apps = {changed("web"), {"db", "unchanged", {}, {}}};
  write_plan_file(folder.path() / "plan", plan);
  const PlanFile read = read_plan_file(folder.path() / "plan");
  EXPECT_EQ(read.folder, plan.folder);
  EXPECT_EQ(read.settings_file, plan.settings_file);
  EXPECT_TRUE(read.aws && read.thorough && read.allow_empty && !read.pull);
  EXPECT_EQ(read.apps, plan.apps);
  EXPECT_EQ(first_difference(plan.apps, read.apps), std::nullopt);
}

TEST(PlanFile, IsRefusedWhereItIsSomethingElse) {
  const TemporaryFolder folder;
  for (const char* text : {"[]", "{\"image\": \"web\"}", "{\"belay_plan\": 1}", "no json"}) {
    write_file_durably(folder.path() / "plan", text);
    EXPECT_THROW(read_plan_file(folder.path() / "plan"), ConfigError) << text;
  }
}

TEST(PlanFile, NamesTheFirstAppThatIsOtherwise) {
  const std::vector<PlannedApp> then{changed("web"), changed("db")};
  auto now = then;
  now[1].rests_on["/c/web.json"] = "13-3";
  EXPECT_EQ(first_difference(then, now), "/c/web.json has changed for db since the plan was made");
  now = then;
  now[0].lines.pop_back();
  EXPECT_EQ(first_difference(then, now), "the steps for web are different now");
  now = then;
  now[0].kind = "repair";
  EXPECT_EQ(first_difference(then, now), "web was to be 'change', and is 'repair' now");
  now = {then[0]};
  EXPECT_EQ(first_difference(then, now), "db is not there any more");
  EXPECT_EQ(first_difference(now, then), "db was not there");
}

// D12: what is run is the plan that was checked, app by app.
TEST(PlanFile, ObjectsToWhatItDoesNotSay) {
  declared::DeclaredApp web, db;
  web.name = "web";
  db.name = "db";
  for (auto* app : {&web, &db}) {
    app->kind = declared::DeclaredApp::Kind::change;
    app->change.plan.add(plan::CreateNetwork{"back", {}}, "it is missing");
    app->change.plan.add(plan::StartContainer{app->name}, "new", {0});
  }
  const auto is_network = [](const plan::Step& step) { return std::holds_alternative<plan::CreateNetwork>(step); };
  DeclaredOutcome outcome;
  outcome.host.apps = {db, web};
  outcome.host.apps[1].change.plan = plan::without(web.change.plan, is_network);
  const auto plan = planned_apps(outcome);
  EXPECT_EQ(objection(plan, db), "");
  // Whichever comes first makes the network that both need.
  EXPECT_EQ(objection(plan, web), "");
  db.change.plan = plan::without(db.change.plan, is_network);
  EXPECT_EQ(objection(plan, db), "");
  db.change.plan.add(plan::StopContainer{"db-r1", {}}, "");
  EXPECT_THAT(objection(plan, db), HasSubstr("no longer what the plan says"));
  web.differences = {"env.A: 1 → 2"};
  EXPECT_THAT(objection(plan, web), HasSubstr("no longer what the plan says"));
  web.name = "other";
  EXPECT_EQ(objection(plan, web), "it is not in the plan");
}

}  // namespace
}  // namespace belay::cli
