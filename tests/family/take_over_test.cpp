// Apps that begin with what is there already.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "base/format.h"
#include "base/text.h"
#include "change/let_go.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A container as the real jockler or dockervisor leaves it.
void foreign(Scene& scene, const std::string& name, bool starts, const std::string& policy = "no") {
  scene.clock.advance(Seconds(5));
  scene.engine.add_image("web", {}, {}, "1");
  engine::ContainerRequest request;
  request.name = name;
  request.image = "web";
  request.restart.name = policy;
  request.service.environment["COLOUR"] = "red";
  request.service.mounts.push_back({Mount::Kind::volume, "web_data", "/data", false, ""});
  scene.engine.create_container(request, {});
  if (starts) scene.engine.start_container(name, {});
}

TEST(Adopt, TakesOverWhatJocklerMadeWithoutTouchingIt) {
  Scene scene({NamingScheme::jcl});
  foreign(scene, "jcl_web_20250101000000", false);
  foreign(scene, "jcl_web_20250202000000", true);
  foreign(scene, "jcl_webshop_20250202000000", true);
  foreign(scene, "jcl_web_other", true);
  auto here = scene.context();
  const auto dry = adopt(here, web, {}, {.dry_run = true}, {});
  EXPECT_TRUE(dry.dry_run);
  EXPECT_EQ(scene.store->app(web), std::nullopt);
  const auto before = scene.engine.changes().size();
  const auto adopted = adopt(here, web, {}, {}, {});
  EXPECT_THAT(adopted.containers, ElementsAre("jcl_web_20250101000000", "jcl_web_20250202000000"));
  EXPECT_EQ(scene.changes(before), format("  {}. tag belay/web:r1\n  {}. tag belay/web:r2\n", before, before + 1));
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.app().last, ReleaseNumber{2});
  EXPECT_EQ(scene.run("rollback"), "done");
  EXPECT_THAT(scene.running(), Contains("jcl_web_20250101000000"));
  EXPECT_THAT(scene.running(), ::testing::Not(Contains("jcl_web_20250202000000")));
  EXPECT_EQ(scene.run("start new"), "done");
  EXPECT_EQ(scene.engine.container(scene.app().find({3})->containers.at("web"), {})->service.environment.at("COLOUR"),
            "red");
  EXPECT_EQ(scene.plan(), "");
}

TEST(Adopt, SaysWhatDoesNotComeBackAfterAReboot) {
  for (const auto& [policy, notes] : {std::pair("no", 1), {"unless-stopped", 0}, {"on-failure", 0}}) {
    Scene scene({NamingScheme::jcl});
    foreign(scene, "web", true, policy);
    auto here = scene.context();
    adopt(here, web, {}, {}, {});
    EXPECT_EQ(
        std::count_if(scene.report.notes.begin(), scene.report.notes.end(),
                      [](const std::string& note) { return note.find("restart=unless-stopped") != std::string::npos; }),
        notes)
        << policy;
  }
}

TEST(LettingGo, IsTheWayBackOutOfAdopting) {
  Scene scene({NamingScheme::jcl});
  foreign(scene, "web", true, "always");
  auto here = scene.context();
  adopt(here, web, {}, {}, {});
  const auto before = scene.engine.changes().size();
  const std::string known = scene.all();
  const auto agree = [](const LetGo&) { return true; };
  const auto dry = let_go(here, web, true, agree, {});
  EXPECT_EQ(scene.all(), known);
  EXPECT_THAT(dry.containers, ElementsAre("web"));
  EXPECT_THAT(dry.kept, ElementsAre("container web, running", "volume web_data with its data",
                                    "the image with the tag belay/web:r1"));
  EXPECT_EQ(dry.again, "belay adopt web");
  EXPECT_FALSE(dry.bears_labels);
  EXPECT_TRUE(let_go(here, web, false, [](const LetGo&) { return false; }, {}).declined);
  EXPECT_EQ(scene.all(), known) << "the answer was no";
  EXPECT_TRUE(let_go(here, web, false, agree, {}).done);
  EXPECT_EQ(scene.engine.changes().size(), before) << "nothing was touched";
  EXPECT_THAT(scene.running(), ElementsAre("web"));
  EXPECT_EQ(scene.store->app(web), std::nullopt);
  EXPECT_EQ(scene.store->journal("web", 1).at(0).verb.text(), "forget");
  EXPECT_THROW(let_go(here, web, false, agree, {}), NotFound);
  EXPECT_THAT(adopt(here, web, {}, {}, {}).containers, ElementsAre("web"));
  EXPECT_EQ(scene.plan(), "");
}

