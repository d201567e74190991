// One call to the engine fails, or its answer is lost, at every place in every command that ends with the release which
// runs already: what ran before the command runs after it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "change/kept_files.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "full_disk.h"
#include "look/look.h"
#include "safekeeping/restore.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Cut = engine::MemoryEngine::Cut;

struct Fault {
  Cut cut = Cut::before_the_effect;
  int status = 500;  // 0: the connection broke
};

EngineError error_of(const Fault& fault) {
  return fault.status == 0 ? EngineError(0, "the connection broke") : EngineError(fault.status, "injected failure");
}

const std::vector<Fault> faults{{Cut::before_the_effect, 500}, {Cut::before_the_answer, 0}};

// Something small is not as the release has it, while the app runs.
struct Trifle {
  std::string name;
  std::function<void(Scene&)> make;
};

const std::vector<Trifle> trifles{
    {"the pin is gone", [](Scene& s) { std::ignore = s.engine.remove_image("belay/web:r2", {}); }},
    {"the policy is another", [](Scene& s) { s.engine.set_restart_policy("web-r2", {"no", 0}, {}); }},
    {"it is paused", [](Scene& s) { s.engine.pause_container("web-r2", {}); }},
    {"all of it",
     [](Scene& s) {
       std::ignore = s.engine.remove_image("belay/web:r2", {});
       s.engine.set_restart_policy("web-r2", {"no", 0}, {});
       s.engine.pause_container("web-r2", {});
     }},
    {"nothing", [](Scene&) {}},
};

class Trifles : public ::testing::TestWithParam<std::string> {};

TEST_P(Trifles, ATrifleThatFailsStopsNothingThatRan) {
  const std::string& verb = GetParam();
  for (const auto& trifle : trifles) {
    Scene scene;
    for (const auto* line : {"deploy 1", "deploy 2", "autostart last"}) scene.run(line);
    trifle.make(scene);
    const auto beginning = scene.beginning();
    for (const auto& fault : faults)
      for (int n = 0;; ++n) {
        ASSERT_LT(n, 200);
        scene.begin_again(*beginning);
        const auto policy = scene.engine.container("web-r2", {})->restart;
        const int before = scene.engine.calls();
        scene.engine.fail_after(n, error_of(fault), fault.cut);
        const std::string came = scene.run(verb);
        const bool was_hit = scene.engine.calls() - before > n;
        scene.engine.fail_after({}, error_of(fault));
        const std::string where = format("{}: {}, {} {} at call {}: {}\n{}", verb, trifle.name, fault.status,
                                         fault.cut == Cut::before_the_answer ? "after its effect" : "before its effect",
                                         n, came, scene.changes());
        ASSERT_THAT(scene.running(), ElementsAre("web-r2")) << where;
        ASSERT_TRUE(scene.app().wish.is<goal::Run>()) << where;
        if (came == "rolled_back" && verb != "restart" && verb != "start-all") {
          ASSERT_EQ(scene.change->running, ReleaseNumber{2}) << where;
          // One whose policy is "no" may be about to end: it is started anew.
          const auto changes = scene.engine.changes();
          const bool was_stopped = std::find(changes.begin(), changes.end(), "stop web-r2") != changes.end();
          ASSERT_EQ(what_runs_now(*scene.change), was_stopped ? "r2 runs again" : "r2 runs on") << where;
          ASSERT_EQ(scene.engine.container("web-r2", {})->restart, policy) << where;
        }
        ASSERT_EQ(scene.app().find({2})->verdict, Verdict::passed) << where;
        ASSERT_THAT(scene.app().quarantine, IsEmpty()) << where;
        // The next command puts right what is left.
        scene.run("start last");
        ASSERT_EQ(scene.trouble("2"), "") << where;
        if (!was_hit) break;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(V1, Trifles,
                         ::testing::Values("start last", "start r2", "start-all", "deploy same", "restart"),
                         [](const auto& verb) {
                           std::string name = verb.param;
                           for (char& c : name)
                             if (c == ' ' || c == '-') c = '_';
                           return name;
                         });

TEST(Faults, WhatWasPausedIsPausedAgain) {
  Scene scene;
  scene.run("deploy 1");
  scene.engine.pause_container("web-r1", {});
  std::ignore = scene.engine.remove_image("belay/web:r1", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("set the restart policy") || step.starts_with("wait") || step.starts_with("check that"))
      scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  scene.run("start last");
  scene.report.on_step = nullptr;
  scene.engine.fail_after({}, EngineError(500, ""));
  ASSERT_TRUE(scene.container("web-r1"));
  EXPECT_TRUE(scene.container("web-r1")->is_up());
}

TEST(Faults, TheMessageDoesNotSayThatNothingRanBefore) {
  Scene scene;
  scene.run("deploy 1");
  std::ignore = scene.engine.remove_image("belay/web:r1", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("tag ")) scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  EXPECT_EQ(scene.run("start last"), "rolled_back");
  EXPECT_THAT(scene.change->reason, HasSubstr("injected failure"));
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs on");
  EXPECT_FALSE(scene.change->is_held);
  EXPECT_EQ(scene.app().find({1})->reason, "") << "a tag says nothing of the release";
}

TEST(Faults, WhatRunsByHandRunsOnThoughTheStateSaysItIsStopped) {
  Scene scene;
  scene.run("deploy 1");
  scene.run("stop");
  scene.engine.start_container("web-r1", {});
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("set the restart policy")) scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  EXPECT_EQ(scene.run("start last"), "rolled_back");
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
}

TEST(Faults, AFirstReleaseThatFailsIsStoppedStill) {
  Scene scene;
  scene.run("build bad");
  EXPECT_EQ(scene.run("start new"), "rolled_back");
  EXPECT_THAT(scene.running(), IsEmpty());
  EXPECT_EQ(what_runs_now(*scene.change), "nothing runs, as before");
}

TEST(Faults, WhatFailsBeforeAnythingStopsLeavesTheOldOneRunningOn) {
  Scene scene;
  scene.run("deploy 1");
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("create container")) scene.engine.fail_after(0, EngineError(500, "injected failure"));
  };
  EXPECT_EQ(scene.run("deploy 2"), "rolled_back");
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs on");
  scene.report.on_step = nullptr;
  EXPECT_EQ(scene.run("deploy bad"), "rolled_back");
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs again");
}

