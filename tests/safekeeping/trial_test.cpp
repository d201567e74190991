// Trials beside what runs: they prove what they should, and nothing of them stays, however they end.

#include "safekeeping/trial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fd.h"
#include "base/format.h"
#include "base/text.h"
#include "safekeeping/backup.h"
#include "safekeeping/backups.h"
#include "safekeeping/pseudonym.h"
#include "safekeeping/rehearsal.h"
#include "state/store.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using Cut = engine::MemoryEngine::Cut;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// One app that runs with data in a volume, a bound folder and a bound file, on an engine whose files are here.
class Trials : public ::testing::Test {
 protected:
  Trials() {
    for (const auto* each : {"volumes", "source", "bound", "backups"}) make_folder(folder_.path() / each);
    write("source/Dockerfile", "FROM scratch\n");
    write("bound/page", "bound");
    write("settings", "colour=red");
    engine_ = std::make_unique<engine::MemoryEngine>(clock_, folder_.path() / "volumes");
    reopen();
    deploy();
    write(data_file(), "precious");
  }

  void reopen() {
    store_.reset();
    store_ = state::Store::open(folder_.path() / "state");
  }
  Context context() {
    Context context{*engine_, *store_, clock_, report_, "tester", "belay test"};
    context.defaults.settle = Milliseconds(200);
    context.defaults.wait_timeout = Milliseconds(400);
    context.run.workers = 1;
    return context;
  }
  void write(const std::string& file, const std::string& text) { write_file_durably(folder_.path() / file, text); }
  std::string data_file() const { return "volumes/web_data/_data/file"; }

  static ImageConfig config() {
    ImageConfig config;
    config.exposed_ports = {"8080/tcp"};
    config.volumes = {"/data", "/cache"};
    return config;
  }
  static engine::Behaviour failing() {
    engine::Behaviour behaviour;
    behaviour.exits_after = Milliseconds(150);
    behaviour.exit_code = 3;
    behaviour.output = "no such table: users\n";
    return behaviour;
  }
  void deploy() {
    engine_->next_build(config(), {}, "1");
    BuildOptions build;
    build.where = (folder_.path() / "source").string();
    const std::string here_is = folder_.path().string();
    write("source/jockler-web",
          format(R"({{"volumes": {{"web_data": "/data", "{0}/bound": "/page", "{0}/settings": "/etc/settings"}}}})",
                 here_is));
    Context here = context();
    ASSERT_EQ(family::deploy(here, web, build, {}, {}).change.kind, Change::Kind::done);
  }
  // The image that the app has, and its backups with it, fails from now on.
  void break_image() { engine_->add_image("web:latest", config(), failing(), "1"); }

  std::unique_ptr<backup::Destination> place() {
    return backup::destination(backup::parse_place((folder_.path() / "backups").string()), {});
  }
  void back_up(bool with_image = false) {
    BackupOptions options;
    options.name = "web.tar.zst";
    options.with_image = with_image;
    Context here = context();
    ASSERT_TRUE(safekeeping::back_up(here, web, *place(), {}, options, {}).done);
  }
  Drilled drill(const TrialOptions& options = {}, std::stop_token stop = {}) {
    Context here = context();
    return safekeeping::drill(here, web, *place(), "web.tar.zst", {}, options, stop);
  }
  TryOptions image(const std::string& reference) {
    TryOptions options;
    options.image = reference;
    return options;
  }
  Tried try_it(const TryOptions& options, std::stop_token stop = {}) {
    Context here = context();
    return try_candidate(here, web, options, stop);
  }
  BackupRecord record() { return store_->backups("web").at(0); }