TEST(LettingGo, OfWhatBelayMadeSaysThatItsLabelsStay) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  auto here = scene.context();
  const auto gone = let_go(here, web, false, [](const LetGo&) { return true; }, {});
  EXPECT_TRUE(gone.bears_labels);
  EXPECT_EQ(gone.again, "belay recover");
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
  // Whoever adopts them is told what does it.
  for (const auto& [name, containers] : std::vector<std::pair<AppName, std::vector<std::string>>>{
           {web, {}}, {web, {"web-r1"}}, {AppName("other"), {"web-r1"}}})
    try {
      adopt(here, name, containers, {}, {});
      ADD_FAILURE() << name.text();
    } catch (const Error& error) {
      EXPECT_THAT(error.hint(), HasSubstr("belay recover")) << error.what();
    }
  EXPECT_EQ(scene.run("recover"), "done");
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
}

TEST(LettingGo, OfADeclaredAppTakesADefinitionThatNobodyCanMoveAway) {
  for (const bool is_there : {true, false}) {
    Scene scene;
    ASSERT_EQ(scene.run("deploy 1"), "done");
    const fs::path definition = scene.folder.path() / "etc/belay/containers.d/web.json";
    App app = scene.app();
    app.origin_kind = Origin::definition;
    app.origin = definition.string();
    scene.store->save(app);
    // Without it, the whole tree is missing: it may be on a disk that is not mounted.
    if (is_there) {
      make_folder(definition.parent_path());
      write_file_durably(definition, "{}");
    }
    auto here = scene.context();
    const auto forget = [&] { return let_go(here, web, false, [](const LetGo&) { return true; }, {}).done; };
    if (is_there)
      EXPECT_THROW(forget(), Conflict);
    else
      EXPECT_TRUE(forget());
    EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
  }
}

TEST(LettingGo, TakesTheKeptFilesAlongAndNeverBeforeTheApp) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  const fs::path files = scene.store->folder() / "files/web/r1/hash";
  make_folder(files);
  write_file_durably(files / "settings", "a secret");
  auto here = scene.context();
  EXPECT_TRUE(let_go(here, web, false, [](const LetGo&) { return true; }, {}).done);
  EXPECT_FALSE(fs::exists(scene.store->folder() / "files/web"));
}

TEST(LettingGo, ThatWasCutShortIsFinishedByTheNextChange) {
  Scene scene;
  const fs::path files = scene.store->folder() / "files";
  for (const auto* app : {"cut-short", "not-known", "web"}) {
    make_folder(files / app / "r1");
    if (std::string(app) != "not-known") write_file_durably(files / app / "forgotten", "");
  }
  ASSERT_EQ(scene.run("deploy 1"), "done");
  EXPECT_FALSE(fs::exists(files / "cut-short"));
  EXPECT_TRUE(fs::exists(files / "not-known/r1")) << "the state may be lost, and these may be in use";
  EXPECT_TRUE(fs::exists(files / "web/r1")) << "it was made anew meanwhile";
  EXPECT_FALSE(fs::exists(files / "web/forgotten"));
}

TEST(LettingGo, NamesTheDataOfASnapshotOnce) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.engine.create_volume({"web_data.belay-s1", {{std::string(labels::app), "web"}}}, {});
  App app = scene.app();
  Snapshot snapshot;
  snapshot.number = 1;
  snapshot.complete = true;
  snapshot.items.push_back({{DataPlace::Kind::volume, "web_data"}, {DataPlace::Kind::volume, "web_data.belay-s1"}});
  app.snapshots.push_back(snapshot);
  scene.store->save(app);
  auto here = scene.context();
  const auto gone = let_go(here, web, true, [](const LetGo&) { return true; }, {});
  EXPECT_THAT(gone.kept, Contains("volume web_data.belay-s1: the data of the snapshot s1"));
  EXPECT_THAT(gone.kept, ::testing::Not(Contains("volume web_data.belay-s1 with its data")));
}

