// A declared host, in memory: what its definitions say is what runs, and nothing is lost on the way.

#include "declared/declared.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "declared/declare.h"
#include "declared/definitions.h"
#include "declared/plan_file.h"
#include "look/look.h"
#include "model/one_off_labels.h"
#include "registry/registry.h"
#include "report/host_text.h"
#include "state/store.h"
#include "support/scene/scene.h"
#include "support/zone.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class DeclaredHostTest : public ::testing::Test {
 protected:
  DeclaredHostTest() {
    make_folder(definitions_);
    image("web:1");
    image("web:2");
    engine::Behaviour exits;
    exits.exits_after = Milliseconds(50);
    exits.exit_code = 3;
    scene_.engine.add_image("web:bad", {}, exits, "bad");
    options_.sources = {definitions_.string()};
    options_.workers = 1;
    options_.ask_registries = false;
  }

  void image(const std::string& reference) { scene_.engine.add_image(reference, {}, {}, reference); }
  std::string id_of(const std::string& reference) { return scene_.engine.image(reference, {})->id; }
  void define(const std::string& app, const std::string& rest) {
    write_file_durably(definitions_ / (app + ".json"), format("{{\"name\": \"{}\", {}}}", app, rest));
  }
  // The one definition in app.json is of this name now.
  void rename_to(const std::string& name, const std::string& rest) {
    write_file_durably(definitions_ / "app.json", format("{{\"name\": \"{}\", {}}}", name, rest));
  }
  void undefine(const std::string& app) { fs::remove(definitions_ / (app + ".json")); }

  DeclaredHost apply(bool dry_run = false, std::stop_token stop = {}) {
    scene_.clock.advance(Seconds(1));
    Context context = scene_.context("belay apply");
    context.defaults.own_app = own_app_;
    DeclaredOptions options = options_;
    options.dry_run = dry_run;
    return apply_declared(context, read_definitions(definitions_, {}), options, quiet_, stop);
  }
  // "web change, db unchanged"
  std::string told(const DeclaredHost& host) {
    std::string text;
    for (const auto& app : host.apps)
      text += format("{}{} {}{}", text.empty() ? "" : ", ", app.name, to_text(app.kind),
                     app.change.failed() ? " failed" : "");
    return text;
  }
  std::string run() { return told(apply()); }
  std::string own_app_;
  const DeclaredApp& of(const DeclaredHost& host, const std::string& name) {
    for (const auto& app : host.apps)
      if (app.name == name) return app;
    throw NotFound("no " + name);
  }
  std::vector<std::string> running() { return scene_.running(); }

  int commands_ = 0;
  Scene scene_;
  fs::path definitions_ = scene_.folder.path() / "containers.d";
  DeclaredOptions options_;
  DeclaredListener quiet_;
};

// A Compose project whose service ends at once and is needed by nobody.
TEST_F(DeclaredHostTest, AServiceThatEndsAndThatNobodyWaitsForIsDone) {
  engine::Behaviour ends;
  ends.exits_after = Milliseconds(50);
  scene_.engine.add_image("tools:1", {}, ends, "tools:1");
  scene_.engine.add_image("tools:2", {}, ends, "tools:2");
  const auto project = [&](const std::string& tools, const std::string& colour) {
    make_folder(definitions_ / "shop");
    write_file_durably(definitions_ / "shop" / "compose.yaml",
                       format("services:\n  tools: {{image: \"{}\"}}\n"
                              "  web: {{image: \"web:1\", restart: always, environment: {{COLOUR: {}}}}}\n",
                              tools, colour));
  };
  const auto starts = [&] {
    const auto changes = scene_.engine.changes();
    return std::count_if(changes.begin(), changes.end(),
                         [](const std::string& each) { return each.starts_with("start shop-tools"); });
  };
  project("tools:1", "red");
  EXPECT_EQ(run(), "shop change");
  EXPECT_EQ(scene_.app("shop").releases.back().ended, std::set<std::string>{"tools"});
  EXPECT_EQ(scene_.app("shop").releases.back().verdict, Verdict::passed);
  EXPECT_EQ(run(), "shop unchanged");
  scene_.reopen();
  options_.heal = HealOptions{};
  EXPECT_EQ(run(), "shop unchanged");
  EXPECT_EQ(starts(), 1);
  Context here = scene_.context("belay ls");
  for (const auto& row : look::list(here, {}))
    for (const auto& instance : row.instances)
      EXPECT_EQ(instance.should_run, instance.service == "web") << instance.service;
  project("tools:1", "blue");
  EXPECT_EQ(run(), "shop change");
  EXPECT_EQ(starts(), 1) << "another service has changed";
  EXPECT_EQ(run(), "shop unchanged");
  project("tools:2", "blue");
  EXPECT_EQ(run(), "shop change");
  EXPECT_EQ(starts(), 2);
  engine::Behaviour fails = ends;
  fails.exit_code = 3;
  scene_.engine.add_image("tools:3", {}, fails, "tools:3");
  project("tools:3", "green");
  EXPECT_EQ(run(), "shop change failed");
  EXPECT_EQ(running(), std::vector<std::string>{"shop-web-1"});
  EXPECT_EQ(scene_.container("shop-tools-1")->image, scene_.engine.image("tools:2", {})->id);
}

TEST_F(DeclaredHostTest, ALinkToAContainerThatIsNotThereIsFoundByThePlan) {
  define("database", R"("image": "web:1")");
  define("web", R"("image": "web:1", "links": {"databse": "db"})");
  for (const bool dry_run : {true, false}) {
    const DeclaredHost host = apply(dry_run);
    const DeclaredApp& app = of(host, "web");
    EXPECT_EQ(app.kind, DeclaredApp::Kind::broken) << dry_run;
    EXPECT_THAT(app.reason, HasSubstr("web needs the container databse (links), and there is none"));
    EXPECT_EQ(app.hint, "Did you mean 'database'?");
  }
  EXPECT_THAT(running(), ElementsAre("database"));
  define("web", R"("image": "web:1", "links": {"database": "db"})");
  EXPECT_EQ(run(), "database unchanged, web change");
  // One that somebody else made will do.
  scene_.stranger("theirs", {});
  define("web", R"("image": "web:1", "links": {"theirs": "db"})");
  EXPECT_EQ(run(), "database unchanged, web change");
}

TEST_F(DeclaredHostTest, ThatAFileInTmpIsNotWatchedIsSaidWhereAReleaseIsMade) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "conf").string();
  ASSERT_TRUE(file.starts_with("/tmp/") || file.starts_with("/var/tmp/")) << file;
  write_file_durably(file, "one\n");
  define("web", format(R"("image": "web:1", "volumes": [{{"hostPath": "{}", "containerPath": "/conf", "mode": "ro"}}])",
                       file));
  struct Noting final : DeclaredListener {
    void tell(const plan::Event& event) override {
      if (const auto* remark = std::get_if<plan::Remark>(&event.what)) notes.push_back(remark->text);
    }
    std::vector<std::string> notes;
  } noting;
  const auto pass = [&] {
    noting.notes.clear();
    Context context = scene_.context("belay apply");
    std::ignore = apply_declared(context, read_definitions(definitions_, {}), options_, noting, {});
    return noting.notes;
  };
  EXPECT_THAT(pass(), Contains(HasSubstr(file + " is not watched for changes")));
  EXPECT_THAT(pass(), IsEmpty());
}

TEST_F(DeclaredHostTest, ARegistryIsAskedAsOftenAsThePullPolicySays) {
  scene_.engine.in_registry("far:1", {}, {}, "first");
  make_folder(definitions_ / "shop");
  write_file_durably(definitions_ / "shop" / "compose.yaml",
                     "services: {web: {image: \"far:1\", pull_policy: every_12h, restart: always}}\n");
  options_.ask_registries = true;
  EXPECT_EQ(run(), "shop change");
  scene_.engine.in_registry("far:1", {}, {}, "second");
  scene_.clock.advance(std::chrono::hours(11));
  EXPECT_EQ(run(), "shop unchanged") << "it was pulled eleven hours ago";
  scene_.clock.advance(std::chrono::hours(1));
  const DeclaredHost preview = apply(true);
  EXPECT_THAT(report::steps_text(preview, false), HasSubstr("which is asked every 12 h, has something newer"));
  EXPECT_EQ(run(), "shop change");
  scene_.clock.advance(std::chrono::hours(13));
  EXPECT_EQ(run(), "shop unchanged");
  scene_.engine.in_registry("far:1", {}, {}, "third");
  scene_.clock.advance(std::chrono::hours(2));
  EXPECT_EQ(run(), "shop unchanged") << "it was asked two hours ago";
}

TEST_F(DeclaredHostTest, RunsWhatIsDeclaredUnderItsNameAndThenHasNothingToDo) {
  define("db", R"("image": "web:1", "volumes": [{"containerPath": "/data"}])");
  define("web", R"("image": "web:1", "env": {"LEVEL": "info"}, "links": {"db": "database"})");
  EXPECT_EQ(run(), "db change, web change");
  EXPECT_THAT(running(), ElementsAre("db", "web"));
  const size_t changes = scene_.engine.changes().size();
  const int calls = scene_.engine.calls();
  EXPECT_EQ(run(), "db unchanged, web unchanged");
  EXPECT_EQ(scene_.engine.changes().size(), changes);
  EXPECT_EQ(scene_.engine.calls() - calls, 2) << "one list of containers, one of images";
}

// No registry has it either.
TEST_F(DeclaredHostTest, WhatIsDownStartsFromItsOwnImageThoughTheTagIsGone) {
  define("web", "\"image\": \"web:1\"");
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(scene_.run("stop"), "done");
  std::ignore = scene_.engine.remove_image({"web:1"}, {});
  ASSERT_FALSE(scene_.engine.image("web:1", {}));
  options_.starts_stopped = true;
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(scene_.app().releases.size(), 1U) << "in its own container";
  EXPECT_EQ(running(), std::vector<std::string>{"web"});
}

TEST_F(DeclaredHostTest, ShowsADifferenceFieldByFieldAndKeepsWhatRanBefore) {
  define("web", R"("image": "web:1", "env": {"LEVEL": "info"})");
  run();
  define("web", R"("image": "web:2", "env": {"LEVEL": "debug"})");
  const std::string before = scene_.all();
  const DeclaredHost preview = apply(true);
  EXPECT_EQ(scene_.all(), before) << "a preview touches nothing";
  EXPECT_TRUE(preview.has_changes());
  EXPECT_THAT(of(preview, "web").differences, Contains("env.LEVEL: info → debug"));
  EXPECT_THAT(of(preview, "web").differences, Contains(HasSubstr("image web:1@")));
  const DeclaredHost done = apply();
  EXPECT_EQ(told(done), "web change");
  EXPECT_THAT(running(), ElementsAre("web"));
  EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::exited);
  EXPECT_FALSE(apply(true).has_changes());
}