// The release's container does not start, for this reason, from the moment it is there.
void refuse_start(Scene& scene, const std::string& container, const EngineError& why) {
  scene.report.on_step = [&scene, container, why](const std::string& step) {
    if (step == "start " + container) scene.engine.cannot_start(container, why);
  };
}

TEST(Faults, TheHostsTroubleIsNotTheImagesFault) {
  for (const int status : {500, 503, 0}) {
    Scene scene;
    scene.run("deploy 1");
    refuse_start(scene, "web-r2", EngineError(status, "error while mounting volume nas"));
    EXPECT_EQ(scene.run("deploy 2"), "rolled_back") << status;
    EXPECT_EQ(what_runs_now(*scene.change), "r1 runs again");
    EXPECT_FALSE(scene.change->is_held);
    EXPECT_FALSE(scene.change->is_judged) << "logs are not promised of what never ran";
    EXPECT_THAT(scene.app().quarantine, IsEmpty());
    EXPECT_EQ(scene.app().find({2})->verdict, Verdict::pending);
    EXPECT_THAT(scene.app().find({2})->reason, HasSubstr("nas"));
    // The host is well again: the next try goes on with the very same release.
    scene.report.on_step = nullptr;
    scene.engine.cannot_start("web-r2", {});
    EXPECT_EQ(scene.run("start new"), "done");
    EXPECT_EQ(scene.app().releases.size(), 2U);
    EXPECT_EQ(scene.trouble("2"), "");
  }
}

TEST(Faults, WhatTheImageCannotRunIsItsFault) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_EQ(scene.run("deploy refused"), "rolled_back");
  EXPECT_TRUE(scene.change->is_held);
  EXPECT_EQ(scene.app().quarantine.size(), 1U);
}

TEST(Faults, AContainerThatCanNeverBeStartedAgainIsMadeAnew) {
  for (const bool before : {false, true}) {
    Scene scene;
    scene.run("deploy 1");
    if (before) scene.run("deploy 2");
    const std::string name = before ? "web-r1" : "web-r2";
    scene.report.on_step = [&, done = false](const std::string& step) mutable {
      if (step != "start " + name || std::exchange(done, true)) return;
      scene.engine.cannot_start(
          name, EngineError(500, "task ab12: already exists", {}, EngineError::Cause::broken_container));
    };
    EXPECT_EQ(scene.run(before ? "rollback" : "deploy 2"), "done") << name;
    EXPECT_EQ(scene.trouble(before ? "1" : "2"), "");
    EXPECT_THAT(scene.engine.lost_volumes(), IsEmpty());
  }
}

TEST(Faults, TheWayBackHasAVerdict) {
  Scene scene;
  scene.run("deploy 1");
  // What r1 needs is broken by now as well.
  engine::Behaviour exits;
  exits.exits_after = Milliseconds(50);
  exits.exit_code = 1;
  scene.engine.add_image("web:latest", scene.engine.image(scene.image_of("1"), {})->config, exits, "1");
  EXPECT_EQ(scene.run("deploy bad"), "in_trouble");
  EXPECT_EQ(scene.change->running, std::nullopt);
  EXPECT_THAT(scene.change->trouble_on_the_way_back, HasSubstr("r1 did not prove itself again"));
  EXPECT_THAT(scene.app().wish.trouble, HasSubstr("r1 did not prove itself again"));
  EXPECT_EQ(scene.app().find({1})->verdict, Verdict::passed);
  Context here = scene.context();
  EXPECT_EQ(list(here, {}).at(0).state, AppState::in_trouble);
  EXPECT_THAT(why(here, web, {}).text, HasSubstr("is in trouble"));
  EXPECT_THAT(status(here, web, {}).trouble, HasSubstr("r1 did not prove itself again"));
  // As long as it does not prove itself, every command says so; then it is over.
  EXPECT_EQ(scene.run("start last"), "in_trouble");
  scene.engine.add_image("web:latest", scene.engine.image(scene.image_of("1"), {})->config, {}, "1");
  scene.run("stop");
  EXPECT_EQ(scene.run("start last"), "done");
  EXPECT_EQ(scene.app().wish.trouble, "");
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Faults, WhatHangsDoesNotKeepTheOldOneDown) {
  Scene scene({NamingScheme::belay, false, false});
  scene.workers = 4;
  scene.grace = Milliseconds(50);
  scene.run("deploy 1");
  // Somebody stops the old one while the new one is judged, and the new one hangs.
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("check that web-r2")) {
      scene.engine.stop_container("web-r1", {}, {});
      scene.engine.fail_after(0, EngineError(0, "the engine did not answer in time"));
    }
    if (step == "stop web-r2") scene.engine.hangs("web-r2");
  };
  EXPECT_EQ(scene.run("deploy 2"), "rolled_back");
  scene.report.on_step = nullptr;
  EXPECT_EQ(what_runs_now(*scene.change), "r1 runs again");
  EXPECT_THAT(scene.report.warnings, Contains(HasSubstr("did not end within")));
  scene.engine.hangs("web-r2", false);
  EXPECT_TRUE(scene.container("web-r1")->is_up());
  EXPECT_EQ(scene.run("start last"), "done") << "what could not be stopped is left to the next command";
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(Faults, TwoNeverWriteToOneVolume) {
  Scene scene({NamingScheme::belay, false, true});
  scene.workers = 4;
  scene.grace = Milliseconds(50);
  scene.run("deploy 1");
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("check that web-r2"))
      scene.engine.fail_after(0, EngineError(0, "the engine did not answer in time"));
    if (step == "stop web-r2") scene.engine.hangs("web-r2");
  };
  EXPECT_EQ(scene.run("deploy 2"), "stuck");
  scene.report.on_step = nullptr;
  scene.engine.hangs("web-r2", false);
  EXPECT_FALSE(scene.container("web-r1")->is_up());
  EXPECT_EQ(scene.run("start r1"), "done");
  EXPECT_EQ(scene.trouble("1"), "");
}

