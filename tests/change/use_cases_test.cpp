// What each use case does when all is well.

#include "look/look.h"
#include "support/scene/scene_test.h"

namespace belay::scene {
namespace {

TEST(UseCases, ADeploymentOfWhatRunsAlreadyIsNoChange) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    Scene scene({scheme});
    EXPECT_EQ(scene.run("deploy 1"), "done");
    EXPECT_EQ(scene.run("deploy 1"), "unchanged");
    EXPECT_EQ(scene.app().releases.size(), 1U);
    EXPECT_EQ(scene.app().builds.size(), 1U);
    EXPECT_EQ(scene.app().scheme, scheme);
  }
}

TEST(UseCases, AChangedParameterFileIsANewReleaseOfTheSameImage) {
  Scene scene;
  scene.run("deploy 1");
  scene.write("jockler-web", R"({"ports": {"9090": "8080"}})");
  EXPECT_EQ(scene.run("deploy 1"), "done");
  EXPECT_EQ(scene.container("web-r2")->ports.at(0).host_port, 9090);
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(UseCases, StartNewIsAlwaysANewContainer) {
  Scene scene;
  for (const auto* line : {"build 1", "start new", "start new"}) EXPECT_EQ(scene.run(line), "done");
  EXPECT_THAT(names(scene), ElementsAre("web-r1", "web-r2"));
  EXPECT_THAT(scene.running(), ElementsAre("web-r2"));
}

TEST(UseCases, StartLastMakesAContainerAgainThatWasRemoved) {
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    Scene scene({scheme});
    scene.run("deploy 1");
    scene.run("stop");
    const auto before = names(scene);
    scene.engine.remove_container(before.at(0), {});
    EXPECT_EQ(scene.run("start last"), "done");
    EXPECT_EQ(names(scene), before);
    EXPECT_EQ(scene.trouble("1"), "");
  }
}

TEST(UseCases, StartStableGoesBackToTheMarkAndMakesItLast) {
  Scene scene;
  for (const auto* line : {"deploy 1", "stable", "deploy 2"}) scene.run(line);
  EXPECT_EQ(scene.run("start stable"), "done");
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
  EXPECT_EQ(scene.trouble("1"), "");
  EXPECT_EQ(scene.run("start stable"), "unchanged");
}

TEST(UseCases, DockervisorsContainersAreRenamedAsTheMarksMove) {
  Scene scene({NamingScheme::dcv});
  for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
  EXPECT_THAT(names(scene), ElementsAre("dcv_web", HasSubstr("dcv_web_save_20260131")));
  scene.run("stable");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web_stable"));
  scene.run("deploy 3");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web"));
  EXPECT_THAT(names(scene), Contains("dcv_web_stable"));
  auto here = scene.context();
  EXPECT_EQ(show_stable(here, web, {}).container, "dcv_web_stable");
  scene.run("stable clear");
  EXPECT_THAT(scene.running(), ElementsAre("dcv_web"));
  EXPECT_EQ(scene.trouble("3"), "");
}

TEST(UseCases, StableMarksWhatRunsNowAndElseNothing) {
  const auto refusal = [](Scene& scene) { return scene.run("stable"); };
  for (const auto scheme : {NamingScheme::belay, NamingScheme::jcl, NamingScheme::dcv}) {
    // Without a port, for two are to run at once.
    Scene scene({scheme, false});
    for (const auto* line : {"deploy 1", "stable", "deploy 2"}) scene.run(line);
    const std::string second = scene.app().find({2})->containers.at("web");
    const std::string first = scene.app().find({1})->containers.at("web");
    scene.engine.stop_container(second, {}, {});
    EXPECT_EQ(refusal(scene),
              format("error: web does not run, so there is nothing to mark: its container {} is exited", second));
    EXPECT_EQ(scene.app().stable, ReleaseNumber{1}) << "the mark stays with the good one";
    scene.engine.start_container(first, {});
    EXPECT_EQ(refusal(scene), format("error: {} (r1) runs, and r2 should", first));
    scene.engine.start_container(second, {});
    EXPECT_THAT(refusal(scene), StartsWith("error: several containers of web run: "));
    scene.engine.stop_container(first, {}, {});
    EXPECT_EQ(refusal(scene), "done");
    EXPECT_EQ(scene.app().stable, ReleaseNumber{2});
  }
  Scene scene;
  for (const auto* line : {"deploy 1", "stop"}) scene.run(line);
  scene.engine.start_container("web-r1", {});
  EXPECT_EQ(refusal(scene), "error: web-r1 (r1) runs, and web should be stopped");
  EXPECT_EQ(scene.app().stable, std::nullopt);
  scene.engine.stop_container("web-r1", {}, {});
  scene.engine.remove_container("web-r1", {});
  EXPECT_EQ(refusal(scene), "error: web does not run, so there is nothing to mark");
}

