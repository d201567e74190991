// Apps of several services on an engine in memory: what a change touches, what a failure takes back, and what looking
// and stopping do to a part of an app.

#include <algorithm>
#include <set>
#include <tuple>

#include "change/change.h"
#include "change/file_marks.h"
#include "change/kept_files.h"
#include "change/new_release.h"
#include "change/quarantine.h"
#include "change/remove_stopped.h"
#include "change/start.h"
#include "family/start_new.h"
#include "look/happenings.h"
#include "look/inside.h"
#include "look/look.h"
#include "support/scene/scene_test.h"

namespace belay::scene {
namespace {

const AppName shop("shop");

// db ← web (two replicas) ← proxy; `web` is what the tests change.
struct StackWorld {
  explicit StackWorld(SceneOptions options = {}) : scene_(options) {
    for (const auto* version : {"1", "2"}) add_image("web", version, {});
    engine::Behaviour bad;
    bad.exits_after = Milliseconds(100);
    bad.exit_code = 3;
    bad.output = "no such table\n";
    add_image("web", "bad", bad);
    for (const auto* service : {"db", "proxy"}) add_image(service, "1", {});
    engine::Behaviour ends;
    ends.exits_after = Milliseconds(50);
    add_image("job", "1", ends);
  }

  void add_image(const std::string& service, const std::string& version, engine::Behaviour behaviour) {
    if (behaviour.output.empty()) behaviour.output = format("{} {} speaks\n", service, version);
    ids_[service + ":" + version] = scene_.engine.add_image(service + ":" + version, {}, behaviour, version);
  }

  // The containers made of it are well for ten minutes, and ill from then on.
  void falls_ill_later(const std::string& service) {
    ImageConfig config;
    config.health = HealthCheck{{"CMD", "well"}, {}, {}, {}, {}};
    engine::Behaviour behaviour;
    behaviour.healthy_after = Milliseconds(100);
    behaviour.unhealthy_after = Seconds(600);
    ids_[service + ":1"] = scene_.engine.add_image(service + ":1", config, behaviour, "that falls ill");
  }

  static Service service(const std::string& name, std::vector<Need> needs = {}) {
    Service made;
    made.name = name;
    made.needs = std::move(needs);
    return made;
  }

  ReleaseDraft made(const std::string& web_version, const std::string& db_setting = "", bool with_job = false) {
    ReleaseDraft made;
    Service db = service("db");
    if (!db_setting.empty()) db.environment["SETTING"] = db_setting;
    db.mounts.push_back({Mount::Kind::volume, "shop_data", "/data", false, ""});
    Service web = service("web", {{"db"}}), second = web;
    second.name = "web-2";
    second.group = "web";
    second.number = 2;
    made.spec.services = {db, web, second, service("proxy", {{"web"}, {"web-2"}})};
    made.images = {{"db", ids_.at("db:1")},
                   {"web", ids_.at("web:" + web_version)},
                   {"web-2", ids_.at("web:" + web_version)},
                   {"proxy", ids_.at("proxy:1")}};
    if (with_job) {
      Service job = service("migrate", {{"db"}});
      job.job = true;
      made.spec.services.push_back(job);
      made.images["migrate"] = ids_.at("job:1");
      for (auto& each : made.spec.services)
        if (each.group_name() == "web") each.needs.push_back({"migrate", Need::Condition::completed});
    }
    return made;
  }

  // web and proxy in a network; `internal`: as its definition has it.
  ReleaseDraft in_a_network(const std::string& web_version, bool internal) {
    ReleaseDraft with = made(web_version);
    for (auto& each : with.spec.services)
      if (each.name != "db") each.networks = {{"shop_front", {each.group_name()}, "", ""}};
    with.spec.networks["shop_front"].internal = internal;
    return with;
  }
  bool front_is_internal() {
    for (const auto& network : scene_.engine.networks({}))
      if (network.name == "shop_front") return network.internal;
    ADD_FAILURE() << "there is no shop_front";
    return false;
  }

  Change deploy(const ReleaseDraft& made) {
    Context context = scene_.context("belay deploy shop");
    App app = scene_.store->app(shop).value_or(App(shop));
    return start_draft(context, app, made, {}, Containers::changed_in_place, "deploy", {});
  }

  std::map<std::string, std::string> created() {
    std::map<std::string, std::string> all;
    for (const auto& container : scene_.engine.containers({}, {}))
      if (container.is_up()) all[container.owner()->service] = container.name + " " + container.created;
    return all;
  }
  std::vector<std::string> changes_since(size_t from) const {
    const auto all = scene_.engine.changes();
    return {all.begin() + static_cast<std::ptrdiff_t>(from), all.end()};
  }
  AppSummary summary() {
    Context context = scene_.context();
    const auto rows = list(context, {});
    return rows.at(0);
  }
  Context context() { return scene_.context(); }