// The engine goes on with a start whose client was stopped or has lost its patience.
TEST(Faults, TwoNeverWriteToOneVolumeThoughAStartIsLate) {
  for (const bool is_stopped : {false, true}) {
    SCOPED_TRACE(is_stopped);
    Scene scene({NamingScheme::belay, false, true});
    scene.grace = Milliseconds(50);
    scene.run("deploy 1");
    scene.engine.starts_late("web-r2");
    scene.report.on_step = [&](const std::string& step) {
      if (step == "start web-r2" && is_stopped) scene.stopping.request_stop();
    };
    const std::string came = scene.run("deploy 2");
    EXPECT_THAT(came, is_stopped ? HasSubstr("rolling back failed too") : HasSubstr("stuck"));
    EXPECT_THAT(scene.running(), IsEmpty()) << "r2 may come up at any moment";
    scene.engine.comes_up("web-r2");
    ASSERT_THAT(scene.running(), ElementsAre("web-r2"));
    scene.stopping = {};
    EXPECT_EQ(scene.run("start r1"), "done");
    EXPECT_EQ(scene.trouble("1"), "");
  }
}

TEST(Faults, WhatComesUpLateIsStoppedBeforeTheOldOneStarts) {
  for (const bool writes : {false, true})
    for (const bool is_stopped : {false, true}) {
      Scene scene({NamingScheme::belay, false, writes});
      scene.run("deploy 1");
      scene.engine.starts_late("web-r2");
      scene.report.on_step = [&](const std::string& step) {
        if (step == "start web-r2" && is_stopped) scene.stopping.request_stop();
        if (step == "stop web-r2") scene.engine.comes_up("web-r2");
      };
      const std::string came = scene.run("deploy 2");
      EXPECT_THAT(came, is_stopped ? HasSubstr("stopped on request; r1 runs") : HasSubstr("rolled_back"));
      EXPECT_THAT(scene.running(), ElementsAre("web-r1")) << scene.changes();
    }
}

TEST(Faults, AStopAfterAKilledStartStopsWhatComesUpLate) {
  Scene scene({NamingScheme::belay, false, true});
  scene.run("deploy 1");
  scene.report.on_step = [&](const std::string& step) {
    if (step != "start web-r2") return;
    scene.engine.starts_late("web-r2");
    EXPECT_THROW(scene.engine.start_container("web-r2", {}), EngineError);
    throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene.crashes("deploy 2"));
  scene.reopen();
  // The engine does not even tell of it before it is up.
  scene.engine.hangs("web-r2");
  scene.report.on_step = [&](const std::string& step) {
    if (step.find("web-r2") == std::string::npos) return;
    scene.engine.hangs("web-r2", false);
    scene.engine.comes_up("web-r2");
  };
  EXPECT_EQ(scene.run("stop"), "done");
  scene.report.on_step = nullptr;
  scene.engine.hangs("web-r2", false);
  scene.engine.comes_up("web-r2");
  EXPECT_THAT(scene.running(), IsEmpty());
  EXPECT_THAT(scene.changes(), HasSubstr("stop web-r2"));
}

// What goes wrong on a disk that fills up meanwhile: the state cannot be written from the moment of that step on.
struct Failure {
  const char* deploy;
  const char* step;
  std::function<void(Scene&)> fail;
};

const std::vector<Failure> failures{
    {"deploy 2", "start web-r2",
     [](Scene& s) { s.engine.cannot_start("web-r2", EngineError(500, "no space left on device")); }},
    {"deploy 2", "start web-r2",
     [](Scene& s) {
       s.engine.cannot_start("web-r2",
                             EngineError(500, "task ab12: already exists", {}, EngineError::Cause::broken_container));
     }},
    {"deploy refused", "start web-r2", [](Scene&) {}},
    {"deploy bad", "check that web-r2", [](Scene&) {}},
    {"deploy 2", "check that web-r2",
     [](Scene& s) { s.engine.fail_after(0, EngineError(0, "the engine did not answer in time")); }},
    {"deploy 2", "set the restart policy of web-r2",
     [](Scene& s) { s.engine.fail_after(0, EngineError(500, "no space left on device")); }},
};