TEST_F(DeclaredHostTest, TakesAFailureBackAndDoesNotTryItAgain) {
  define("web", R"("image": "web:1")");
  define("other", R"("image": "web:1")");
  run();
  define("web", R"("image": "web:bad")");
  define("other", R"("image": "web:2")");
  EXPECT_EQ(run(), "other change, web change failed");
  EXPECT_THAT(running(), ElementsAre("other", "web"));
  const DeclaredHost again = apply();
  EXPECT_EQ(told(again), "other unchanged, web held");
  EXPECT_THAT(of(again, "web").reason, HasSubstr("the same settings failed as r2"));
  EXPECT_FALSE(again.is_as_declared()) << "it is not as declared, however often that was said";
  // A definition that says something else is tried.
  define("web", R"("image": "web:2")");
  EXPECT_EQ(run(), "other unchanged, web change");
}

TEST_F(DeclaredHostTest, ChangesALimitInPlaceAndBack) {
  define("web", R"("image": "web:1", "memory": "64m")");
  run();
  const auto created = scene_.container("web")->created;
  define("web", R"("image": "web:1", "memory": "128m")");
  const DeclaredHost done = apply();
  EXPECT_EQ(of(done, "web").downtime->kind, Downtime::Kind::in_place);
  EXPECT_THAT(scene_.engine.changes(), Contains("resources web"));
  EXPECT_EQ(scene_.container("web")->created, created);
  EXPECT_EQ(scene_.app().wish.release(), ReleaseNumber{2});
  EXPECT_EQ(scene_.app().release({2}).container_release("web"), ReleaseNumber{1});
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(scene_.engine.container("web", {})->service.resources.memory, ByteCount{64 << 20});
  EXPECT_EQ(scene_.container("web")->created, created);
  EXPECT_EQ(scene_.plan(), "");
}

TEST_F(DeclaredHostTest, CountsTheContentOfBoundFiles) {
  if (scene_.folder.path().string().starts_with("/dev/")) GTEST_SKIP() << "what is in /dev has no content that counts";
  const fs::path file = scene_.folder.path() / "app.conf";
  write_file_durably(file, "one\ntwo\n");
  define(
      "web",
      format(
          R"("image": "web:1", "volumes": [{{"hostPath": "{}", "containerPath": "/app.conf", "mode": "ro", "watch": true}}])",
          file.string()));
  run();
  EXPECT_EQ(run(), "web unchanged");
  write_file_durably(file, "one\nthree\n");
  const DeclaredHost done = apply();
  EXPECT_EQ(told(done), "web change");
  EXPECT_THAT(of(done, "web").differences, ElementsAre("file app.conf: 1 line"));
}

TEST_F(DeclaredHostTest, AMountPointOfTheImageThatTheDefinitionLeavesOutHasAName) {
  ImageConfig config;
  config.volumes = {"/data"};
  scene_.engine.add_image("db:1", config, {}, "db1");
  scene_.engine.add_image("db:2", config, {}, "db2");
  define("db", R"("image": "db:1")");
  EXPECT_EQ(run(), "db change");
  EXPECT_EQ(scene_.container("db")->mounts.at(0).source, "db_data");
  EXPECT_EQ(run(), "db unchanged");
  define("db", R"("image": "db:2", "env": {"A": "1"})");
  EXPECT_EQ(run(), "db change");
  EXPECT_EQ(scene_.container("db")->mounts.at(0).source, "db_data");
  EXPECT_EQ(run(), "db unchanged");
}

TEST_F(DeclaredHostTest, DataThatAnEarlierBelayLeftWithoutANameGoesWithTheApp) {
  ImageConfig config;
  config.volumes = {"/data"};
  const std::string id = scene_.engine.add_image("db:1", config, {}, "db1");
  define("db", R"("image": "db:1")");
  ASSERT_EQ(run(), "db change");
  // As it was: the release knows of no mount, the container has a volume of the engine's own making.
  scene_.engine.stop_container("db", {}, {});
  scene_.engine.remove_container("db", {});
  App app = scene_.app("db");
  app.releases[0].spec.services[0].mounts.clear();
  app.releases[0].identity.clear();
  app.releases[0].container_created.clear();
  scene_.store->save(app);
  engine::ContainerRequest request;
  request.name = "db";
  request.image = id;
  request.labels = labels::for_container({"db", "db", {1}, NamingScheme::fixed});
  request.restart.name = "unless-stopped";
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("db", {});
  const std::string volume = scene_.container("db")->mounts.at(0).source;
  ASSERT_EQ(volume.size(), 64U);
  const DeclaredHost first = apply();
  EXPECT_EQ(told(first), "db unchanged") << of(first, "db").reason;
  define("db", R"("image": "db:1", "env": {"A": "1"})");
  const DeclaredHost preview = apply(true);
  EXPECT_THAT(of(preview, "db").differences, ElementsAre("env.A: + 1"));
  EXPECT_EQ(run(), "db change");
  EXPECT_EQ(scene_.container("db")->mounts.at(0).source, volume);
  EXPECT_EQ(run(), "db unchanged");
}

TEST_F(DeclaredHostTest, TwoDefinitionsDoNotShareAVolumeThatNobodyNamed) {
  define("wiki", R"("image": "web:1", "volumes": [{"containerPath": "/var/db"}])");
  define("wiki_var", R"("image": "web:1", "volumes": [{"containerPath": "/db"}])");
  const DeclaredHost preview = apply(true);
  EXPECT_EQ(told(preview), "wiki broken, wiki_var broken");
  EXPECT_THAT(of(preview, "wiki_var").reason, HasSubstr("the volume wiki_var_db for /db of wiki_var"));
  EXPECT_EQ(run(), "wiki broken, wiki_var broken");
  EXPECT_THAT(running(), IsEmpty());
  undefine("wiki_var");
  EXPECT_EQ(run(), "wiki change");
  define("wiki_var", R"("image": "web:1", "volumes": [{"containerPath": "/db"}])");
  EXPECT_EQ(run(), "wiki unchanged, wiki_var broken") << "what has it already keeps it";
  define("wiki_var", R"("image": "web:1", "volumes": [{"containerPath": "/db", "volume": "wiki_var_db"}])");
  EXPECT_EQ(run(), "wiki unchanged, wiki_var change") << "named, it is the user's business";
}

TEST_F(DeclaredHostTest, ADefinitionDoesNotTakeAFamilysVolume) {
  ImageConfig config;
  config.volumes = {"/var/db"};
  scene_.engine.add_image("wiki:1", config, {}, "wiki");
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.image = "wiki:1";
  ASSERT_EQ(deploy(here, AppName("wiki"), build_options, {}, {}).change.kind, Change::Kind::done);
  config.volumes = {"/db"};
  scene_.engine.add_image("image:1", config, {}, "image");
  define("wiki_var", R"("image": "image:1")");
  EXPECT_EQ(run(), "wiki_var broken") << "also where the image alone asks for it";
}

TEST_F(DeclaredHostTest, ReplacesDependentsWithWhatTheyNeed) {
  define("base", R"("image": "web:1")");
  define("rider", R"("image": "web:1", "network": "container:base")");
  EXPECT_EQ(run(), "base change, rider change");
  define("base", R"("image": "web:2")");
  const DeclaredHost done = apply();
  EXPECT_EQ(told(done), "base change, rider change");
  EXPECT_THAT(of(done, "rider").differences, ElementsAre("base r1 → r2 (shared namespace)"));
  EXPECT_EQ(of(done, "rider").reason, "replaced, because base is (shared namespace)");
  EXPECT_EQ(run(), "base unchanged, rider unchanged");
}

// What a pass is about to do, app by app.
class Recorder final : public DeclaredListener {
 public:
  void tell(const plan::Event& event) override {
    if (const auto* begun = std::get_if<plan::PlanBegun>(&event.what))
      for (const auto& action : begun->plan->actions) steps[event.app].push_back(plan::step_text(action.step));
  }
  std::map<std::string, std::vector<std::string>> steps;
};

class PreviewTest : public DeclaredHostTest {
 protected:
  static std::map<std::string, std::vector<std::string>> steps_of(const DeclaredHost& host) {
    std::map<std::string, std::vector<std::string>> steps;
    for (const auto& app : host.apps)
      for (const auto& action : app.change.plan.actions) steps[app.name].push_back(plan::step_text(action.step));
    return steps;
  }
  static std::map<std::string, std::vector<std::string>> differences_of(const DeclaredHost& host) {
    std::map<std::string, std::vector<std::string>> lines;
    for (const auto& app : host.apps) lines[app.name] = app.differences;
    return lines;
  }
  // What `plan` shows is what `apply` does: the same apps, for the same reasons, step by step. Gives what was done.
  std::string previewed_and_done() {
    const std::string before = scene_.all();
    const DeclaredHost plan = apply(true);
    EXPECT_EQ(scene_.all(), before);
    Recorder recorder;
    Context context = scene_.context("belay apply");
    const DeclaredHost done = apply_declared(context, read_definitions(definitions_, {}), options_, recorder, {});
    EXPECT_EQ(told(plan), told(done));
    EXPECT_EQ(differences_of(plan), differences_of(done));
    EXPECT_EQ(steps_of(plan), recorder.steps);
    for (size_t i = 0; i < plan.apps.size(); ++i) EXPECT_EQ(plan.apps[i].reason, done.apps[i].reason);
    const DeclaredHost after = apply(true);
    for (const auto& app : after.apps) EXPECT_EQ(to_text(app.kind), "unchanged") << app.name << " " << app.reason;
    return told(done);
  }
};

TEST_F(PreviewTest, AChainOfLinksIsReplacedAsPlanned) {
  define("a-db", R"("image": "web:1")");
  define("b-web", R"("image": "web:1", "links": {"a-db": "db"})");
  define("c-proxy", R"("image": "web:1", "links": {"b-web": "web"})");
  define("d-alone", R"("image": "web:1")");
  previewed_and_done();
  define("a-db", R"("image": "web:2")");
  EXPECT_EQ(previewed_and_done(), "a-db change, b-web change, c-proxy change, d-alone unchanged");
}