TEST(LettingGo, LeavesNothingPaused) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  App app = scene.app();
  app.wish.progress = Wish::Progress::held;
  app.wish.fallback = app.wish.release();
  scene.store->save(app);
  scene.engine.pause_container("web-r1", {});
  auto here = scene.context();
  EXPECT_TRUE(let_go(here, web, false, [](const LetGo&) { return true; }, {}).done);
  EXPECT_EQ(scene.container("web-r1")->state, ContainerState::running);
}

TEST(LettingGo, RefusesWhatADefinitionWouldMakeAnew) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.write("web.json", "{}");
  App app = scene.app();
  app.origin = (scene.source / "web.json").string();
  app.origin_kind = Origin::definition;
  scene.store->save(app);
  auto here = scene.context();
  try {
    let_go(here, web, false, [](const LetGo&) { return true; }, {});
    ADD_FAILURE() << "the definition is there";
  } catch (const Conflict& error) {
    EXPECT_THAT(error.what(), HasSubstr(app.origin));
    EXPECT_THAT(error.hint(), HasSubstr("belay forget web"));
  }
  EXPECT_TRUE(scene.store->app(web));
  fs::remove(app.origin);
  EXPECT_TRUE(let_go(here, web, false, [](const LetGo&) { return true; }, {}).done);
}

TEST(Adopt, KnowsDockervisorsNamesAndFollowsThemThroughRenames) {
  Scene scene({NamingScheme::dcv});
  foreign(scene, "dcv_web_stable", false);
  foreign(scene, "dcv_web", true, "unless-stopped");
  auto here = scene.context();
  adopt(here, web, {}, {}, {});
  EXPECT_EQ(scene.app().stable, ReleaseNumber{1});
  EXPECT_EQ(scene.plan(), "");
  // Displaced by a release that fails, it comes back under its own name.
  EXPECT_EQ(scene.run("deploy bad"), "rolled_back");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web"));
  EXPECT_EQ(scene.app().find({2})->containers.at("web"), "dcv_web");
  EXPECT_THAT(scene.app().find({3})->containers.at("web"), HasSubstr("dcv_web_save_"));
  EXPECT_EQ(scene.run("deploy 2"), "done");
  EXPECT_EQ(scene.plan(), "");
  EXPECT_THAT(scene.app().find({2})->containers.at("web"), HasSubstr("dcv_web_save_"));
  EXPECT_EQ(scene.run("start stable"), "done");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web_stable"));
  EXPECT_EQ(scene.plan(), "");
}

TEST(Adopt, SurvivesAPowerCutBetweenARenameAndItsRecord) {
  for (int n = 0; n < 60; ++n) {
    Scene scene({NamingScheme::dcv});
    foreign(scene, "dcv_web", true, "unless-stopped");
    auto here = scene.context();
    adopt(here, web, {}, {}, {});
    scene.engine.crash_after(n, engine::MemoryEngine::Cut::before_the_answer);
    const bool crashed = scene.crashes("deploy 2");
    scene.engine.crash_after(std::nullopt);
    if (!crashed) return;
    scene.reopen();
    scene.run("start last");
    ASSERT_THAT(scene.running(), ElementsAre("dcv_web")) << n << "\n" << scene.changes() << scene.state();
    ASSERT_EQ(scene.container("dcv_web")->owner().has_value(), false) << n << "\n" << scene.changes();
    ASSERT_EQ(scene.plan(), "") << n << "\n" << scene.changes() << scene.state();
  }
  FAIL() << "never came to an end";
}