TEST(Faults, WhatCannotBeRecordedIsTakenBackAllTheSame) {
  for (const auto& failure : failures) {
    SCOPED_TRACE(format("{}, {}", failure.deploy, failure.step));
    Scene scene;
    ASSERT_EQ(scene.run("deploy 1"), "done");
    std::optional<FullDisk> full;
    scene.report.on_step = [&](const std::string& step) {
      if (!step.starts_with(failure.step) || full) return;
      full.emplace();
      failure.fail(scene);
    };
    const std::string came = scene.run(failure.deploy);
    ASSERT_TRUE(full);
    full.reset();
    scene.report.on_step = nullptr;
    EXPECT_EQ(came, "rolled_back");
    EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
    EXPECT_THAT(scene.report.warnings, Contains(HasSubstr("the state in "))) << "and the command says so";
    // Once there is room again, the next command finds out what runs.
    scene.reopen();
    scene.engine.cannot_start("web-r2", {});
    EXPECT_EQ(scene.run("start last"), "done");
    EXPECT_EQ(scene.trouble("1"), "");
  }
}

TEST(Faults, WhatIsWithdrawnGoesWhetherThatCanBeRecordedOrNot) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) ASSERT_EQ(scene.run(line), "done");
  App app = scene.app();
  Context here = scene.context("belay serve");
  std::optional<FullDisk> full(std::in_place);
  const Change change = withdraw(here, app, "it answers 500", "", "web-r2");
  full.reset();
  EXPECT_EQ(change.kind, Change::Kind::rolled_back) << change.trouble_on_the_way_back;
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
}

TEST(Faults, ARemovalThatIsCutShortLeavesNoCopiesOfFiles) {
  Scene scene(SceneOptions{NamingScheme::belay, false, true, true});
  scene.run("bind secret");
  ASSERT_EQ(scene.run("deploy 1"), "done");
  const fs::path copies = scene.folder.path() / "state/files/web";
  ASSERT_TRUE(fs::exists(copies));
  std::optional<FullDisk> full;
  scene.report.on_step = [&](const std::string& step) {
    if (step.starts_with("remove ") && !full) full.emplace();
  };
  const std::string came = scene.run("remove");
  ASSERT_TRUE(full);
  full.reset();
  scene.report.on_step = nullptr;
  EXPECT_THAT(came, HasSubstr("error: "));
  EXPECT_FALSE(fs::exists(copies)) << "the app may be forgotten, and then nothing leads to them";
  scene.reopen();
  EXPECT_EQ(scene.run("remove"), "done");
  EXPECT_FALSE(scene.store->app(web));
}

TEST(Faults, AContainerIsStoppedByItsNameWhetherThatCanBeRecordedOrNot) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  Context here = scene.context("belay as jockler stop -f web-r1");
  std::optional<FullDisk> full(std::in_place);
  const auto stopped = stop_containers(here, {"web-r1"}, {});
  full.reset();
  EXPECT_THAT(stopped, ElementsAre("web-r1"));
  EXPECT_THAT(scene.running(), IsEmpty());
  EXPECT_THAT(scene.report.warnings, Contains(HasSubstr("still wished up")));
}

TEST(Faults, AnAppIsStoppedOnAFullDiskThatHoldsTheState) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  std::optional<FullDisk> full(std::in_place);
  const std::string came = scene.run("stop");
  EXPECT_THAT(came, HasSubstr("web is stopped, but that could not be recorded"));
  EXPECT_THAT(scene.running(), IsEmpty());
  // It is still wished up, and comes up as it was.
  EXPECT_THAT(scene.run("start last"), HasSubstr("could not be recorded"));
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
  EXPECT_THAT(scene.run("deploy 2"), HasSubstr("error: "));
  EXPECT_THAT(scene.run("restart"), HasSubstr("error: "));
  EXPECT_THAT(scene.running(), ElementsAre("web-r1"));
  std::ignore = scene.run("stop");
  full.reset();
  EXPECT_EQ(scene.run("stop"), "done");
  EXPECT_THAT(scene.running(), IsEmpty());
  EXPECT_EQ(scene.run("start last"), "done");
}

// A declared app with a bound file, on an engine of this machine.
class BoundFiles : public ::testing::Test {
 protected:
  BoundFiles() {
    make_folder(definitions_);
    make_folder(conf_);
    write_file_durably(conf_ / "app.conf", "good\n");
    engine::Behaviour exits;
    exits.exits_after = Milliseconds(50);
    exits.exit_code = 3;
    scene_.engine.add_image("web:bad", {}, exits, "bad");
    scene_.engine.add_image("web:1", {}, {}, "1");
    define("web:1");
    options_.sources = {definitions_.string()};
    options_.workers = 1;
    options_.ask_registries = false;
  }
  void define(const std::string& image, const fs::path& source = "app.conf") {
    write_file_durably(definitions_ / "web.json",
                       format(R"({{"name": "web", "image": "{}", "portMappings": [{{"containerPort": "80", )"
                              R"("hostPort": "8080"}}], "volumes": [{{"hostPath": "{}", )"
                              R"("containerPath": "/etc/app.conf", "mode": "ro", "watch": true}}]}})",
                              image, (conf_ / source).string()));
  }
  DeclaredApp apply() {
    scene_.clock.advance(Seconds(1));
    Context context = scene_.context("belay apply");
    const auto host = apply_declared(context, read_definitions(definitions_, {}), options_, quiet_, {});
    failures_ = !host.is_as_declared();
    return host.apps.at(0);
  }
  std::string bound() { return scene_.engine.container("web", {})->service.mounts.at(0).source; }