TEST_F(PreviewTest, EachOfADiamondIsReplacedOnce) {
  define("bottom", R"("image": "web:1")");
  define("left", R"("image": "web:1", "links": {"bottom": "b"})");
  define("right", R"("image": "web:1", "network": "container:bottom")");
  define("top", R"("image": "web:1", "links": {"left": "l", "right": "r"})");
  previewed_and_done();
  define("bottom", R"("image": "web:2")");
  EXPECT_EQ(previewed_and_done(), "bottom change, left change, right change, top change");
  EXPECT_EQ(scene_.app("top").wish.release(), ReleaseNumber{2});
}

TEST_F(PreviewTest, OnNetworksOfTheUsersOwnNothingIsTouched) {
  define("db", R"("image": "web:1", "network": "back")");
  define("proxy", R"("image": "web:1", "network": "back", "links": {"web": "web"})");
  define("side", R"("image": "web:1", "network": "container:web")");
  define("web", R"("image": "web:1", "network": "back", "links": {"db": "db"})");
  previewed_and_done();
  define("db", R"("image": "web:2", "network": "back")");
  EXPECT_EQ(previewed_and_done(), "db change, web unchanged, proxy unchanged, side unchanged");
  define("web", R"("image": "web:2", "network": "back", "links": {"db": "db"})");
  EXPECT_EQ(previewed_and_done(), "db unchanged, web change, proxy unchanged, side change");
}

TEST_F(PreviewTest, RestartWithAsksForMore) {
  define("db", R"("image": "web:1", "network": "back")");
  define("web", R"("image": "web:1", "network": "back", "links": {"db": "db"}, "restart_with": true)");
  previewed_and_done();
  define("db", R"("image": "web:2", "network": "back")");
  const DeclaredHost plan = apply(true);
  EXPECT_EQ(of(plan, "web").reason, "replaced, because db is (restart_with)");
  EXPECT_THAT(report::steps_text(plan, false),
              HasSubstr("web: change (downtime: none) — replaced, because db is (restart_with)"));
  EXPECT_EQ(previewed_and_done(), "db change, web change");
}

TEST_F(PreviewTest, TakenVolumesThatHaveNamesAreTheSameAfterwards) {
  define("app", R"("image": "web:1", "volumes": [{"containerPath": "/data"}])");
  define("backup", R"("image": "web:1", "volumes": [{"from": "app"}])");
  previewed_and_done();
  define("app", R"("image": "web:2", "volumes": [{"containerPath": "/data"}])");
  EXPECT_EQ(previewed_and_done(), "app change, backup unchanged");
  // Another volume: who goes on with the old one backs up what nobody writes any more.
  define("app", R"("image": "web:2", "volumes": [{"containerPath": "/data", "volume": "other"}])");
  EXPECT_EQ(previewed_and_done(), "app change, backup change");
  define("app", R"("image": "web:1", "volumes": [{"containerPath": "/data", "volume": "other"}])");
  EXPECT_EQ(previewed_and_done(), "app change, backup unchanged");
}

TEST_F(PreviewTest, AChangeInPlaceReplacesNobody) {
  define("db", R"("image": "web:1", "memory": "64m")");
  define("web", R"("image": "web:1", "links": {"db": "db"})");
  previewed_and_done();
  define("db", R"("image": "web:1", "memory": "128m")");
  EXPECT_EQ(previewed_and_done(), "db change, web unchanged");
}

TEST_F(PreviewTest, CleaningUpIsPartOfThePlan) {
  options_.keep = 1;
  define("db", R"("image": "web:1")");
  define("web", R"("image": "web:1", "links": {"db": "db"})");
  previewed_and_done();
  for (const char* const image : {"web:2", "web:1", "web:2"}) {
    define("db", format(R"("image": "{}")", image));
    EXPECT_EQ(previewed_and_done(), "db change, web change");
  }
}

TEST_F(PreviewTest, AStopByHandOfWhatIsNeededTouchesNobodyElse) {
  define("db", R"("image": "web:1")");
  define("web", R"("image": "web:1", "links": {"db": "db"})");
  run();
  Context context = scene_.context("belay stop db");
  stop(context, AppName("db"), false, {});
  EXPECT_EQ(run(), "db held, web unchanged");
  start_release(context, AppName("db"), "last", {}, {});
  EXPECT_EQ(run(), "db unchanged, web unchanged");
}

TEST_F(PreviewTest, WhatFailedIsTriedAgainWithAnotherOfWhatItNeeds) {
  define("db", R"("image": "web:1", "network": "back")");
  define("web", R"("image": "web:bad", "network": "back", "links": {"db": "db"})");
  EXPECT_EQ(run(), "db change, web change failed");
  EXPECT_EQ(run(), "db unchanged, web held");
  define("db", R"("image": "web:2", "network": "back")");
  EXPECT_EQ(run(), "db change, web change failed");
}

// An app that is not as declared makes every pass fail, not only the first.
TEST_F(DeclaredHostTest, IsNotAsDeclaredHoweverOftenThatWasSaid) {
  define("web", R"("image": "web:1")");
  EXPECT_TRUE(apply().is_as_declared());
  define("web", R"("image": "web:bad")");
  EXPECT_FALSE(apply().is_as_declared());
  for (int i = 0; i < 3; ++i) {
    const DeclaredHost host = apply();
    EXPECT_EQ(told(host), "web held");
    EXPECT_FALSE(host.has_failures());
    EXPECT_FALSE(host.is_as_declared());
  }
  auto waits = scene_.store->waits()["web"];
  ASSERT_EQ(waits.size(), 1U);
  EXPECT_EQ(waits[0].topic, Wait::Topic::held);
  EXPECT_EQ(waits[0].text, "what is declared is just r2, which failed");
  define("web", R"("image": "web:1")");
  EXPECT_TRUE(apply().is_as_declared());
  EXPECT_THAT(scene_.store->waits()["web"], IsEmpty());
}

TEST_F(DeclaredHostTest, WhatIsStoppedOrBrokenOrDriftsIsNotAsDeclared) {
  define("db", R"("image": "web:1")");
  define("web", R"("image": "web:1", "on_drift": "report")");
  EXPECT_TRUE(apply().is_as_declared());
  Context context = scene_.context("belay stop db");
  stop(context, AppName("db"), false, {});
  EXPECT_FALSE(apply().is_as_declared());
  EXPECT_FALSE(apply().is_as_declared());
  start_release(context, AppName("db"), "last", {}, {});
  EXPECT_TRUE(apply().is_as_declared());
  scene_.engine.stop_container("web", {}, {});
  EXPECT_FALSE(apply().is_as_declared());
  scene_.engine.start_container("web", {});
  define("other", R"("image": 5)");
  EXPECT_FALSE(apply().is_as_declared());
}

