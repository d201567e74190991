// What `belay doctor` finds, and what it advises.

#include "look/doctor.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::HasSubstr;

// Looks at the state of a scene through an engine of its own, as the program does.
struct Practice {
  Scene scene;

  std::vector<Finding> findings() {
    auto own = std::make_unique<engine::MemoryEngine>(scene.clock, data_root);
    if (prepare) prepare(*own);
    Installation installation(std::move(own), scene.folder.path() / "state");
    return doctor(installation, scene.clock, {});
  }
  std::function<void(engine::MemoryEngine&)> prepare;
  fs::path data_root;  // empty: the engine's files are elsewhere
};

const Finding* about(const std::vector<Finding>& findings, const std::string& topic, Finding::Level level) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& f) { return f.topic == topic && f.level == level; });
  return found == findings.end() ? nullptr : &*found;
}

TEST(Doctor, FindsNothingWrongWhereNothingIs) {
  Practice practice;
  const auto findings = practice.findings();
  for (const auto& finding : findings) EXPECT_NE(finding.level, Finding::Level::bad) << finding.text;
  EXPECT_TRUE(about(findings, "engine", Finding::Level::good));
  EXPECT_TRUE(about(findings, "state", Finding::Level::good));
  EXPECT_TRUE(about(findings, "apps", Finding::Level::good));
}

TEST(Doctor, TellsWhatIsNotAsWishedAndWhatToType) {
  Practice practice;
  practice.scene.run("deploy 1");
  // The engine that the doctor asks has nothing of it.
  const auto findings = practice.findings();
  const Finding* found = nullptr;
  for (const auto& finding : findings)
    if (finding.topic == "web") found = &finding;
  ASSERT_NE(found, nullptr);
  EXPECT_NE(found->level, Finding::Level::good);
  EXPECT_TRUE(about(findings, "engine", Finding::Level::good)) << "one sick app is not a sick engine";
}

// The engine opens published ports in front of the firewall.
TEST(Doctor, TellsOfDatabasesThatAreOpenToTheWorld) {
  Practice practice;
  practice.scene.run("deploy 1");
  const auto open_port = [&](const PortBinding& port) {
    App app = practice.scene.app();
    app.releases.back().spec.services[0].ports = {port};
    practice.scene.store->save(app);
    std::string told;
    for (const auto& finding : practice.findings())
      if (finding.text.find("is open on every address") != std::string::npos)
        told = finding.text + " | " + finding.remedy;
    return told;
  };
  EXPECT_EQ(
      open_port({5432, "tcp", "", 5433}),
      "port 5432 (Postgres) of web is open on every address of this host, at 5433, also past a firewall such as ufw"
      " | belay set web ports=127.0.0.1:5433:5432 limits it to this host.");
  EXPECT_THAT(open_port({6379, "tcp", "0.0.0.0", std::nullopt}), HasSubstr("(Redis)"));
  EXPECT_EQ(open_port({5432, "tcp", "127.0.0.1", 5432}), "");
  EXPECT_EQ(open_port({8080, "tcp", "", 8080}), "");
}

TEST(Doctor, TellsOfAnInterruptedChange) {
  Practice practice;
  practice.scene.run("deploy 1");
  App app = practice.scene.app();
  app.wish.progress = Wish::Progress::under_way;
  practice.scene.store->save(app);
  const auto findings = practice.findings();
  const Finding* found = about(findings, "web", Finding::Level::advice);
  ASSERT_NE(found, nullptr);
  EXPECT_THAT(found->text, HasSubstr("interrupted"));
  EXPECT_THAT(found->remedy, HasSubstr("belay start web r1"));
}