TEST(Adopt, VolumesThatAreGoneAreMadeAnewAsTheyWere) {
  Scene scene;
  scene.engine.create_volume({"web_data", {}, {.options = {{"type", "nfs"}, {"device", ":/data"}}}}, {});
  foreign(scene, "legacy", true, "always");
  auto here = scene.context();
  adopt(here, web, {"legacy"}, {}, {});
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.run("stop"), "done");
  scene.engine.remove_container("legacy", {});
  scene.engine.remove_volume("web_data", {});
  EXPECT_EQ(scene.run("start last"), "done");
  const auto volumes = scene.engine.volumes({}, {});
  const auto found = std::find_if(volumes.begin(), volumes.end(), [](const Volume& v) { return v.name == "web_data"; });
  ASSERT_NE(found, volumes.end());
  EXPECT_EQ(found->options.at("type"), "nfs");
}

TEST(Adopt, RefusesByNameWhatNoReleaseHasAPlaceFor) {
  Scene scene;
  foreign(scene, "plex", true);
  foreign(scene, "whole", false);
  scene.engine.has_unkept("plex", unkept_setting("DeviceRequests", "DeviceRequests"));
  scene.engine.has_unkept("plex", unkept_setting("Mounts[0].VolumeOptions.Subpath", "Mounts.VolumeOptions.Subpath"));
  auto here = scene.context();
  const std::string before = scene.all();
  for (const bool dry_run : {false, true}) {
    try {
      adopt(here, web, {"plex"}, {.dry_run = dry_run}, {});
      FAIL() << "something was lost without a word";
    } catch (const Conflict& error) {
      EXPECT_THAT(error.what(), HasSubstr("plex: DeviceRequests (--gpus)"));
      EXPECT_THAT(error.what(), HasSubstr("plex: Mounts[0].VolumeOptions.Subpath (--mount …,volume-subpath=…)"));
      EXPECT_THAT(error.hint(), HasSubstr("belay adopt web plex --lossy"));
    }
    EXPECT_EQ(scene.all(), before);
  }
  const auto adopted = adopt(here, web, {"plex"}, {.lossy = true}, {});
  EXPECT_THAT(adopted.lost, ElementsAre("plex: DeviceRequests (--gpus)",
                                        "plex: Mounts[0].VolumeOptions.Subpath (--mount …,volume-subpath=…)"));
  EXPECT_EQ(scene.plan(), "");
}

// With --rm the engine removes the container's volumes without a name when it stops, which Belay would do.
TEST(Adopt, RefusesDataThatGoesAwayWithItsContainer) {
  Scene scene;
  const std::string unnamed(64, 'a');
  scene.engine.create_volume({unnamed, {}, {}}, {});
  scene.engine.add_image("pg:1", {}, {}, "pg");
  for (const auto& [name, volume] : {std::pair("loose", unnamed), std::pair("named", std::string("pg_data"))}) {
    engine::ContainerRequest request;
    request.name = name;
    request.image = "pg:1";
    request.service.image = "pg:1";
    request.service.mounts = {{Mount::Kind::volume, volume, "/data", false, {}}};
    scene.engine.create_container(request, {});
    scene.engine.start_container(name, {});
    scene.engine.has_unkept(name, unkept_setting("AutoRemove", "AutoRemove"));
  }
  auto here = scene.context();
  const std::string before = scene.all();
  for (const bool dry_run : {false, true}) {
    try {
      adopt(here, web, {"loose"}, {.dry_run = dry_run, .lossy = true}, {});
      FAIL() << "its data would be gone with the next stop";
    } catch (const Conflict& error) {
      EXPECT_THAT(error.what(), HasSubstr("loose was started with --rm, and its data in /data"));
      EXPECT_THAT(error.hint(), HasSubstr("docker cp loose:/data FOLDER"));
    }
    EXPECT_EQ(scene.all(), before);
  }
  EXPECT_THAT(adopt(here, web, {"named"}, {.lossy = true}, {}).lost, ElementsAre("named: AutoRemove (--rm)"));
}

