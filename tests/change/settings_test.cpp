// Settings belong to the app: they stay when the image changes. No data is without a name. No two apps share a volume
// whose name nobody gave.

#include "family/settings.h"

#include "change/app_volumes.h"
#include "change/remove_stopped.h"
#include "formats/setting_keys.h"
#include "look/look.h"
#include "model/naming.h"
#include "support/clock_of_another.h"
#include "support/scene/scene_test.h"

namespace belay::scene {
namespace {

const AppName db("db");

void make_volume(Scene& scene, const std::string& name, const labels::Labels& its_labels) {
  VolumeRequest request;
  request.name = name;
  request.labels = its_labels;
  scene.engine.create_volume(request, {});
}

// Checks of the command line are settings as well.
class ChecksOfAnApp : public ::testing::Test {
 protected:
  std::string checks() {
    std::string text;
    const App app = scene_.app();
    for (const auto& check : app.find(*app.wish.release())->spec.services[0].checks) text += to_text(check) + "\n";
    return text;
  }
  Scene scene_;
};

TEST_F(ChecksOfAnApp, StayUntilAnotherWordIsSaid) {
  const std::string page = "GET :8080/ 200 retries=1 ~page\n";
  EXPECT_EQ(scene_.run("deploy 1 check"), "done");
  EXPECT_EQ(checks(), page);
  EXPECT_EQ(scene_.run("deploy 2"), "done");
  EXPECT_EQ(checks(), page);
  scene_.write("jockler-web", R"({"ports": {"8080": "8080"}})");
  EXPECT_EQ(scene_.run("deploy 3"), "done");
  EXPECT_EQ(checks(), page) << "a file that says nothing of checks leaves them";
  scene_.write("jockler-web", R"({"check": "TCP :8080"})");
  EXPECT_EQ(scene_.run("deploy 4"), "done");
  EXPECT_EQ(checks(), page) << "what was set by hand stands above the file";
  EXPECT_EQ(scene_.run("deploy 5 uncheck"), "done");
  EXPECT_EQ(checks(), "");
  EXPECT_EQ(scene_.run("deploy 6"), "done");
  EXPECT_EQ(checks(), "TCP :8080\n") << "the file is asked again";
  scene_.write("jockler-web", R"({"ports": {"8080": "8080"}})");
  EXPECT_EQ(scene_.run("deploy 7"), "done");
  EXPECT_EQ(checks(), "") << "what the file said and says no longer is over";
  EXPECT_EQ(scene_.run("deploy 8 check"), "done");
  EXPECT_EQ(scene_.run("deploy 9 uncheck"), "done");
  EXPECT_EQ(checks(), "");
}

TEST_F(ChecksOfAnApp, StayWhereAnotherSettingIsTakenOut) {
  scene_.write("jockler-web", R"({"ports": {"8080": "8080"}})");
  EXPECT_EQ(scene_.run("deploy 1 check"), "done");
  const std::string page = checks();
  EXPECT_NE(page, "");
  Context here = scene_.context();
  SettingsChange wanted;
  wanted.set = formats::settings_of_words({"env.A=1"}, "/").settings;
  EXPECT_EQ(change_settings(here, web, wanted, {}, {}).change.value().kind, Change::Kind::done);
  wanted = {};
  wanted.unset = {"env.A"};
  EXPECT_EQ(change_settings(here, web, wanted, {}, {}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(checks(), page);
  wanted = {};
  wanted.file_text = R"({"ports": {"8081": "8080"}})";
  std::ignore = change_settings(here, web, wanted, {}, {});
  EXPECT_EQ(checks(), page);
  wanted = {};
  wanted.unset = {"check"};
  EXPECT_EQ(change_settings(here, web, wanted, {}, {}).change.value().kind, Change::Kind::done);
  EXPECT_EQ(checks(), "");
}

TEST_F(ChecksOfAnApp, DecideAboutItsReleases) {
  EXPECT_EQ(scene_.run("deploy 1 check"), "done");
  EXPECT_EQ(scene_.run("deploy wrong"), "rolled_back");
  const App app = scene_.app();
  EXPECT_EQ(app.wish.release(), ReleaseNumber{1});
  const Release& failed = *app.find(ReleaseNumber{2});
  EXPECT_EQ(failed.verdict, Verdict::failed);
  EXPECT_EQ(failed.reason, "GET http://10.0.0.2:8080/ answered 500, expected 200");
  EXPECT_EQ(failed.log_tail, "it answered: page of wrong\n");
  EXPECT_FALSE(app.quarantine.empty());
  EXPECT_THAT(scene_.run("restart"), "done");
}

TEST_F(ChecksOfAnApp, ThatCannotBeTriedBlameNobody) {
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  scene_.engine.has_no_network();
  EXPECT_EQ(scene_.run("deploy 2 check"), "rolled_back");
  const App app = scene_.app();
  EXPECT_EQ(app.find(ReleaseNumber{2})->verdict, Verdict::pending);
  EXPECT_TRUE(app.quarantine.empty());
  scene_.engine.has_no_network(false);
  EXPECT_EQ(scene_.run("retry"), "done");
  EXPECT_EQ(scene_.app().wish.release(), ReleaseNumber{2});
}

TEST_F(ChecksOfAnApp, LeaveTheContainerWhereNothingElseChanges) {
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  const auto container = scene_.app().find(ReleaseNumber{1})->containers.at("web");
  EXPECT_EQ(scene_.run("deploy same check"), "done");
  EXPECT_EQ(scene_.app().find(ReleaseNumber{2})->containers.at("web"), container);
}

class Settings : public ::testing::Test {
 protected:
  Settings() {
    ImageConfig config;
    config.volumes = {"/data"};
    config.exposed_ports = {"5432/tcp"};
    for (const char* reference : {"db:1", "db:2"}) scene_.engine.add_image(reference, config, {}, reference);
    config.volumes = {"/elsewhere"};
    scene_.engine.add_image("db:moved", config, {}, "moved");
  }

  // A container of somebody else.
  void run_by_hand(const std::string& name, std::vector<Mount> mounts) {
    engine::ContainerRequest request;
    request.name = name;
    request.image = "db:1";
    request.service.image = "db:1";
    request.service.environment["DB_PASSWORD"] = "s3cret";
    request.service.mounts = std::move(mounts);
    request.service.ports.push_back({5432, "tcp", "127.0.0.1", 15432});
    request.service.resources.memory = ByteCount{64 << 20};
    scene_.engine.create_container(request, {});
    scene_.engine.start_container(name, {});
  }
  void adopt_db(std::vector<Mount> mounts) {
    run_by_hand("db", std::move(mounts));
    Context here = scene_.context();
    adopt(here, db, {"db"}, {}, {});
  }

  Deployed deploy_image(const std::string& image, StartOptions options = {}, bool dry_run = false) {
    scene_.clock.advance(Seconds(5));
    Context here = scene_.context("belay deploy db");
    BuildOptions build;
    build.image = image;
    build.dry_run = dry_run;
    build.settings_from_image = options.settings_from_image;
    return deploy(here, db, build, options, {});
  }
  Change start_db(StartOptions options = {}) {
    scene_.clock.advance(Seconds(5));
    Context here = scene_.context("belay start db new");
    return start_new(here, db, options, {});
  }
  // What the newest container has.
  ContainerDetail newest() {
    const App app = scene_.app("db");
    return scene_.engine.container(app.releases.back().containers.at("db"), {}).value();
  }
  std::vector<std::string> mounts(const ContainerDetail& detail) {
    std::vector<std::string> texts;
    for (const auto& mount : detail.container.mounts) texts.push_back(mount.source + ":" + mount.target);
    return texts;
  }
  std::vector<std::string> ports(const ContainerDetail& detail) {
    std::vector<std::string> texts;
    for (const auto& port : detail.container.ports) texts.push_back(port.text());
    return texts;
  }
  void expect_the_settings_of_the_user() {
    const auto detail = newest();
    EXPECT_EQ(detail.service.environment.at("DB_PASSWORD"), "s3cret");
    EXPECT_THAT(mounts(detail), ElementsAre("pgdata:/data"));
    EXPECT_THAT(ports(detail), ElementsAre("127.0.0.1:15432->5432/tcp"));
    EXPECT_EQ(detail.service.resources.memory, ByteCount{64 << 20});
  }
  // The steps of the preview are those of the run.
  void expect_done_as_previewed(const std::string& image, StartOptions options = {}) {
    const std::string before = scene_.all();
    const Deployed preview = deploy_image(image, options, true);
    EXPECT_EQ(scene_.all(), before);
    const Deployed done = deploy_image(image, options);
    EXPECT_EQ(done.change.kind, Change::Kind::done);
    EXPECT_EQ(steps(preview.change.plan), steps(done.change.plan));
  }
  static std::string steps(const plan::Plan& plan) {
    std::string text;
    for (const auto& action : plan.actions) text += plan::step_text(action.step) + "\n";
    return text;
  }
  template <class Act>
  std::string refusal(Act&& act) {
    try {
      std::ignore = act();
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  }

  Scene scene_;
  const std::vector<Mount> pgdata_{{Mount::Kind::volume, "pgdata", "/data", false, {}}};
};

TEST_F(Settings, OfAnAdoptedAppStayWithANewImage) {
  adopt_db(pgdata_);
  expect_done_as_previewed("db:2");
  expect_the_settings_of_the_user();
  EXPECT_EQ(scene_.app("db").releases.back().spec.services[0].image, "db:2");
}

TEST_F(Settings, OfAnAdoptedAppStayWithABuildAndAStart) {
  adopt_db(pgdata_);
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.image = "db:2";
  build(here, db, build_options, {});
  EXPECT_EQ(start_db().kind, Change::Kind::done);
  expect_the_settings_of_the_user();
}

TEST_F(Settings, OfAnImportedLineStayWithANewImage) {
  Context here = scene_.context();
  import_run(here, "db",
             {"-e", "DB_PASSWORD=s3cret", "-v", "pgdata:/data", "-p", "127.0.0.1:15432:5432", "-m", "64m", "db:1"},
             false, {});
  EXPECT_EQ(start_db().kind, Change::Kind::done);
  expect_done_as_previewed("db:2");
  expect_the_settings_of_the_user();
}

TEST_F(Settings, OfAFamilyStayWhereTheFileIsNotBesideIt) {
  scene_.write("dcv-web", R"({"env": {"LEVEL": "debug"}, "ports": {"127.0.0.1:9901": "8080"},
                              "volumes": {"site_store": "/data"}})");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  fs::remove(scene_.source / "dcv-web");
  EXPECT_EQ(scene_.run("deploy 2"), "done");
  const auto second = scene_.engine.container("web-r2", {}).value();
  EXPECT_EQ(second.service.environment.at("LEVEL"), "debug");
  EXPECT_THAT(ports(second), ElementsAre("127.0.0.1:9901->8080/tcp"));
  EXPECT_THAT(mounts(second), ElementsAre("site_store:/data"));
  EXPECT_THAT(scene_.report.notes, Contains(HasSubstr("web keeps those it has, from ")));
  // After a rollback it is the settings of what runs that stay.
  scene_.write("dcv-web", R"({"env": {"LEVEL": "info"}, "volumes": {"site_store": "/data"}})");
  EXPECT_EQ(scene_.run("deploy 3"), "done");
  EXPECT_EQ(scene_.run("rollback"), "done");
  fs::remove(scene_.source / "dcv-web");
  EXPECT_EQ(scene_.run("deploy 4"), "done");
  EXPECT_EQ(scene_.engine.container("web-r4", {})->service.environment.at("LEVEL"), "debug");
}

TEST_F(Settings, ThatAnEarlierBelayForgotAtABuildComeBack) {
  adopt_db(pgdata_);
  App app = scene_.app("db");
  Build forgetful = app.builds.back();
  forgetful.number = 2;
  forgetful.image = scene_.engine.image("db:2", {})->id;
  forgetful.tag = "db:2";
  forgetful.configurations["default"] = {};
  forgetful.configurations["default"].spec.services.emplace_back().name = "db";
  forgetful.created += Seconds(1);
  app.builds.push_back(forgetful);
  scene_.store->save(app);
  EXPECT_EQ(start_db().kind, Change::Kind::done);
  expect_the_settings_of_the_user();
}

TEST_F(Settings, ChangedByTheUsersOwnFileAreHisWish) {
  scene_.write("dcv-web", R"({"env": {"LEVEL": "debug", "OLD": "1"}, "volumes": {"aa": "/data"}})");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  scene_.write("dcv-web", R"({"env": {"LEVEL": "info"}, "volumes": {"bb": "/data"}})");
  EXPECT_EQ(scene_.run("deploy 1"), "done") << "variables and sources that the file names";
  EXPECT_THAT(scene_.report.notes, Contains(HasSubstr("mounts: aa:/data → bb:/data")));
  scene_.write("dcv-web", R"({"env": {"LEVEL": "info"}, "volumes": {}})");
  EXPECT_THAT(scene_.run("deploy 1"), HasSubstr("would not have all that r2 has"));
  EXPECT_THAT(scene_.running(), ElementsAre("web-r2"));
  Context here = scene_.context();
  StartOptions face;
  face.files_decide = true;
  EXPECT_EQ(start_new(here, web, face, {}).kind, Change::Kind::done);
  EXPECT_THAT(mounts(scene_.engine.container("web-r3", {}).value()), ElementsAre("web_data:/data"));
}

TEST_F(Settings, TheFirstFileBesideAnAdoptedAppIsAskedAbout) {
  adopt_db(pgdata_);
  const fs::path file = scene_.source / "dcv-db";
  write_file_durably(file, R"({"env": {"EXTRA": "1"}})");
  scene_.clock.advance(Seconds(5));
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.image = "db:2";
  build_options.parameter_file = file.string();
  build(here, db, build_options, {});
  StartOptions face;
  face.files_decide = true;
  const std::string before = scene_.all();
  EXPECT_THAT(refusal([&] { return start_db(face); }), HasSubstr("env.DB_PASSWORD: - (hidden)"));
  EXPECT_EQ(scene_.all(), before);
  std::vector<std::string> shown;
  face.confirm = [&](const std::string&, const std::vector<std::string>& lines) {
    shown = lines;
    return true;
  };
  EXPECT_EQ(start_db(face).kind, Change::Kind::done);
  EXPECT_THAT(shown, Contains(HasSubstr("ports: ")));
  EXPECT_THAT(mounts(newest()), ElementsAre("pgdata:/data")) << "the file does not speak of volumes";
}

TEST_F(Settings, AMountThatTheNewImageDoesNotHaveIsAskedAbout) {
  EXPECT_EQ(deploy_image("db:1").change.kind, Change::Kind::done);
  const std::string before = scene_.changes();
  EXPECT_THAT(refusal([&] { return deploy_image("db:moved").change; }), HasSubstr("db_data:/data"));
  EXPECT_EQ(scene_.changes(), before);
  const Deployed preview = deploy_image("db:moved", {}, true);
  EXPECT_THAT(preview.change.plan.notes, Contains(HasSubstr("this asks first")));
  StartOptions no;
  no.confirm = [](const std::string&, const std::vector<std::string>&) { return false; };
  EXPECT_EQ(refusal([&] { return deploy_image("db:moved", no).change; }), "deploying db: nothing was started");
  no.confirm = [](const std::string&, const std::vector<std::string>&) { return true; };
  EXPECT_EQ(deploy_image("db:moved", no).change.kind, Change::Kind::done);
}

// An image that is taken as it is opens nothing to the world by itself.
TEST_F(Settings, OfAnImageThatIsTakenAsItIsNoPortIsPublishedUnasked) {
  const std::string closed =
      "the image exposes 5432, which is not published; belay set db ports=127.0.0.1:5432:5432 publishes it";
  EXPECT_THAT(deploy_image("db:1", {}, true).change.plan.notes, Contains(HasSubstr(closed)));
  expect_done_as_previewed("db:1");
  EXPECT_THAT(ports(newest()), IsEmpty());
  EXPECT_THAT(scene_.report.notes, Contains(HasSubstr(closed)));
  EXPECT_THAT(mounts(newest()), ElementsAre("db_data:/data")) << "its data has a name all the same";
  expect_done_as_previewed("db:2");
  EXPECT_THAT(ports(newest()), IsEmpty());
}

TEST_F(Settings, OfAnImageThatIsTakenAsItIsThePortsOfItsFileArePublished) {
  const fs::path file = scene_.source / "dcv-db";
  write_file_durably(file, R"({"ports": {"127.0.0.1:6000": "5432"}})");
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.image = "db:1";
  build_options.parameter_file = file.string();
  EXPECT_EQ(deploy(here, db, build_options, {}, {}).change.kind, Change::Kind::done);
  EXPECT_THAT(ports(newest()), ElementsAre("127.0.0.1:6000->5432/tcp"));
  expect_done_as_previewed("db:2");
  EXPECT_THAT(ports(newest()), ElementsAre("127.0.0.1:6000->5432/tcp"));
}

// What an earlier Belay published, or a release of the family's own Dockerfile, is a setting of the app by now.
TEST_F(Settings, PublishedAlreadyStayWithAnImageThatIsTakenAsItIs) {
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_THAT(scene_.report.notes,
              Contains("publishes 8080 on every address of this host, because the image exposes it; "
                       "belay set web ports=127.0.0.1:8080:8080 limits that, ports=none ends it"));
  scene_.report.notes.clear();
  EXPECT_EQ(scene_.run("deploy 2"), "done");
  EXPECT_THAT(scene_.report.notes, Not(Contains(HasSubstr("publishes 8080")))) << "it is said once";
  ImageConfig config;
  config.volumes = {"/data"};
  config.exposed_ports = {"8080/tcp", "9090/tcp"};
  scene_.engine.add_image("bought:1", config, {}, "bought");
  scene_.clock.advance(Seconds(5));
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.image = "bought:1";
  EXPECT_EQ(deploy(here, web, build_options, {}, {}).change.kind, Change::Kind::done);
  EXPECT_THAT(ports(scene_.engine.container("web-r3", {}).value()), ElementsAre("8080->8080/tcp"));
}

// The documents of jockler and dockervisor have it so, and a family that was imported from them goes on like that.
TEST_F(Settings, OfAFamilyOfTheOlderToolsTheImageIsPublished) {
  App app(db);
  app.scheme = NamingScheme::jcl;
  Build build;
  build.number = 1;
  scene_.engine.tag_image(scene_.engine.image("db:1", {})->id, "db:latest", {});
  build.image = scene_.engine.image("db:1", {})->id;
  build.tag = "db:latest";
  build.configurations = {{"default", {}}};
  build.configurations["default"].spec.services.emplace_back().name = "db";
  app.builds.push_back(build);
  scene_.store->save(app);
  EXPECT_EQ(start_db().kind, Change::Kind::done);
  EXPECT_THAT(ports(newest()), ElementsAre("5432->5432/tcp"));
}

TEST_F(Settings, OfTheImageAreTakenWhereTheUserSaysSo) {
  adopt_db(pgdata_);
  StartOptions options;
  options.settings_from_image = true;
  expect_done_as_previewed("db:2", options);
  EXPECT_THAT(mounts(newest()), ElementsAre("db_data:/data"));
  EXPECT_THAT(newest().service.environment, IsEmpty());
  EXPECT_EQ(deploy_image("db:1").change.kind, Change::Kind::done) << "and so they stay";
  EXPECT_THAT(mounts(newest()), ElementsAre("db_data:/data"));
}

TEST_F(Settings, FoundAtAStartAreKeptWithTheApp) {
  EXPECT_EQ(scene_.run("build 1"), "done");
  make_folder(scene_.folder.path() / "dcv");
  write_file_durably(scene_.folder.path() / "dcv/dcv-web", R"({"env": {"LEVEL": "debug"}})");
  StartOptions options;
  options.parameter_folders = {scene_.folder.path() / "dcv"};
  Context here = scene_.context();
  EXPECT_EQ(start_new(here, web, options, {}).kind, Change::Kind::done);
  EXPECT_EQ(scene_.run("deploy 2"), "done");
  EXPECT_EQ(scene_.engine.container("web-r2", {})->service.environment.at("LEVEL"), "debug");
}

TEST_F(Settings, APreviewShowsWhatWillBeDone) {
  // A new app, an image that must be pulled, a Dockerfile; each once new and once as a change.
  scene_.engine.in_registry("db:9", {}, {}, "9");
  expect_done_as_previewed("db:1");
  expect_done_as_previewed("db:2");
  const Deployed pulled = deploy_image("db:9", {}, true);
  EXPECT_THAT(steps(pulled.change.plan), HasSubstr("pull db:9\ncreate "));
  EXPECT_THAT(steps(pulled.change.plan), Not(HasSubstr("nothing")));
  scene_.offer("1");
  BuildOptions build_options;
  build_options.where = scene_.source.string();
  for (int i = 0; i < 2; ++i) {
    scene_.clock.advance(Seconds(5));
    scene_.offer(i == 0 ? "1" : "2");
    Context here = scene_.context();
    build_options.dry_run = true;
    const Deployed preview = deploy(here, web, build_options, {}, {});
    build_options.dry_run = false;
    scene_.offer(i == 0 ? "1" : "2");
    const Deployed done = deploy(here, web, build_options, {}, {});
    const size_t done_in_all = done.build.plan.actions.size() + done.change.plan.actions.size();
    // What mount points the first image has is not known before it is built.
    EXPECT_EQ(preview.change.plan.actions.size(), done_in_all - (i == 0 ? 1 : 0)) << steps(preview.change.plan);
    EXPECT_THAT(preview.change.plan.notes, Contains(HasSubstr(i == 0 ? "known only when it is here" : "those of r1")));
    EXPECT_THAT(steps(preview.change.plan), ::testing::StartsWith("build web:latest from "));
  }
}

TEST_F(Settings, DataInAVolumeWithoutANameGoesWithTheApp) {
  adopt_db({});
  const std::string volume = scene_.container("db")->mounts.at(0).source;
  ASSERT_TRUE(is_unnamed_volume(volume));
  EXPECT_THAT(scene_.report.notes, Contains(HasSubstr("the data of /data in r1 is in a volume without a name")));
  Context here = scene_.context();
  const auto rows = volumes(here, db, {}, {});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].volume, volume);
  const Change change = start_db();
  EXPECT_EQ(change.kind, Change::Kind::done);
  EXPECT_THAT(change.plan.notes, Contains(HasSubstr("stop first")));
  EXPECT_THAT(mounts(newest()), ElementsAre(volume + ":/data"));
  EXPECT_EQ(deploy_image("db:2").change.kind, Change::Kind::done);
  EXPECT_THAT(mounts(newest()), ElementsAre(volume + ":/data"));
  Context again = scene_.context();
  cleanup(again, db, 0, false, [](const RemovalPreview&) { return true; }, {});
  EXPECT_THAT(mounts(newest()), ElementsAre(volume + ":/data"));
  std::vector<std::string> notes;
  remove(again, db, false, false,
         [&](const RemovalPreview& preview) {
           notes = preview.plan.notes;
           return true;
         },
         {});
  EXPECT_THAT(notes, Contains(HasSubstr(volume + " stays with the data of /data")));
  EXPECT_EQ(scene_.engine.volumes({}, {}).size(), 1U);
}

TEST_F(Settings, AContainerThatIsRemovedWhileStoppedLeavesItsVolumeWithoutANameToTheNext) {
  adopt_db({});
  const std::string volume = scene_.container("db")->mounts.at(0).source;
  Context here = scene_.context();
  App app = *here.store.app(db);
  // As an earlier Belay saved it.
  for (auto& release : app.releases)
    for (auto& service : release.spec.services) service.mounts.clear();
  here.store.save(app);
  stop(here, db, false, {});
  EXPECT_TRUE(remove_stopped(here, db, UnnamedVolumes::stay, false, {}).done);
  EXPECT_FALSE(scene_.container("db"));
  start_services(here, db, {}, {});
  EXPECT_THAT(mounts(newest()), ElementsAre(volume + ":/data"));
}

TEST_F(Settings, ARemovalWithVolumesTakesThoseWithoutANameToo) {
  adopt_db({});
  Context here = scene_.context();
  remove(here, db, true, false, [](const RemovalPreview&) { return true; }, {});
  EXPECT_THAT(scene_.engine.volumes({}, {}), IsEmpty());
}

TEST_F(Settings, AnotherContainersVolumesAreNotTakenForItsOwn) {
  run_by_hand("store", {});
  engine::ContainerRequest request;
  request.name = "rider";
  scene_.engine.add_image("plain:1", {}, {});
  request.image = request.service.image = "plain:1";
  request.service.volumes_from = {"store"};
  scene_.engine.create_container(request, {});
  scene_.engine.start_container("rider", {});
  Context here = scene_.context();
  adopt(here, AppName("rider"), {"rider"}, {}, {});
  EXPECT_THAT(scene_.app("rider").releases[0].spec.services[0].mounts, IsEmpty());
}

TEST_F(Settings, OldContainersWithVolumesOfTheirOwnAreNotCleanedUpWithoutAWord) {
  run_by_hand("db", {});
  scene_.engine.stop_container("db", {}, {});
  scene_.clock.advance(Seconds(5));
  run_by_hand("db-new", {});
  Context here = scene_.context();
  adopt(here, db, {"db", "db-new"}, {}, {});
  const std::string old = scene_.container("db")->mounts.at(0).source;
  std::vector<std::string> notes;
  cleanup(here, db, 0, false,
          [&](const RemovalPreview& preview) {
            notes = preview.plan.notes;
            return true;
          },
          {});
  EXPECT_THAT(notes, Contains(HasSubstr("volume " + old + " stays with the data of /data")));
  EXPECT_EQ(scene_.engine.volumes({}, {}).size(), 2U);
}

TEST_F(Settings, WhatTheSettingsLeaveOutHasANameToo) {
  scene_.write("jockler-web", R"({"volumes": {"pages": "/pages"}})");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_THAT(mounts(scene_.engine.container("web-r1", {}).value()),
              UnorderedElementsAre("web_data:/data", "pages:/pages"));
  scene_.write("dcv-web", R"({"raw": ["-v", "/cache"]})");
  fs::remove(scene_.source / "jockler-web");
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.where = scene_.source.string();
  scene_.offer("2");
  StartOptions options;
  options.confirm = [](const std::string&, const std::vector<std::string>&) { return true; };
  EXPECT_EQ(deploy(here, web, build_options, options, {}).change.kind, Change::Kind::done);
  EXPECT_THAT(mounts(scene_.engine.container("web-r2", {}).value()),
              UnorderedElementsAre("web_cache:/cache", "web_data:/data"));
}

TEST_F(Settings, AVolumeOfTheSchemeJclThatBelayNamedOtherwiseIsKept) {
  Scene scene({NamingScheme::jcl});
  ImageConfig config;
  config.volumes = {"/my-app.d", "/new-one", "/plain"};
  make_volume(scene, "jcl_web_my-app.d", labels::for_volume(web, "/my-app.d"));
  make_volume(scene, "jcl_web_new_one", {});
  scene.engine.next_build(config, {}, "1");
  Context here = scene.context();
  BuildOptions build_options;
  build_options.where = scene.source.string();
  build_options.scheme = NamingScheme::jcl;
  StartOptions options;
  options.scheme = NamingScheme::jcl;
  EXPECT_EQ(deploy(here, web, build_options, options, {}).change.kind, Change::Kind::done);
  const App app = scene.app();
  std::vector<std::string> texts;
  for (const auto& mount : app.releases[0].spec.services[0].mounts) texts.push_back(mount.source);
  EXPECT_THAT(texts, ElementsAre("jcl_web_my-app.d", "jcl_web_new_one", "jcl_web_plain"));
}

TEST_F(Settings, TwoFamiliesDoNotShareADerivedVolume) {
  ImageConfig www, var_www;
  www.volumes = {"/www"};
  var_www.volumes = {"/var/www"};
  scene_.engine.add_image("one:1", var_www, {}, "one");
  scene_.engine.add_image("two:1", www, {}, "two");
  const auto deployed = [&](const char* name, const char* image) {
    Context here = scene_.context();
    BuildOptions build_options;
    build_options.image = image;
    return refusal([&] { return deploy(here, AppName(name), build_options, {}, {}).change; });
  };
  EXPECT_EQ(deployed("web", "one:1"), "");
  const std::string before = scene_.changes();
  EXPECT_EQ(deployed("web_var", "two:1"),
            "deploying web_var: the volume web_var_www for /www of web_var is the one for /var/www of the app web");
  EXPECT_EQ(scene_.changes(), before);
  EXPECT_EQ(deployed("web", "one:1"), "") << "its own is no conflict";
  // Named, it is the user's business.
  write_file_durably(scene_.source / "dcv-web_var", R"({"volumes": {"web_var_www": "/www"}})");
  Context here = scene_.context();
  BuildOptions build_options;
  build_options.image = "two:1";
  build_options.parameter_file = (scene_.source / "dcv-web_var").string();
  EXPECT_EQ(deploy(here, AppName("web_var"), build_options, {}, {}).change.kind, Change::Kind::done);
}

// However two commands fall together, and whichever of them is first.
TEST(SettingsOfTwo, AppsThatAreDeployedAtOnceDoNotShareADerivedVolume) {
  const auto deployed = [](Context here, const char* name, const char* image) {
    BuildOptions build_options;
    build_options.image = image;
    try {
      deploy(here, AppName(name), build_options, {}, {});
      return std::string();
    } catch (const Conflict& error) {
      return std::string(error.what());
    }
  };
  bool is_over = false;
  int in_the_middle = 0;
  for (int looks = 1; !is_over; ++looks) {
    Scene scene;
    ImageConfig www, var_www;
    www.volumes = {"/www"};
    var_www.volumes = {"/var/www"};
    scene.engine.add_image("one:1", var_www, {}, "one");
    scene.engine.add_image("two:1", www, {}, "two");
    const auto second_store = state::Store::open(scene.store->folder());
    std::string second = "not run";
    ClockOfAnother clock(scene.clock, looks, [&] {
      Context here = scene.context();
      Context other{here.engine, *second_store, here.clock, here.report, here.who, here.command};
      other.defaults = here.defaults;
      other.run = here.run;
      second = deployed(other, "web_var", "two:1");
    });
    const Context here = scene.context();
    Context mine{here.engine, here.store, clock, here.report, here.who, here.command};
    mine.defaults = here.defaults;
    mine.run = here.run;
    const std::string first = deployed(mine, "web", "one:1");
    is_over = !clock.was_looked_at_so_often();
    if (is_over) continue;
    EXPECT_NE(first.empty(), second.empty()) << "look " << looks << "\nweb: " << first << "\nweb_var: " << second;
    if (!first.empty()) {
      EXPECT_THAT(first,
                  HasSubstr("the volume web_var_www for /var/www of web is the one for /www of the app web_var"));
      ++in_the_middle;
    }
  }
  EXPECT_GT(in_the_middle, 0);
}

TEST_F(Settings, AVolumeThatAnotherAppNamedIsNotTaken) {
  const auto refused = [](Scene& scene) { return scene.run("deploy 1"); };
  // By its settings: known to the state, and when only the volume is left.
  for (const bool is_known : {true, false}) {
    Scene scene;
    ImageConfig plain;
    scene.engine.add_image("other:1", plain, {}, "other");
    write_file_durably(scene.source / "dcv-other", R"({"volumes": {"web_data": "/elsewhere"}})");
    Context here = scene.context();
    BuildOptions build_options;
    build_options.image = "other:1";
    build_options.parameter_file = (scene.source / "dcv-other").string();
    ASSERT_EQ(deploy(here, AppName("other"), build_options, {}, {}).change.kind, Change::Kind::done);
    if (!is_known) scene.store->forget(AppName("other"));
    EXPECT_EQ(refused(scene),
              "error: deploying web: the volume web_data for /data of web is the one for /elsewhere "
              "of the app other")
        << is_known;
  }
  Scene labelled;
  make_volume(labelled, "web_data", {{"belay.app", "other"}});
  EXPECT_EQ(refused(labelled), "error: deploying web: the volume web_data for /data of web is the app other's");
}

TEST_F(Settings, AStrangersVolumeIsNotTaken) {
  make_volume(scene_, "db_data", {{"com.docker.compose.project", "db"}});
  EXPECT_EQ(refusal([&] { return deploy_image("db:1").change; }),
            "deploying db: the volume db_data for /data of db is there already, and none of Belay's");
  EXPECT_THAT(scene_.running(), IsEmpty());
  // The old tool's own, under the name that it gave, is the family's.
  Scene jockler({NamingScheme::jcl});
  make_volume(jockler, "jcl_web_data", {});
  EXPECT_EQ(jockler.run("deploy 1"), "done");
  Scene composed({NamingScheme::jcl});
  make_volume(composed, "jcl_web_data", {{"made.by", "somebody"}});
  EXPECT_THAT(composed.run("deploy 1"), HasSubstr("the volume jcl_web_data"));
}

TEST_F(Settings, WhatARemovedAppLeftIsFoundByTheSameAppAlone) {
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  EXPECT_EQ(scene_.run("remove"), "done");
  EXPECT_EQ(scene_.run("deploy 1"), "done");
  make_volume(scene_, "db_data", labels::for_volume(AppName("db"), "/data"));
  EXPECT_EQ(deploy_image("db:1").change.kind, Change::Kind::done);
}

TEST_F(Settings, AppsWhoseNamesDifferInCaseHaveTagsOfTheirOwn) {
  const auto tag = [&](const char* name) {
    scene_.clock.advance(Seconds(5));
    scene_.offer(name);
    Context here = scene_.context();
    BuildOptions build_options;
    build_options.where = scene_.source.string();
    return build(here, AppName(name), build_options, {}).tag;
  };
  EXPECT_EQ(tag("My.App"), "my.app:latest");
  const std::string other = tag("my.app");
  EXPECT_THAT(other, ::testing::MatchesRegex("my\\.app-[0-9a-f]{8}:latest"));
  EXPECT_EQ(tag("my.app"), other);
  EXPECT_EQ(tag("My.App"), "my.app:latest");
  EXPECT_NE(pin_tag(AppName("My.App"), "My.App", {1}), pin_tag(AppName("my.app"), "my.app", {1}));
}

// jockler keeps the slash at the end of a VOLUME as one more "_"; such a name follows from the app's all the same.
TEST(Naming, AVolumeOfASlashAtTheEndIsDerivedToo) {
  App app(web);
  app.scheme = NamingScheme::jcl;
  Service service;
  service.name = "web";
  service.mounts = {{Mount::Kind::volume, volume_name(NamingScheme::jcl, web, "/data/"), "/data", false, {}},
                    {Mount::Kind::volume, "something", "/else", false, {}}};
  const auto derived = derived_volumes(app, service, [](const Mount&) { return false; });
  ASSERT_EQ(derived.size(), 1U);
  EXPECT_EQ(derived[0].name, service.mounts[0].source);
}

// Nothing is said of what a refused command would have done.
TEST_F(Settings, ARefusedAdoptionTellsNothingOfItsVolumes) {
  run_by_hand("db", {{Mount::Kind::volume, "", "/data", false, {}}});
  scene_.engine.has_unkept("db", {"DeviceRequests", "--gpus"});
  Context here = scene_.context();
  EXPECT_THROW(adopt(here, db, {"db"}, {}, {}), Error);
  EXPECT_THAT(scene_.report.notes, IsEmpty());
  TakeOver how;
  how.lossy = true;
  adopt(here, db, {"db"}, how, {});
  EXPECT_THAT(scene_.report.notes, Contains(HasSubstr("is in a volume without a name")));
}

}  // namespace
}  // namespace belay::scene
