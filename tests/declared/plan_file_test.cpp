#include "declared/plan_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>

#include "base/format.h"
#include "plan/sequence.h"

namespace belay::declared {
namespace {

using ::testing::HasSubstr;

Service full_service() {
  Service service;
  service.name = "web";
  service.image = "web:1";
  service.command = {"serve", "--now"};
  service.environment = {{"PASSWORD", "geheim \"x\" \n"}};
  service.ports = {{8080, "tcp", "127.0.0.1", 80}};
  service.mounts = {{Mount::Kind::volume, "web_data", "/data", false, ""}};
  NetworkLink back;
  back.network = "back";
  back.aliases = {"web"};
  back.ipv4 = "10.0.0.2";
  service.networks = {back};
  service.health = HealthCheck{};
  service.resources.memory = ByteCount{1 << 20};
  service.needs = {{"db", Need::Condition::healthy}};
  service.files = {{"/run/secret", std::string("a\0b", 3), 1, 2, 0400}};
  return service;
}

// One of each kind, no member as it is by itself.
std::vector<plan::Step> every_kind() {
  using namespace plan;
  const DataPlace place{DataPlace::Kind::folder, "/srv/web"}, reserve{DataPlace::Kind::volume, "web.belay-s1"};
  BuildImage build;
  build.folder = "/src";
  build.dockerfile = "/src/Dockerfile";
  build.tags = {"web:latest", "web:1"};
  build.arguments = {{"A", "1"}};
  build.secrets = {"id=a,src=/a"};
  build.labels = {{"l", "v"}};
  build.target = "final";
  build.platform = "linux/arm64";
  build.network = "host";
  build.no_cache = build.pull = true;
  build.builder = BuilderChoice::buildx;
  NetworkDefinition network;
  network.driver = "overlay";
  network.internal = true;
  network.pools = {{"10.0.0.0/24", "10.0.0.1", "", {}}};
  VolumeDefinition volume;
  volume.driver = "nfs";
  volume.options = {{"o", "addr=a"}};
  Resources resources;
  resources.nano_cpus = 5;
  resources.cpuset_cpus = "0-1";
  NetworkLink link;
  link.network = "back";
  link.aliases = {"web"};
  return {
      build,
      PullImage{"web:1"},
      PushImage{"r/web:1"},
      TagImage{"sha256:1", "belay/web:r1"},
      CommitContainer{"web", "web:kept", "as it is", "Ada", {"LABEL stage=test"}},
      UntagImage{"belay/web:r0", true, true},
      RemoveImage{"sha256:0"},
      CreateNetwork{"back", {{"belay.app", "web"}}, network},
      RemoveNetwork{"old"},
      CreateVolume{"web_data", {{"belay.app", "web"}}, volume},
      RemoveVolume{"old_data"},
      CreateContainer{"web", "sha256:1", full_service(), {{"belay.app", "web"}}, {"on-failure", 3}},
      PutFiles{"web", full_service().files},
      RenameContainer{"web", "web-r1"},
      StartContainer{"web"},
      StopContainer{"web-r1", Seconds(7)},
      PauseContainer{"web"},
      ResumeContainer{"web"},
      RemoveContainer{"web-r0"},
      SetRestartPolicy{"web", {"always", 0}},
      UpdateResources{"web", resources},
      ConnectNetwork{"web", link},
      RemoveLink{"web", "db"},
      DisconnectNetwork{"web", "old"},
      SignalContainer{"proxy", "HUP"},
      AwaitVerdict{
          "web", true, Milliseconds(5), Milliseconds(60), AwaitVerdict::Proof::completed, {parse_check("TCP :5432")}},
      RunInside{"web", {"sh", "-c", "dump"}},
      CopyData{place, reserve},
      UnpackData{"data", place, reserve},
      ExchangeData{place, reserve, "8:1"},
      RemoveData{reserve},
      BackUpData{"data", place},
      BackUpImages{{"sha256:1"}},
      FinishBackup{"/b/web.tar"},
      LoadImages{"/b/web.tar"},
      CheckBackup{"/b/web.tar"},
      RunScript{"web", "install", {"web", "image"}, true},
      PutLauncher{"/usr/local/bin/web"},
      RemoveLauncher{"/usr/local/bin/web"},
      MakeHostUser{"druser"},
      RemoveHostUser{"druser"}};
}

PlannedApp changed(const std::string& name) {
  PlannedApp app{name, DeclaredApp::Kind::change, {"env.LEVEL: info → debug"}, {}};
  app.steps.identity = "0123456789abcdef0123456789abcdef";
  app.steps.facts = {{"/c/web.json", "12-3"}, {"the container web", "1 sha256:1 running"}};
  app.steps.images.add(plan::PullImage{"web:2"}, "it is not on this host");
  app.steps.change.add(plan::CreateNetwork{"back", {}}, "it is missing");
  app.steps.change.add(plan::StartContainer{name}, "the new release", {0});
  app.steps.change.actions.back().may_fail = true;
  app.steps.change.actions.back().deadline = Milliseconds(20);
  app.steps.change.notes = {"the old one stops first"};
  app.steps.clean_up.add(plan::RemoveContainer{name + "-r1"}, "nobody needs it");
  return app;
}

class PlanFileTest : public ::testing::Test {
 protected:
  PlanFileTest() {
    plan_.folder = "/etc/containers.d";
    plan_.project.emplace();
    plan_.project->folder = "/srv/shop";
    plan_.project->files = {"/srv/shop/a.yaml"};
    plan_.project->env_files = {"/srv/shop/.env"};
    plan_.project->profiles = {"debug"};
    plan_.project->name = "shop";
    plan_.settings_file = "/etc/other.conf";
    plan_.aws = plan_.thorough = plan_.allow_empty = true;
    plan_.pull = false;
    plan_.take_over = {"old"};
    plan_.apps = {changed("web"), {"db", DeclaredApp::Kind::unchanged}};
  }
  PlanFile again() {
    write_plan_file(file_, plan_);
    return read_plan_file(file_);
  }
  // What is said of the file when a text in it is another one.
  std::string told_with(const std::string& text, const std::string& by) {
    write_plan_file(file_, plan_);
    std::string all = read_file(file_);
    const size_t at = all.find(text);
    if (at == std::string::npos) return "there is no " + text;
    all.replace(at, text.size(), by);
    write_file_durably(file_, all);
    try {
      std::ignore = read_plan_file(file_);
      return "it was read";
    } catch (const ConfigError& error) {
      return error.what();
    }
  }