  Scene scene_;
  std::map<std::string, std::string> ids_;
};

class Stack : public ::testing::Test, protected StackWorld {};

TEST_F(Stack, OnlyWhatChangedIsExchanged) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const auto before = created();
  ASSERT_EQ(before.size(), 4U);
  ASSERT_EQ(deploy(made("2")).kind, Change::Kind::done);
  const auto after = created();
  EXPECT_EQ(after.at("db"), before.at("db"));
  EXPECT_EQ(after.at("proxy"), before.at("proxy"));
  EXPECT_NE(after.at("web"), before.at("web"));
  EXPECT_NE(after.at("web-2"), before.at("web-2"));
  Context here = context();
  EXPECT_TRUE(plan_now(here, shop, {}).empty());
}

TEST_F(Stack, AFailureTakesBackTheSetAndBlamesTheServiceThatFailed) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const auto before = created();
  const Change change = deploy(made("bad", "changed as well"));
  EXPECT_EQ(change.kind, Change::Kind::rolled_back);
  EXPECT_EQ(change.log_tail, "no such table\n");
  EXPECT_EQ(created(), before) << "db is that of before again, and proxy was never touched";
  const App app = *scene_.store->app(shop);
  ASSERT_EQ(app.quarantine.size(), 1U);
  EXPECT_EQ(app.quarantine[0].image, ids_.at("web:bad"));
  const Release& failed = app.release({2});
  EXPECT_EQ(failed.proof("db").verdict, Verdict::pending);
  EXPECT_EQ(failed.proof("proxy").verdict, Verdict::passed);
  const bool is_first = failed.proof("web").verdict == Verdict::failed;
  EXPECT_THAT(failed.proof(is_first ? "web" : "web-2").reason, HasSubstr("exited with code 3"));

  scene_.report.warnings.clear();
  deploy(made("bad", "another time"));
  EXPECT_THAT(scene_.report.warnings, ElementsAre(HasSubstr("failed before in shop"))) << "two services have it";
}

// The services that share an image: what one of them failed with is the other's as before.
TEST_F(Stack, AnImageIsInQuarantineForTheServiceThatFailedWithIt) {
  const auto share = [&](const std::string& web_version, const std::string& setting) {
    ReleaseDraft draft = made(web_version);
    draft.images["proxy"] = ids_.at("web:1");
    for (auto& each : draft.spec.services)
      if (each.name != "db") each.environment["SETTING"] = setting;
    return draft;
  };
  ASSERT_EQ(deploy(share("1", "a")).kind, Change::Kind::done);
  engine::Behaviour bad;
  bad.exits_after = Milliseconds(100);
  bad.exit_code = 3;
  add_image("web", "1", bad);
  const std::string image = ids_.at("web:1");
  ASSERT_EQ(deploy(share("1", "b")).kind, Change::Kind::rolled_back);
  const auto quarantined = [&] {
    Context here = context();
    std::string numbers;
    for (const auto& row : releases(here, shop, {}))
      if (std::count(row.marks.begin(), row.marks.end(), Mark::quarantined) > 0) numbers = row.release + numbers;
    return numbers;
  };
  EXPECT_EQ(quarantined(), "r2") << "r1 proved itself with the image";
  const auto is_blamed = [&](const std::string& name) {
    return is_quarantined(*scene_.store->app(shop), service(name), image);
  };
  EXPECT_TRUE(is_blamed("web"));
  EXPECT_FALSE(is_blamed("proxy"));

  // proxy fails with it as well, beside a web that does not have it.
  scene_.report.warnings.clear();
  ASSERT_EQ(deploy(share("2", "c")).kind, Change::Kind::rolled_back);
  EXPECT_THAT(scene_.report.warnings, ::testing::Not(::testing::Contains(HasSubstr("failed before"))));
  EXPECT_TRUE(is_blamed("web"));
  EXPECT_TRUE(is_blamed("proxy"));
  EXPECT_EQ(quarantined(), "r2r3");
  EXPECT_EQ(scene_.store->app(shop)->quarantine.size(), 2U);

  // What web proves of it is no proof for proxy.
  add_image("web", "1", {});
  ReleaseDraft good = share("1", "d");
  good.images["proxy"] = ids_.at("proxy:1");
  ASSERT_EQ(deploy(good).kind, Change::Kind::done);
  EXPECT_FALSE(is_blamed("web"));
  EXPECT_TRUE(is_blamed("proxy"));
  EXPECT_EQ(quarantined(), "r2r3") << "both have it in proxy";
}

// What was left as it is has proved itself: the change as a whole has failed, and none of its images.
class StackOfTheIll : public Stack {
 protected:
  void deploy_until_ill(const ReleaseDraft& first) {
    ASSERT_EQ(deploy(first).kind, Change::Kind::done);
    scene_.clock.advance(Seconds(660));
    before_ = created();
  }
  // The release failed for that service, all runs as before, and no image is suspect.
  void expect_failure_of(const std::string& service, const Change& change) {
    EXPECT_EQ(change.kind, Change::Kind::rolled_back) << change.trouble_on_the_way_back;
    EXPECT_TRUE(change.is_held);
    EXPECT_EQ(created(), before_);
    const App app = *scene_.store->app(shop);
    EXPECT_TRUE(app.quarantine.empty());
    const Release& failed = app.release(*change.release);
    EXPECT_EQ(failed.verdict, Verdict::failed);
    EXPECT_THAT(failed.reason, ::testing::AllOf(HasSubstr(service), HasSubstr("it is unhealthy")));
    EXPECT_EQ(app.wish.release(), ReleaseNumber{1});
  }
  std::map<std::string, std::string> before_;
};