TEST_F(DeclaredHostTest, TellsOfAContainerThatEndsAgainAndAgain) {
  engine::Behaviour crashes;
  crashes.exits_after = Milliseconds(2'000);
  scene_.engine.add_image("web:loop", {}, crashes, "loop");
  define("web", R"("image": "web:loop", "settle": "1s", "restart": "always")");
  options_.look_for_restarts = true;
  run();
  scene_.clock.advance(Seconds(10));
  const DeclaredHost plan = apply(true);
  EXPECT_EQ(told(plan), "web trouble");
  EXPECT_THAT(of(plan, "web").reason, HasSubstr("its container web keeps exiting"));
  EXPECT_FALSE(plan.is_as_declared());
  EXPECT_THAT(report::steps_text(plan, false), HasSubstr("web: trouble — its container web keeps exiting"));
}

// Growth: what a pass asks does not grow with what is declared, and a long chain is no work of its own.
TEST_F(DeclaredHostTest, APassOverManyAsksForTwoLists) {
  std::string last;
  for (int i = 100; i < 120; ++i) {
    const std::string name = format("app{}", i);
    define(name, format(R"("image": "web:1"{})", last.empty() ? "" : format(R"(, "links": {{"{}": "before"}})", last)));
    last = name;
  }
  run();
  options_.look_for_restarts = true;
  // Also a moment after the change: what is up since it proved itself was not restarted.
  for (const int seconds : {0, 1, 5, 50, 120, 5000}) {
    scene_.clock.advance(Seconds(seconds));
    const int before = scene_.engine.calls();
    const DeclaredHost plan = apply(true);
    EXPECT_EQ(scene_.engine.calls() - before, 2) << seconds;
    for (const auto& app : plan.apps) EXPECT_EQ(to_text(app.kind), "unchanged");
  }
}

// Growth: a preview of 10,000 new definitions took three minutes, as each asked for every list several times.
TEST_F(DeclaredHostTest, APreviewOfNewAppsAsksForEachListOnce) {
  const auto calls_for = [&](int apps) {
    for (int i = 0; i < apps; ++i)
      define(format("app{}", 100 + i), R"("image": "web:1", "volumes": [{"containerPath": "/data"}])");
    const int before = scene_.engine.calls();
    const DeclaredHost plan = apply(true);
    EXPECT_EQ(plan.apps.size(), static_cast<size_t>(apps));
    for (const auto& app : plan.apps) EXPECT_EQ(to_text(app.kind), "change") << app.reason;
    return scene_.engine.calls() - before;
  };
  const int of_few = calls_for(3);
  EXPECT_EQ(calls_for(23), of_few);
}

// What a preview found a moment ago is not held against an app that another command changed meanwhile.
TEST_F(DeclaredHostTest, APreviewLooksAgainWhereAnAppMovedOn) {
  define("web", R"("image": "web:1")");
  run();
  define("web", R"("image": "web:2")");
  run();
  scene_.engine.in_registry("web:1", {}, {}, "web:1");
  define("web", R"("image": "web:1", "env": {"A": "b"}, "update": {"pull": true, "pattern": "regex .*"})");
  options_.ask_registries = true;
  bool moves = true;
  options_.list_tags = [&](const ImageRef&, std::stop_token) {
    if (moves) {
      EXPECT_EQ(scene_.run("rollback"), "done");
    }
    moves = false;
    return std::vector<std::string>{"1"};
  };
  const DeclaredHost plan = apply(true);
  EXPECT_EQ(told(plan), "web change") << of(plan, "web").reason;
  EXPECT_THAT(report::steps_text(plan, false), HasSubstr("rename container web to web-r1")) << "r1 runs, no longer r2";
}

// The scheme says how containers are called, not whose they are.
TEST_F(DeclaredHostTest, WhatWasAdoptedUnderTheSchemeFixedIsHandedOverOnlyWhereThatIsSaid) {
  engine::ContainerRequest request;
  request.name = "web";
  request.image = "web:1";
  request.service.image = "web:1";
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("web", {});
  Context here = scene_.context("belay adopt web");
  TakeOver how;
  how.scheme = NamingScheme::fixed;
  std::ignore = adopt(here, web, {"web"}, how, {});
  define("web", R"("image": "web:2")");
  const DeclaredHost refused = apply();
  EXPECT_THAT(of(refused, "web").reason, HasSubstr("web is an app already, and no definition made it"));
  EXPECT_THAT(of(refused, "web").hint, HasSubstr("belay apply --take-over web"));
  options_.take_over = {"web"};
  EXPECT_EQ(run(), "web change");
}

// Each try is an outage where something runs already: the daemon's pauses grow, a command given by hand tries at once.
TEST_F(DeclaredHostTest, TheDaemonsPausesGrowWhileTheHostLetsNothingStart) {
  scene_.engine.cannot_start("web", EngineError(500, "no such device", {}, EngineError::Cause::host));
  define("web", R"("image": "web:1")");
  options_.heal.emplace();
  EXPECT_EQ(run(), "web change failed");
  const DeclaredHost waits = apply();
  EXPECT_EQ(told(waits), "web held");
  EXPECT_THAT(of(waits, "web").reason, HasSubstr("r1 could not be tried"));
  EXPECT_THAT(of(waits, "web").reason, HasSubstr("it is tried again in 9 s"));
  EXPECT_FALSE(waits.is_as_declared());
  scene_.clock.advance(Seconds(10));
  EXPECT_EQ(run(), "web change failed");
  scene_.clock.advance(Seconds(12));
  EXPECT_EQ(run(), "web held") << "twenty seconds now";
  scene_.clock.advance(Seconds(10));
  EXPECT_EQ(run(), "web change failed");
  options_.heal.reset();
  EXPECT_EQ(run(), "web change failed");
  scene_.engine.cannot_start("web", {});
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(scene_.app().releases.size(), 1U) << "it was one release all the time";
}

// A daemon that is stopped in the middle of a change, as for its own update, goes on when it is back: no pause.
TEST_F(DeclaredHostTest, AStopOnRequestIsNoReasonForAPause) {
  define("web", R"("image": "web:1")");
  options_.heal.emplace();
  for (const auto* definition : {R"("image": "web:1")", R"("image": "web:2")"}) {
    define("web", definition);
    std::stop_source stopping;
    scene_.clock.on_sleep = [&] { stopping.request_stop(); };
    EXPECT_THROW(apply(false, stopping.get_token()), Cancelled);
    scene_.clock.on_sleep = nullptr;
    EXPECT_EQ(run(), "web change") << definition;
  }
}

// A plan is made, kept, and carried out later.
class KeptPlanTest : public DeclaredHostTest {
 protected:
  void keep() {
    options_.plans = nullptr;
    PlanFile file;
    file.apps = planned_apps(apply(true));
    write_plan_file(scene_.folder.path() / "plan", file);
    kept_ = read_plan_file(scene_.folder.path() / "plan").apps;
    plans_ = steps_by_app(kept_);
  }
  // As `apply FILE` does just before it begins.
  std::string moved() {
    options_.plans = &plans_;
    return first_difference(kept_, planned_apps(apply(true))).value_or("");
  }
  DeclaredHost carry_out() {
    options_.plans = &plans_;
    return apply();
  }
  // The steps of the file, as they are to be run one after the other.
  std::vector<plan::Step> kept_steps() {
    std::vector<plan::Step> steps;
    for (const auto& app : kept_)
      for (const auto* part : {&app.steps.images, &app.steps.change, &app.steps.clean_up})
        for (const auto& action : part->actions) steps.push_back(action.step);
    return steps;
  }

  std::vector<PlannedApp> kept_;
  std::map<std::string, PlannedSteps> plans_;
};

// D12: what runs is the plan of the file, step by step with all that is in it.
TEST_F(KeptPlanTest, IsWhatRuns) {
  class Ran final : public DeclaredListener {
   public:
    void tell(const plan::Event& event) override {
      if (const auto* begun = std::get_if<plan::PlanBegun>(&event.what))
        for (const auto& action : begun->plan->actions) steps.push_back(action.step);
    }
    std::vector<plan::Step> steps;
  } ran;
  define("db", R"("image": "web:1", "volumes": [{"containerPath": "/data"}])");
  define("gone", R"("image": "web:1")");
  define("web", R"("image": "web:1", "env": {"LEVEL": "info"}, "links": {"db": "database"})");
  run();
  define("db", R"("image": "web:2", "volumes": [{"containerPath": "/data"}], "memory": "64m")");
  define("web", R"("image": "web:1", "env": {"LEVEL": "debug"}, "links": {"db": "database"})");
  undefine("gone");
  scene_.engine.in_registry("far:1", {}, {}, "far");
  define("far", R"("image": "far:1")");
  keep();
  EXPECT_EQ(moved(), "");
  scene_.clock.advance(Seconds(3600));
  EXPECT_EQ(moved(), "") << "time alone changes nothing";
  Context context = scene_.context("belay apply plan");
  options_.plans = &plans_;
  const DeclaredHost host = apply_declared(context, read_definitions(definitions_, {}), options_, ran, {});
  EXPECT_EQ(told(host), "db change, far change, web change, gone remove");
  std::vector<plan::Step> wanted = kept_steps();
  const std::string id = id_of("far:1");
  for (auto& step : wanted) {
    if (auto* create = std::get_if<plan::CreateContainer>(&step); create != nullptr && create->image == "far:1")
      create->image = id;
    if (auto* tag = std::get_if<plan::TagImage>(&step); tag != nullptr && tag->image == "far:1") tag->image = id;
    if (auto* wait = std::get_if<plan::AwaitVerdict>(&step); wait != nullptr && wait->has_unseen_image) {
      EXPECT_EQ(wait->name, "far");
      wait->has_unseen_image = false;  // it is here, and has no check of its own
      wait->wait_timeout = context.defaults.wait_timeout;
    }
  }
  ASSERT_EQ(ran.steps.size(), wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(ran.steps[i] == wanted[i]) << plan::step_text(wanted[i]);
  options_.plans = nullptr;
  EXPECT_EQ(run(), "db unchanged, far unchanged, web unchanged");
}

struct Move {
  const char* name;
  std::function<void(Scene& scene, const std::function<void(const std::string&)>& define_web)> make;
  const char* told;
};
void PrintTo(const Move& move, std::ostream* out) {
  *out << move.name;
}
const std::vector<Move> moves{
    {"ItsContainerStopped", [](Scene& scene, const auto&) { scene.engine.stop_container("web", {}, {}); },
     "web: the container web has changed since the plan was made"},
    {"ItsContainerIsGone",
     [](Scene& scene, const auto&) {
       scene.engine.stop_container("web", {}, {});
       scene.engine.remove_container("web", {});
     },
     "web: the container web is gone since the plan was made"},
    {"StoppedByHand",
     [](Scene& scene, const auto&) {
       Context context = scene.context("belay stop web");
       std::ignore = change::stop(context, {web}, false, {});
     },
     "web was to be 'change', and is 'held' now"},
    {"GoneBackFrom",
     [](Scene& scene, const auto&) {
       Context context = scene.context("belay rollback web");
       std::ignore = rollback(context, web, ReleaseNumber{1}, {}, {});
     },
     "web: its release has changed since the plan was made"},
    {"TheTagIsOfAnotherImage",
     [](Scene& scene, const auto&) { scene.engine.add_image("web:3", {}, {}, "another web:3"); },
     "web: the image of web has changed since the plan was made"},
    {"AnotherDefinition", [](Scene&, const auto& define) { define(R"("image": "web:3", "env": {"LEVEL": "trace"})"); },
     "since the plan was made"},
    {"WhatIsDeclaredIsThereAlready", [](Scene&, const auto& define) { define(R"("image": "web:2")"); },
     "web was to be 'change', and is 'unchanged' now"},
    {"AStrangerHasItsName", [](Scene& scene, const auto&) { scene.stranger("new", {}); },
     "new was to be 'change', and is 'broken' now"},
};

class KeptPlanMoved : public KeptPlanTest, public ::testing::WithParamInterface<Move> {};

TEST_P(KeptPlanMoved, IsRefusedAndNothingIsTouched) {
  image("web:3");
  define("web", R"("image": "web:1")");
  run();
  define("web", R"("image": "web:2")");
  run();
  define("web", R"("image": "web:3")");
  define("new", R"("image": "web:1")");
  keep();
  ASSERT_EQ(moved(), "");
  GetParam().make(scene_, [&](const std::string& rest) { define("web", rest); });
  EXPECT_THAT(moved(), HasSubstr(GetParam().told));
  // Also where it moves between the first look and the app's turn.
  const bool is_about_web = std::string_view(GetParam().told).find("new was") == std::string_view::npos;
  const auto release = scene_.app("web").wish.release();
  const auto before = scene_.container("web");
  const DeclaredHost host = carry_out();
  if (is_about_web) {
    EXPECT_EQ(scene_.app("web").wish.release(), release);
    EXPECT_EQ(scene_.container("web") ? scene_.container("web")->created : "", before ? before->created : "");
    EXPECT_TRUE(scene_.container("new")) << "the others are dealt with";
  } else {
    EXPECT_FALSE(scene_.store->app(AppName("new")));
  }
}

INSTANTIATE_TEST_SUITE_P(EveryWay, KeptPlanMoved, ::testing::ValuesIn(moves),
                         [](const auto& move) { return std::string(move.param.name); });

TEST_F(KeptPlanTest, OfAnotherAppIsNothingForThisOne) {
  define("db", R"("image": "web:1")");
  keep();
  define("web", R"("image": "web:1")");
  EXPECT_EQ(moved(), "web was not there");
  const DeclaredHost host = carry_out();
  EXPECT_EQ(told(host), "db change, web broken");
  EXPECT_EQ(of(host, "web").code, ErrorCode::plan_outdated);
  EXPECT_THAT(running(), ElementsAre("db"));
}

// A pull may bring mount points that nobody knew of: the data would have no name in the plan.
TEST_F(KeptPlanTest, IsRefusedWhereAPullBringsWhatItDoesNotKnow) {
  ImageConfig config;
  config.volumes = {"/data"};
  scene_.engine.in_registry("far:1", config, {}, "far");
  define("far", R"("image": "far:1")");
  keep();
  const DeclaredHost host = carry_out();
  EXPECT_EQ(told(host), "far broken");
  EXPECT_EQ(of(host, "far").code, ErrorCode::plan_outdated);
  EXPECT_THAT(running(), IsEmpty());
  options_.plans = nullptr;
  keep();
  EXPECT_EQ(moved(), "");
  EXPECT_EQ(told(carry_out()), "far change") << "the image is here now, and its mount points are known";
}

// And a health check, which only says how it proves itself.
TEST_F(KeptPlanTest, ProvesAPulledImageByItsHealthCheck) {
  ImageConfig config;
  config.health = HealthCheck{};
  config.health->test = {"CMD", "true"};
  engine::Behaviour sick;
  sick.unhealthy_after = Milliseconds(20);
  scene_.engine.in_registry("far:1", config, sick, "far");
  define("far", R"("image": "far:1")");
  keep();
  EXPECT_EQ(told(carry_out()), "far change failed");
}

// Wherever it is cut off: nothing is lost, the file is not gone on with, and what is declared comes about all the same.
TEST_F(KeptPlanTest, CutOffAnywhereIsFinishedByTheNextApply) {
  int cuts = 0;
  for (bool is_whole = false; !is_whole; ++cuts) {
    options_.plans = nullptr;
    undefine("db");
    undefine("web");
    options_.allow_empty = true;
    run();
    define("db", R"("image": "web:1")");
    define("web", R"("image": "web:1")");
    run();
    define("db", R"("image": "web:2")");
    define("web", R"("image": "web:2", "memory": "64m")");
    keep();
    is_whole = true;
    scene_.engine.crash_after(cuts);
    try {
      std::ignore = carry_out();
    } catch (const engine::MemoryEngine::Crash&) {
      is_whole = false;
    }
    scene_.engine.crash_after({});
    if (!is_whole) scene_.reopen();
    options_.plans = nullptr;
    std::ignore = apply();
    EXPECT_EQ(run(), "db unchanged, web unchanged") << "cut " << cuts;
    EXPECT_EQ(scene_.container("web")->image_id, id_of("web:2"));
    EXPECT_THAT(running(), ElementsAre("db", "web"));
    ASSERT_LT(cuts, 200);
  }
  EXPECT_GT(cuts, 10);
}

// A definition that declares its app under another name: what runs goes on until the other one is well.
TEST_F(DeclaredHostTest, KeepsAnAppWhoseSuccessorDoesNotComeUp) {
  engine::Behaviour ends;
  ends.exits_after = Milliseconds(0);
  ends.exit_code = 1;
  scene_.engine.add_image("broken:1", {}, ends, "1");
  rename_to("shop", R"("image": "web:1")");
  run();
  ASSERT_TRUE(scene_.container("shop")->is_up());
  for (const std::string image : {"broken:1", "nowhere:1"}) {
    rename_to("store", format(R"("image": "{}")", image));
    const DeclaredHost host = apply();
    EXPECT_EQ(to_text(of(host, "shop").kind), "held") << image;
    EXPECT_THAT(of(host, "shop").reason, HasSubstr("but store, which takes its place"));
    EXPECT_FALSE(host.is_as_declared());
    EXPECT_TRUE(scene_.container("shop")->is_up()) << image;
  }
  rename_to("store", R"("image": "web:2")");
  run();
  EXPECT_TRUE(scene_.container("store")->is_up());
  EXPECT_FALSE(scene_.container("shop"));
}

TEST_F(DeclaredHostTest, AnAppThatHoldsTheOtherNamesPortMakesRoomForIt) {
  rename_to("shop", R"("image": "web:1", "ports": ["8080:80"])");
  run();
  rename_to("store", R"("image": "web:1", "ports": ["8080:80"])");
  apply();
  run();
  EXPECT_TRUE(scene_.container("store")->is_up());
  EXPECT_FALSE(scene_.container("shop"));
}

TEST_F(DeclaredHostTest, RemovesWhatIsNoLongerDeclaredButNotItsData) {
  define("db", R"("image": "web:1", "volumes": [{"containerPath": "/data"}])");
  define("web", R"("image": "web:1")");
  run();
  undefine("db");
  EXPECT_EQ(run(), "web unchanged, db remove");
  EXPECT_THAT(running(), ElementsAre("web"));
  EXPECT_FALSE(scene_.engine.volumes({}, {}).empty());
  EXPECT_FALSE(scene_.store->app(AppName("db")));
}

TEST_F(DeclaredHostTest, AFolderThatWasEmptiedStopsNothingUnlessThatIsSaid) {
  define("web", R"("image": "web:1")");
  run();
  undefine("web");
  EXPECT_THROW(apply(), Conflict);
  EXPECT_THAT(running(), ElementsAre("web"));
  options_.allow_empty = true;
  EXPECT_EQ(run(), "web remove");
  EXPECT_THAT(running(), IsEmpty());
}

TEST_F(DeclaredHostTest, AFolderThatIsGoneStopsNothing) {
  define("web", R"("image": "web:1")");
  run();
  fs::remove_all(definitions_);
  EXPECT_THROW(apply(), Error);
  EXPECT_THAT(running(), ElementsAre("web"));
}

TEST_F(DeclaredHostTest, ABrokenFileLeavesItsAppAsItIsAndTheOthersGoOn) {
  define("web", R"("image": "web:1")");
  define("other", R"("image": "web:1")");
  run();
  write_file_durably(definitions_ / "web.json", "{\"name\": \"web\",\n \"image\": 7x}");
  define("other", R"("image": "web:2")");
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "web broken, other change");
  EXPECT_THAT(of(host, "web").reason, HasSubstr("web.json:2:"));
  EXPECT_TRUE(host.has_failures());
  EXPECT_THAT(running(), ElementsAre("other", "web"));
}

// A project's app may be called otherwise than its folder, and what is wrong may stand in any of its files.
class ProjectsOutOfSight : public DeclaredHostTest {
 protected:
  ProjectsOutOfSight() {
    make_folder(project_);
    write_file_durably(project_ / "compose.yaml", "name: webshop\nservices: {web: {image: \"web:1\"}}\n");
    define("other", R"("image": "web:1")");
    EXPECT_EQ(run(), "other change, webshop change");
  }
  void expect_left_alone(const std::string& reason) {
    const DeclaredHost host = apply();
    EXPECT_EQ(told(host), "webshop broken, other unchanged") << reason;
    EXPECT_THAT(of(host, "webshop").reason, HasSubstr(reason));
    EXPECT_FALSE(host.is_as_declared());
    EXPECT_THAT(running(), ElementsAre("other", "webshop-web-1"));
    EXPECT_TRUE(scene_.store->app(AppName("webshop")));
    options_.exclusive = true;
    EXPECT_EQ(run(), "webshop broken, other unchanged") << reason;
    options_.exclusive = false;
  }
  fs::path project_ = definitions_ / "shop";
};

TEST_F(ProjectsOutOfSight, ABrokenFileBesideTheFirstRemovesNothing) {
  write_file_durably(project_ / "compose.override.yaml", "services: {web: {image: [}}\n");
  expect_left_alone("compose.override.yaml:1:");
  fs::remove(project_ / "compose.override.yaml");
  write_file_durably(project_ / ".env", "COLOUR='red\n");
  expect_left_alone(".env:1:");
  fs::remove(project_ / ".env");
  write_file_durably(project_ / "compose.yaml",
                     "name: webshop\nservices: {web: {extends: {file: base.yaml, service: web}}}\n");
  expect_left_alone("base.yaml");
  write_file_durably(project_ / "base.yaml", "services: {web: {image: {}}}\n");
  expect_left_alone("base.yaml:1:");
  write_file_durably(project_ / "base.yaml", "services: {web: {image: \"web:1\"}}\n");
  run();
  EXPECT_EQ(run(), "other unchanged, webshop unchanged");
}

TEST_F(ProjectsOutOfSight, AFolderThatCannotBeSeenIntoRemovesNothing) {
  const fs::path away = scene_.folder.path() / "away";
  fs::rename(project_, away);
  fs::create_directory_symlink(scene_.folder.path() / "not-mounted", project_);
  expect_left_alone("this link leads nowhere");
  fs::remove(project_);
  make_folder(project_);
  expect_left_alone("the folder is empty");
  fs::create_symlink(away / "nothing.yaml", project_ / "compose.yaml");
  expect_left_alone("this link leads nowhere");
  fs::remove_all(project_);
  EXPECT_EQ(run(), "other unchanged, webshop remove") << "the folder is gone: that is a wish";
}

TEST_F(ProjectsOutOfSight, AFolderThatLostItsComposeFileAloneIsNoProjectAnyMore) {
  write_file_durably(project_ / "notes.txt", "moved away");
  fs::remove(project_ / "compose.yaml");
  EXPECT_EQ(run(), "other unchanged, webshop remove");
}

TEST_F(DeclaredHostTest, StartsAgainWhatWasStoppedBehindItsBack) {
  define("web", R"("image": "web:1")");
  run();
  scene_.engine.stop_container("web", {}, {});
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "web repair");
  EXPECT_THAT(running(), ElementsAre("web"));
  define("web", R"("image": "web:1", "on_drift": "report")");
  scene_.engine.stop_container("web", {}, {});
  EXPECT_EQ(run(), "web repair");
  EXPECT_THAT(running(), IsEmpty()) << "reported, not repaired";
  const DeclaredHost preview = apply(true);
  EXPECT_FALSE(preview.has_changes()) << "what is only reported is nothing to do";
  EXPECT_TRUE(of(preview, "web").only_reported);
  EXPECT_THAT(report::steps_text(preview, false), HasSubstr("its definition says: report"));
}