TEST(Adopt, RecoverRefusesTheSameAndGoesOnWithTheOthers) {
  Scene scene;
  scene.run("deploy 1");
  scene.engine.has_unkept("web-r1", unkept_setting("Annotations", "Annotations"));
  const TemporaryFolder empty;
  const auto lost = state::Store::open(empty.path() / "state");
  auto base = scene.context();
  Context here{base.engine, *lost, base.clock, base.report, "tester", "belay recover", true, base.defaults, {}};
  const auto refused = recover(here, {}, {});
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_TRUE(refused[0].refused);
  EXPECT_THAT(refused[0].lost, ElementsAre("web-r1: Annotations (--annotation)"));
  EXPECT_EQ(lost->app(web), std::nullopt);
  const auto taken = recover(here, {.lossy = true}, {});
  EXPECT_FALSE(taken.at(0).refused);
  EXPECT_NE(lost->app(web), std::nullopt);
}

TEST(Adopt, ItsPinsArePreviewedAndItCanBeGivenAgain) {
  for (int n = 0; n < 40; ++n)
    for (const auto cut :
         {engine::MemoryEngine::Cut::before_the_effect, engine::MemoryEngine::Cut::before_the_answer}) {
      Scene scene;
      foreign(scene, "mine", true);
      auto here = scene.context();
      EXPECT_THAT(plan::plan_text(adopt(here, web, {"mine"}, {.dry_run = true}, {}).plan),
                  HasSubstr("as belay/web:r1"));
      scene.engine.crash_after(n, cut);
      bool crashed = false;
      try {
        adopt(here, web, {"mine"}, {}, {});
      } catch (const engine::MemoryEngine::Crash&) {
        crashed = true;
      }
      scene.engine.crash_after(std::nullopt);
      if (!crashed && cut == engine::MemoryEngine::Cut::before_the_answer) return;
      scene.reopen();
      auto again = scene.context();
      const auto adopted = adopt(again, web, {"mine"}, {}, {});
      EXPECT_THAT(adopted.containers, ElementsAre("mine"));
      EXPECT_TRUE(scene.engine.image("belay/web:r1", {})) << n;
      EXPECT_TRUE(adopt(again, web, {"mine"}, {}, {}).was_there);
      EXPECT_EQ(scene.plan(), "");
    }
  FAIL() << "never came to an end";
}

TEST(Adopt, RefusesWhatItCannotTake) {
  Scene scene;
  foreign(scene, "one", true);
  foreign(scene, "two", true);
  const auto refusal = [&](const AppName& name, const std::vector<std::string>& containers) -> std::string {
    const std::string before = scene.all();
    auto here = scene.context();
    try {
      adopt(here, name, containers, {}, {});
      return "not refused";
    } catch (const Error& error) {
      EXPECT_EQ(scene.all(), before);
      EXPECT_NE(error.hint(), "") << error.what();
      return error.what();
    }
  };
  EXPECT_EQ(refusal(web, {}), "no container that could be adopted is called web, jcl_web_… or dcv_web");
  EXPECT_EQ(refusal(web, {"three"}), "there is no container three");
  EXPECT_EQ(refusal(web, {"one", "two"}), "2 of these containers run; an app has one that runs");
  EXPECT_EQ(refusal(web, {"one", "one"}), "the container one is named twice");
  auto here = scene.context();
  adopt(here, web, {"one"}, {}, {});
  EXPECT_EQ(refusal(AppName("shop"), {"one"}), "the container one belongs to the app web already");
  EXPECT_EQ(refusal(web, {"two"}), "the container two runs, and so does r1 of web; an app has one that runs");
}