TEST(UseCases, MarksSayWhatRunsAndNotWhatIsWished) {
  Scene scene;
  scene.run("deploy 1");
  auto here = scene.context();
  EXPECT_THAT(containers(here, web, {}).at(0).marks, ElementsAre(Mark::running, Mark::last));
  scene.engine.stop_container("web-r1", {}, {});
  EXPECT_THAT(containers(here, web, {}).at(0).marks, ElementsAre(Mark::wanted, Mark::last));
  EXPECT_THAT(releases(here, web, {}).at(0).marks, ElementsAre(Mark::wanted, Mark::last));
  EXPECT_THAT(images(here, web, {}).at(0).marks, Not(Contains(Mark::running)));
}

TEST(UseCases, TheMappingIsWhatItsContainersGetOfTheHost) {
  Scene scene;
  scene.run("build 1");
  auto here = scene.context();
  const Mapping before = mapping(here, web, {});
  EXPECT_THAT(before.ports, ElementsAre(std::pair("8080", "8080/tcp")));
  EXPECT_THAT(before.volumes, ElementsAre(std::pair("web_data", "/data")));
  scene.run("start new");
  EXPECT_EQ(mapping(here, web, {}).ports, before.ports);
  EXPECT_EQ(mapping(here, web, {}).volumes, before.volumes);
}

TEST(UseCases, AStopKeepsContainerAndMarks) {
  Scene scene;
  scene.run("deploy 1");
  EXPECT_EQ(scene.run("stop"), "done");
  EXPECT_EQ(scene.change->release, ReleaseNumber{1});
  EXPECT_EQ(scene.run("stop"), "unchanged");
  EXPECT_THAT(names(scene), ElementsAre("web-r1"));
  EXPECT_EQ(scene.app().last, ReleaseNumber{1});
  EXPECT_EQ(scene.trouble(""), "");
}

TEST(UseCases, ARestartProvesTheReleaseAgain) {
  Scene scene;
  scene.run("deploy 1");
  const size_t before = scene.engine.changes().size();
  EXPECT_EQ(scene.run("restart"), "done");
  EXPECT_EQ(scene.changes(before), format("  {}. policy web-r1 no\n  {}. stop web-r1\n  {}. start web-r1\n"
                                          "  {}. policy web-r1 unless-stopped\n",
                                          before, before + 1, before + 2, before + 3));
  scene.run("stop");
  EXPECT_EQ(scene.run("restart"), "done") << "what is down is started";
  EXPECT_EQ(scene.trouble("1"), "");
}

TEST(UseCases, WithoutAWaitNobodyHasLooked) {
  Scene scene;
  scene.run("build bad");
  auto here = scene.context();
  StartOptions options;
  options.change.wait = false;
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_EQ(scene.app().find({1})->verdict, Verdict::unproven);
}