TEST_F(DeclaredHostTest, FindsALimitThatSomebodyChangedWhenItLooksClosely) {
  define("web", R"("image": "web:1", "memory": "64m")");
  run();
  Resources other;
  other.memory = ByteCount{32 << 20};
  scene_.engine.update_resources("web", other, {});
  EXPECT_EQ(run(), "web unchanged");
  options_.thorough = true;
  EXPECT_EQ(run(), "web repair");
  EXPECT_EQ(scene_.engine.container("web", {})->service.resources.memory, ByteCount{64 << 20});
}

TEST_F(DeclaredHostTest, RespectsAStopAndARollbackByHand) {
  define("web", R"("image": "web:1")");
  run();
  define("web", R"("image": "web:2")");
  run();
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(run(), "web held");
  EXPECT_EQ(scene_.app().wish.release(), ReleaseNumber{1});
  EXPECT_EQ(scene_.run("stop"), "done");
  EXPECT_EQ(run(), "web held");
  EXPECT_THAT(running(), IsEmpty());
  EXPECT_EQ(scene_.run("start r2"), "done");
  EXPECT_EQ(run(), "web unchanged");
}

TEST_F(DeclaredHostTest, ADefinitionThatIsTakenBackIsFollowed) {
  for (const auto* tag : {"web:1", "web:2", "web:1"}) {
    define("web", format(R"("image": "{}")", tag));
    EXPECT_EQ(run(), "web change") << tag;
  }
  EXPECT_EQ(scene_.app().wish.release(), ReleaseNumber{3});
}