// Two commands at once, for two apps: each holds its own app's lock.
TEST(Adopt, AContainerBecomesOneAppWhenTwoAdoptItAtOnce) {
  Scene scene;
  foreign(scene, "solo", true);
  const auto other_store = state::Store::open(scene.store->folder());
  std::string refusal;
  const auto adopt_again = [&] {
    Notes quiet;
    Context here = scene.context();
    Context other{here.engine, *other_store, here.clock, quiet, here.who, here.command};
    other.wait_for_lock = false;
    try {
      adopt(other, AppName("second"), {"solo"}, {}, {});
    } catch (const Error& error) {
      refusal = error.what();
    }
  };
  scene.report.on_step = [&](const std::string& step) {
    if (step.find("belay/first:r1") != std::string::npos) adopt_again();
  };
  Context here = scene.context();
  EXPECT_THAT(adopt(here, AppName("first"), {"solo"}, {}, {}).containers, ElementsAre("solo"));
  scene.report.on_step = nullptr;
  EXPECT_NE(refusal, "");
  adopt_again();
  EXPECT_EQ(refusal, "the container solo belongs to the app first already");
  EXPECT_FALSE(scene.store->app(AppName("second")));
}

TEST(Adopt, AFurtherContainerBecomesAFurtherRelease) {
  // Its own image has no volume: the one of the containers is a stranger's.
  Scene scene({NamingScheme::belay, true, false});
  foreign(scene, "old", false);
  foreign(scene, "older-than-nothing", false);
  for (const auto* line : {"deploy 1", "stable", "stop"}) scene.run(line);
  auto here = scene.context();
  const auto adopted = adopt(here, web, {"old"}, {}, {});
  EXPECT_THAT(adopted.containers, ElementsAre("old"));
  EXPECT_EQ(scene.app().last, ReleaseNumber{1}) << "what ran last stays the last";
  EXPECT_EQ(scene.app().stable, ReleaseNumber{1});
  EXPECT_EQ(scene.run("start r2"), "done");
  EXPECT_THAT(scene.running(), ElementsAre("old"));
  EXPECT_EQ(scene.run("start stable"), "done");
  EXPECT_EQ(scene.plan(), "");
  // One that runs while the app is down is what is wished from then on.
  scene.run("stop");
  scene.engine.start_container("older-than-nothing", {});
  adopt(here, web, {"older-than-nothing"}, {}, {});
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.app().last, ReleaseNumber{3});
  EXPECT_THAT(scene.running(), ElementsAre("older-than-nothing"));
}

TEST(Adopt, TheSchemeChoosesTheContainersAndTheNamesOfTheNext) {
  for (const auto& [scheme, next] : std::vector<std::pair<NamingScheme, std::string>>{
           {NamingScheme::jcl, "jcl_web_"}, {NamingScheme::dcv, "dcv_web"}, {NamingScheme::belay, "web-r2"}}) {
    Scene scene;
    foreign(scene, "my-old-web", true);
    auto here = scene.context();
    adopt(here, web, {"my-old-web"}, {.scheme = scheme}, {});
    EXPECT_EQ(scene.plan(), "");
    EXPECT_EQ(scene.run("start new"), "done");
    EXPECT_THAT(scene.app().find({2})->containers.at("web"), ::testing::StartsWith(next));
    EXPECT_EQ(scene.run("start r1"), "done");
    EXPECT_THAT(scene.running(), ElementsAre("my-old-web")) << "its name is its own";
    EXPECT_EQ(scene.plan(), "");
  }
}

TEST(Adopt, ByNameAloneTakesWhatBearsAName) {
  const std::map<std::string, bool> names{{"jcl_web_20240101000000", true},
                                          {"dcv_web_20240101000000", true},
                                          {"dcv_web", true},
                                          {"dcv_web_stable", true},
                                          {"dcv_web_save_20240101", true},
                                          {"web", true},
                                          {"dcv_web_2024", false},
                                          {"jcl_web2_20240101000000", false},
                                          {"dcv_web_x_20240101000000", false},
                                          {"web-1", false}};
  for (const auto& [name, taken] : names) {
    Scene scene;
    foreign(scene, name, name.find("_save_") == std::string::npos);
    auto here = scene.context();
    if (!taken) {
      EXPECT_THROW(adopt(here, web, {}, {}, {}), NotFound) << name;
      continue;
    }
    EXPECT_THAT(adopt(here, web, {}, {}, {}).containers, ElementsAre(name));
    // In that scheme what ran last bears the app's name again, once it is touched.
    if (name.find("_save_") != std::string::npos) continue;
    EXPECT_EQ(scene.plan(), "") << name;
  }
}