TEST_F(StackOfTheIll, ADependentThatIsUnchangedIsNotBlamed) {
  falls_ill_later("proxy");
  deploy_until_ill(made("1"));
  expect_failure_of("proxy", deploy(made("2")));
  const App app = *scene_.store->app(shop);
  EXPECT_EQ(app.release({2}).proof("proxy").verdict, Verdict::failed);
  // Its release is tried again when somebody says so, with nothing to be lifted.
  Context here = context();
  const Change again = retry(here, shop, {}, {});
  EXPECT_EQ(again.release, ReleaseNumber{2});
  expect_failure_of("proxy", again);
}

TEST_F(StackOfTheIll, ADependencyThatIsUnchangedIsNotBlamed) {
  falls_ill_later("db");
  const auto with_a_wait = [&](const std::string& version) {
    ReleaseDraft draft = made(version);
    for (auto& each : draft.spec.services)
      if (each.group_name() == "web") each.needs[0].condition = Need::Condition::healthy;
    return draft;
  };
  deploy_until_ill(with_a_wait("1"));
  expect_failure_of("db", deploy(with_a_wait("2")));
}

TEST_F(StackOfTheIll, AReplicaThatIsUnchangedIsNotBlamed) {
  falls_ill_later("web");
  deploy_until_ill(made("1"));
  expect_failure_of("web", deploy(made("1", "changed")));
}

// The image of a replica that is new runs in the others, which are as they were.
TEST_F(StackOfTheIll, ANewReplicaDoesNotMakeTheOthersSuspect) {
  const ReleaseDraft both = made("1");
  ReleaseDraft one = both;
  std::erase_if(one.spec.services, [](const Service& each) { return each.name == "web-2"; });
  one.images.erase("web-2");
  one.spec.services.back().needs = {{"web"}};
  ASSERT_EQ(deploy(one).kind, Change::Kind::done);
  engine::Behaviour bad;
  bad.exits_after = Milliseconds(100);
  bad.exit_code = 3;
  add_image("web", "1", bad);
  EXPECT_EQ(deploy(both).kind, Change::Kind::rolled_back);
  const App app = *scene_.store->app(shop);
  EXPECT_TRUE(app.quarantine.empty());
  EXPECT_EQ(app.release({2}).proof("web-2").verdict, Verdict::failed);
  EXPECT_EQ(app.release({2}).proof("web").verdict, Verdict::passed);
}

// Its container is gone, so it runs again in a change that is not about it.
TEST_F(StackOfTheIll, AJobThatIsUnchangedIsNotBlamed) {
  ASSERT_EQ(deploy(made("1", "", true)).kind, Change::Kind::done);
  engine::Behaviour bad;
  bad.exits_after = Milliseconds(50);
  bad.exit_code = 4;
  add_image("job", "1", bad);
  scene_.engine.remove_container("shop_migrate-r1", {});
  const Change change = deploy(made("2", "", true));
  EXPECT_EQ(change.kind, Change::Kind::in_trouble) << "it is a service of what runs again as well";
  EXPECT_THAT(change.reason, HasSubstr("migrate: it exited with code 4"));
  EXPECT_TRUE(scene_.store->app(shop)->quarantine.empty());
}

TEST_F(StackOfTheIll, WhileANewReleaseSoaksItIsNotBlamedEither) {
  falls_ill_later("proxy");
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  ASSERT_EQ(deploy(made("2")).kind, Change::Kind::done);
  Context here = context();
  App app = *scene_.store->app(shop);
  const Change change = withdraw(here, app, "while soaking, it is unhealthy", "", "shop_proxy-r1");
  EXPECT_EQ(change.kind, Change::Kind::rolled_back) << change.trouble_on_the_way_back;
  EXPECT_EQ(change.reason, "proxy: while soaking, it is unhealthy");
  const App after = *scene_.store->app(shop);
  EXPECT_EQ(after.wish.release(), ReleaseNumber{1});
  EXPECT_TRUE(after.quarantine.empty());
  EXPECT_EQ(after.release({2}).verdict, Verdict::failed);
}

// Whose settings have changed is to blame as before, also where its container is the same.
TEST_F(StackOfTheIll, WhatIsChangedInPlaceIsBlamed) {
  falls_ill_later("proxy");
  ReleaseDraft first = made("1"), second = first;
  first.spec.services.back().resources.memory = ByteCount{64 << 20};
  second.spec.services.back().resources.memory = ByteCount{32 << 20};
  deploy_until_ill(first);
  const Change change = deploy(second);
  EXPECT_EQ(change.kind, Change::Kind::rolled_back);
  const App app = *scene_.store->app(shop);
  ASSERT_EQ(app.quarantine.size(), 1U);
  EXPECT_EQ(app.quarantine[0].image, ids_.at("proxy:1"));
}