TEST_F(DeclaredHostTest, LeavesAnAppThatItDidNotMakeAlone) {
  scene_.run("deploy 1");
  define("web", R"("image": "web:2")");
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "web broken");
  EXPECT_EQ(scene_.trouble("1"), "");
}

TEST_F(DeclaredHostTest, DoesNotTakeAStrangersName) {
  scene_.stranger("web", {});
  define("web", R"("image": "web:1")");
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "web broken");
  EXPECT_THAT(of(host, "web").reason, HasSubstr("taken by a container that is not"));
  EXPECT_FALSE(scene_.store->app(web)) << "nothing was begun";
}

TEST_F(DeclaredHostTest, ADefinitionTakesOverTheContainerThatBearsItsName) {
  engine::ContainerRequest request;
  request.name = "web";
  request.image = "web:1";
  request.restart.name = "on-failure";
  request.service.mounts.push_back({Mount::Kind::volume, "", "/storage", false, ""});
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("web", {});
  const std::string volume = scene_.container("web")->mounts.at(0).source;
  define("web", R"("image": "web:2", "volumes": [{"containerPath": "/storage"}])");
  EXPECT_EQ(told(apply()), "web broken");
  options_.take_over = {"web"};
  const std::string before = scene_.all();
  const DeclaredHost preview = apply(true);
  EXPECT_EQ(told(preview), "web change");
  EXPECT_THAT(plan::plan_text(of(preview, "web").change.plan), HasSubstr("stop web"));
  EXPECT_EQ(scene_.all(), before) << "a preview";
  EXPECT_EQ(told(apply()), "web change");
  EXPECT_THAT(running(), ElementsAre("web"));
  const auto fresh = scene_.engine.container("web", {}).value();
  EXPECT_EQ(fresh.container.image_id, id_of("web:2"));
  EXPECT_EQ(fresh.container.mounts.at(0).source, volume) << "the data without a name is carried over";
  EXPECT_EQ(scene_.app().releases.size(), 2U);
  EXPECT_EQ(run(), "web unchanged") << "to take over again is no error, and changes nothing";
  options_.take_over.clear();
  EXPECT_EQ(run(), "web unchanged");
  // It is a release like any other: the way back leads to it.
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(scene_.container("web")->image_id, id_of("web:1"));
}

TEST_F(DeclaredHostTest, OfAnAppMadeByHandWhatRunsGoesOnWhereItIsWhatTheDefinitionSays) {
  scene_.run("deploy 1");
  auto here = scene_.context();
  const DeclaredText declared = declare(here, web, {}, {});
  EXPECT_THAT(declared.left_out, IsEmpty());
  write_file_durably(definitions_ / "web.json", declared.text);
  EXPECT_EQ(told(apply()), "web broken");
  options_.take_over = {"web"};
  const size_t changes = scene_.engine.changes().size();
  const std::string state = scene_.state();
  EXPECT_EQ(told(apply(true)), "web unchanged");
  EXPECT_EQ(scene_.state(), state) << "a preview";
  EXPECT_EQ(told(apply()), "web unchanged");
  EXPECT_EQ(scene_.changes(changes).find("create"), std::string::npos) << scene_.changes(changes);
  EXPECT_EQ(scene_.changes(changes).find("stop"), std::string::npos) << scene_.changes(changes);
  EXPECT_NE(scene_.app().origin, "");
  options_.take_over.clear();
  EXPECT_EQ(run(), "web unchanged");
  // From then on it follows its definition, under its name.
  define("web", R"("image": "web:2")");
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(scene_.container("web")->image_id, id_of("web:2"));
  undefine("web");
  options_.allow_empty = true;
  EXPECT_EQ(run(), "web remove");
}

TEST_F(DeclaredHostTest, WhatCannotBeTakenOverIsRefusedBeforeAnythingIsDone) {
  define("db", R"("image": "web:1")");
  options_.take_over = {"web"};
  const std::string before = scene_.all();
  EXPECT_THROW(apply(), NotFound);
  EXPECT_EQ(scene_.all(), before);
  options_.take_over = {"db"};
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "db broken");
  EXPECT_THAT(of(host, "db").reason, HasSubstr("neither an app nor a container called db"));
  EXPECT_EQ(scene_.all(), before);
}

class TakeOver : public DeclaredHostTest {
 public:
  TakeOver() {
    engine::ContainerRequest request;
    request.name = "web";
    request.image = "web:1";
    request.service.mounts.push_back({Mount::Kind::volume, "", "/storage", false, ""});
    scene_.engine.create_container(request, {});
    scene_.engine.start_container("web", {});
    volume_ = scene_.container("web")->mounts.at(0).source;
    define("web", R"("image": "web:2", "volumes": [{"containerPath": "/storage"}])");
    options_.take_over = {"web"};
  }
  bool crashes_after(int calls) {
    scene_.engine.crash_after(calls, engine::MemoryEngine::Cut::before_the_answer);
    try {
      apply();
    } catch (const engine::MemoryEngine::Crash&) {
      scene_.engine.crash_after(std::nullopt);
      scene_.reopen();
      return true;
    }
    scene_.engine.crash_after(std::nullopt);
    return false;
  }
  void expect_whole(const std::string& when) {
    run();
    EXPECT_EQ(run(), "web unchanged") << when;
    EXPECT_THAT(running(), ElementsAre("web")) << when;
    EXPECT_EQ(scene_.container("web")->image_id, id_of("web:2")) << when;
    EXPECT_EQ(scene_.container("web")->mounts.at(0).source, volume_) << when;
    EXPECT_THAT(scene_.engine.lost_volumes(), IsEmpty()) << when;
  }

 private:
  void TestBody() override {}
  std::string volume_;
};

TEST(TakeOverCrashes, APowerCutLosesNothing) {
  for (int calls = 0; calls < 100; ++calls) {
    TakeOver host;
    const bool crashed = host.crashes_after(calls);
    host.expect_whole(format("cut off after {} calls", calls));
    if (!crashed) return;
  }
  FAIL() << "never came to an end";
}

TEST_F(DeclaredHostTest, TheOrderIsTheDefinitionsElseTheSettings) {
  const auto order = [&](const std::string& update, std::optional<SwapOrder> setting) {
    options_.order = setting;
    define("web", format(R"("image": "web:1", "command": "{}"{})", ++commands_, update));
    const std::string text = plan::plan_text(of(apply(true), "web").change.plan);
    const auto stop = text.find("stop web"), start = text.find("start web");
    EXPECT_NE(stop, std::string::npos) << text;
    EXPECT_NE(start, std::string::npos) << text;
    return stop < start ? "stop first" : "start first";
  };
  define("web", R"("image": "web:1")");
  run();
  const std::string eager = R"(, "update": {"eager": true})", patient = R"(, "update": {"eager": false})",
                    silent = R"(, "update": {"pull": false})";
  EXPECT_EQ(order(eager, {}), "start first");
  EXPECT_EQ(order(eager, SwapOrder::stop_first), "start first");
  EXPECT_EQ(order(patient, {}), "stop first");
  EXPECT_EQ(order(patient, SwapOrder::start_first), "stop first");
  EXPECT_EQ(order(silent, {}), "start first") << "by rule: they share nothing";
  EXPECT_EQ(order(silent, SwapOrder::by_rule), "start first");
  EXPECT_EQ(order(silent, SwapOrder::stop_first), "stop first");
  EXPECT_EQ(order("", SwapOrder::stop_first), "stop first");
}

TEST_F(DeclaredHostTest, AnotherOrderAloneReplacesNoContainer) {
  define("web", R"("image": "web:1")");
  run();
  const size_t changes = scene_.engine.changes().size();
  options_.order = SwapOrder::stop_first;
  EXPECT_EQ(run(), "web unchanged");
  define("web", R"("image": "web:1", "update": {"eager": false})");
  run();
  EXPECT_EQ(scene_.changes(changes).find("create"), std::string::npos) << scene_.changes(changes);
}

TEST_F(DeclaredHostTest, StopsStrangersOnlyOnAnExclusiveHost) {
  scene_.stranger("nginx", {});
  scene_.stranger("me", {});
  define("web", R"("image": "web:1")");
  run();
  EXPECT_THAT(running(), Contains("nginx"));
  options_.exclusive = true;
  options_.spared = {"me"};
  EXPECT_EQ(run(), "web unchanged, nginx remove");
  EXPECT_THAT(running(), ElementsAre("me", "web"));
  EXPECT_EQ(run(), "web unchanged");
}

TEST_F(DeclaredHostTest, AnExclusiveHostLeavesWhatACommandIsAtWorkWith) {
  scene_.stranger("nginx", {});
  for (const char* label : {labels::temporary, labels::one_off}) {
    engine::ContainerRequest request;
    request.name = label;
    request.image = "web:1";
    request.labels = {{label, "shop"}, {labels::one_off_name, label}};
    scene_.engine.create_container(request, {});
    scene_.engine.start_container(label, {});
  }
  define("web", R"("image": "web:1")");
  options_.exclusive = true;
  EXPECT_EQ(run(), "web change, nginx remove");
  EXPECT_THAT(running(), ElementsAre(labels::one_off, labels::temporary, "web"));
}

TEST_F(DeclaredHostTest, AnExclusiveHostStopsAppsThatNoDefinitionMade) {
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  define("db", R"("image": "web:1")");
  run();
  EXPECT_THAT(running(), ElementsAre("db", "web-r1"));
  options_.exclusive = true;
  EXPECT_EQ(run(), "db unchanged, web remove");
  EXPECT_THAT(running(), ElementsAre("db"));
  EXPECT_TRUE(scene_.app().wish.is<goal::Stopped>());
  EXPECT_EQ(run(), "db unchanged");
}