TEST(Import, MakesAnAppOfARunLine) {
  Scene scene;
  scene.engine.in_registry("nginx:1", {}, {}, "1");
  auto here = scene.context();
  const std::vector<std::string> line{
      "docker",         "run",    "-d", "--name", "web", "-p", "8081:80", "-e", "DB_PASSWORD=s3cret", "-v",
      "web_data:/data", "nginx:1"};
  const auto dry = import_run(here, "", line, true, {});
  EXPECT_THAT(scene.store->app_names(), IsEmpty());
  EXPECT_EQ(dry.spec.find("s3cret"), std::string::npos);
  const auto imported = import_run(here, "", line, false, {});
  EXPECT_TRUE(imported.changed);
  EXPECT_FALSE(import_run(here, "", line, false, {}).changed) << "it is of this line already";
  EXPECT_EQ(imported.app, "web");
  EXPECT_EQ(scene.run("start new"), "done");
  const auto detail = scene.engine.container("web-r1", {}).value();
  EXPECT_EQ(detail.service.environment.at("DB_PASSWORD"), "s3cret");
  EXPECT_EQ(detail.container.ports.at(0).host_port, 8081);
  EXPECT_EQ(scene.plan(), "");
  EXPECT_EQ(scene.app().stable, std::nullopt);
  EXPECT_EQ(scene.run("remove"), "done");
  EXPECT_TRUE(scene.engine.image("nginx:1", {})) << "the image was not built for the app";
}

TEST(Import, RefusesALineThatSaysTooLittleOrTooMuch) {
  Scene scene;
  scene.engine.in_registry("nginx:1", {}, {}, "1");
  auto here = scene.context();
  const std::string before = scene.all();
  EXPECT_THROW(import_run(here, "", {"nginx:1"}, false, {}), UsageError);
  EXPECT_THROW(import_run(here, "web", {"--no-such-option", "nginx:1"}, false, {}), UsageError);
  EXPECT_THROW(import_run(here, "web", {"-p", "80000:80", "nginx:1"}, false, {}), UsageError);
  EXPECT_THROW(import_run(here, "w", {"nginx:1"}, false, {}), UsageError);
  EXPECT_THROW(import_run(here, "web", {"nothing:1"}, false, {}), Error);
  EXPECT_EQ(scene.all(), before);
}

void lose_the_state(Scene& scene) {
  scene.store.reset();
  fs::remove_all(scene.folder.path() / "state");
  scene.reopen();
}

TEST(Recover, RebuildsAppsReleasesAndLastFromTheLabels) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    Scene scene({scheme});
    scene.write("dcv-web", R"({"ports": {"9001": "80"}, "volumes": {"web_data": "/data"}, "env": {"COLOUR": "red"}})");
    for (const auto* line : {"deploy 1", "stable", "deploy 2", "deploy bad"}) scene.run(line);
    const App before = scene.app();
    lose_the_state(scene);
    const size_t changes = scene.engine.changes().size();
    ASSERT_EQ(scene.run("recover"), "done");
    EXPECT_EQ(scene.changes(changes), "");
    const App after = scene.app();
    EXPECT_EQ(after.scheme, before.scheme);
    EXPECT_EQ(after.last, before.last);
    EXPECT_EQ(after.wish.goal.index(), before.wish.goal.index());
    EXPECT_EQ(after.wish.release(), before.wish.release());
    EXPECT_EQ(after.highest_release, before.highest_release);
    // Only this scheme's names tell the mark.
    EXPECT_EQ(after.stable, scheme == NamingScheme::dcv ? before.stable : std::nullopt);
    ASSERT_EQ(after.releases.size(), before.releases.size());
    for (size_t i = 0; i < after.releases.size(); ++i) {
      EXPECT_EQ(after.releases[i].number, before.releases[i].number);
      EXPECT_EQ(after.releases[i].images, before.releases[i].images);
      EXPECT_EQ(after.releases[i].containers, before.releases[i].containers);
      EXPECT_EQ(after.releases[i].spec.services.at(0).environment, before.releases[i].spec.services.at(0).environment);
      EXPECT_EQ(after.releases[i].spec.services.at(0).ports, before.releases[i].spec.services.at(0).ports);
      EXPECT_EQ(after.releases[i].spec.services.at(0).mounts, before.releases[i].spec.services.at(0).mounts);
    }
    EXPECT_EQ(scene.trouble("2"), "");
    const std::string state = scene.state();
    scene.run("recover");
    EXPECT_EQ(scene.state(), state) << "a second time there is nothing to learn";
    for (const auto* line : {"rollback", "start r2", "stop", "start last", "deploy 4"}) {
      EXPECT_EQ(scene.run(line), "done") << line;
      EXPECT_EQ(scene.plan(), "") << line;
    }
    EXPECT_EQ(scene.trouble("4"), "");
  }
}