  Scene scene_{SceneOptions{NamingScheme::fixed, false, false, true}};
  fs::path definitions_ = scene_.folder.path() / "definitions", conf_ = scene_.folder.path() / "conf";
  DeclaredOptions options_;
  DeclaredListener quiet_;
  bool failures_ = false;
};

TEST_F(BoundFiles, AFileThatIsMissingHoldsItsApp) {
  ASSERT_EQ(apply().change.kind, Change::Kind::done);
  const auto before = scene_.engine.changes();
  fs::remove(conf_ / "app.conf");
  for (int again = 0; again < 2; ++again) {
    const DeclaredApp held = apply();
    EXPECT_EQ(held.kind, DeclaredApp::Kind::held);
    EXPECT_THAT(held.reason, HasSubstr("app.conf is missing; what runs stays"));
    EXPECT_TRUE(failures_) << "however often it was said";
  }
  fs::create_directory(conf_ / "app.conf");
  EXPECT_EQ(apply().kind, DeclaredApp::Kind::held) << "a folder is not a file";
  fs::remove_all(conf_);
  EXPECT_EQ(apply().kind, DeclaredApp::Kind::held);
  EXPECT_EQ(scene_.engine.changes(), before);
  make_folder(conf_);
  write_file_durably(conf_ / "app.conf", "good\n");
  EXPECT_EQ(apply().kind, DeclaredApp::Kind::unchanged);
  EXPECT_FALSE(failures_);
}

TEST_F(BoundFiles, AnEmptiedFolderHoldsItsApp) {
  define("web:1", conf_);
  ASSERT_EQ(apply().change.kind, Change::Kind::done);
  fs::remove(conf_ / "app.conf");
  EXPECT_EQ(apply().kind, DeclaredApp::Kind::held) << "a disk that is not mounted looks like this";
}

TEST_F(BoundFiles, APathWithATypoIsRefusedBeforeARelease) {
  define("web:1", "ap.conf");
  const DeclaredApp held = apply();
  EXPECT_THAT(held.reason, HasSubstr("ap.conf is missing; nothing is started"));
  EXPECT_TRUE(failures_);
  EXPECT_FALSE(scene_.store->app(web));
  EXPECT_FALSE(fs::exists(conf_ / "ap.conf"));
}

TEST_F(BoundFiles, ABrokenFileIsTakenBackWithTheFile) {
  ASSERT_EQ(apply().change.kind, Change::Kind::done);
  write_file_durably(conf_ / "app.conf", "broken\n");
  define("web:bad");
  const DeclaredApp back = apply();
  EXPECT_EQ(back.change.kind, Change::Kind::rolled_back);
  EXPECT_EQ(back.change.running, ReleaseNumber{3});
  EXPECT_NE(bound(), (conf_ / "app.conf").string());
  EXPECT_EQ(read_file(bound()), "good\n");
  EXPECT_THAT(scene_.report.notes.empty() ? "" : scene_.report.notes.back(), Not(HasSubstr("is not kept")));
  Context here = scene_.context();
  EXPECT_THAT(why(here, web, {}).text, HasSubstr("kept copies"));
  EXPECT_THAT(status(here, web, {}).kept_files, ElementsAre(HasSubstr("app.conf (as r1 had it)")));
  // It stays so, and exit 1 says that what is declared does not run.
  EXPECT_EQ(apply().kind, DeclaredApp::Kind::held);
  EXPECT_TRUE(failures_);
  EXPECT_EQ(scene_.running().size(), 1U);
  // The next good change goes on as ever.
  write_file_durably(conf_ / "app.conf", "better\n");
  define("web:1");
  EXPECT_EQ(apply().change.kind, Change::Kind::done);
  EXPECT_EQ(bound(), (conf_ / "app.conf").string());
  EXPECT_THAT(status(here, web, {}).kept_files, IsEmpty());
}

TEST_F(BoundFiles, ARollbackGoesBackToTheFilesAsWell) {
  apply();
  write_file_durably(conf_ / "app.conf", "other\n");
  ASSERT_EQ(apply().change.kind, Change::Kind::done);
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(read_file(bound()), "good\n");
  // Copies go with their releases.
  const fs::path kept = scene_.store->folder() / "files" / "web";
  EXPECT_TRUE(fs::exists(kept / "r1"));
  EXPECT_EQ(fs::status(kept).permissions() & fs::perms::others_all, fs::perms::none)
      << "it is the user's, and the group's that shares the state";
  scene_.run("stop");
  EXPECT_EQ(scene_.run("remove"), "done");
  EXPECT_FALSE(fs::exists(kept));
}

// Families have bound files as well: what they hold counts, and is kept, as for declared apps.
class BoundFilesOfFamilies : public ::testing::Test {
 protected:
  BoundFilesOfFamilies() {
    write("good\n");
    write_file_durably(scene_.source / "dcv-web", R"({"volumes": {"./app.conf": "/etc/app.conf:ro"}})");
  }
  void write(const std::string& text) { write_file_durably(scene_.source / "app.conf", text); }
  std::string bound() {
    const App app = scene_.app();
    const auto detail = scene_.engine.container(app.release(app.wish.release().value()).containers.begin()->second, {});
    for (const auto& mount : detail.value().service.mounts)
      if (mount.target == "/etc/app.conf") return mount.source;
    return "nothing";
  }
  bool is_bound_to_the_host() { return bound() == (scene_.source / "app.conf").string(); }