TEST_F(DeclaredHostTest, AnExclusiveHostLeavesWhatBearsADeclaredName) {
  scene_.stranger("web", {});
  scene_.stranger("shop", {});
  define("web", R"("image": "web:1")");
  define("shop", R"("imagge": "web:1")");
  options_.exclusive = true;
  EXPECT_EQ(run(), "shop broken, web broken");
  EXPECT_THAT(running(), ElementsAre("shop", "web"));
}

TEST_F(DeclaredHostTest, BelayItselfIsReplacedStartFirstAndNeverRemoved) {
  const std::string rest = R"("volumes": [{"containerPath": "/state", "hostPath": "/var/lib/belay"}])";
  define("me", R"("image": "web:1", )" + rest);
  define("web", R"("image": "web:1")");
  run();
  own_app_ = "me";
  define("me", R"("image": "web:2", )" + rest);
  const DeclaredHost replaced = apply();
  EXPECT_EQ(of(replaced, "me").downtime->kind, Downtime::Kind::none);
  EXPECT_EQ(of(replaced, "me").change.kind, Change::Kind::done);
  undefine("me");
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "web unchanged, me held");
  EXPECT_THAT(of(host, "me").reason, HasSubstr("Belay itself runs in it"));
  EXPECT_THAT(running(), ElementsAre("me", "web"));
}

TEST_F(DeclaredHostTest, BelayItselfStaysAsItIsWhereItsSuccessorCannotRunBesideIt) {
  const std::string rest = R"("portMappings": [{"containerPort": 80, "hostPort": 8080}])";
  define("me", R"("image": "web:1", )" + rest);
  run();
  own_app_ = "me";
  define("me", R"("image": "web:2", )" + rest);
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "me broken");
  EXPECT_THAT(of(host, "me").reason, HasSubstr("Belay itself runs in me, and its successor cannot run beside it"));
  EXPECT_THAT(running(), ElementsAre("me"));
  own_app_.clear();
  EXPECT_EQ(run(), "me change");
}

TEST_F(DeclaredHostTest, PullsWhatIsMissingAndSaysSoBefore) {
  scene_.engine.in_registry("far:1", {}, {}, "far");
  define("web", R"("image": "far:1")");
  const DeclaredHost preview = apply(true);
  EXPECT_THAT(report::steps_text(preview, false), HasSubstr("1. pull far:1 — it is not on this host"));
  EXPECT_EQ(run(), "web change");
  EXPECT_THAT(running(), ElementsAre("web"));
}

TEST_F(DeclaredHostTest, FollowsATagThatMovesAndARegistryThatIsAwayStopsNothing) {
  options_.ask_registries = true;
  scene_.engine.in_registry("far:1", {}, {}, "first");
  define("web", R"("image": "far:1")");
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(run(), "web unchanged");
  scene_.engine.in_registry("far:1", {}, {}, "second");
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(run(), "web unchanged");
  scene_.engine.registry_fails("docker.io", EngineError(500, "the registry is away", ""));
  EXPECT_EQ(run(), "web unchanged");
  EXPECT_THAT(running(), ElementsAre("web"));
}

TEST_F(DeclaredHostTest, ARegistryThatWantsFewerRequestsIsLeftAloneForAWhile) {
  RegistryBackoff rest;
  options_.rest = &rest;
  options_.ask_registries = true;
  scene_.engine.in_registry("far:1", {}, {}, "first");
  define("db", R"("image": "far:1")");
  define("web", R"("image": "far:1")");
  EXPECT_EQ(run(), "db change, web change");
  scene_.engine.in_registry("far:1", {}, {}, "second");
  scene_.engine.registry_fails("docker.io", EngineError(429, "too many requests", ""));
  int questions = scene_.engine.registry_questions();
  EXPECT_EQ(run(), "db unchanged, web unchanged");
  scene_.engine.registry_fails("docker.io", {});
  EXPECT_EQ(run(), "db unchanged, web unchanged") << "not yet";
  EXPECT_EQ(scene_.engine.registry_questions(), questions);
  // A clock that is set back prolongs nothing.
  scene_.clock.set_back(std::chrono::hours(24));
  scene_.clock.advance(usual_rest);
  EXPECT_EQ(run(), "db change, web change");
}

TEST_F(DeclaredHostTest, ARegistryIsLeftAloneAsLongAsItSays) {
  RegistryBackoff rest;
  options_.rest = &rest;
  options_.ask_registries = true;
  int asked = 0;
  options_.list_tags = [&](const ImageRef&, const std::stop_token&) -> std::vector<std::string> {
    ++asked;
    throw registry::RegistryError(429, "too many requests", "", Seconds(3600));
  };
  scene_.engine.in_registry("far:1.0", {}, {}, "first");
  define("web", R"("image": "far:1.0", "update": {"pattern": "semver ^1"})");
  std::ignore = run();
  scene_.clock.advance(Seconds(3000));
  std::ignore = run();
  EXPECT_EQ(asked, 1);
  scene_.clock.advance(Seconds(600));
  std::ignore = run();
  EXPECT_EQ(asked, 2);
}

// A first release has no image before it; its plan names the tag all the same.
TEST_F(DeclaredHostTest, TheFirstPlanNamesTheTagThatAPatternChose) {
  options_.ask_registries = true;
  options_.list_tags = [&](const ImageRef&, const std::stop_token&) {
    return std::vector<std::string>{"1.0", "1.4", "2.0"};
  };
  for (const auto* tag : {"far:1.0", "far:1.4"}) scene_.engine.in_registry(tag, {}, {}, tag);
  define("web", R"("image": "far:1.0", "update": {"pattern": "semver ^1"})");
  define("plain", R"("image": "web:1")");
  const DeclaredHost plan = apply(true);
  EXPECT_THAT(of(plan, "web").differences, ElementsAre("image: + far:1.4 (chosen by \"semver ^1\")"));
  EXPECT_THAT(of(plan, "plain").differences, IsEmpty());
  EXPECT_THAT(report::steps_text(plan, false), HasSubstr("    image: + far:1.4 (chosen by"));
  EXPECT_EQ(run(), "plain change, web change");
  EXPECT_EQ(scene_.app("web").releases.back().spec.services[0].image, "far:1.4");
}

TEST_F(DeclaredHostTest, ASilentRegistryIsWaitedForOnceAndNotByEachApp) {
  RegistryBackoff rest;
  options_.rest = &rest;
  options_.ask_registries = true;
  int asked = 0;
  options_.list_tags = [&](const ImageRef&, const std::stop_token&) -> std::vector<std::string> {
    ++asked;
    scene_.clock.advance(Seconds(30));
    throw registry::RegistryError(0, "the registry did not answer in time");
  };
  for (const auto* app : {"ada", "bob", "cleo"}) {
    scene_.engine.in_registry(std::string(app) + ":1.0", {}, {}, app);
    define(app, format(R"("image": "{}:1.0", "update": {{"pattern": "semver ^1"}})", app));
  }
  EXPECT_EQ(run(), "ada change, bob change, cleo change") << "what is declared runs all the same";
  EXPECT_EQ(asked, 1);
  scene_.clock.advance(Seconds(60));
  std::ignore = run();
  EXPECT_EQ(asked, 2);
}

TEST_F(DeclaredHostTest, ARegistryThatGivesNotWhatItPromisesIsNotPulledFromAgainAndAgain) {
  RegistryBackoff rest;
  options_.rest = &rest;
  options_.ask_registries = true;
  scene_.engine.in_registry("far:1", {}, {}, "first");
  define("web", R"("image": "far:1")");
  EXPECT_EQ(run(), "web change");
  scene_.engine.registry_lies("far:1", "sha256:" + std::string(64, 'e'));
  EXPECT_EQ(run(), "web unchanged") << "pulled, and found to be what runs";
  const int questions = scene_.engine.registry_questions();
  scene_.engine.registry_lies("far:1", "sha256:" + std::string(64, 'f'));
  EXPECT_EQ(run(), "web unchanged");
  EXPECT_EQ(scene_.engine.registry_questions(), questions);
  EXPECT_THAT(running(), ElementsAre("web"));
  // An honest one is believed again.
  scene_.engine.registry_lies("far:1", scene_.engine.in_registry("far:1", {}, {}, "second"));
  scene_.clock.advance(usual_rest);
  EXPECT_EQ(run(), "web change");
}

TEST_F(DeclaredHostTest, ADigestThatFailedIsNotPulledAgain) {
  options_.ask_registries = true;
  scene_.engine.in_registry("far:1", {}, {}, "first");
  define("web", R"("image": "far:1")");
  run();
  engine::Behaviour exits;
  exits.exits_after = Milliseconds(50);
  exits.exit_code = 3;
  scene_.engine.in_registry("far:1", {}, exits, "broken");
  EXPECT_EQ(run(), "web change failed");
  const size_t changes = scene_.engine.changes().size();
  EXPECT_EQ(run(), "web held");
  EXPECT_EQ(scene_.engine.changes().size(), changes);
  scene_.engine.in_registry("far:1", {}, {}, "mended");
  EXPECT_EQ(run(), "web change");
}

TEST_F(DeclaredHostTest, WaitsUntilADigestIsOldEnough) {
  options_.ask_registries = true;
  scene_.engine.in_registry("far:1", {}, {}, "first");
  define("web", R"("image": "far:1", "update": {"minimum_age": "1h"})");
  run();
  scene_.clock.advance(std::chrono::hours(1));
  run();
  EXPECT_THAT(running(), ElementsAre("web"));
  scene_.engine.in_registry("far:1", {}, {}, "second");
  const DeclaredHost waiting = apply();
  EXPECT_EQ(told(waiting), "web held");
  EXPECT_THAT(of(waiting, "web").reason, HasSubstr("first seen"));
  scene_.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(run(), "web change");
}

TEST_F(DeclaredHostTest, ReplicasRunSideBySideAndAreRolled) {
  define("web", R"("image": "web:1", "replicas": 2, "update": {"rolling": true})");
  run();
  EXPECT_THAT(running(), ElementsAre("web", "web-2"));
  define("web", R"("image": "web:bad", "replicas": 2, "update": {"rolling": true})");
  EXPECT_EQ(run(), "web change failed");
  EXPECT_THAT(running(), ElementsAre("web", "web-2"));
  EXPECT_EQ(scene_.plan(), "");
  define("web", R"("image": "web:2", "replicas": 1, "update": {"rolling": true})");
  EXPECT_EQ(run(), "web change");
  EXPECT_THAT(running(), ElementsAre("web"));
}