// `required: false` is about the order: what the others can do without is no reason to leave them as they are. As a
// service of the stack it has to prove itself like any other.
TEST_F(StackOfTheIll, WhatIsNeededAsAnOptionIsWaitedForButHoldsNothingUp) {
  falls_ill_later("db");
  const auto with_an_option = [&](const std::string& version) {
    ReleaseDraft draft = made(version);
    for (auto& each : draft.spec.services)
      if (each.group_name() == "web") each.needs[0] = {"db", Need::Condition::healthy, false};
    return draft;
  };
  deploy_until_ill(with_an_option("1"));
  ASSERT_EQ(deploy(with_an_option("2")).kind, Change::Kind::done);
  EXPECT_THAT(scene_.report.warnings, Contains(::testing::AllOf(HasSubstr("db"), HasSubstr("it is unhealthy"),
                                                                HasSubstr("goes on without it"))));
  EXPECT_EQ(created().at("db"), before_.at("db"));
  EXPECT_NE(created().at("web"), before_.at("web"));
  EXPECT_EQ(scene_.store->app(shop)->release({2}).verdict, Verdict::passed);
}

TEST_F(Stack, AServiceThatOthersNeedAsAnOptionFailsTheChangeLikeAnyOther) {
  const auto with_an_option = [&](const std::string& version) {
    ReleaseDraft draft = made(version);
    draft.spec.services.back().needs = {{"web", Need::Condition::started, false},
                                        {"web-2", Need::Condition::started, false}};
    return draft;
  };
  ASSERT_EQ(deploy(with_an_option("1")).kind, Change::Kind::done);
  const auto before = created();
  const Change change = deploy(with_an_option("bad"));
  EXPECT_EQ(change.kind, Change::Kind::rolled_back);
  EXPECT_THAT(change.reason, HasSubstr("web"));
  EXPECT_EQ(created(), before);
}

TEST_F(Stack, AJobRunsOnceAndBeforeWhatWaitsForIt) {
  ASSERT_EQ(deploy(made("1", "", true)).kind, Change::Kind::done);
  const auto all = scene_.engine.changes();
  const auto at = [&](const std::string& change) { return std::find(all.begin(), all.end(), change) - all.begin(); };
  EXPECT_LT(at("start shop_migrate-r1"), at("start shop_web-r1"));
  const size_t known = all.size();
  ASSERT_EQ(deploy(made("2", "", true)).kind, Change::Kind::done);
  EXPECT_THAT(changes_since(known), Not(Contains(HasSubstr("start shop_migrate"))));
  EXPECT_EQ(summary().state, AppState::running);
}

TEST_F(Stack, AListCountsAndAStatusTellsOfEach) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  EXPECT_EQ(summary().state, AppState::running);
  EXPECT_EQ(count_up(summary().instances).up, 4);
  scene_.engine.stop_container("shop_web-2-r1", {}, {});
  const AppSummary row = summary();
  EXPECT_EQ(row.state, AppState::partial);
  EXPECT_EQ(count_up(row.instances).up, 3);
  EXPECT_EQ(count_up(row.instances).wanted, 4);
  EXPECT_EQ(row.container, "shop_web-2-r1") << "the one that is worst off";
  Context here = context();
  const Status shown = status(here, shop, {});
  ASSERT_EQ(shown.summary.instances.size(), 4U);
  EXPECT_EQ(shown.summary.instances[2].service, "web");
  EXPECT_EQ(shown.summary.instances[2].number, 2);
  EXPECT_EQ(shown.summary.instances[2].state, AppState::exited);
  EXPECT_THAT(shown.pending, Contains("start shop_web-2-r1"));
  const auto rows = releases(here, shop, {});
  ASSERT_EQ(rows.at(0).instances.size(), 4U);
  EXPECT_EQ(rows.at(0).state, ContainerState::exited);
}

TEST_F(Stack, WhatAReleaseGoesOnWithIsSeenInAList) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  ASSERT_EQ(deploy(made("2")).kind, Change::Kind::done);
  EXPECT_EQ(summary().state, AppState::running);
  EXPECT_EQ(count_up(summary().instances).up, 4);
  Context here = context();
  EXPECT_EQ(releases(here, shop, {}).at(0).instances.size(), 4U);
}