  // The empty volume with which the engine was asked whether it shares its files: the next question removes it.
  static bool is_probe(const std::string& name) { return name.find("belay-probe-") != std::string::npos; }
  // All that a trial could leave behind, or touch.
  std::string world() {
    std::string text;
    for (const auto& container : engine_->containers({}, {})) {
      const auto detail = engine_->container(container.name, {});
      text += format("container {} {} {} {}\n", container.name, to_text(container.state), detail->restart.name,
                     detail->started ? iso_time(*detail->started) : "-");
    }
    for (const auto& volume : engine_->volumes({}, {}))
      if (!is_probe(volume.name)) text += format("volume {}\n", volume.name);
    for (const auto& network : engine_->networks({})) text += format("network {}\n", network.name);
    for (const auto& each : engine_->images({}, {})) text += format("image {} {}\n", each.id, join(each.tags, " "));
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path()))
      if (const std::string path = entry.path().string();
          !is_probe(path) &&
          (path.find("/state/") == std::string::npos || path.find("/temporary") != std::string::npos))
        text += path + "\n";
    text += read_file(folder_.path() / data_file()) + read_file(folder_.path() / "bound/page");
    const auto app = store_->app(web);
    return text + format("wish unfinished {} builds {}", app->wish.is_unfinished(), app->builds.size());
  }

  TemporaryFolder folder_;
  HookedClock clock_;
  std::unique_ptr<engine::MemoryEngine> engine_;
  std::unique_ptr<state::Store> store_;
  Notes report_;
};

TEST_F(Trials, ADrillProvesAGoodBackupWithItsDataAndLeavesNothing) {
  back_up();
  write(data_file(), "newer");
  const std::string before = world();
  std::string seen;
  report_.on_step = [&](const std::string& step) {
    if (!step.starts_with("check that ")) return;
    for (const auto& volume : engine_->volumes(std::string(labels::temporary), {}))
      for (const auto* file : {"file", "page"})
        seen += read_file_if_present(fs::path(volume.mount_point) / file).value_or("");
    for (const auto& container : engine_->containers({false, std::string(labels::temporary)}, {}))
      for (const auto& mount : container.mounts)
        if (mount.target == "/etc/settings") seen += read_file(mount.source);
  };
  const Drilled drilled = drill();
  EXPECT_TRUE(drilled.trial.passed()) << drilled.trial.reason;
  EXPECT_EQ(drilled.end.files(), 3);
  EXPECT_THAT(seen, HasSubstr("precious"));
  EXPECT_THAT(seen, HasSubstr("bound"));
  EXPECT_THAT(seen, HasSubstr("colour=red"));
  EXPECT_EQ(world(), before);
  EXPECT_EQ(record().drilled, clock_.now());
  EXPECT_EQ(store_->journal("web", 1).at(0).verb.text(), "drill");
}

TEST_F(Trials, ADrillOfAnAppThatDoesNotComeUpTellsWhyAndLeavesNothing) {
  back_up();
  break_image();
  const std::string before = world();
  const Drilled drilled = drill();
  EXPECT_FALSE(drilled.trial.passed());
  EXPECT_THAT(drilled.trial.reason, HasSubstr("3"));
  EXPECT_EQ(drilled.trial.service, "web");
  EXPECT_THAT(drilled.trial.log_tail, HasSubstr("no such table"));
  EXPECT_EQ(world(), before);
  EXPECT_FALSE(record().drilled);
  EXPECT_THAT(record().drill_failure, HasSubstr("3"));
  EXPECT_EQ(record().trouble, "") << "every byte is right";
  EXPECT_EQ(record().verified, clock_.now());
}

// Somebody moved the newest files away: the newest that is there is taken, and that is said.
TEST_F(Trials, TheNewestBackupWhoseFileIsThereIsTaken) {
  back_up();
  const auto younger = [&](const std::string& name) {
    BackupRecord record = this->record();
    record.id = 0;
    record.name = name;
    record.taken = clock_.now();
    store_->save(record);
    clock_.advance(Seconds(1));
  };
  clock_.advance(Seconds(1));
  younger("gone.tar.zst");
  younger("gone2.tar.zst");
  Context here = context();
  EXPECT_EQ(newest_good_backup(here, web).name, "web.tar.zst");
  EXPECT_THAT(report_.notes,
              Contains(AllOf(StartsWith("b3 is gone: "), HasSubstr("; the newest that is there is b1 of "))));
  fs::remove(folder_.path() / "backups/web.tar.zst");
  try {
    std::ignore = newest_good_backup(here, web);
    ADD_FAILURE() << "none is there";
  } catch (const NotFound& error) {
    EXPECT_THAT(error.what(), HasSubstr("gone2.tar.zst; so are all other good ones"));
  }
}