  Scene scene_{SceneOptions{NamingScheme::belay, false, false, true}};
};

TEST_F(BoundFilesOfFamilies, ADeployThatFailsLeadsBackToTheFileAsItWas) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  write("broken\n");
  EXPECT_EQ(scene_.run("deploy bad"), "rolled_back");
  EXPECT_FALSE(is_bound_to_the_host());
  EXPECT_EQ(read_file(bound()), "good\n");
  Context here = scene_.context();
  EXPECT_THAT(why(here, web, {}).text, HasSubstr("kept copies"));
  // The next release has the host's file again, and loses nothing by that.
  write("better\n");
  EXPECT_EQ(scene_.run("deploy 2"), "done");
  EXPECT_TRUE(is_bound_to_the_host());
  for (const auto& note : scene_.report.notes) EXPECT_THAT(note, Not(HasSubstr("does not have all")));
}

TEST_F(BoundFilesOfFamilies, GoingBackByHandGoesBackToTheFile) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  write("other\n");
  EXPECT_EQ(scene_.run("deploy same"), "done") << "another file is another release";
  EXPECT_TRUE(is_bound_to_the_host());
  EXPECT_EQ(scene_.run("deploy same"), "unchanged");
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(read_file(bound()), "good\n");
  EXPECT_EQ(scene_.run("start r2"), "done");
  EXPECT_TRUE(is_bound_to_the_host());
  scene_.run("stop");
  EXPECT_EQ(scene_.run("start new"), "done");
  EXPECT_TRUE(is_bound_to_the_host());
}

// A release with kept copies is as old as the one that it is made of: what was rolled back is not before it.
class WaysBackFromCopies : public BoundFilesOfFamilies {
 protected:
  void deploy(const std::string& version, const std::string& text) {
    write(text);
    scene_.run("deploy " + version);
  }
  std::string roll_back() {
    Context here = scene_.context("belay rollback web");
    ChangeOptions further;
    further.goes_further = true;
    try {
      rollback(here, web, {}, further, {});
    } catch (const Error& error) {
      return error.what();
    }
    return read_file(bound());
  }
};

TEST_F(WaysBackFromCopies, LeadFurtherBackEachTime) {
  for (const auto* text : {"one", "two", "three"}) deploy(text, text);
  EXPECT_EQ(roll_back(), "two");
  EXPECT_EQ(scene_.app().ways_back(ReleaseNumber{4}).front(), ReleaseNumber{1});
  EXPECT_EQ(roll_back(), "one");
  EXPECT_THAT(roll_back(), ::testing::EndsWith("web has no good release before r5"));
}

TEST_F(WaysBackFromCopies, EndWithTheFirstRelease) {
  for (const auto* text : {"one", "two"}) deploy(text, text);
  EXPECT_EQ(roll_back(), "one");
  EXPECT_THAT(roll_back(), ::testing::EndsWith("web has no good release before r3"));
}

TEST_F(WaysBackFromCopies, AreTheSameAfterARollbackByItself) {
  for (const auto* text : {"one", "two"}) deploy(text, text);
  deploy("bad", "three");
  EXPECT_EQ(read_file(bound()), "two");
  Context here = scene_.context();
  try {
    rollback(here, web, {}, {}, {});
    ADD_FAILURE() << "r3 was rolled back already";
  } catch (const Conflict& error) {
    EXPECT_EQ(error.hint(), "To go back further, name the release: belay rollback web r1");
  }
  EXPECT_EQ(roll_back(), "one");
  EXPECT_THAT(roll_back(), ::testing::EndsWith("web has no good release before r5"));
}

TEST_F(WaysBackFromCopies, AreTheSameAfterAWithdrawal) {
  for (const auto* text : {"one", "two", "three"}) deploy(text, text);
  App app = scene_.app();
  Context here = scene_.context("belay serve");
  ASSERT_EQ(withdraw(here, app, "it answers 500", "").kind, Change::Kind::rolled_back);
  EXPECT_EQ(read_file(bound()), "two");
  EXPECT_EQ(roll_back(), "one");
}

TEST_F(WaysBackFromCopies, OfWhatFollowsLeadToTheCopyAndThenOn) {
  for (const auto* text : {"one", "two", "three"}) deploy(text, text);
  EXPECT_EQ(roll_back(), "two");
  deploy("four", "four");
  EXPECT_EQ(roll_back(), "two");
  EXPECT_EQ(scene_.app().wish.release(), ReleaseNumber{4});
  EXPECT_EQ(roll_back(), "one");
}

TEST_F(WaysBackFromCopies, AreKeptByACleanUp) {
  for (const auto* text : {"one", "two", "three"}) deploy(text, text);
  EXPECT_EQ(roll_back(), "two");
  ASSERT_EQ(scene_.run("cleanup 1"), "done");
  EXPECT_EQ(scene_.app().find({2}), nullptr) << "the copy is what is left of it";
  EXPECT_EQ(roll_back(), "one");
  EXPECT_THAT(roll_back(), ::testing::EndsWith("web has no good release before r5"));
}