TEST(Doctor, TellsOfContainersThatTheStateDoesNotKnow) {
  Practice practice;
  practice.prepare = [](engine::MemoryEngine& engine) {
    engine.add_image("shop", {}, {});
    engine::ContainerRequest request;
    request.name = "shop-r1";
    request.image = "shop";
    request.labels = {{std::string(labels::app), "shop"},
                      {std::string(labels::service), "shop"},
                      {std::string(labels::release), "1"},
                      {std::string(labels::scheme), "belay"}};
    engine.create_container(request, {});
  };
  const auto findings = practice.findings();
  const Finding* found = about(findings, "shop", Finding::Level::advice);
  ASSERT_NE(found, nullptr);
  EXPECT_THAT(found->remedy, HasSubstr("belay recover"));
  EXPECT_EQ(about(findings, "apps", Finding::Level::good), nullptr);
}

TEST(Doctor, TellsOfMarkedImagesThatAreGone) {
  Practice practice;
  practice.scene.run("deploy 1");
  App app = practice.scene.app();
  // As after `docker image prune -a`, of containers that were removed before.
  app.releases[0].images["web"] = "sha256:" + std::string(64, 'e');
  app.stable = app.last;
  practice.scene.store->save(app);
  const auto findings = practice.findings();
  const Finding* found = about(findings, "web", Finding::Level::bad);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->text, "the image eeeeeeeeeeee of r1, which is last, is gone from the engine");
  EXPECT_THAT(found->remedy, HasSubstr("belay build web"));
}

TEST(Doctor, SaysWhatIsNotAsDeclared) {
  Practice practice;
  practice.scene.run("deploy 1");
  App app = practice.scene.app();
  app.origin = "/etc/dockerup/containers.d/web.json";
  Release failed = app.releases.back();
  failed.number = ReleaseNumber{2};
  failed.verdict = Verdict::failed;
  app.releases.push_back(failed);
  app.highest_release = 2;
  practice.scene.store->save(app);
  const Time now = practice.scene.clock.now();
  const auto bad_ones = [&] {
    std::string text;
    for (const auto& finding : practice.findings())
      if (finding.topic == "web" && finding.level == Finding::Level::bad) text += finding.text + "\n";
    return text;
  };
  // Its container is not there, and a declared app must be up.
  EXPECT_THAT(bad_ones(), HasSubstr("is gone"));
  practice.scene.store->set_wait(web, Wait::Topic::update,
                                 Wait{Wait::Topic::update, "2 waits for its window", now, {}});
  EXPECT_THAT(bad_ones(), ::testing::Not(HasSubstr("not as declared")));
  practice.scene.store->set_wait(web, Wait::Topic::held,
                                 Wait{Wait::Topic::held, "it is just r2, which failed", now, {}});
  EXPECT_THAT(bad_ones(), HasSubstr("it is not as declared: it is just r2, which failed"));
  practice.scene.store->set_wait(web, Wait::Topic::held, {});
  practice.scene.store->set_wait(web, Wait::Topic::definition, Wait{Wait::Topic::definition, "line 3", now, {}});
  EXPECT_THAT(bad_ones(), HasSubstr("it is not as declared: line 3"));
}

TEST(Doctor, SurvivesAStateThatCannotBeRead) {
  Practice practice;
  practice.scene.store.reset();
  write_file_durably(practice.scene.folder.path() / "state" / "state.db",
                     "this is no database, however long it may be");
  const auto findings = practice.findings();
  ASSERT_NE(about(findings, "state", Finding::Level::bad), nullptr);
  EXPECT_TRUE(about(findings, "engine", Finding::Level::good));
}

TEST(Doctor, SaysWhatARestoreWouldBeRefusedFor) {
  Practice practice;
  practice.scene.run("deploy 1");
  const auto advice = [&](const std::string& topic) {
    std::string all;
    for (const auto& finding : practice.findings())
      if (finding.topic == topic && finding.level == Finding::Level::advice) all += finding.text + "\n";
    return all;
  };
  EXPECT_THAT(advice("data"), HasSubstr("no restore or snapshot is possible"));
  practice.data_root = practice.scene.folder.path() / "other-volumes";
  fs::create_directories(practice.data_root);
  EXPECT_EQ(advice("data"), "");
  EXPECT_THAT(advice("web"), ::testing::Not(HasSubstr("refused")));
  VolumeDefinition definition{.driver = "ceph"};
  practice.prepare = [&](engine::MemoryEngine& engine) {
    engine.create_volume({"web_data", {{labels::app, "web"}}, definition}, {});
  };
  EXPECT_THAT(advice("web"), HasSubstr("a restore in place will be refused: the volume web_data has the driver ceph"));
  definition.driver.clear();
  App other(AppName("other"));
  Release release;
  release.number = ReleaseNumber{1};
  release.spec.services.emplace_back().mounts = {{Mount::Kind::volume, "web_data", "/data", false, ""}};
  other.releases.push_back(release);
  practice.scene.store->save(other);
  EXPECT_THAT(advice("web"),
              HasSubstr("a restore in place will be refused: volume web_data cannot get other data: it is the app "
                        "other's (r1)"));
}