TEST_F(DeclaredHostTest, KeepsAsManyOldReleasesAsItIsTold) {
  options_.keep = 1;
  for (const auto* level : {"a", "b", "c", "d"}) {
    define("web", format(R"("image": "web:1", "env": {{"LEVEL": "{}"}})", level));
    run();
  }
  EXPECT_EQ(scene_.engine.containers({}, {}).size(), 2U);
  EXPECT_EQ(scene_.app().releases.size(), 2U);
  EXPECT_EQ(scene_.run("rollback"), "done");
}

TEST_F(DeclaredHostTest, APatternChoosesTheNewestTagThatFits) {
  options_.ask_registries = true;
  std::vector<std::string> tags{"1.2.0"};
  options_.list_tags = [&](const ImageRef&, std::stop_token) { return tags; };
  for (const auto* tag : {"1.2.0", "1.3.0", "2.0.0"}) scene_.engine.in_registry(std::string("far:") + tag, {}, {}, tag);
  define("web", R"("image": "far:1.2.0", "update": {"pattern": "semver ^1.2"})");
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(run(), "web unchanged");
  tags = {"2.0.0", "1.3.0", "1.2.0"};
  const DeclaredHost done = apply();
  EXPECT_EQ(told(done), "web change");
  EXPECT_THAT(of(done, "web").differences, Contains(HasSubstr("→ far:1.3.0@")));
  EXPECT_EQ(run(), "web unchanged");
  // Between two looks at the registry, what was chosen stays.
  options_.ask_registries = false;
  EXPECT_EQ(run(), "web unchanged");
}

TEST_F(DeclaredHostTest, APolicyThatCannotBeReadBreaksItsDefinition) {
  define("web", R"("image": "web:1", "update": {"window": "Mon-Fry 02:00-05:00"})");
  define("other", R"("image": "web:1", "update": {"pattern": "semver ^x.y"})");
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "other broken, web broken");
  EXPECT_THAT(of(host, "web").reason, HasSubstr("web.json:1:1: "));
}

TEST_F(DeclaredHostTest, ATagThatIsGoneIsNoReasonToPullWhatRuns) {
  define("web", R"("image": "web:1")");
  run();
  std::ignore = scene_.engine.remove_image("web:1", {});
  EXPECT_EQ(run(), "web unchanged");
}

// What a pass found, as `belay why` tells it later, without definitions and registries.
class WaitsTest : public DeclaredHostTest {
 protected:
  WaitsTest() {
    options_.ask_registries = true;
    scene_.engine.in_registry("far:1", {}, {}, "first");
  }
  // The sentences behind those that every app gets.
  std::string why_now(const std::string& app) {
    Context context = scene_.context();
    const std::string text = why(context, AppName(app), {}).text;
    const size_t end = text.find(").");
    const size_t next = text.find(". ", end + 2);
    return next == std::string::npos ? std::string() : text.substr(next + 2);
  }
  std::string topics(const std::string& app) {
    Context context = scene_.context();
    std::string text;
    for (const auto& wait : why(context, AppName(app), {}).waits)
      text += format("{}{}{}", text.empty() ? "" : ", ", to_text(wait.topic), wait.until ? " until" : "");
    return text;
  }
  void something_newer() { scene_.engine.in_registry("far:1", {}, {}, "second"); }

  const Zone zone_{"UTC0"};
};

TEST_F(WaitsTest, TellsOfAWindowAndForgetsItWhenThatHasCome) {
  define("web", R"("image": "far:1", "update": {"window": "14:00-15:00"})");
  run();
  EXPECT_EQ(why_now("web"), "");
  something_newer();
  EXPECT_EQ(run(), "web held");
  scene_.clock.advance(Milliseconds(7'200'000));
  EXPECT_EQ(run(), "web held");
  EXPECT_THAT(why_now("web"), ::testing::MatchesRegex("1@[0-9a-f]+ is new and waits for its window '14:00-15:00' "
                                                      "\\(first seen 2 hours ago; it is due 14:00\\)\\."));
  EXPECT_EQ(topics("web"), "update until");
  scene_.clock.advance(Milliseconds(3 * 3'600'000));
  EXPECT_THAT(why_now("web"), HasSubstr("it is due; belay serve or belay apply makes it"));
  EXPECT_EQ(run(), "web change");
  EXPECT_EQ(topics("web"), "");
}

TEST_F(WaitsTest, AServiceMayHaveRulesOfItsOwn) {
  scene_.engine.in_registry("near:1", {}, {}, "first");
  Declaration shop{AppName("shop")};
  shop.scheme = NamingScheme::compose;
  shop.origin = (definitions_ / "shop.yaml").string();
  Service db, web;
  db.name = "db";
  db.image = "far:1";
  web.name = "web";
  web.image = "near:1";
  shop.spec.services = {db, web};
  shop.updates["db"].window = "14:00-15:00";
  const auto pass = [&] {
    scene_.clock.advance(Seconds(1));
    Context context = scene_.context("belay apply");
    Declarations declared;
    declared.apps = {shop};
    return told(apply_declared(context, declared, options_, quiet_, {}));
  };
  EXPECT_EQ(pass(), "shop change");
  something_newer();
  scene_.engine.in_registry("near:1", {}, {}, "second");
  EXPECT_EQ(pass(), "shop change") << "web waits for nothing";
  const App now = scene_.app("shop");
  EXPECT_EQ(now.releases.back().container_release("db"), ReleaseNumber{1});
  EXPECT_EQ(now.releases.back().container_release("web"), ReleaseNumber{2});
  EXPECT_THAT(why_now("shop"), HasSubstr("db: 1@"));
  EXPECT_THAT(why_now("shop"), HasSubstr("waits for its window '14:00-15:00'"));
  EXPECT_EQ(pass(), "shop held");
  scene_.clock.advance(Milliseconds(5 * 3'600'000));
  EXPECT_EQ(pass(), "shop change");
  EXPECT_EQ(topics("shop"), "");
}

TEST_F(WaitsTest, TellsOfAnAgeAndOfAQuarantine) {
  define("web", R"("image": "far:1", "update": {"minimum_age": "24h"})");
  run();
  something_newer();
  run();
  scene_.clock.advance(Milliseconds(3'600'000));
  EXPECT_THAT(why_now("web"), HasSubstr("is new and waits until it is 24 h old (first seen 1 hour ago; it is due "));
  define("db", R"("image": "db:1")");
  scene_.engine.in_registry("db:1", {}, {}, "first");
  run();
  engine::Behaviour exits;
  exits.exits_after = Milliseconds(50);
  scene_.engine.in_registry("db:1", {}, exits, "broken");
  EXPECT_EQ(run(), "db change failed, web held");
  EXPECT_EQ(run(), "db held, web held");
  EXPECT_THAT(why_now("db"), HasSubstr("failed here before and is not tried again: "));
  EXPECT_EQ(topics("db"), "update");
}

TEST_F(WaitsTest, TellsOfARegistryThatDoesNotAnswerAndOfADefinitionThatCannotBeUsed) {
  define("web", R"("image": "far:1")");
  run();
  scene_.engine.registry_fails("docker.io", EngineError(500, "the registry is away", ""));
  run();
  scene_.clock.advance(Milliseconds(300'000));
  run();
  EXPECT_THAT(why_now("web"), HasSubstr("It is not known whether there is a newer image (noticed 5 minutes ago): "));
  EXPECT_THAT(why_now("web"), HasSubstr("the registry is away"));
  scene_.engine.registry_fails("docker.io", {});
  define("web", R"("image": 7, "extra": true)");
  run();
  EXPECT_THAT(why_now("web"), HasSubstr("The definition cannot be applied (noticed just now): "));
  EXPECT_EQ(topics("web"), "definition, registry") << "nobody asked the registry meanwhile";
  define("web", R"("image": "far:1")");
  run();
  EXPECT_EQ(topics("web"), "");
}

TEST_F(WaitsTest, TellsWhatIsHeldByHand) {
  define("web", R"("image": "far:1")");
  run();
  Context context = scene_.context("belay stop web");
  std::ignore = stop(context, AppName("web"), false, {});
  run();
  EXPECT_EQ(topics("web"), "held");
  Context again = scene_.context("belay start web last");
  std::ignore = start_release(again, AppName("web"), "last", {}, {});
  EXPECT_EQ(topics("web"), "") << "that is over, whether a pass has seen it or not";
  run();
  EXPECT_EQ(topics("web"), "");
}

TEST_F(WaitsTest, KeepsNothingOfAPreview) {
  define("web", R"("image": "far:1", "update": {"window": "14:00-15:00"})");
  run();
  something_newer();
  apply(true);
  EXPECT_EQ(topics("web"), "");
}

TEST_F(DeclaredHostTest, AnEmptyStateTouchesNothingUntilItIsRecovered) {
  define("web", R"("image": "web:1", "update": {"pull": false})");
  define("db", R"("image": "web:1", "update": {"pull": false})");
  run();
  define("web", R"("image": "web:2", "update": {"pull": false})");
  run();
  scene_.store.reset();
  fs::remove_all(scene_.folder.path() / "state");
  scene_.reopen();
  const auto changes = scene_.engine.changes().size();
  define("db", R"("image": "web:2", "update": {"pull": false})");
  const DeclaredHost host = apply();
  EXPECT_EQ(told(host), "db broken, web broken");
  EXPECT_THAT(of(host, "web").reason, HasSubstr("does not know: "));
  EXPECT_THAT(of(host, "web").hint, HasSubstr("belay recover"));
  EXPECT_EQ(told(apply(true)), "db broken, web broken") << "the preview says it too";
  EXPECT_EQ(scene_.engine.changes().size(), changes);
  scene_.run("recover");
  run();
  for (const auto* name : {"web", "db"})
    EXPECT_EQ(scene_.container(name)->image_id, scene_.engine.image("web:2", {})->id);
  EXPECT_EQ(run(), "db unchanged, web unchanged");
}

TEST_F(DeclaredHostTest, AnExclusiveHostStopsNoContainerOfAnotherState) {
  scene_.run("deploy 1");
  const std::string other = scene_.store->identity();
  scene_.store.reset();
  fs::remove_all(scene_.folder.path() / "state");
  scene_.reopen();
  scene_.stranger("stranger", {});
  define("db", R"("image": "web:1")");
  options_.exclusive = true;
  const DeclaredHost host = apply();
  EXPECT_EQ(scene_.container("web-r1")->state, ContainerState::running);
  EXPECT_EQ(scene_.container("stranger")->state, ContainerState::exited);
  EXPECT_THAT(of(host, "web-r1").reason, HasSubstr(other.substr(0, 12)));
}

}  // namespace
}  // namespace belay::scene