// What fails for want of a network says nothing about the file: it is kept, and restored from.
TEST_F(Trials, AFailedDrillCostsNoBackup) {
  back_up();
  break_image();
  ASSERT_FALSE(drill().trial.passed());
  Context here = context();
  EXPECT_EQ(newest_good_backup(here, web).name, "web.tar.zst");
  BackupRecord younger = record();
  younger.id = 0;
  younger.name = "younger.tar.zst";
  younger.taken += std::chrono::hours(24);
  younger.drill_failure.clear();
  clock_.advance(std::chrono::hours(48));
  store_->save(younger);
  write("backups/younger.tar.zst", std::string(static_cast<size_t>(younger.size.value), 'x'));
  PruneOptions options;
  options.keep = parse_keep("last=2");
  const auto open = [&](const backup::Place& /*where*/) { return place(); };
  EXPECT_THAT(prune_backups(here, web, open, options, [](const Pruning&) { return true; }, {}).remove, IsEmpty());
}

TEST_F(Trials, ADrillOfADamagedBackupFailsAndLeavesNothing) {
  // So much that it begins well.
  std::string noise(12 << 20, '\0');
  std::mt19937 random(1);
  for (char& c : noise) c = static_cast<char>(random() & 0xff);
  write(data_file(), noise);
  back_up();
  std::string bytes = read_file(folder_.path() / "backups/web.tar.zst");
  bytes.resize(bytes.size() - 40);
  write("backups/web.tar.zst", bytes);
  const std::string before = world();
  EXPECT_THROW(drill(), Error);
  EXPECT_EQ(world(), before);
  EXPECT_FALSE(record().trouble.empty());
}

TEST_F(Trials, ADrillOfAnotherAppsBackupIsRefused) {
  back_up();
  Context here = context();
  EXPECT_THROW(safekeeping::drill(here, AppName("shop"), *place(), "web.tar.zst", {}, {}, {}), Error);
}

TEST_F(Trials, ADrillNeedsNeitherTheAppNorItsImageWhereTheBackupHasIt) {
  back_up(true);
  engine_ = std::make_unique<engine::MemoryEngine>(clock_, folder_.path() / "volumes");
  store_ = state::Store::open(folder_.path() / "elsewhere");
  const Drilled drilled = drill();
  EXPECT_TRUE(drilled.trial.passed()) << drilled.trial.reason;
  EXPECT_THAT(engine_->images({}, {}), IsEmpty());
  EXPECT_THAT(engine_->containers({}, {}), IsEmpty());
  EXPECT_THAT(engine_->volumes({}, {}), IsEmpty());
}

TEST_F(Trials, ADrillWithoutAnImageAnywhereSaysSoBeforeAnythingIsMade) {
  back_up();
  engine_ = std::make_unique<engine::MemoryEngine>(clock_, folder_.path() / "volumes");
  EXPECT_THROW(drill(), NotFound);
  EXPECT_THAT(engine_->changes(), IsEmpty());
}

TEST_F(Trials, ADryRunShowsTheWholePlanAndTouchesNothing) {
  back_up();
  const auto known = engine_->changes();
  const std::string before = world();
  TrialOptions dry;
  dry.dry_run = true;
  const std::string plan = plan::plan_text(drill(dry).trial.plan);
  for (const auto* part : {"create network belay-drill-web-", "unpack 01-", "to its end", "create container",
                           "check that", "remove volume belay-drill-web-", "remove network belay-drill-web-"})
    EXPECT_THAT(plan, HasSubstr(part));
  engine_->add_image("next:1", config(), {});
  TryOptions options = image("next:1");
  options.trial = dry;
  const std::string trying = plan::plan_text(try_it(options).trial.plan);
  for (const auto* part : {"pause web-r1", "copy volume web_data", "resume web-r1", "check that"})
    EXPECT_THAT(trying, HasSubstr(part));
  EXPECT_EQ(engine_->changes(), known);
  std::ignore = engine_->remove_image("next:1", {});
  EXPECT_EQ(world(), before);
}