// Only of this host's own folders: no server is asked.
TEST(Doctor, SaysThatTheFileOfABackupIsGone) {
  Practice practice;
  practice.scene.run("deploy 1");
  const fs::path folder = practice.scene.folder.path();
  const auto keep = [&](const std::string& place, const std::string& name) {
    BackupRecord record;
    record.app = "web";
    record.place = place;
    record.name = name;
    record.taken = practice.scene.clock.now();
    practice.scene.store->save(record);
    practice.scene.clock.advance(Seconds(1));
  };
  const auto level = [&] {
    for (const auto& finding : practice.findings())
      if (finding.text.find("gone: ") != std::string::npos) return finding.level;
    return Finding::Level::good;
  };
  keep(folder.string(), "old.tar");
  keep("sftp://nas/backups", "remote.tar");
  EXPECT_EQ(level(), Finding::Level::advice);
  write_file_durably(folder / "old.tar", "a backup");
  EXPECT_EQ(level(), Finding::Level::good);
  keep(folder.string(), "new.tar");
  EXPECT_EQ(level(), Finding::Level::bad) << "it is the newest";
}

TEST(Doctor, ADiskWithoutRoomIsBadAndOneWithLittleIsSaid) {
  EXPECT_EQ(level_of_space({0}), Finding::Level::bad);
  EXPECT_EQ(level_of_space({16 << 20}), Finding::Level::advice);
  EXPECT_EQ(level_of_space({(1 << 30) - 1}), Finding::Level::advice);
  EXPECT_EQ(level_of_space({1 << 30}), Finding::Level::good);
}

TEST(Doctor, AdvisesABackupWhereThereIsDataAndNone) {
  Practice practice;
  practice.scene.run("deploy 1");
  const auto says = [&](const std::string& text) {
    const auto findings = practice.findings();
    return std::any_of(findings.begin(), findings.end(), [&](const Finding& f) {
      return f.topic == "web" && f.level == Finding::Level::advice && f.text.find(text) != std::string::npos;
    });
  };
  EXPECT_TRUE(says("no good backup"));
  BackupRecord record;
  record.app = "web";
  record.place = practice.scene.folder.path().string();
  record.name = "web.tar";
  write_file_durably(practice.scene.folder.path() / "web.tar", "a backup");
  record.taken = practice.scene.clock.now();
  practice.scene.store->save(record);
  EXPECT_FALSE(says("good backup"));
  EXPECT_TRUE(says("no backup of it was ever restored for a test"));
  record.drilled = record.taken;
  practice.scene.store->save(record);
  EXPECT_FALSE(says("backup"));
  practice.scene.clock.advance(std::chrono::hours(24 * 9));
  EXPECT_TRUE(says("its last good backup was taken 9 days ago"));
  practice.scene.store->save(state::BackupFailure{"web", "/backups", practice.scene.clock.now(), "it is full", false});
  EXPECT_FALSE(says("its backup to /backups failed")) << "that is more than advice";
  const auto findings = practice.findings();
  const Finding* failed = about(findings, "web", Finding::Level::bad);
  ASSERT_NE(failed, nullptr);
  EXPECT_THAT(failed->text, HasSubstr("its backup to /backups failed"));
}

}  // namespace
}  // namespace belay::scene