TEST_F(WaysBackFromCopies, AreTheSameWhereverThePowerWentOff) {
  for (const auto* text : {"one", "two", "three"}) deploy(text, text);
  const auto from = scene_.beginning();
  bool is_cut = true;
  for (int at = 0; is_cut; ++at) {
    ASSERT_LT(at, 60) << "never came to an end";
    scene_.begin_again(*from);
    scene_.report.crash_after = at;
    is_cut = scene_.crashes("rollback");
    scene_.report.crash_after.reset();
    scene_.reopen();
    const App app = scene_.app();
    if (app.wish.is_unfinished() || app.wish.release() == ReleaseNumber{3}) {
      EXPECT_EQ(scene_.run("rollback"), "done") << at;
    }
    EXPECT_EQ(read_file(bound()), "two") << at;
    EXPECT_EQ(roll_back(), "one") << at;
    EXPECT_EQ(scene_.app().releases.size(), 5U) << at;
  }
}

// A copy had what it took the place of for its predecessor.
TEST_F(WaysBackFromCopies, AreFoundForCopiesOfAnEarlierBelay) {
  for (const auto* text : {"one", "two", "three"}) deploy(text, text);
  EXPECT_EQ(roll_back(), "two");
  App app = scene_.app();
  app.releases.at(3).predecessor = ReleaseNumber{3};
  scene_.store->save(app);
  EXPECT_EQ(scene_.run("start r3"), "done");
  EXPECT_EQ(roll_back(), "two");
  EXPECT_EQ(roll_back(), "one");
}

// From the moment on that the state has it: what it is bound to then is all that can be known.
TEST_F(BoundFilesOfFamilies, AReleaseThatWasRecoveredHasAWayBackToItsFiles) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  scene_.store.reset();
  fs::remove_all(scene_.folder.path() / "state");
  scene_.reopen();
  ASSERT_EQ(scene_.run("recover"), "done");
  write("broken\n");
  EXPECT_EQ(scene_.run("deploy bad"), "rolled_back");
  EXPECT_EQ(read_file(bound()), "good\n");
}

TEST_F(BoundFilesOfFamilies, AReleaseThatWasRestoredHasAWayBackToItsFiles) {
  for (const auto* line : {"deploy 1", "backup image"}) ASSERT_EQ(scene_.run(line), "done");
  Context here = scene_.context();
  RestoreOptions options;
  options.as = AppName("other");
  const auto restored = safekeeping::restore(here, web, *scene_.backups(), scene_.newest_backup(), {}, options, {});
  ASSERT_EQ(restored.change.kind, Change::Kind::done);
  const App other = scene_.app("other");
  const fs::path file = scene_.source / "app.conf.other";
  ASSERT_TRUE(other.releases.back().files.contains(file.string()));
  write_file_durably(file, "broken\n");
  const auto kept = with_kept_files(here, other, other.releases.back(), {});
  ASSERT_TRUE(kept);
  EXPECT_THAT(kept->paths, ElementsAre(file.string()));

  ASSERT_EQ(scene_.run("remove volumes"), "done");
  fs::remove(scene_.source / "app.conf");
  ASSERT_EQ(scene_.run("restore"), "done");
  write("broken\n");
  EXPECT_EQ(scene_.run("deploy bad"), "rolled_back");
  EXPECT_EQ(read_file(bound()), "good\n");
}

TEST_F(BoundFilesOfFamilies, AFileThatIsMissingIsRefused) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  fs::remove(scene_.source / "app.conf");
  EXPECT_THAT(scene_.run("deploy 2"), HasSubstr("app.conf is missing on this host"));
  fs::create_directory(scene_.source / "app.conf");
  EXPECT_THAT(scene_.run("deploy 2"), HasSubstr("app.conf is missing on this host"));
  EXPECT_EQ(scene_.running().size(), 1U);
}

// What is written is data: it is never exchanged for an old copy.
TEST_F(BoundFilesOfFamilies, WhatAnyContainerWritesIsNotKept) {
  write_file_durably(scene_.source / "dcv-web", R"({"volumes": {"./app.conf": "/etc/app.conf"}})");
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_TRUE(scene_.app().releases.back().files.empty());
  write_file_durably(scene_.source / "dcv-web", R"({"volumes": {"./app.conf": "/etc/app.conf:ro"}})");
  scene_.engine.add_image("stranger", {}, {});
  engine::ContainerRequest request;
  request.name = "writer";
  request.image = "stranger";
  request.service.mounts.push_back({Mount::Kind::bind, scene_.source.string(), "/conf", false, {}});
  scene_.engine.create_container(request, {});
  ASSERT_EQ(scene_.run("deploy 2"), "done");
  EXPECT_TRUE(scene_.app().releases.back().files.empty());
}

TEST_F(BoundFilesOfFamilies, MoreThanSettingsIsLeftAlone) {
  const fs::path folder = scene_.source / "films";
  make_folder(folder);
  for (int i = 0; i < 300; ++i) write_file_durably(folder / std::to_string(i), "film");
  write_file_durably(scene_.source / "dcv-web", R"({"volumes": {"./films": "/films:ro"}})");
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_TRUE(scene_.app().releases.back().files.empty());
}

// A file and a folder, read and written: what is lost with a disk that is not mounted, or by one `rm`.
class BoundPaths : public ::testing::TestWithParam<const char*> {
 protected:
  BoundPaths() {
    write_file_durably(conf_, "good\n");
    make_folder(films_);
    for (int i = 0; i < 300; ++i) write_file_durably(films_ / std::to_string(i), "film");
    write_file_durably(scene_.source / "dcv-web", format(R"({{"volumes": {{{}}}}})", GetParam()));
  }
  void lose() {
    for (const auto& path : {conf_, films_}) fs::rename(path, path.string() + ".away");
  }
  void find() {
    for (const auto& path : {conf_, films_}) fs::rename(path.string() + ".away", path);
  }
  // What is refused changes nothing, and makes no folder in the place of what is missing.
  void expect_refused(const std::string& line) {
    const auto before = scene_.lasting_changes();
    EXPECT_THAT(scene_.run(line), HasSubstr(" is missing on this host")) << line;
    EXPECT_EQ(scene_.lasting_changes(), before) << line;
    EXPECT_FALSE(fs::exists(conf_) || fs::exists(films_)) << line;
  }