TEST_F(Trials, AGoodCandidateProvesItselfOnACopyWhileTheAppRunsOn) {
  ImageConfig next = config();
  next.volumes.push_back("/extra");
  engine_->add_image("next:1", next, {});
  const std::string before = world();
  std::string seen;
  report_.on_step = [&](const std::string& step) {
    if (!step.starts_with("check that ")) return;
    EXPECT_EQ(engine_->container("web-r1", {})->container.state, ContainerState::running);
    for (const auto& volume : engine_->volumes(std::string(labels::temporary), {})) {
      const fs::path copy = fs::path(volume.mount_point) / "file";
      seen += read_file_if_present(copy).value_or("");
      if (fs::exists(copy)) write_file_durably(copy, "spoilt by the candidate");
    }
  };
  const Tried tried = try_it(image("next:1"));
  EXPECT_TRUE(tried.trial.passed()) << tried.trial.reason;
  EXPECT_EQ(seen, "precious");
  EXPECT_EQ(world(), before);
  EXPECT_TRUE(tried.still);
  EXPECT_THAT(engine_->changes(), Contains("pause web-r1"));
}

TEST_F(Trials, ALiveTryDoesNotHoldTheAppStill) {
  engine_->add_image("next:1", config(), {});
  TryOptions options = image("next:1");
  options.consistency = backup::Consistency::live;
  EXPECT_TRUE(try_it(options).trial.passed());
  EXPECT_THAT(engine_->changes(), Not(Contains("pause web-r1")));
}

TEST_F(Trials, ABadCandidateTellsWhyAndLeavesNothing) {
  engine_->add_image("next:1", config(), failing());
  const std::string before = world();
  const Tried tried = try_it(image("next:1"));
  EXPECT_FALSE(tried.trial.passed());
  EXPECT_THAT(tried.trial.log_tail, HasSubstr("no such table"));
  EXPECT_EQ(world(), before);
}

TEST_F(Trials, WhatWasPulledOrBuiltForATryGoesAgain) {
  engine_->in_registry("next:1", config(), {});
  const std::string before = world();
  EXPECT_TRUE(try_it(image("next:1")).trial.passed());
  EXPECT_EQ(world(), before);
  engine_->next_build(config(), {}, "2");
  TryOptions options;
  options.build.where = (folder_.path() / "source").string();
  EXPECT_TRUE(try_it(options).trial.passed());
  EXPECT_EQ(world(), before);
  EXPECT_EQ(engine_->image("web:latest", {})->id, store_->app(web)->releases.at(0).images.at("web"));
}

TEST_F(Trials, ACandidateThatCannotBeHadTouchesNothing) {
  const std::string before = world();
  EXPECT_THROW(try_it(image("nowhere:1")), Error);
  engine_->next_build_fails("step 3 failed");
  TryOptions options;
  options.build.where = (folder_.path() / "source").string();
  EXPECT_THROW(try_it(options), Error);
  options = image("next:1");
  options.trial.networks = {"absent"};
  EXPECT_THROW(try_it(options), NotFound);
  EXPECT_EQ(world(), before);
  EXPECT_THAT(engine_->changes(), Not(Contains("pause web-r1")));
}

TEST_F(Trials, AStopAtAnyStepLeavesNothingAndTheAppRunning) {
  back_up();
  engine_->add_image("next:1", config(), {});
  const std::string before = world();
  for (const bool is_drill : {true, false}) {
    for (int n = 0;; ++n) {
      ASSERT_LT(n, 100);
      std::stop_source stopping;
      int steps = 0;
      report_.on_step = [&](const std::string&) {
        if (steps++ == n) stopping.request_stop();
      };
      try {
        if (is_drill)
          std::ignore = drill({}, stopping.get_token());
        else
          std::ignore = try_it(image("next:1"), stopping.get_token());
        EXPECT_GT(n, 5);
        break;
      } catch (const Cancelled&) {
        report_.on_step = {};
        ASSERT_EQ(world(), before) << (is_drill ? "drill" : "try") << " stopped at step " << n;
      }
    }
  }
}