TEST(UseCases, AContainersNameStandsForItsRelease) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
  auto here = scene.context();
  EXPECT_EQ(start_container(here, "web-r1", {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(scene.trouble("1"), "");
  scene.stranger("nginx", {});
  EXPECT_THAT(stop_containers(here, {"web-r1", "nginx"}, {}), ElementsAre("web-r1", "nginx"));
  EXPECT_THAT(scene.running(), IsEmpty());
  EXPECT_EQ(scene.trouble(""), "") << "the app's wish is down as well";
}

TEST(UseCases, AContainerInARestartLoopStaysDownOnceItIsStopped) {
  Scene scene;
  scene.run("build bad");
  auto here = scene.context();
  StartOptions options;
  options.change.wait = false;
  start_new(here, web, options, {});
  scene.clock.advance(Seconds(2));
  EXPECT_EQ(scene.run("stop"), "done");
  scene.clock.advance(Seconds(600));
  EXPECT_EQ(scene.trouble(""), "");
}

TEST(UseCases, CleanupKeepsWhatIsMarkedAndWhatRuns) {
  Scene scene;
  for (const auto* line : {"deploy 1", "stable", "deploy 2", "deploy bad", "deploy 3", "deploy 4"}) scene.run(line);
  EXPECT_EQ(scene.run("cleanup 1"), "done");
  EXPECT_THAT(names(scene), ElementsAre("web-r1", "web-r4", "web-r5"));
  for (const auto* gone : {"2", "bad"}) EXPECT_FALSE(scene.engine.image(scene.image_of(gone), {})) << gone;
  for (const auto* kept : {"1", "3", "4"}) EXPECT_TRUE(scene.engine.image(scene.image_of(kept), {})) << kept;
  EXPECT_EQ(scene.run("cleanup 1"), "nothing");
  scene.run("deploy 5");
  EXPECT_EQ(scene.app().last, ReleaseNumber{6}) << "numbers are not used twice";
  EXPECT_EQ(scene.trouble("5"), "");
}

TEST(UseCases, CleanupDoesNotForgetAReleaseThatSomebodyStarted) {
  Scene scene({NamingScheme::belay, false, false});
  for (const auto* line : {"deploy 1", "deploy 2"}) scene.run(line);
  scene.engine.start_container("web-r1", {});
  scene.run("cleanup 0");
  EXPECT_TRUE(scene.app().find({1}));
  EXPECT_THAT(scene.running(), UnorderedElementsAre("web-r1", "web-r2"));
}

TEST(UseCases, ARemovedAppLeavesOnlyItsData) {
  Scene scene;
  for (const auto* line : {"deploy 1", "deploy 2", "deploy bad"}) scene.run(line);
  EXPECT_EQ(scene.run("remove"), "done");
  EXPECT_THAT(names(scene), IsEmpty());
  EXPECT_THAT(scene.engine.images({}, {}), IsEmpty());
  EXPECT_EQ(scene.engine.volumes({}, {}).size(), 1U);
  EXPECT_EQ(scene.store->journal("web", 1).at(0).verb.text(), "remove") << "its journal stays";
}

TEST(UseCases, ABuildOfAnImagePullsItWhereItIsMissing) {
  Scene scene;
  scene.engine.in_registry("nginx:1", {}, {}, "1");
  auto here = scene.context();
  BuildOptions options;
  options.image = "nginx:1";
  EXPECT_TRUE(build(here, web, options, {}).changed);
  EXPECT_FALSE(build(here, web, options, {}).changed);
  EXPECT_EQ(scene.changes(), "  0. pull nginx:1\n");
}

TEST(UseCases, APushedBuildIsInTheRegistry) {
  Scene scene;
  scene.offer("1");
  auto here = scene.context();
  BuildOptions options;
  options.where = scene.source.string();
  options.push = "registry.example/web:1";
  build(here, web, options, {});
  EXPECT_THAT(scene.engine.changes(),
              ElementsAre("build web:latest", "tag registry.example/web:1", "push registry.example/web:1"));
}

TEST(UseCases, AutostartIsSaidOnceAndShown) {
  Scene scene;
  scene.run("build 1");
  auto here = scene.context();
  EXPECT_TRUE(set_autostart(here, web, Autostart::stable, false, {}));
  EXPECT_FALSE(set_autostart(here, web, Autostart::stable, false, {}));
  ASSERT_EQ(autostart_status(here).size(), 1U);
  EXPECT_EQ(autostart_status(here)[0].autostart, Autostart::stable);
}

TEST(UseCases, AConfigurationIsChosenByItsName) {
  Scene scene({NamingScheme::dcv, false, false});
  scene.write("dcv-web", R"({"small": {"env": {"SIZE": "1"}}, "large": {"env": {"SIZE": "2"}}})");
  scene.run("build 1");
  auto here = scene.context();
  StartOptions options;
  options.configuration = "large";
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_EQ(scene.engine.container("dcv_web", {})->service.environment.at("SIZE"), "2");
  // A parameter file that is found at the start replaces the one that was kept with the build.
  const fs::path elsewhere = scene.folder.path() / "dcv";
  make_folder(elsewhere);
  write_file_durably(elsewhere / "dcv-web", R"({"env": {"SIZE": "3"}})");
  options.configuration.clear();
  options.parameter_folders = {scene.folder.path(), elsewhere};
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_EQ(scene.engine.container("dcv_web", {})->service.environment.at("SIZE"), "3");
}

// A volume that another app's release has stays, though the container of that one was removed by hand.
TEST(UseCases, ARemovalLeavesTheVolumesThatOtherAppsHave) {
  Scene scene;
  ASSERT_EQ(scene.run("deploy 1"), "done");
  App other(AppName("other"));
  Release release;
  release.number = ReleaseNumber{3};
  release.spec.services.emplace_back();
  release.spec.services[0].name = "other";
  release.spec.services[0].mounts = {{Mount::Kind::volume, "web_data", "/data", false, ""}};
  other.releases.push_back(release);
  scene.store->save(other);
  ASSERT_EQ(scene.run("remove volumes"), "done");
  const auto volumes = scene.engine.volumes({}, {});
  EXPECT_TRUE(std::any_of(volumes.begin(), volumes.end(), [](const Volume& v) { return v.name == "web_data"; }));
  scene.store->forget(AppName("other"));
}

// A restart's preview left out the proof and the policy.
TEST(Restart, DoesWhatItsPreviewShows) {
  Scene scene;
  scene.run("deploy 1");
  auto here = scene.context("belay restart web");
  ChangeOptions dry;
  dry.dry_run = true;
  const Change shown = restart(here, web, dry, {});
  ASSERT_EQ(shown.kind, Change::Kind::planned);
  scene.report.plans.clear();
  std::ignore = restart(here, web, {}, {});
  std::vector<std::string> done;
  for (const auto& plan : scene.report.plans)
    for (const auto& line : split(plan, '\n'))
      if (const auto end = line.find(" — "); end != std::string::npos) done.push_back(line.substr(5, end - 5));
  std::vector<std::string> planned;
  for (const auto& action : shown.plan.actions) planned.push_back(plan::step_text(action.step));
  EXPECT_EQ(planned, done);
}

// Belay has gone back already: whoever types the same command as well would lose the release that is good.
TEST(Rollback, AfterBelaysOwnNeedsTheNameOfARelease) {
  Scene scene;
  for (const char* step : {"deploy 1", "deploy 2", "deploy bad"}) scene.run(step);
  const std::string before = scene.all();
  for (const bool dry_run : {false, true}) {
    Context here = scene.context();
    ChangeOptions options;
    options.dry_run = dry_run;
    try {
      rollback(here, web, {}, options, {});
      ADD_FAILURE() << "it was accepted";
    } catch (const Conflict& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("r3 failed and was rolled back already"));
      EXPECT_THAT(error.what(), ::testing::EndsWith("web runs r2"));
      EXPECT_EQ(error.hint(), "To go back further, name the release: belay rollback web r1");
    }
    EXPECT_EQ(scene.all(), before);
  }
  Context here = scene.context();
  EXPECT_EQ(rollback(here, web, ReleaseNumber{1}, {}, {}).running, ReleaseNumber{1});
}
// What somebody asked for afterwards is another story, and so is a policy of the definition.
TEST(Rollback, AfterBelaysOwnAndAnotherChangeGoesBackAsEver) {
  Scene scene;
  for (const char* step : {"deploy 1", "deploy 2", "deploy bad", "stop", "start last"}) scene.run(step);
  Context here = scene.context();
  EXPECT_EQ(rollback(here, web, {}, {}, {}).running, ReleaseNumber{1});
  Scene other;
  for (const char* step : {"deploy 1", "deploy 2", "deploy bad"}) other.run(step);
  Context there = other.context();
  ChangeOptions further;
  further.goes_further = true;
  EXPECT_EQ(rollback(there, web, {}, further, {}).running, ReleaseNumber{1});
}

// What nobody waited for may never have worked.
TEST(Rollback, GoesToWhatProvedItselfBeforeWhatDidNot) {
  Scene scene;
  for (const char* step : {"deploy 1", "deploy 2", "deploy 3"}) scene.run(step);
  App app = scene.app();
  app.releases[1].verdict = Verdict::unproven;
  scene.store->save(app);
  Context here = scene.context();
  EXPECT_EQ(rollback(here, web, {}, {}, {}).running, ReleaseNumber{1});
  // What ran when it was taken over is no such thing.
  app = scene.app();
  EXPECT_EQ(app.ways_back(ReleaseNumber{3}), (std::vector{ReleaseNumber{1}, ReleaseNumber{2}}));
  app.releases[1].adopted = true;
  EXPECT_EQ(app.ways_back(ReleaseNumber{3}), (std::vector{ReleaseNumber{2}, ReleaseNumber{1}}));
  scene.run("deploy 4");
  app = scene.app();
  for (auto& release : app.releases)
    if (release.number < *app.wish.release()) release.verdict = Verdict::unproven;
  scene.store->save(app);
  Context again = scene.context();
  EXPECT_EQ(rollback(again, web, {}, {}, {}).running, ReleaseNumber{1}) << "what ran before, where none proved itself";
}

// What somebody went back from is not what ran before the next one.
TEST(Rollback, GoesToWhatRanBeforeAndNotToWhatWasRejected) {
  for (const std::vector<const char*>& since :
       {std::vector<const char*>{}, {"stop", "start last"}, {"restart"}, {"deploy bad", "restart"}}) {
    Scene scene;
    for (const char* step : {"deploy 1", "deploy 2", "rollback", "deploy 3"}) scene.run(step);
    for (const char* step : since) scene.run(step);
    EXPECT_EQ(scene.app().ways_back(ReleaseNumber{3}).front(), ReleaseNumber{1});
    Context here = scene.context();
    ChangeOptions further;
    further.goes_further = true;
    EXPECT_EQ(rollback(here, web, {}, further, {}).running, ReleaseNumber{1});
  }
}

TEST(Rollback, OfWhatTookOverWhileNothingRanGoesToWhatHadRunLast) {
  Scene scene;
  for (const char* step : {"deploy 1", "deploy 2", "rollback", "stop", "deploy 3"}) scene.run(step);
  Context here = scene.context();
  EXPECT_EQ(rollback(here, web, {}, {}, {}).running, ReleaseNumber{1});
}

TEST(Rollback, FindsWhatACleanUpLeft) {
  Scene scene;
  for (const char* step : {"deploy 1", "deploy 2", "rollback", "deploy 3", "cleanup 1"}) scene.run(step);
  Context here = scene.context();
  EXPECT_EQ(rollback(here, web, {}, {}, {}).running, ReleaseNumber{1});
}

// A removal with its data that was interrupted: what is shown as left is what the next one does.
TEST(AnInterruptedRemoval, LeavesTheVolumesOfOthersInItsPreviewToo) {
  for (int at = 0;; ++at) {
    ASSERT_LT(at, 60) << "never came to an end";
    Scene scene;
    scene.run("deploy 1");
    App blog(AppName("blog"));
    Release release;
    release.number = ReleaseNumber(1);
    Service service;
    service.name = "blog";
    service.mounts.push_back({Mount::Kind::volume, "web_data", "/shop", true, {}});
    release.spec.services = {service};
    blog.releases.push_back(release);
    scene.store->save(blog);
    scene.engine.crash_after(at);
    const bool is_cut = scene.crashes("remove volumes");
    scene.engine.crash_after(std::nullopt);
    scene.reopen();
    const auto app = scene.store->app(web);
    if (app && app->wish.is<goal::Removed>()) {
      Context here = scene.context();
      const Removed next = remove(here, web, true, true, [](const RemovalPreview&) { return true; }, {});
      EXPECT_EQ(plan::plan_text(plan_now(here, web, {})), plan::plan_text(next.plan)) << at;
      EXPECT_THAT(look::status(here, web, {}).pending, Not(Contains(HasSubstr("remove volume web_data")))) << at;
      EXPECT_THAT(look::status(here, web, {}).wish, HasSubstr("belay remove web --volumes finishes it"));
    }
    scene.run("remove volumes");
    const auto volumes = scene.engine.volumes({}, {});
    EXPECT_TRUE(
        std::any_of(volumes.begin(), volumes.end(), [](const Volume& each) { return each.name == "web_data"; }));
    if (!is_cut) break;
  }
}

}  // namespace
}  // namespace belay::scene