TEST(Recover, OfAnAppThatIsDownRemembersWhatRanLast) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2", "start r1", "stop"}) scene.run(line);
  lose_the_state(scene);
  scene.run("recover");
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
  EXPECT_EQ(scene.trouble(""), "");
  scene.run("start last");
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Recover, InTheMiddleOfASwapTakesWhatProvedItself) {
  // Without a port both run for a while; the policy tells which one had passed.
  for (const bool port : {false, true}) {
    int both = 0;
    for (int calls = 0;; ++calls) {
      Scene scene({NamingScheme::belay, port, false});
      scene.run("deploy 1");
      scene.offer("2");
      scene.engine.crash_after(calls);
      if (!scene.crashes("deploy 2")) break;
      scene.engine.crash_after({});
      const auto up = scene.running();
      const bool is_proved = scene.container("web-r2") && scene.engine.container("web-r2", {})->restart.name != "no" &&
                             !scene.engine.container("web-r2", {})->restart.name.empty();
      lose_the_state(scene);
      scene.run("recover");
      if (up.empty()) continue;
      if (up.size() == 2) ++both;
      const bool is_new = up == std::vector<std::string>{"web-r2"} ||
                          (is_proved && scene.engine.container("web-r1", {})->restart.name == "no");
      if (up.size() == 2 && is_proved && !is_new) continue;
      EXPECT_EQ(scene.app().last, ReleaseNumber{is_new ? 2 : 1}) << "cut after " << calls << "\n" << scene.changes();
      EXPECT_EQ(scene.app().wish.release(), scene.app().last);
      const std::string due = scene.plan().empty() ? "unchanged" : "done";
      EXPECT_EQ(scene.run("start last"), due);
      EXPECT_EQ(scene.running().size(), 1U) << "cut after " << calls;
    }
    EXPECT_EQ(both > 0, !port);
  }
}

// No label tells that a service is a job.
TEST(Recover, TakesWhatEndedWellBesideWhatRunsForAJob) {
  Scene scene;
  Spec spec;
  App app(AppName("shop"));
  for (const auto* name : {"web", "migrate", "broken"}) {
    engine::Behaviour behaviour;
    if (std::string_view(name) != "web") behaviour.exits_after = Seconds(1);
    behaviour.exit_code = std::string_view(name) == "broken" ? 3 : 0;
    engine::ContainerRequest request;
    request.name = std::string("shop-") + name;
    request.image = scene.engine.add_image(name, {}, behaviour);
    request.service.name = name;
    request.labels = labels::for_container({"shop", name, ReleaseNumber{1}, NamingScheme::compose});
    request.restart = {std::string_view(name) == "web" ? "unless-stopped" : "no", 0};
    scene.engine.create_container(request, {});
    scene.engine.start_container(request.name, {});
  }
  scene.clock.advance(Seconds(5));
  scene.run("recover");
  const auto known = scene.store->app(AppName("shop"));
  ASSERT_TRUE(known);
  const Spec& found = known->releases.at(0).spec;
  EXPECT_TRUE(found.service("migrate").may_end);
  EXPECT_FALSE(found.service("web").may_end);
  EXPECT_FALSE(found.service("broken").may_end);
}

}  // namespace
}  // namespace belay::scene
