// Settings that a command line gives: with a deploy, a start or a build, by set and unset.

#include "family/settings.h"
#include "formats/setting_keys.h"
#include "look/look.h"
#include "support/scene/scene_test.h"

namespace belay::scene {
namespace {

class SettingsByHand : public ::testing::Test {
 protected:
  SettingsByHand() : scene_(SceneOptions{}) {
    ImageConfig config;
    config.exposed_ports = {"80/tcp", "443/tcp"};
    config.volumes = {"/data"};
    for (const char* reference : {"site:1", "site:2"}) scene_.engine.add_image(reference, config, {}, reference);
  }

  static Configuration of_options(const std::vector<std::string>& words) {
    return formats::settings_of_options(words, "/").settings;
  }

  Deployed deploy_image(const std::string& image, const std::vector<std::string>& words = {}) {
    scene_.clock.advance(Seconds(5));
    Context here = scene_.context();
    BuildOptions options;
    options.image = image;
    if (!words.empty()) options.settings = of_options(words);
    return deploy(here, web, options, {}, {});
  }

  SettingsChanged set(const std::vector<std::string>& words, const std::vector<std::string>& unset = {},
                      bool dry_run = false) {
    scene_.clock.advance(Seconds(5));
    Context here = scene_.context();
    SettingsChange wanted;
    if (!words.empty()) {
      auto given = formats::settings_of_words(words, "/");
      wanted.set = given.settings;
      wanted.cleared = given.cleared;
    }
    wanted.unset.insert(wanted.unset.end(), unset.begin(), unset.end());
    StartOptions options;
    options.change.dry_run = dry_run;
    return change_settings(here, web, wanted, options, {});
  }

  template <class Act>
  std::string refusal(Act&& act) {
    try {
      act();
    } catch (const Error& error) {
      return error.what();
    }
    return "it was accepted";
  }

  const Service& service() {
    app_ = scene_.app();
    return app_->find(*app_->wish.release())->spec.services[0];
  }
  std::vector<std::string> ports() {
    std::vector<std::string> texts;
    for (const auto& port : service().ports) texts.push_back(port.text());
    return texts;
  }
  std::string variable(const std::string& name) {
    const auto& all = service().environment;
    const auto found = all.find(name);
    return found == all.end() ? "-" : found->second;
  }
  int release() { return scene_.app().wish.release()->value; }