  Scene scene_{SceneOptions{NamingScheme::belay, false, true, true}};
  const fs::path conf_ = scene_.source / "app.conf", films_ = scene_.source / "films";
};

TEST_P(BoundPaths, AreAskedForBeforeAnythingStops) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  lose();
  for (const auto* line : {"restart", "backup stop", "deploy 2"}) expect_refused(line);
  Context here = scene_.context();
  EXPECT_THROW(restart(here, {web, "web"}, {}, {}), NotFound);
  ChangeOptions dry;
  dry.dry_run = true;
  EXPECT_THROW(restart(here, {web, {}}, dry, {}), NotFound) << "a preview says it as well";
  EXPECT_EQ(scene_.running().size(), 1U);
  find();
  EXPECT_EQ(scene_.run("restart"), "done");
}

TEST_P(BoundPaths, AreAskedForBeforeWhatWasStoppedStarts) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  Context here = scene_.context();
  stop(here, {web, "web"}, false, {});
  lose();
  EXPECT_THROW(start_services(here, {web, "web"}, {}, {}), NotFound);
  ASSERT_EQ(scene_.run("stop"), "done");
  for (const auto* line : {"start last", "start r1", "restart"}) expect_refused(line);
  find();
  EXPECT_EQ(scene_.run("start last"), "done");
}

TEST_P(BoundPaths, AreAskedForBeforeAReleaseWithoutAVerdictGoesOn) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  scene_.engine.cannot_start("web-r2", EngineError(500, "a log server is away"));
  ASSERT_EQ(scene_.run("deploy 2"), "rolled_back");
  scene_.engine.cannot_start("web-r2", {});
  lose();
  expect_refused("deploy 2");
  EXPECT_TRUE(scene_.container("web-r1")->is_up());
  find();
  EXPECT_EQ(scene_.run("deploy 2"), "done");
}

TEST_P(BoundPaths, AreAskedForBeforeDataIsExchanged) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  scene_.hold("of r1");
  ASSERT_EQ(scene_.run("deploy 2 snapshot"), "done");
  lose();
  const std::string came = scene_.run("restore s1");
  EXPECT_EQ(scene_.running().size(), 1U);
  // What a snapshot holds itself need not be there.
  EXPECT_TRUE(came == "done" || came.find(" is missing on this host") != std::string::npos) << came;
}

INSTANTIATE_TEST_SUITE_P(Each, BoundPaths,
                         ::testing::Values(R"("./app.conf": "/etc/app.conf:ro")", R"("./app.conf": "/etc/app.conf")",
                                           R"("./films": "/films:ro")", R"("./films": "/films")"));

// Without the file nothing can start; the kept copy is what brings an app up that an earlier command left down.
TEST_F(BoundFilesOfFamilies, WhatWasCutOffComesUpWithTheKeptCopy) {
  ASSERT_EQ(scene_.run("deploy 1"), "done");
  scene_.report.on_step = [](const std::string& step) {
    if (step == "start web-r1") throw engine::MemoryEngine::Crash();
  };
  ASSERT_TRUE(scene_.crashes("restart"));
  scene_.report.on_step = nullptr;
  scene_.reopen();
  ASSERT_TRUE(scene_.running().empty());
  fs::remove(scene_.source / "app.conf");
  EXPECT_EQ(scene_.run("restart"), "done");
  EXPECT_EQ(scene_.running().size(), 1U);
  EXPECT_EQ(read_file(bound()), "good\n");
}

TEST(FilesOfThen, AreBoundByARollbackWithData) {
  Scene scene{SceneOptions{NamingScheme::belay, false, true, true}};
  scene.run("bind good");
  ASSERT_EQ(scene.run("deploy 1"), "done");
  scene.hold("of r1");
  ASSERT_EQ(scene.run("deploy 2 snapshot"), "done");
  scene.hold("of r2");
  write_file_durably(scene.source / "app.conf", "broken");
  EXPECT_EQ(scene.run("rollback data"), "done");
  EXPECT_EQ(scene.bound_text(), "good");
  EXPECT_EQ(scene.held(), "of r1");
}

TEST_F(BoundFilesOfFamilies, WhatIsAdoptedIsKeptAsItIsFound) {
  scene_.engine.add_image("old:1", {}, {}, "old");
  engine::ContainerRequest request;
  request.name = "old";
  request.image = "old:1";
  request.service.image = "old:1";
  request.service.mounts.push_back(
      {Mount::Kind::bind, (scene_.source / "app.conf").string(), "/etc/app.conf", true, {}});
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("old", {});
  Context here = scene_.context();
  adopt(here, web, {"old"}, {}, {});
  write("other\n");
  StartOptions options;
  scene_.clock.advance(Seconds(5));
  ASSERT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_TRUE(is_bound_to_the_host());
  EXPECT_EQ(scene_.run("rollback"), "done");
  EXPECT_EQ(read_file(bound()), "good\n");
}

}  // namespace
}  // namespace belay::scene