TEST_F(Stack, APartIsStoppedAndStaysSoUntilItIsStarted) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const auto before = created();
  Context here = context();
  EXPECT_EQ(stop(here, {shop, "web"}, false, {}).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 2U);
  EXPECT_EQ(summary().state, AppState::running) << "two of two that should run";
  EXPECT_EQ(stop(here, {shop, "web"}, false, {}).kind, Change::Kind::unchanged);
  Context again = context();
  EXPECT_TRUE(plan_now(again, shop, {}).empty());
  // Another release leaves it down.
  ASSERT_EQ(deploy(made("1", "new")).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 2U);
  EXPECT_EQ(start_services(again, {shop, "web", 2}, {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 3U);
  EXPECT_EQ(start_services(again, {shop, "web"}, {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 4U);
  EXPECT_EQ(created().at("proxy"), before.at("proxy"));
}

TEST_F(Stack, APartOfWhatIsStoppedIsStoppedAlready) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  Context here = context();
  ASSERT_EQ(stop(here, shop, false, {}).kind, Change::Kind::done);
  EXPECT_EQ(stop(here, {shop, "web"}, false, {}).kind, Change::Kind::unchanged);
  EXPECT_THROW(stop(here, {shop, "nothing"}, false, {}), NotFound);
  // All of it comes back, that part too.
  EXPECT_EQ(start_release(here, shop, "last", {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 4U);
}

// Wherever a user says that it should run: nothing has changed, so it is the same release in the same containers.
TEST_F(Stack, WhatWasStoppedRunsAgainInItsOwnContainers) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const auto before = created();
  Context here = context();
  ASSERT_EQ(stop(here, shop, false, {}).kind, Change::Kind::done);
  ASSERT_EQ(created().size(), 0U);
  const Change again = deploy(made("1"));
  EXPECT_EQ(again.kind, Change::Kind::done);
  EXPECT_EQ(again.running, ReleaseNumber{1});
  EXPECT_EQ(created(), before);
  EXPECT_EQ(scene_.store->app(shop)->releases.size(), 1U);
}

TEST_F(Stack, OfWhatWasStoppedOnlyWhatChangedIsExchanged) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const auto before = created();
  Context here = context();
  ASSERT_EQ(stop(here, shop, false, {}).kind, Change::Kind::done);
  ASSERT_EQ(deploy(made("bad")).kind, Change::Kind::rolled_back);
  EXPECT_EQ(created().size(), 0U) << "nothing ran, and nothing runs";
  const Change next = deploy(made("2"));
  ASSERT_EQ(next.kind, Change::Kind::done) << next.reason;
  const auto after = created();
  EXPECT_EQ(after.size(), 4U);
  EXPECT_EQ(after.at("db"), before.at("db"));
  EXPECT_EQ(after.at("proxy"), before.at("proxy"));
  EXPECT_NE(after.at("web"), before.at("web"));
  Context now = context();
  EXPECT_TRUE(plan_now(now, shop, {}).empty());
  ASSERT_EQ(stop(now, shop, false, {}).kind, Change::Kind::done);
  Context back = context();
  ASSERT_EQ(start_release(back, shop, "r1", {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(created().at("web"), before.at("web"));
}

// Who binds the whole host to look at it asks for none of the files in there, wherever another service has them.
TEST_F(Stack, FilesCountForTheInnermostPlaceThatIsBound) {
  const std::string settings = (scene_.folder.path() / "settings").string();
  write_file_durably(settings, "port 80");
  Service looker, web;
  looker.name = "looker";
  looker.mounts = {{Mount::Kind::bind, "/", "/host", true, {}}};
  web.name = "web";
  web.mounts = {{Mount::Kind::bind, settings, "/settings", true, {}}};
  Release before;
  before.files = file_marks({settings});
  before.spec.services = {looker, web};
  EXPECT_THAT(missing_paths(before.spec, &before, before.files), IsEmpty());
  before.spec.services = {looker};
  EXPECT_THAT(missing_paths(before.spec, &before, {}), IsEmpty()) << "it alone was started";
  before.spec.services = {looker, web};
  fs::remove(settings);
  EXPECT_THAT(missing_paths(before.spec, &before, {}), ElementsAre(settings));
}

// Below a file not even root makes one.
TEST(StackOfThisMachine, AFolderThatCannotBeMadeFailsTheChangeAsAnythingElseDoes) {
  StackWorld world({NamingScheme::belay, true, true, true});
  ASSERT_EQ(world.deploy(world.made("1")).kind, Change::Kind::done);
  const auto before = world.created();
  const fs::path in_the_way = world.scene_.folder.path() / "settings";
  write_file_durably(in_the_way, "a file");
  ReleaseDraft next = world.made("2");
  next.spec.project.emplace();
  for (auto& each : next.spec.services)
    if (each.group_name() == "web")
      each.mounts.push_back({Mount::Kind::bind, (in_the_way / "web").string(), "/settings", true, {}});
  const Change change = world.deploy(next);
  EXPECT_NE(change.kind, Change::Kind::done);
  EXPECT_THAT(change.reason, HasSubstr("making the folder " + in_the_way.string()));
  EXPECT_FALSE(world.scene_.store->app(shop)->wish.is_unfinished());
  EXPECT_EQ(world.created(), before);
  Context here = world.context();
  EXPECT_TRUE(plan_now(here, shop, {}).empty());
  fs::remove(in_the_way);
  EXPECT_EQ(world.deploy(next).kind, Change::Kind::done);
  EXPECT_TRUE(fs::is_directory(in_the_way / "web"));
}

// As `rm`: what somebody stopped, and nothing else.
TEST_F(Stack, OfWhatIsStoppedTheContainersCanBeRemoved) {
  ASSERT_EQ(deploy(made("1", "", true)).kind, Change::Kind::done);
  Context here = context();
  EXPECT_TRUE(remove_stopped(here, shop, UnnamedVolumes::stay, true, {}).plan.empty());
  ASSERT_EQ(stop(here, {shop, "proxy"}, false, {}).kind, Change::Kind::done);
  const auto shown = remove_stopped(here, shop, UnnamedVolumes::stay, true, {});
  EXPECT_THAT(plan::plan_text(shown.plan), HasSubstr("remove container shop_proxy-r1"));
  EXPECT_THAT(shown.kept, ElementsAre(HasSubstr("a job that has ended")));
  EXPECT_TRUE(scene_.container("shop_proxy-r1"));
  EXPECT_TRUE(remove_stopped(here, {shop, "proxy"}, UnnamedVolumes::stay, false, {}).done);
  EXPECT_FALSE(scene_.container("shop_proxy-r1"));
  EXPECT_TRUE(plan_now(here, shop, {}).empty()) << "it is stopped, and stays so";
  EXPECT_FALSE(remove_stopped(here, {shop, "db"}, UnnamedVolumes::stay, false, {}).done);
  EXPECT_EQ(start_services(here, {shop, "proxy"}, {}, {}).kind, Change::Kind::done);
  EXPECT_TRUE(scene_.container("shop_proxy-r1")->is_up());
  scene_.engine.stop_container("shop_db-r1", {}, {});
  EXPECT_THAT(remove_stopped(here, {shop, "db"}, UnnamedVolumes::stay, false, {}).kept,
              ElementsAre(HasSubstr("it should be up")));
  ASSERT_EQ(stop(here, shop, false, {}).kind, Change::Kind::done);
  EXPECT_TRUE(remove_stopped(here, shop, UnnamedVolumes::stay, false, {}).done);
  EXPECT_EQ(deploy(made("1", "", true)).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 4U);
}

// As `down --rmi`: not what another app or container has.
TEST_F(Stack, ImagesGoWithWhatRanLast) {
  ReleaseDraft named = made("1");
  for (auto& service : named.spec.services) service.image = format("{}:1", service.group_name());
  ASSERT_EQ(deploy(named).kind, Change::Kind::done);
  Context here = context();
  ASSERT_TRUE(take_down(here, shop, false, [](const RemovalPreview&) { return true; }, {}).done);
  EXPECT_FALSE(remove_images(here, shop, AppImages::unnamed, false, {}).done) << "their names are in the file";
  scene_.engine.tag_image("db:1", "other:1", {});
  const Removed removed = remove_images(here, shop, AppImages::all, false, {});
  EXPECT_TRUE(removed.done);
  EXPECT_THAT(removed.kept, ElementsAre(HasSubstr("it is also tagged other:1")));
  EXPECT_TRUE(scene_.engine.image("db:1", {}));
  EXPECT_FALSE(scene_.engine.image(ids_.at("web:1"), {}));
}

TEST_F(Stack, WhatHappensToContainersIsToldOfTheAppsOnes) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  Context here = context();
  std::vector<std::string> seen;
  const auto sink = [&](const look::Happening& each) {
    seen.push_back(format("{} {}", each.service, each.action));
    return true;
  };
  look::happenings(here, {{shop, "web"}}, {}, sink, {});
  EXPECT_THAT(seen, Contains("web/1 start"));
  EXPECT_THAT(seen, Contains("web/2 start"));
  EXPECT_THAT(seen, Not(Contains(HasSubstr("db"))));
  seen.clear();
  look::happenings(here, {}, {}, sink, {});
  EXPECT_THAT(seen, Contains("db start"));
  EXPECT_THROW(look::happenings(here, {{shop, "nothing"}}, {}, sink, {}), NotFound);
}

TEST_F(Stack, TheEndOfContainersIsWaitedFor) {
  ASSERT_EQ(deploy(made("1", "", true)).kind, Change::Kind::done);
  Context here = context();
  std::vector<std::string> told;
  const auto tell = [&](const look::Ending& end) { told.push_back(format("{} {}", end.container, end.exit_code)); };
  EXPECT_EQ(look::wait_for_ends(here, {{shop, "migrate"}}, tell, {}).back().exit_code, 0);
  EXPECT_THAT(told, ElementsAre("shop_migrate-r1 0"));
}

TEST_F(Stack, StartingTheWholeAppStartsWhatWasHeldDown) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  Context here = context();
  stop(here, {shop, "proxy"}, false, {});
  EXPECT_EQ(start_services(here, shop, {}, {}).kind, Change::Kind::done);
  EXPECT_EQ(created().size(), 4U);
}

TEST_F(Stack, ARestartOfAPartLeavesTheOthersAlone) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const size_t known = scene_.engine.changes().size();
  Context here = context();
  EXPECT_EQ(restart(here, {shop, "web", 2}, {}, {}).kind, Change::Kind::done);
  for (const auto& change : changes_since(known)) EXPECT_THAT(change, HasSubstr("shop_web-2-r1"));
  EXPECT_THAT(changes_since(known), Contains("stop shop_web-2-r1"));
  EXPECT_THAT(changes_since(known), Contains("start shop_web-2-r1"));
}

TEST_F(Stack, ARestartOfAllStopsAgainstTheNeedsAndStartsAlongThem) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const size_t known = scene_.engine.changes().size();
  Context here = context();
  ChangeOptions dry;
  dry.dry_run = true;
  const Change planned = restart(here, shop, dry, {});
  EXPECT_THAT(changes_since(known), IsEmpty());
  scene_.report.plans.clear();
  EXPECT_EQ(restart(here, shop, {}, {}).kind, Change::Kind::done);
  EXPECT_THAT(scene_.report.plans, ElementsAre(plan::plan_text(planned.plan))) << "the preview is what ran";
  const auto changes = changes_since(known);
  const auto at = [&](const std::string& change) {
    return std::find(changes.begin(), changes.end(), change) - changes.begin();
  };
  EXPECT_LT(at("stop shop_proxy-r1"), at("stop shop_web-r1"));
  EXPECT_LT(at("stop shop_web-r1"), at("stop shop_db-r1"));
  EXPECT_LT(at("start shop_db-r1"), at("start shop_web-r1"));
  EXPECT_LT(at("start shop_web-r1"), at("start shop_proxy-r1"));
}

TEST_F(Stack, APartThatIsNotThereIsRefusedWithThoseThatAre) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  const size_t known = scene_.engine.changes().size();
  Context here = context();
  for (const auto& what : {Target(shop, "cache"), Target(shop, "web", 3), Target(shop, "db", 2)}) {
    const auto refused = [&](const auto& command) {
      try {
        command();
        return std::string("not at all");
      } catch (const NotFound& error) {
        return error.hint();
      }
    };
    EXPECT_EQ(refused([&] { stop(here, what, false, {}); }), "Its services: db, web, proxy");
    EXPECT_EQ(refused([&] { restart(here, what, {}, {}); }), "Its services: db, web, proxy");
    EXPECT_EQ(refused([&] { container_of(here, what, {}, {}); }), "Its services: db, web, proxy");
  }
  EXPECT_THAT(changes_since(known), IsEmpty());
}