TEST_F(Trials, WhateverACrashLeavesTheNextCommandRemoves) {
  back_up();
  engine_->in_registry("next:1", config(), {});
  const std::string before = world();
  for (const bool is_drill : {true, false})
    for (const Cut cut : {Cut::before_the_effect, Cut::before_the_answer})
      for (int n = 0;; ++n) {
        ASSERT_LT(n, 200);
        engine_->crash_after(n, cut);
        bool crashed = false;
        try {
          if (is_drill)
            std::ignore = drill();
          else
            std::ignore = try_it(image("next:1"));
        } catch (const engine::MemoryEngine::Crash&) {
          crashed = true;
        }
        engine_->crash_after(std::nullopt);
        if (!crashed) break;
        reopen();
        const std::string left = world();
        Context here = context();
        // Any command on the app.
        std::ignore = change::start_release(here, web, "last", {}, {});
        // An image that was pulled, and not yet marked as this trial's, is like any other that was pulled.
        if (world() != before) std::ignore = engine_->remove_image("next:1", {});
        ASSERT_EQ(world(), before) << (is_drill ? "drill" : "try") << " cut short after " << n << " calls; it left:\n"
                                   << left;
      }
}

// ---- the pseudonym ----

Service service(const std::string& name) {
  Service service;
  service.name = name;
  service.image = name + ":1";
  return service;
}

const TrialSite site{"trial", {"outside"}, {{"web_data", {DataPlace::Kind::volume, "trial-01"}}}, {"/usr"}};

TEST(Rehearsals, StartServicesInTheOrderOfTheirNeedsAndNoJobOfTheClock) {
  Spec spec;
  spec.services.resize(3);
  spec.services[0].name = "web";
  spec.services[0].needs = {{.service = "db", .condition = Need::Condition::healthy}};
  spec.services[1].name = "db";
  spec.services[2].name = "nightly";
  spec.services[2].job = spec.services[2].scheduled = true;
  Scene scene;
  Context here = scene.context();
  safekeeping::Rehearsal rehearsal(here, AppName("shop"), {.purpose = "drill"});
  const auto plan = rehearsal.proof(spec, {}, {{"web", "web:1"}, {"db", "web:1"}, {"nightly", "web:1"}}, {});
  std::vector<std::string> started;
  for (const auto& action : plan.actions)
    if (const auto* start = std::get_if<plan::StartContainer>(&action.step))
      started.push_back(start->name.substr(start->name.rfind('-') + 1));
  EXPECT_THAT(started, ElementsAre("db", "web"));
  EXPECT_THAT(plan.notes, Contains(HasSubstr("the job nightly is not run")));
}

TEST(Pseudonym, IsSeenByNobodyOutside) {
  Spec spec;
  Service shop = service("shop");
  shop.ports = {{80, "tcp", "", std::uint16_t{8080}}};
  shop.publish_all_ports = true;
  shop.labels = {{"traefik.enable", "true"}};
  shop.restart = {"always", 0};
  shop.network_mode = "host";
  shop.log_driver = "syslog";
  shop.hostname = "shop.example";
  spec.services = {shop};
  const Pseudonym other = under_pseudonym(spec, {{"shop", "shop-r3"}}, {}, site);
  const Service& twin = other.spec.services.at(0);
  EXPECT_EQ(other.containers.at("shop"), "trial");
  EXPECT_THAT(twin.ports, IsEmpty());
  EXPECT_FALSE(twin.publish_all_ports);
  EXPECT_THAT(twin.labels, IsEmpty());
  EXPECT_EQ(twin.restart.name, "no");
  EXPECT_EQ(twin.network_mode, "");
  EXPECT_EQ(twin.log_driver, "");
  EXPECT_EQ(twin.hostname, "shop.example");
  ASSERT_THAT(twin.networks, SizeIs(2));
  EXPECT_EQ(twin.networks[0], (NetworkLink{"trial", {"shop", "shop-r3"}, {}, {}}));
  EXPECT_EQ(twin.networks[1], (NetworkLink{"outside", {}, {}, {}})) << "nobody there may take it for the app";
  EXPECT_THAT(other.notes, Contains(HasSubstr("not in the host's")));
}

