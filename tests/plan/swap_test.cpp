#include <gtest/gtest.h>

#include "golden.h"
#include "scene.h"

namespace belay::plan {
namespace {

constexpr auto running = ContainerState::running;
constexpr auto exited = ContainerState::exited;
constexpr auto created = ContainerState::created;

// r1 runs, r2 is wished for and new.
Scene upgrade(const Service& before, const Service& after) {
  Scene scene;
  scene.release(1, {before});
  scene.release(2, {after}, Verdict::pending);
  scene.app.last = ReleaseNumber{1};
  scene.container(1, running, "unless-stopped");
  scene.wish_up(2);
  return scene;
}

TEST(Planner, StartsAnAppForTheFirstTime) {
  Scene scene;
  Service web = Scene::service({8080}, {"web_data"});
  web.networks = {{"front", {}, "", ""}};
  scene.release(1, {web}, Verdict::pending);
  scene.world.images.at(image_id(1)).tags.clear();
  scene.wish_up(1);
  expect_golden("first_start", scene.plan());
}

TEST(Planner, HasNothingToDoWhereAllIsAsWished) {
  Scene scene;
  scene.release(1);
  scene.container(1, running, "unless-stopped");
  scene.wish_up(1, false);
  EXPECT_EQ(scene.plan(), "nothing to do\n");
  scene.app.wish = {};
  EXPECT_EQ(scene.plan(), "nothing to do\n") << "no wish";
}

TEST(Planner, StopsTheOldOneFirstWhereBothNeedAPort) {
  expect_golden("shared_port", upgrade(Scene::service({8080}), Scene::service({8080})).plan());
}

TEST(Planner, StopsTheOldOneFirstWhereBothWriteToAVolume) {
  expect_golden("shared_volume", upgrade(Scene::service({}, {"data"}), Scene::service({}, {"data"})).plan());
}

TEST(Planner, KeepsTheOldContainerUntilTheNewOneProvedItselfWhereNothingIsShared) {
  expect_golden("nothing_shared", upgrade(Scene::service({8080}), Scene::service({8081})).plan());
}

TEST(Planner, StopsTheOldOneFirstWhereBothNeedAFixedAddress) {
  Service web = Scene::service();
  web.networks = {{"front", {}, "10.0.0.2", ""}};
  Scene scene = upgrade(web, web);
  scene.world.networks.push_back({"front", "bridge", {}});
  expect_golden("shared_address", scene.plan());
}

TEST(Order, IsAServicesOwn) {
  Service plain = Scene::service(), stops = Scene::service();
  stops.name = "stops";
  stops.order = SwapOrder::stop_first;
  const Scene scene = upgrade(plain, plain);
  const auto order_of = [&](const std::vector<Service>& services) {
    Spec next;
    next.services = services;
    return decide_order(scene.app, {}, Incoming(next), {&scene.world.containers[0]}).order;
  };
  EXPECT_EQ(order_of({plain}), SwapOrder::start_first);
  EXPECT_EQ(order_of({plain, stops}), SwapOrder::stop_first);
}

TEST(Order, IsDecidedByTheRules) {
  const auto reason = [](const Service& before, const Service& after) {
    const Scene scene = upgrade(before, after);
    const auto decision = decide_order(scene.app, scene.app.wish.terms.order, Incoming(scene.app.releases[1].spec),
                                       {&scene.world.containers[0]});
    return (decision.order == SwapOrder::stop_first ? "stop first: " : "start first: ") + decision.reason;
  };
  const Service plain = Scene::service();
  const std::string nothing = "start first: they share neither host port, address nor data";
  EXPECT_EQ(reason(plain, plain), nothing);
  const auto mounted = [](const Mount& mount) {
    Service service = Scene::service();
    service.mounts = {mount};
    return service;
  };
  const Mount folder{Mount::Kind::bind, "/srv/data", "/data", false, ""};
  Mount read_only = folder;
  read_only.read_only = true;
  EXPECT_EQ(reason(mounted(folder), mounted(folder)), "stop first: both write to /srv/data");
  EXPECT_EQ(reason(mounted(folder), mounted(read_only)), nothing);
  EXPECT_EQ(reason(mounted(read_only), mounted(folder)), nothing);
  const Mount socket{Mount::Kind::bind, "/run/docker.sock", "/run/docker.sock", false, ""};
  EXPECT_EQ(reason(mounted(socket), mounted(socket)), nothing);
  const Mount memory{Mount::Kind::tmpfs, "", "/tmp", false, ""};
  EXPECT_EQ(reason(mounted(memory), mounted(memory)), nothing);
  Service udp = Scene::service({53}), local = Scene::service({53});
  udp.ports[0].protocol = "udp";
  local.ports[0].host_ip = "127.0.0.1";
  EXPECT_EQ(reason(udp, Scene::service({53})), nothing);
  EXPECT_EQ(reason(local, Scene::service({53})), "stop first: both need host port 53");
  Service in_host = Scene::service();
  in_host.network_mode = "host";
  EXPECT_EQ(reason(in_host, plain), nothing);
  EXPECT_EQ(reason(in_host, in_host), "stop first: both live in the host's network, where they would fight for ports");
  Service address = Scene::service();
  address.mac_address = "02:00:00:00:00:01";
  EXPECT_EQ(reason(address, address), "stop first: both need the fixed address 02:00:00:00:00:01");
}

class SharedData : public ::testing::Test {
 protected:
  static Service on(Mount::Kind kind, const std::string& source) {
    Service service = Scene::service();
    service.mounts = {{kind, source, "/data", false, ""}};
    return service;
  }
  static Service folder(const std::string& source) { return on(Mount::Kind::bind, source); }
  static Service volume(const std::string& source) { return on(Mount::Kind::volume, source); }
  static bool stops_first(const Scene& scene) {
    return scene.plan().find("stop first, then start: both write to ") != std::string::npos;
  }
  static bool stops_first(const Service& before, const Service& after) { return stops_first(upgrade(before, after)); }
  static std::map<std::string, std::string> folder_options(const std::string& device) {
    return {{"type", "none"}, {"o", "bind"}, {"device", device}};
  }
};

TEST_F(SharedData, IsWhatLiesInAFolderThatBothHave) {
  EXPECT_TRUE(stops_first(folder("/srv/pg"), folder("/srv/pg/data")));
  EXPECT_TRUE(stops_first(folder("/srv/pg/data"), folder("/srv/pg")));
  EXPECT_TRUE(stops_first(folder("/srv/pg/"), folder("/srv/pg")));
  EXPECT_TRUE(stops_first(folder("/"), folder("/srv/pg")));
  EXPECT_FALSE(stops_first(folder("/srv/pg"), folder("/srv/pg-new")));
  EXPECT_FALSE(stops_first(folder("/srv/a"), folder("/srv/b")));
  Service reads = folder("/srv/pg");
  reads.mounts[0].read_only = true;
  EXPECT_FALSE(stops_first(reads, folder("/srv/pg/data")));
  EXPECT_FALSE(stops_first(folder("/run/app/x.sock"), folder("/run/app")));
}

TEST_F(SharedData, IsAFolderThatIsAVolumeToo) {
  Scene there = upgrade(volume("pg"), folder("/srv/pg"));
  there.world.volumes[0].options = folder_options("/srv/pg");
  EXPECT_TRUE(stops_first(there));
  there.world.volumes[0].options = folder_options("/srv/other");
  EXPECT_FALSE(stops_first(there));
  Scene to_come = upgrade(folder("/srv/pg/data"), volume("pg"));
  to_come.app.releases[1].spec.volumes["pg"].options = folder_options("/srv/pg");
  EXPECT_TRUE(stops_first(to_come));
  Scene two = upgrade(volume("a"), volume("b"));
  two.world.volumes.push_back({"b", "local", "", {}, {}});
  for (auto& each : two.world.volumes) each.options = {{"type", "nfs"}, {"o", "addr=host"}, {"device", ":/exports/pg"}};
  EXPECT_TRUE(stops_first(two)) << "one folder of another machine";
  for (auto& each : two.world.volumes) each.options = {{"type", "tmpfs"}, {"device", "tmpfs"}};
  EXPECT_FALSE(stops_first(two)) << "memory, of each its own";
}

TEST_F(SharedData, IsKnownByWhereItIs) {
  Scene link = upgrade(folder("/srv/pg"), folder("/data/pg"));
  link.world.where = {{"/srv/pg", "8:1:/pg"}, {"/data/pg", "8:1:/pg"}};
  EXPECT_TRUE(stops_first(link));
  link.world.where["/data/pg"] = "8:1:/pg/data";
  EXPECT_TRUE(stops_first(link));
  link.world.where["/data/pg"] = "8:2:/pg";
  EXPECT_FALSE(stops_first(link));
}

class SharedAddress : public ::testing::Test {
 protected:
  static Service at(const std::string& address, const std::string& mac = {}) {
    Service web = Scene::service();
    web.networks = {{"front", {}, address, ""}};
    web.mac_address = mac;
    return web;
  }
  static bool stops_first(Scene scene) {
    scene.world.networks.push_back({"front", "bridge", {}});
    return scene.plan().find("stop first, then start: both need the fixed address ") != std::string::npos;
  }
};

TEST_F(SharedAddress, IsThatOfAContainerWithoutLabelsToo) {
  for (const char* mac : {"", "02:00:00:00:00:01"}) {
    const std::string address = *mac == '\0' ? "10.0.0.2" : "";
    Scene scene = upgrade(at(address, mac), at(address, mac));
    Container& adopted = scene.world.containers[0];
    adopted.labels.clear();
    adopted.created = "2026-01-30T10:00:00Z";
    scene.app.releases[0].adopted = true;
    scene.app.releases[0].container_created["web"] = adopted.created;
    EXPECT_TRUE(stops_first(scene)) << mac;
  }
}

TEST_F(SharedAddress, IsThatOfAContainerWhoseReleaseIsForgotten) {
  Scene scene;
  scene.release(1, {at("10.0.0.2")});
  scene.container(1, running, "unless-stopped");
  Release& second = scene.release(2, {at("10.0.0.2")});
  second.images["web"] = image_id(1);
  second.containers["web"] = scene.app.releases[0].containers["web"];
  second.bodies["web"] = {{1}, ""};
  scene.release(3, {at("10.0.0.2")}, Verdict::pending);
  scene.app.releases.erase(scene.app.releases.begin());
  scene.app.last = ReleaseNumber{2};
  scene.wish_up(3);
  EXPECT_TRUE(stops_first(scene));
}

TEST(Planner, ObeysTheUsersOrder) {
  Scene scene = upgrade(Scene::service(), Scene::service());
  scene.app.wish.terms.order = SwapOrder::stop_first;
  std::string text = "stop first where the rules say start first:\n" + scene.plan();
  scene = upgrade(Scene::service({}, {"data"}), Scene::service({}, {"data"}));
  scene.app.releases[1].spec.order = SwapOrder::start_first;
  text += "start first in the spec where the rules say stop first:\n" + scene.plan();
  expect_golden("explicit_order", text);
}

TEST(Planner, OverrulesAnOrderThatIsImpossible) {
  Scene scene = upgrade(Scene::service({8080}), Scene::service({8080}));
  scene.app.wish.terms.order = SwapOrder::start_first;
  expect_golden("impossible_order", scene.plan());
}

TEST(Planner, RefusesAPortThatAnotherHoldsBeforeAnythingIsTouched) {
  Scene scene = upgrade(Scene::service({8080}), Scene::service({8081}));
  Container& holder = scene.stranger("nginx");
  holder.ports = {{80, "tcp", "0.0.0.0", std::uint16_t{8081}}};
  std::string text = "a stranger:\n" + scene.plan();
  holder.labels = labels::for_container({"shop", "shop", {3}, NamingScheme::belay});
  text += "another app:\n" + scene.plan();
  holder.state = exited;
  text += "one that is down:\n" + scene.plan();
  expect_golden("foreign_port", text);
}

TEST(Planner, RefusesAReleaseWhoseImageIsGone) {
  Scene scene = upgrade(Scene::service(), Scene::service());
  scene.forget_image(2);
  std::string text = "gone for good:\n" + scene.plan();
  scene.app.releases[1].digests["web"] = "registry.example/web@" + image_id(7);
  text += "the registry knows it:\n" + scene.plan();
  expect_golden("image_gone", text);
}

TEST(Planner, PullsAnImageOnceForAllItsServices) {
  Scene scene;
  Service worker = Scene::service();
  worker.name = "worker";
  Release& release = scene.release(1, {Scene::service(), worker}, Verdict::pending);
  release.digests = {{"web", "registry.example/web@" + image_id(7)}, {"worker", "registry.example/web@" + image_id(7)}};
  scene.forget_image(1);
  scene.wish_up(1);
  expect_golden("one_pull", scene.plan());
}

TEST(Planner, NeedsNoImageWhereTheContainerIsStillThere) {
  Scene scene;
  scene.release(1);
  scene.forget_image(1);
  scene.container(1, exited);
  scene.wish_up(1);
  expect_golden("image_gone_container_there", scene.plan());
}

TEST(Planner, MakesTheContainerOfAReleaseAnewWhereItIsGone) {
  Scene scene;
  scene.release(1);
  scene.release(2);
  scene.container(2, running, "unless-stopped");
  scene.app.last = ReleaseNumber{2};
  scene.wish_up(1);
  expect_golden("rollback_recreates", scene.plan());
}

TEST(Planner, StopsAnApp) {
  Scene scene;
  scene.release(1);
  scene.release(2);
  scene.container(1, exited);
  scene.container(2, running, "unless-stopped");
  scene.wish_down();
  expect_golden("stop", scene.plan());
  scene.world.containers[1].state = exited;
  EXPECT_EQ(scene.plan(), "nothing to do\n") << "it is down already";
}

TEST(Planner, StartsWhatFellOver) {
  Scene scene;
  scene.release(1);
  scene.container(1, exited, "unless-stopped");
  scene.wish_up(1, false);
  expect_golden("fell_over", scene.plan());
}

TEST(Planner, TakesAPausedContainerForOneThatIsNotUp) {
  Scene scene;
  scene.release(1);
  scene.container(1, ContainerState::paused, "unless-stopped");
  scene.wish_up(1, false);
  EXPECT_NE(scene.plan().find("resume web-r1 — r1 should be up, it is paused"), std::string::npos) << scene.plan();
}

TEST(Planner, WithoutAVerdictOnlyStarts) {
  Scene scene = upgrade(Scene::service(), Scene::service());
  scene.app.wish.terms.wait = false;
  expect_golden("no_wait", scene.plan());
}

TEST(Planner, KeepsTheRestartPolicyTheUserNamed) {
  Service web = Scene::service();
  web.restart = {"on-failure", 3};
  Scene scene;
  scene.release(1, {web});
  scene.container(1, running, "on-failure");
  scene.wish_up(1, false);
  EXPECT_EQ(scene.plan(), "  1. set the restart policy of web-r1 to on-failure — it proved that it stays up\n");
  scene.world.details.at("web-r1").restart = web.restart;
  EXPECT_EQ(scene.plan(), "nothing to do\n");
}

TEST(Planner, WaitsAsLongAsTheHealthCheckMayNeed) {
  const auto verdict = [](std::optional<HealthCheck> of_image, std::optional<HealthCheck> of_service) {
    Scene scene;
    Service web = Scene::service();
    web.health = std::move(of_service);
    scene.release(1, {web}, Verdict::pending);
    scene.world.images.at(image_id(1)).config.health = std::move(of_image);
    scene.container(1, created);
    scene.wish_up(1);
    const Plan plan = plan_wish(scene.situation());
    return step_text(plan.actions.at(1).step);
  };
  const HealthCheck usual{{"CMD", "check"}, {}, {}, {}, {}};
  const HealthCheck quick{{"CMD", "check"}, Seconds(1), Seconds(1), {}, 1};
  const HealthCheck slow{{"CMD", "check"}, Seconds(60), Seconds(20), std::chrono::minutes(5), 4};
  const HealthCheck none{{"NONE"}, {}, {}, {}, {}};
  EXPECT_EQ(verdict({}, {}), "check that web-r1 stays up for 5 s");
  EXPECT_EQ(verdict(usual, {}), "wait until web-r1 is healthy, at most 4 min");
  EXPECT_EQ(verdict(quick, {}), "wait until web-r1 is healthy, at most 1 min") << "never less than Belay's own";
  EXPECT_EQ(verdict(slow, {}), "wait until web-r1 is healthy, at most 11 min 40 s");
  EXPECT_EQ(verdict(slow, none), "check that web-r1 stays up for 5 s");
  EXPECT_EQ(verdict(slow, HealthCheck{{}, Seconds(5), Seconds(5), Seconds(0), 1}),
            "wait until web-r1 is healthy, at most 1 min")
      << "the service's fields replace the image's one by one";
  EXPECT_EQ(verdict({}, quick), "wait until web-r1 is healthy, at most 1 min");
}

// A check of the service's own counts whatever the image has; else both are said.
TEST(Planner, SaysThatAnImageThatIsStillToComeMayHaveAHealthCheck) {
  Scene scene;
  scene.release(1, {Scene::service()}, Verdict::pending);
  scene.world.images.at(image_id(1)).unseen = true;
  scene.wish_up(1);
  EXPECT_NE(scene.plan().find("wait until web-r1 is healthy, at most 4 min, or whether it stays up for 5 s where its "
                              "image has no check"),
            std::string::npos)
      << scene.plan();
  for (const auto* word : {"NONE", "CMD"}) {
    scene.app.releases[0].spec.services[0].health = HealthCheck{{word}, {}, {}, {}, {}};
    EXPECT_EQ(scene.plan().find("where its image"), std::string::npos) << scene.plan();
  }
}

TEST(Planner, TakesTheTimesOfTheWishBeforeThoseOfTheSpec) {
  Scene scene;
  scene.release(1, {Scene::service()}, Verdict::pending);
  scene.container(1, created);
  scene.wish_up(1);
  scene.app.releases[0].spec.settle = Seconds(20);
  EXPECT_NE(scene.plan().find("stays up for 20 s"), std::string::npos);
  scene.app.wish.terms.settle = Seconds(30);
  EXPECT_NE(scene.plan().find("stays up for 30 s"), std::string::npos);
}

TEST(Planner, StartsTheServicesOfAnAppInTheirOrder) {
  Service db = Scene::service({}, {"db_data"});
  db.name = "db";
  Service web = Scene::service({8080});
  db.health = HealthCheck{{"CMD", "probe"}, {}, {}, {}, {}};
  web.needs = {{"db", Need::Condition::healthy}};
  web.networks = db.networks = {{"inner", {}, "", ""}};
  Scene scene;
  scene.release(1, {db, web}, Verdict::pending);
  scene.wish_up(1);
  expect_golden("several_services", scene.plan());
}

TEST(Planner, RefusesANameThatAStrangerBears) {
  Scene scene = upgrade(Scene::service(), Scene::service());
  scene.stranger("web-r2", exited);
  expect_golden("foreign_name", scene.plan());
}

// The definition web-r3 beside the app web, whose displaced container is called so.
TEST(Planner, DoesNotOfferToTakeOverWhatIsAnotherApps) {
  Scene scene = upgrade(Scene::service(), Scene::service());
  scene.app.origin = "/etc/containers.d/web.json";
  scene.stranger("web-r2", exited);
  for (auto& container : scene.world.containers)
    if (container.name == "web-r2") container.labels = labels::for_container({"other", "other", {7}, {}, "x", "y"});
  try {
    std::ignore = plan_wish(scene.situation());
    FAIL();
  } catch (const Conflict& error) {
    EXPECT_STREQ(error.what(), "the container name web-r2 for web r2 is that of r7 of the app other");
    EXPECT_EQ(error.hint(), "Give web another name; or, if r7 is not needed any more: belay cleanup other");
  }
}

TEST(Planner, ShowsNoSecretInAPlan) {
  Service web = Scene::service();
  web.environment = {{"DB_PASSWORD", "s3cret"}};
  EXPECT_EQ(upgrade(web, web).plan().find("s3cret"), std::string::npos);
}

// r2 goes on with r1's container, with other limits and networks.
Scene changed_in_place() {
  Scene scene;
  Service before = Scene::service({8080});
  before.resources.memory = ByteCount{64 << 20};
  before.networks = {{"front", {}, "", ""}, {"old", {}, "", ""}};
  Service after = before;
  after.resources.memory = ByteCount{128 << 20};
  after.networks[1].network = "new";
  scene.release(1, {before});
  Release& changed = scene.release(2, {after}, Verdict::pending);
  for (const auto& service : changed.spec.services) changed.bodies[service.name] = {{1}, ""};
  changed.images = scene.app.release({1}).images;
  scene.app.last = ReleaseNumber{1};
  for (const auto* name : {"front", "old", "new"}) scene.world.networks.push_back({name, "bridge", {}});
  scene.container(1, running, "unless-stopped");
  return scene;
}

TEST(Planner, ChangesInPlaceWhatTheEngineCanChange) {
  Scene scene = changed_in_place();
  scene.wish_up(2);
  expect_golden("in_place", scene.plan());
}

TEST(Planner, LeavesNetworksThatSomebodyElseJoinedAlone) {
  Scene scene = changed_in_place();
  scene.wish_up(1, false);
  scene.world.details.at("web-r1").service.networks.push_back({"debugging", {}, "", ""});
  EXPECT_EQ(scene.plan(), "nothing to do\n");
  // What the engine shows otherwise than the release has it is put right.
  scene.world.details.at("web-r1").service.resources.memory = ByteCount{32 << 20};
  expect_golden("limit_changed_by_hand", scene.plan());
}

Scene declared_upgrade(bool share_port) {
  Scene scene;
  scene.app.scheme = NamingScheme::fixed;
  const Service web = share_port ? Scene::service({8080}) : Scene::service();
  scene.release(1, {web}).containers["web"] = "web";
  scene.release(2, {web}, Verdict::pending);
  scene.container(1, running, "unless-stopped");
  scene.wish_up(2);
  return scene;
}

TEST(Planner, GivesTheDeclaredNameToWhatProvedItself) {
  expect_golden("fixed_start_first", declared_upgrade(false).plan());
}

TEST(Planner, GivesTheDeclaredNameBeforeAStopFirstSwap) {
  expect_golden("fixed_stop_first", declared_upgrade(true).plan());
}

TEST(Planner, SignalsThoseThatRunOnceTheAppHasStarted) {
  Scene scene;
  scene.release(1, {Scene::service()}, Verdict::pending).spec.signals = {{"nginx", "HUP"}, {"away", "HUP"}};
  scene.stranger("nginx");
  scene.stranger("away", exited);
  scene.wish_up(1);
  expect_golden("signals", scene.plan());
}

TEST(Planner, RollsReplicasOneAfterTheOther) {
  Scene scene;
  scene.app.scheme = NamingScheme::fixed;
  std::vector<Service> replicas;
  for (const auto* name : {"web", "web-2"}) {
    replicas.push_back(Scene::service({}, {"web_data"}));
    replicas.back().name = name;
  }
  for (int number : {1, 2}) {
    Release& release = scene.release(number, replicas, number == 1 ? Verdict::passed : Verdict::pending);
    release.spec.rolling = true;
    release.containers = {{"web", "web"}, {"web-2", "web-2"}};
  }
  for (const auto* name : {"web", "web-2"}) scene.container(1, running, "unless-stopped", name);
  scene.wish_up(2);
  expect_golden("rolling", scene.plan());
}

}  // namespace
}  // namespace belay::plan