TEST_F(Stack, LogsOfSeveralComeAsOneWithTheirServices) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  Context here = context();
  std::multiset<std::string> lines;
  logs(here, {Target(shop)}, "", {},
       [&](const std::string& service, OutputStream, std::string_view line) {
         lines.insert(format("{}: {}", service, line));
       },
       {});
  EXPECT_EQ(lines, (std::multiset<std::string>{"db: db 1 speaks", "proxy: proxy 1 speaks", "web/1: web 1 speaks",
                                               "web/2: web 1 speaks"}));
  std::string alone;
  logs(here, {Target(shop, "db")}, "", {},
       [&](const std::string& service, OutputStream, std::string_view bytes) { alone += service + std::string(bytes); },
       {});
  EXPECT_EQ(alone, "db 1 speaks\n");
}

TEST_F(Stack, VolumesAreThoseOfAllServices) {
  ASSERT_EQ(deploy(made("1")).kind, Change::Kind::done);
  Context here = context();
  const auto rows = volumes(here, shop, "", {});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].service, "db");
  EXPECT_THAT(volumes(here, {shop, "proxy"}, "", {}), IsEmpty());
}

TEST_F(Stack, ANetworkIsMadeAnewUnderTheSameContainers) {
  ASSERT_EQ(deploy(in_a_network("1", false)).kind, Change::Kind::done);
  const auto before = created();
  ASSERT_EQ(deploy(in_a_network("1", true)).kind, Change::Kind::done);
  EXPECT_TRUE(front_is_internal());
  EXPECT_EQ(created(), before);
  Context here = context();
  EXPECT_TRUE(plan_now(here, shop, {}).empty());
}