TEST(Pseudonym, KeepsWhatTheServicesHaveOfEachOtherAndNothingOfOthers) {
  Spec spec;
  Service db = service("db"), shop = service("shop");
  db.networks = {{"back", {"database"}, "172.20.0.9", {}}};
  shop.networks = {{"back", {}, {}, {}}};
  shop.links = {"db:sql", "mail:post"};
  shop.volumes_from = {"db:ro", "mail"};
  shop.pid_mode = "container:db";
  shop.ipc_mode = "container:mail";
  spec.services = {db, shop};
  const Pseudonym other = under_pseudonym(spec, {}, {}, site);
  const Service& first = other.spec.services.at(0);
  const Service& second = other.spec.services.at(1);
  EXPECT_EQ(first.networks.at(0), (NetworkLink{"trial", {"db", "database", "sql"}, {}, {}}));
  EXPECT_THAT(second.links, IsEmpty());
  EXPECT_EQ(second.volumes_from, std::vector<std::string>{"trial-db:ro"});
  EXPECT_EQ(second.pid_mode, "container:trial-db");
  EXPECT_EQ(second.ipc_mode, "");
  EXPECT_THAT(other.notes, Contains(HasSubstr("not linked to mail")));
}

TEST(Pseudonym, KnowsServicesByTheirNamesInTheDefinition) {
  Spec spec;
  Service db = service("db"), shop = service("shop"), side = service("side");
  db.mounts = {{Mount::Kind::volume, "db_data", "/data", false, {}}};
  shop.volumes_from = {"service:db:ro"};
  side.network_mode = "service:shop";
  side.pid_mode = "service:db";
  side.ports = {{8080, "tcp", {}, 80}};
  spec.services = {db, shop, side};
  Image with_point;
  with_point.config.volumes = {"/data"};
  TrialSite open = site;
  open.publishes = true;
  const Pseudonym other = under_pseudonym(spec, {}, {{"shop", with_point}}, open);
  EXPECT_EQ(other.spec.service("shop").volumes_from, std::vector<std::string>{"trial-db:ro"});
  EXPECT_THAT(other.spec.service("shop").mounts, IsEmpty()) << "it has the volume of db there";
  EXPECT_EQ(other.spec.service("side").network_mode, "container:trial-shop");
  EXPECT_EQ(other.spec.service("side").pid_mode, "container:trial-db");
  EXPECT_THAT(other.spec.service("side").ports, IsEmpty());
  EXPECT_THAT(other.notes, Contains(HasSubstr("/data is empty here")));
}

TEST(Pseudonym, HasPortsAndPathsOfTheHostWhereItIsTestedOpenly) {
  Spec spec;
  Service shop = service("shop");
  shop.ports = {{8080, "tcp", "127.0.0.1", 80}};
  shop.mounts = {{Mount::Kind::bind, "/usr", "/usr/share/host", false, {}},
                 {Mount::Kind::bind, "/etc/hosts", "/etc/hosts", false, {}}};
  spec.services = {shop};
  TrialSite open = site;
  open.publishes = true;
  Service mate = service("mate");
  mate.mounts = shop.mounts;
  mate.mounts.push_back({Mount::Kind::bind, "/usr", "/other", false, {}});
  spec.services.push_back(mate);
  open.given["shop"] = {shop.mounts[0]};
  open.given["mate"] = {{Mount::Kind::bind, "/usr", "/other", true, {}}};
  const Spec all = under_pseudonym(spec, {}, {}, open).spec;
  const Service& other = all.service("shop");
  EXPECT_EQ(other.ports, (std::vector<PortBinding>{{8080, "tcp", "127.0.0.1", std::nullopt}}));
  EXPECT_FALSE(other.mounts.at(0).read_only);
  EXPECT_TRUE(other.mounts.at(1).read_only);
  for (const Mount& each : all.service("mate").mounts)
    EXPECT_TRUE(each.read_only) << each.target << ": what one service is given, no other has";
}

Mount bound(const fs::path& source, const std::string& target) {
  return {Mount::Kind::bind, source.string(), target, false, {}};
}