  Scene scene_;
  std::optional<App> app_;
};

TEST_F(SettingsByHand, StayForLaterImages) {
  EXPECT_EQ(
      deploy_image("site:1", {"-e", "A=1", "-p", "127.0.0.1:8080:80", "-v", "kept:/kept", "--memory=64m"}).change.kind,
      Change::Kind::done);
  EXPECT_THAT(ports(), ElementsAre("127.0.0.1:8080->80/tcp"));
  EXPECT_EQ(deploy_image("site:2").change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A"), "1");
  EXPECT_THAT(ports(), ElementsAre("127.0.0.1:8080->80/tcp"));
  EXPECT_EQ(service().mounts.front().source, "kept");
  EXPECT_EQ(service().resources.memory, ByteCount{64 << 20});
  EXPECT_EQ(deploy_image("site:2", {"-e", "B=2"}).change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + variable("B"), "12") << "what is given later is added";
  EXPECT_EQ(deploy_image("site:2", {"-e", "B=2"}).change.kind, Change::Kind::unchanged);
}

TEST_F(SettingsByHand, StandAboveAFileThatIsReadAgain) {
  scene_.write("dcv-web", R"({"env": {"A": "file", "C": "file"}, "ports": {"9000": "8080"}})");
  scene_.offer("1");
  Context here = scene_.context();
  BuildOptions options;
  options.where = scene_.source.string();
  options.settings = of_options({"-e", "A=hand", "-p", "7000:8080"});
  EXPECT_EQ(deploy(here, web, options, {}, {}).change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + " " + variable("C"), "hand file");
  EXPECT_THAT(ports(), ElementsAre("7000->8080/tcp"));
  scene_.write("dcv-web", R"({"env": {"A": "file", "C": "other"}, "ports": {"9000": "8080"}})");
  scene_.offer("2");
  scene_.clock.advance(Seconds(5));
  options.settings.reset();
  EXPECT_EQ(deploy(here, web, options, {}, {}).change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + " " + variable("C"), "hand other");
  EXPECT_THAT(ports(), ElementsAre("7000->8080/tcp"));

  EXPECT_THAT(refusal([&] { return set({}, {"env.C"}); }), HasSubstr("env.C is set in"));
  EXPECT_EQ(set({}, {"env.A"}).change.value().kind, Change::Kind::done) << "it was set by hand";
  EXPECT_EQ(variable("A"), "file");
  EXPECT_THAT(refusal([&] { return set({}, {"env.A"}); }), HasSubstr("env.A is set in"));
}

TEST_F(SettingsByHand, AreChangedInTheConfigurationThatRuns) {
  scene_.write("dcv-web", R"({"small": {"env": {"SIZE": "small"}}, "big": {"env": {"SIZE": "big"}}})");
  EXPECT_EQ(scene_.run("build 1"), "done");
  Context here = scene_.context();
  StartOptions small;
  small.configuration = "small";
  EXPECT_EQ(start_new(here, web, small, {}).kind, Change::Kind::done);
  EXPECT_EQ(set({"env.A=1"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + " " + variable("SIZE"), "1 small");
}

TEST_F(SettingsByHand, AreChangedWithoutABuildAsAReleaseOfWhatRuns) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  const auto preview = set({"env.A=1", "ports=8080:80", "ports=8443:443"}, {}, true);
  EXPECT_THAT(preview.lines, Contains("env.A: + 1"));
  EXPECT_FALSE(preview.change.value().plan.empty());
  EXPECT_EQ(release(), 1);
  const auto done = set({"env.A=1", "ports=8080:80", "ports=8443:443"});
  EXPECT_EQ(done.change.value().kind, Change::Kind::done);
  EXPECT_EQ(plan::plan_text(done.change->plan), plan::plan_text(preview.change->plan));
  EXPECT_EQ(release(), 2);
  EXPECT_THAT(ports(), ElementsAre("8080->80/tcp", "8443->443/tcp"));
  EXPECT_THAT(set({"env.A=1"}).lines, IsEmpty());
  EXPECT_EQ(release(), 2) << "it has that already";

  EXPECT_EQ(set({"ports=none"}).change.value().kind, Change::Kind::done);
  EXPECT_THAT(ports(), IsEmpty());
  EXPECT_EQ(set({"memory=64m", "read_only=true"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(set({"read_only=false"}).change.value().kind, Change::Kind::done);
  EXPECT_FALSE(service().read_only);
  EXPECT_EQ(set({"memory=128m"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(scene_.app().find(ReleaseNumber{6})->containers.at("web"), "web-r5")
      << "a limit is moved on the container that runs";
}

// What the refused line named is no app: neither a list nor a later command knows it.
TEST_F(SettingsByHand, OfARefusedFirstDeployLeaveNoApp) {
  Context here = scene_.context();
  BuildOptions options;
  options.image = "site:1";
  options.settings = of_options({"-p", "8090:80"});
  ASSERT_EQ(deploy(here, AppName("other"), options, {}, {}).change.kind, Change::Kind::done);
  EXPECT_THAT(refusal([&] { deploy_image("site:1", {"-p", "8090:80"}); }), HasSubstr("8090"));
  EXPECT_FALSE(scene_.store->app(web));
}

TEST_F(SettingsByHand, TakenOutAreGone) {
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=1", "-e", "B=2", "-m", "64m"}).change.kind, Change::Kind::done);
  EXPECT_EQ(set({}, {"env.A", "memory"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + variable("B"), "-2");
  EXPECT_EQ(set({}, {"env"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(deploy_image("site:2").change.kind, Change::Kind::done);
  EXPECT_EQ(variable("B"), "-") << "an app without any settings does not get old ones back";
  EXPECT_THAT(ports(), IsEmpty());
  EXPECT_THAT(refusal([&] { return set({}, {"memory"}); }), HasSubstr("memory is not set for web"));
  EXPECT_THAT(refusal([&] { return set({}, {"mem_limit"}); }), HasSubstr("there is no setting 'mem_limit'"));
  for (const auto* variable : {"COLOUR", "DB_HOST", "A1"}) {
    try {
      std::ignore = set({}, {variable});
      ADD_FAILURE() << variable;
    } catch (const Error& error) {
      EXPECT_THAT(error.hint(), HasSubstr(format("env.{}", variable)));
    }
  }
}

TEST_F(SettingsByHand, ThatMakeItFailAreTakenBack) {
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=1"}).change.kind, Change::Kind::done);
  // It never turns healthy.
  EXPECT_EQ(set({"env.A=2", "health.test=true"}).change.value().kind, Change::Kind::rolled_back);
  EXPECT_EQ(release(), 1);
  EXPECT_EQ(deploy_image("site:2").change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A"), "1") << "settings that failed are not those of the app";
}

TEST_F(SettingsByHand, ThatFailedAreNotThoseOfTheNextRelease) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  EXPECT_EQ(set({"env.A=2", "health.test=true", "check=GET :80/helth 200"}).change.value().kind,
            Change::Kind::rolled_back);
  EXPECT_THAT(refusal([&] { return set({}, {"check"}); }), HasSubstr("check is not set for web"));
  Context here = scene_.context();
  StartOptions options;
  options.settings = of_options({"-e", "LOG=debug"});
  scene_.clock.advance(Seconds(5));
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + variable("LOG"), "-debug");
  EXPECT_FALSE(service().health);
  EXPECT_THAT(service().checks, IsEmpty());
  EXPECT_EQ(deploy_image("site:2").change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + variable("LOG"), "-debug") << "those of the release that runs stay";
}

TEST_F(SettingsByHand, ThatFailedLeaveNoChecksToAFileThatIsSilentOnThem) {
  scene_.write("dcv-web", R"({"env": {"A": "file"}})");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_EQ(set({"health.test=true", "check=GET :8080/helth 200"}).change.value().kind, Change::Kind::rolled_back);
  EXPECT_EQ(scene_.run("deploy 2"), "done");
  EXPECT_THAT(service().checks, IsEmpty());
}

TEST_F(SettingsByHand, ThatFailedAreForgottenWithTheirRelease) {
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=1"}).change.kind, Change::Kind::done);
  EXPECT_EQ(set({"env.A=2", "health.test=true"}).change.value().kind, Change::Kind::rolled_back);
  EXPECT_EQ(scene_.run("cleanup 0"), "done");
  EXPECT_EQ(scene_.app().find(ReleaseNumber{2}), nullptr);
  EXPECT_EQ(deploy_image("site:2").change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A"), "1");
  EXPECT_FALSE(service().health);
}

TEST_F(SettingsByHand, OfADeployThatFailedAreAskedForOnceMore) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=2", "--health-cmd=true"}).change.kind, Change::Kind::rolled_back);
  StartOptions again;
  again.again = true;
  Context here = scene_.context();
  BuildOptions options;
  options.image = "site:1";
  options.settings = of_options({"-e", "A=2", "--health-cmd=true"});
  scene_.clock.advance(Seconds(5));
  EXPECT_EQ(deploy(here, web, options, again, {}).change.kind, Change::Kind::rolled_back) << "and are tried again";
}

TEST_F(SettingsByHand, AreThoseOfWhatRunsHoweverManyBuildsThereWere) {
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=1"}).change.kind, Change::Kind::done);
  EXPECT_EQ(scene_.run("stable"), "done");
  EXPECT_EQ(deploy_image("site:2", {"-e", "A=2"}).change.kind, Change::Kind::done);
  for (int i = 0; i < 25; ++i)
    EXPECT_EQ(set({"memory=" + std::to_string(64 + i) + "m"}).change->kind, Change::Kind::done);
  EXPECT_EQ(scene_.run("start stable"), "done");
  EXPECT_EQ(scene_.run("cleanup 0"), "done");
  EXPECT_LT(scene_.app().builds.size(), 25u);
  const std::string image = scene_.app().find(ReleaseNumber{1})->images.at("web");
  EXPECT_EQ(set({"env.B=1"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(variable("A") + variable("B"), "11");
  EXPECT_EQ(scene_.app().releases.back().images.at("web"), image) << "not what was rolled back from";

  App app = scene_.app();
  std::erase_if(app.builds, [&](const Build& build) { return build.image == image; });
  scene_.store->save(app);
  EXPECT_EQ(set({"env.B=2"}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(scene_.app().releases.back().images.at("web"), image) << "also where no build has it any more";
  EXPECT_EQ(service().image, "site:1");
}

TEST_F(SettingsByHand, GoWithTheBuildThatWaitsToBeStarted) {
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=1"}).change.kind, Change::Kind::done);
  Context here = scene_.context();
  BuildOptions options;
  options.image = "site:2";
  scene_.clock.advance(Seconds(5));
  const std::string built = build(here, web, options, {}).image;
  EXPECT_EQ(set({"memory=64m"}).change.value().kind, Change::Kind::done);
  EXPECT_NE(scene_.app().releases.back().images.at("web"), built) << "what runs is changed";
  EXPECT_EQ(scene_.run("start new"), "done");
  EXPECT_EQ(scene_.app().releases.back().images.at("web"), built);
  EXPECT_EQ(service().resources.memory, ByteCount{64 << 20});
  EXPECT_EQ(variable("A"), "1");
}

TEST_F(SettingsByHand, AreComparedWithWhatRuns) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  EXPECT_EQ(scene_.run("stop"), "done");
  std::ignore = set({"env.A=1"});
  EXPECT_EQ(scene_.run("start r1"), "done");
  EXPECT_EQ(variable("A"), "-");
  EXPECT_THAT(set({"memory=64m"}, {}, true).lines, UnorderedElementsAre("env.A: + 1", HasSubstr("memory")));
  const auto changed = set({"env.A=1"});
  EXPECT_THAT(changed.lines, ElementsAre("env.A: + 1")) << "it is kept, but nothing runs with it";
  EXPECT_EQ(changed.change.value().kind, Change::Kind::done);
  EXPECT_EQ(variable("A"), "1");
  EXPECT_FALSE(set({"env.A=1"}).change);
}

TEST_F(SettingsByHand, MayBeTurnedOffWhereTheyAreNotOn) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  const auto changed = set({"read_only=false", "privileged=false", "init=false", "dns=none"});
  EXPECT_FALSE(changed.change);
  EXPECT_THAT(changed.lines, IsEmpty());
  EXPECT_EQ(set({"read_only=false", "env.A=1"}).change.value().kind, Change::Kind::done);
}

TEST_F(SettingsByHand, AreMoreThanOneEditorCanShow) {
  scene_.write("dcv-web", R"({"small": {"env": {"SIZE": "small"}}, "big": {"env": {"SIZE": "big"}}})");
  EXPECT_EQ(scene_.run("build 1"), "done");
  Context here = scene_.context();
  EXPECT_EQ(settings_home(here, web, {}).kind, SettingsHome::Kind::file);
  fs::remove(scene_.source / "dcv-web");
  EXPECT_THAT(refusal([&] { return settings_home(here, web, {}); }), HasSubstr("has several configurations"));
}

TEST_F(SettingsByHand, OfAnAppThatIsStoppedWaitForItsNextRelease) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  EXPECT_EQ(scene_.run("stop"), "done");
  const auto changed = set({"env.A=1"});
  EXPECT_FALSE(changed.change);
  EXPECT_THAT(changed.lines, ElementsAre("env.A: + 1"));
  EXPECT_EQ(scene_.run("start new"), "done");
  EXPECT_EQ(variable("A"), "1");
}

TEST_F(SettingsByHand, OfWhatWasAdoptedAreItsOwn) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  Context here = scene_.context();
  StartOptions options;
  options.settings = of_options({"--restart=always", "-e", "A=1"});
  scene_.clock.advance(Seconds(5));
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_EQ(service().restart.name, "always");
  EXPECT_EQ(scene_.run("start new"), "done");
  EXPECT_EQ(variable("A"), "1") << "they stay for releases of the same build too";
}

TEST_F(SettingsByHand, OfADeclaredAppStandInItsDefinition) {
  EXPECT_EQ(deploy_image("site:1").change.kind, Change::Kind::done);
  App app = scene_.app();
  app.origin = "/etc/belay/web.json";
  scene_.store->save(app);
  EXPECT_THAT(refusal([&] { return set({"env.A=1"}); }), HasSubstr("/etc/belay/web.json"));
}

TEST_F(SettingsByHand, OfTheImageDropThem) {
  EXPECT_EQ(deploy_image("site:1", {"-e", "A=1"}).change.kind, Change::Kind::done);
  scene_.clock.advance(Seconds(5));
  Context here = scene_.context();
  BuildOptions options;
  options.image = "site:1";
  options.settings_from_image = true;
  StartOptions yes;
  yes.confirm = [](const auto&, const auto&) { return true; };
  EXPECT_EQ(deploy(here, web, options, yes, {}).change.kind, Change::Kind::done);
  EXPECT_EQ(variable("A"), "-");
  EXPECT_THAT(ports(), ElementsAre("80->80/tcp", "443->443/tcp"));
}

TEST_F(SettingsByHand, TheJournalNamesTheKeysAndNoValues) {
  deploy_image("site:1", {"-e", "PASSWORD=secret"});
  set({"env.PASSWORD=other", "env.LEVEL=debug"});
  set({}, {"env.LEVEL"});
  const auto entries = scene_.store->journal("web", 10);
  std::string all;
  for (const auto& entry : entries) all += entry.text + "\n";
  EXPECT_THAT(all, ::testing::HasSubstr("(env.LEVEL)"));
  EXPECT_THAT(all, ::testing::HasSubstr("(env.LEVEL, env.PASSWORD)"));
  for (const auto& entry : entries)
    for (const char* value : {"secret", "other", "debug"})
      EXPECT_THAT(entry.text, ::testing::Not(::testing::HasSubstr(value)));
}

TEST_F(SettingsByHand, ANetworkThatIsNotThereIsSaidToBeNew) {
  deploy_image("site:1", {"--network", "backnd"});
  EXPECT_THAT(scene_.report.notes, ::testing::Contains(::testing::HasSubstr("there is no network backnd yet")));
  scene_.report.notes.clear();
  deploy_image("site:2");
  EXPECT_THAT(scene_.report.notes, ::testing::Not(::testing::Contains(::testing::HasSubstr("no network"))));
}

}  // namespace
}  // namespace belay::scene