TEST_F(Stack, TheWayBackMakesTheOldNetworkAgain) {
  ASSERT_EQ(deploy(in_a_network("1", false)).kind, Change::Kind::done);
  const auto before = created();
  EXPECT_EQ(deploy(in_a_network("bad", true)).kind, Change::Kind::rolled_back);
  EXPECT_FALSE(front_is_internal());
  EXPECT_EQ(created(), before);
  Context here = context();
  EXPECT_TRUE(plan_now(here, shop, {}).empty());
}

TEST_F(Stack, AnotherDefinitionOfAVolumeIsRefusedBeforeAnythingIsTouched) {
  ReleaseDraft first = made("1");
  ASSERT_EQ(deploy(first).kind, Change::Kind::done);
  const size_t so_far = scene_.engine.changes().size();
  ReleaseDraft next = made("2");
  next.spec.volumes["shop_data"].options = {{"type", "nfs"}};
  try {
    deploy(next);
    ADD_FAILURE() << "it was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::other_definition);
  }
  EXPECT_THAT(changes_since(so_far), IsEmpty());
}

TEST_F(Stack, AMissingExternalNetworkIsAnErrorBeforeAnythingIsTouched) {
  ReleaseDraft next = in_a_network("1", false);
  next.spec.networks["shop_front"] = {.external = true};
  const size_t so_far = scene_.engine.changes().size();
  try {
    deploy(next);
    ADD_FAILURE() << "it was not refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::network_not_found);
    EXPECT_EQ(error.hint(), "Make it: docker network create shop_front");
  }
  EXPECT_THAT(changes_since(so_far), IsEmpty());
}

// A power cut after calls to the engine, then the same command again.
class StackCut : public ::testing::TestWithParam<std::tuple<const char*, engine::MemoryEngine::Cut>> {};