// A mount that is read-only keeps nobody from connecting.
TEST(Pseudonym, HasNoSocketOfTheHostHoweverItsFolderIsCalled) {
  TemporaryFolder folder;
  const fs::path top = fs::canonical(folder.path());
  for (const char* each : {"run/deep", "pipes", "plain/deep"}) make_folder(top / each);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (top / "run/deep/sql").string();
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(socket.raw(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::mkfifo((top / "pipes/in").c_str(), 0600), 0);
  write_file_durably(top / "plain/deep/file", "text");
  fs::create_symlink(path, top / "plain/socket");
  fs::create_directory_symlink(top / "run", top / "alias");
  fs::create_directory_symlink("/run", top / "host");
  fs::create_symlink(path, top / "file");
  Service db = service("db"), shop = service("shop");
  db.mounts = {bound(top / "run", "/var/run/mysqld")};
  TrialSite sharing = site;
  sharing.shared = {(top / "pipes").string()};
  shop.mounts = {bound(top / "alias", "/run/sql"), bound(top / "pipes", "/pipes"), bound(top / "host", "/host"),
                 bound(top / "file", "/sql"), bound(top / "plain", "/plain")};
  Spec spec;
  spec.services = {db, shop};
  const Pseudonym other = under_pseudonym(spec, {}, {}, sharing);
  const auto& first = other.spec.service("db").mounts;
  const auto& second = other.spec.service("shop").mounts;
  ASSERT_THAT(first, SizeIs(1));
  ASSERT_THAT(second, SizeIs(3));
  ASSERT_THAT(other.volumes, SizeIs(2));
  EXPECT_EQ(first[0], (Mount{Mount::Kind::volume, other.volumes[0], "/var/run/mysqld", false, {}}));
  EXPECT_EQ(second[0], (Mount{Mount::Kind::volume, other.volumes[0], "/run/sql", false, {}}))
      << "what the two share they share here too";
  EXPECT_EQ(second[1], (Mount{Mount::Kind::volume, other.volumes[1], "/pipes", false, {}}));
  EXPECT_EQ(second[2], (Mount{Mount::Kind::bind, (top / "plain").string(), "/plain", true, {}}));
  EXPECT_THAT(other.notes, Contains(HasSubstr("/run/sql is empty here")));
  EXPECT_THAT(other.notes, Contains(StartsWith("shop: it is without " + (top / "host").string())));
  EXPECT_THAT(other.notes, Contains(StartsWith("shop: it is without " + (top / "file").string())));
}

TEST(Pseudonym, HasDataOfItsOwnAndNoWayToTheHost) {
  Spec spec;
  Service shop = service("shop");
  shop.mounts = {{Mount::Kind::volume, "web_data", "/data", false, {}},
                 {Mount::Kind::volume, "", "/spool", false, {}},
                 {Mount::Kind::bind, "/var/run/docker.sock", "/var/run/docker.sock", true, {}},
                 {Mount::Kind::bind, "/etc/hosts", "/etc/hosts", false, {}},
                 {Mount::Kind::bind, "/usr", "/usr/share/host", false, {}},
                 {Mount::Kind::bind, "/", "/host", true, {}}};
  spec.services = {shop};
  Image with_points;
  with_points.id = "sha256:1";
  with_points.config.volumes = {"/data/", "/cache"};
  const Pseudonym other = under_pseudonym(spec, {}, {{"shop", with_points}}, site);
  const auto& mounts = other.spec.services.at(0).mounts;
  ASSERT_THAT(mounts, SizeIs(5));
  EXPECT_EQ(mounts[0].source, "trial-01");
  EXPECT_EQ(mounts[1].source, other.volumes.at(0));
  EXPECT_EQ(mounts[2].source, "/etc/hosts");
  EXPECT_TRUE(mounts[2].read_only);
  EXPECT_EQ(mounts[3].source, "/usr");
  EXPECT_TRUE(mounts[3].read_only);
  EXPECT_EQ(mounts[4].target, "/cache") << "the engine must not make a volume there that nobody would remove";
  EXPECT_EQ(other.volumes.size(), 2U);
  EXPECT_THAT(other.notes, Contains(StartsWith("it is without /var/run/docker.sock")));
}

}  // namespace
}  // namespace belay::scene