  const TemporaryFolder folder_;
  const fs::path file_ = folder_.path() / "plan";
  PlanFile plan_;
};

TEST_F(PlanFileTest, SaysWhatWasWritten) {
  const PlanFile read = again();
  EXPECT_EQ(read.folder, plan_.folder);
  ASSERT_TRUE(read.project);
  EXPECT_EQ(read.project->folder, plan_.project->folder);
  EXPECT_EQ(read.project->files, plan_.project->files);
  EXPECT_EQ(read.project->env_files, plan_.project->env_files);
  EXPECT_EQ(read.project->profiles, plan_.project->profiles);
  EXPECT_EQ(read.project->name, plan_.project->name);
  EXPECT_EQ(read.project->project_folder, plan_.project->project_folder);
  EXPECT_EQ(read.settings_file, plan_.settings_file);
  EXPECT_TRUE(read.aws && read.thorough && read.allow_empty && !read.pull);
  EXPECT_EQ(read.take_over, plan_.take_over);
  EXPECT_EQ(read.apps, plan_.apps);
  EXPECT_EQ(first_difference(plan_.apps, read.apps), std::nullopt);
}

TEST_F(PlanFileTest, HasEveryKindOfStep) {
  std::set<size_t> kinds;
  plan_.apps = {{"web", DeclaredApp::Kind::change}};
  for (const auto& step : every_kind()) {
    kinds.insert(step.index());
    plan_.apps.front().steps.change.add(step, "why not");
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<plan::Step>) << "a kind of step is missing in this test";
  const PlanFile read = again();
  const auto& actions = read.apps.at(0).steps.change.actions;
  const auto& written = plan_.apps.front().steps.change.actions;
  ASSERT_EQ(actions.size(), written.size());
  for (size_t i = 0; i < actions.size(); ++i) EXPECT_TRUE(actions[i] == written[i]) << plan::step_text(written[i].step);
}

TEST_F(PlanFileTest, HasEveryKindOfStepAlsoWhereItSaysNothing) {
  plan_.apps = {{"web", DeclaredApp::Kind::change}};
  auto& change = plan_.apps.front().steps.change;
  for (const auto& step : every_kind()) std::visit([&](auto kind) { change.add(decltype(kind){}, ""); }, step);
  for (auto& action : change.actions)
    if (auto* connect = std::get_if<plan::ConnectNetwork>(&action.step)) connect->link.network = "back";
  EXPECT_EQ(again().apps, plan_.apps);
}

TEST_F(PlanFileTest, IsForItsOwnerOnly) {
  std::ignore = again();
  struct stat status{};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U) << "the values of secrets are in it";
}

TEST_F(PlanFileTest, IsRefusedWhereItIsSomethingElseOrOfAnEarlierBelay) {
  for (const char* text : {"[]", "{\"image\": \"web\"}", "{\"belay_plan\": 1}", "no json",
                           "{\"belay_plan\": 2, \"folder\": \"/c\", \"apps\": []}"}) {
    write_file_durably(file_, text);
    EXPECT_THROW(read_plan_file(file_), ConfigError) << text;
  }
}

TEST_F(PlanFileTest, IsRefusedWithItsPlaceWhereItWasEdited) {
  EXPECT_THAT(told_with("\"web:2\"", "\"evil:2\""), HasSubstr("plan:"));
  EXPECT_THAT(told_with("\"web:2\"", "\"evil:2\""), HasSubstr("the plan of web is not what Belay wrote here"));
  EXPECT_THAT(told_with("\"start_container\"", "\"remove_container\""), HasSubstr("is not what Belay wrote"));
  EXPECT_THAT(told_with("\"start_container\"", "\"explode\""), HasSubstr("there is no step 'explode'"));
  EXPECT_THAT(told_with("\"may_fail\": true", "\"may_fail\": 1"), HasSubstr("may_fail"));
  EXPECT_THAT(told_with("\"allow_empty\": true", "\"allow_empty\": false"), HasSubstr("is not what Belay wrote"));
  EXPECT_THAT(told_with("\"unchanged\"", "\"remove\""), HasSubstr("the plan of db is not what Belay wrote"));
  EXPECT_THAT(told_with("\"after\": [\n", "\"after\": [9,\n"), HasSubstr("which is not before it"));
  EXPECT_EQ(told_with("\n  \"folder\"", "\n\n \"folder\""), "it was read") << "blanks say nothing";
}

TEST_F(PlanFileTest, IsRefusedWhereverItWasCut) {
  write_plan_file(file_, plan_);
  const std::string all = read_file(file_);
  const size_t end = all.find_last_not_of('\n');
  for (size_t length = 0; length <= end; length += 7) {
    write_file_durably(file_, all.substr(0, length));
    EXPECT_THROW(read_plan_file(file_), ConfigError) << length;
  }
}

TEST_F(PlanFileTest, NamesTheFirstAppThatIsOtherwise) {
  const std::vector<PlannedApp> then{changed("web"), changed("db")};
  auto now = then;
  now[1].steps.facts["/c/web.json"] = "13-3";
  EXPECT_EQ(first_difference(then, now), "db: /c/web.json has changed since the plan was made");
  now = then;
  now[1].steps.facts.erase("the container web");
  EXPECT_EQ(first_difference(then, now), "db: the container web is gone since the plan was made");
  EXPECT_EQ(first_difference(now, then), "db: the container web was not there when the plan was made");
  now = then;
  now[0].steps.change.actions.pop_back();
  EXPECT_EQ(first_difference(then, now), "web: 'start web' would be no step any more");
  now = then;
  now[0].steps.change.actions.back().step = plan::StopContainer{"web", {}};
  EXPECT_EQ(first_difference(then, now), "web: 'start web' would be 'stop web' now");
  now = then;
  now[0].kind = DeclaredApp::Kind::repair;
  EXPECT_EQ(first_difference(then, now), "web was to be 'change', and is 'repair' now");
  now = {then[0]};
  EXPECT_EQ(first_difference(then, now), "db is not there any more");
  EXPECT_EQ(first_difference(now, then), "db was not there");
}

// Whichever comes first makes the network that both need.
TEST_F(PlanFileTest, WhatSeveralAppsShareMayBeThereAlready) {
  const auto then = changed("web").steps.change;
  const auto now = plan::without(then, plan::is_shared);
  EXPECT_EQ(plan::first_difference(then, now), std::nullopt);
  EXPECT_EQ(plan::first_difference(now, then), "'create network back' would be a step now");
}

}  // namespace
}  // namespace belay::declared