TEST_P(StackCut, IsPutRightByTheNextCommand) {
  const auto [version, cut] = GetParam();
  for (int n = cut == engine::MemoryEngine::Cut::before_the_effect ? 0 : 1;; n += 2) {
    ASSERT_LT(n, 300);
    StackWorld world;
    world.deploy(world.made("1"));
    const auto before = world.created();
    world.scene_.engine.crash_after(n, cut);
    bool crashed = false;
    try {
      world.deploy(world.made(version, "new"));
    } catch (const engine::MemoryEngine::Crash&) {
      crashed = true;
    }
    world.scene_.engine.crash_after(std::nullopt);
    if (!crashed) break;
    world.scene_.reopen();
    const Change then = world.deploy(world.made(version, "new"));
    const auto after = world.created();
    SCOPED_TRACE(format("{} after {} calls: {}\n{}", version, n, to_text(then.kind), world.scene_.changes()));
    ASSERT_EQ(after.size(), 4U);
    ASSERT_EQ(after.at("proxy"), before.at("proxy"));
    if (version == std::string("bad")) {
      ASSERT_EQ(after.at("db"), before.at("db"));
    } else {
      ASSERT_NE(after.at("web"), before.at("web"));
    }
    Context here = world.context();
    ASSERT_TRUE(plan_now(here, shop, {}).empty());
  }
}
TEST_P(StackCut, WhileANetworkIsMadeAnewIsPutRightByTheNextCommand) {
  const auto [version, cut] = GetParam();
  const std::string web = version == std::string("bad") ? "bad" : "1";
  for (int n = cut == engine::MemoryEngine::Cut::before_the_effect ? 0 : 1;; n += 2) {
    ASSERT_LT(n, 300);
    StackWorld world;
    world.deploy(world.in_a_network("1", false));
    world.scene_.engine.crash_after(n, cut);
    bool crashed = false;
    try {
      world.deploy(world.in_a_network(web, true));
    } catch (const engine::MemoryEngine::Crash&) {
      crashed = true;
    }
    world.scene_.engine.crash_after(std::nullopt);
    if (!crashed) break;
    world.scene_.reopen();
    const Change then = world.deploy(world.in_a_network(web, true));
    SCOPED_TRACE(format("{} after {} calls: {}\n{}", version, n, to_text(then.kind), world.scene_.changes()));
    ASSERT_EQ(world.created().size(), 4U);
    ASSERT_EQ(world.front_is_internal(), web == "1");
    Context here = world.context();
    ASSERT_TRUE(plan_now(here, shop, {}).empty());
  }
}
INSTANTIATE_TEST_SUITE_P(Anywhere, StackCut,
                         ::testing::Combine(::testing::Values("2", "bad"),
                                            ::testing::Values(engine::MemoryEngine::Cut::before_the_effect,
                                                              engine::MemoryEngine::Cut::before_the_answer)));

TEST_F(Stack, AHookAfterTheStartIsPartOfTheProof) {
  ReleaseDraft made_so = made("1");
  made_so.spec.services[0].post_start = {{{"true"}}};
  ASSERT_EQ(deploy(made_so).kind, Change::Kind::done);
  const auto before = created();
  made_so = made("1", "other");
  made_so.spec.services[0].post_start = {{{"true"}}, {{"false"}}};
  const Change change = deploy(made_so);
  EXPECT_EQ(change.kind, Change::Kind::rolled_back);
  EXPECT_TRUE(change.is_judged);
  EXPECT_THAT(change.reason, HasSubstr("false: the command ended with exit code 1"));
  EXPECT_EQ(created().size(), before.size());
}

TEST_F(Stack, AHookThatFailsOnTheWayBackKeepsNothingDown) {
  ReleaseDraft made_so = made("1");
  made_so.spec.services[0].post_start = {{{"warm"}}};
  engine::Behaviour warms;
  warms.commands["warm"].status = 0;
  scene_.engine.add_image("db:1", {}, warms, "1");
  ASSERT_EQ(deploy(made_so).kind, Change::Kind::done);
  const auto before = created();
  warms.commands["warm"].status = 1;
  scene_.engine.add_image("db:1", {}, warms, "1");
  ReleaseDraft other = made("1", "other");
  other.spec.services[0].post_start = {{{"warm"}}};
  const Change change = deploy(other);
  EXPECT_EQ(change.kind, Change::Kind::in_trouble);
  EXPECT_EQ(created().size(), before.size());
}

TEST_F(Stack, AChangedHookMakesNoNewContainerAndCountsAtTheNextStop) {
  ReleaseDraft made_so = made("1");
  made_so.spec.services[0].pre_stop = {{{"true"}}};
  ASSERT_EQ(deploy(made_so).kind, Change::Kind::done);
  const auto before = created();
  made_so.spec.services[0].pre_stop = {{{"false"}}};
  ASSERT_EQ(deploy(made_so).kind, Change::Kind::done);
  EXPECT_EQ(created(), before);
  Context here = context();
  const Change stopped = stop(here, shop, true, {});
  EXPECT_THAT(plan::plan_text(stopped.plan), HasSubstr("run in shop_db-r1: false"));
}

TEST_F(Stack, AHookBeforeTheStopNeverKeepsAContainerFromStopping) {
  ReleaseDraft made_so = made("1");
  made_so.spec.services[0].pre_stop = {{{"false"}}};
  ASSERT_EQ(deploy(made_so).kind, Change::Kind::done);
  Context here = context();
  EXPECT_EQ(stop(here, shop, false, {}).kind, Change::Kind::done);
  EXPECT_THAT(created(), IsEmpty());
}

}  // namespace
}  // namespace belay::scene
