// Beside docker compose: a project that it made and that runs is taken over as it is, only what differs is exchanged,
// and what it makes anew later is never fought over.

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/format.h"
#include "change/carry_out.h"
#include "change/let_go.h"
#include "change/remove_stopped.h"
#include "change/start.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "declared/same_service.h"
#include "family/take_over.h"
#include "formats/compose/project.h"
#include "state/store.h"
#include "support/clock_of_another.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

constexpr const char* two_services = R"(name: shop
services:
  web:
    image: web:1
    environment: {COLOUR: red}
    ports: ["8080:80"]
    volumes: ["data:/data"]
    depends_on: [db]
  db:
    image: web:1
volumes: {data: {}}
)";

// What the user is told beside the steps.
class Listener final : public DeclaredListener {
 public:
  void tell(const plan::Event& event) override {
    if (const auto* remark = std::get_if<plan::Remark>(&event.what)) remarks.push_back(remark->text);
  }
  std::vector<std::string> remarks;
};

class BesideCompose : public ::testing::Test {
 protected:
  BesideCompose() {
    make_folder(folder_);
    ImageConfig config;
    config.environment = {{"PATH", "/bin"}};
    scene_.engine.add_image("web:1", config, {}, "web:1");
    scene_.engine.add_image("web:2", config, {}, "web:2");
    write(two_services);
    options_.workers = 1;
    options_.ask_registries = false;
    options_.starts_stopped = true;
  }

  void write(const std::string& text) { write_file_durably(folder_ / "compose.yaml", text); }
  void write_with(const std::string& from, const std::string& to) {
    std::string text = two_services;
    text.replace(text.find(from), from.size(), to);
    write(text);
  }
  // As docker compose makes a service's container: the aliases are the container's name and the service's.
  void compose_makes(const std::string& service, Service settings, const std::string& name = {},
                     const std::optional<fs::path>& from = {}, const std::string& image = "web:1") {
    if (!has_network())
      scene_.engine.create_network(
          {"shop_default", {{"com.docker.compose.project", "shop"}, {"com.docker.compose.network", "default"}}, {}},
          {});
    engine::ContainerRequest request;
    request.name = name.empty() ? format("shop-{}-1", service) : name;
    request.image = image;
    settings.name = request.name;
    settings.image = image;
    settings.restart = {"no", 0};
    settings.networks = {{"shop_default", {request.name, service}, "", ""}};
    request.service = std::move(settings);
    request.labels = {{"com.docker.compose.project", "shop"},
                      {"com.docker.compose.service", service},
                      {"com.docker.compose.container-number", "1"},
                      {"com.docker.compose.oneoff", "False"},
                      {"com.docker.compose.project.working_dir", from.value_or(folder_).string()},
                      {"com.docker.compose.project.config_files", (folder_ / "compose.yaml").string()}};
    request.restart = {"no", 0};
    scene_.engine.create_container(request, {});
    scene_.engine.start_container(request.name, {});
    scene_.clock.advance(Seconds(3));
  }
  bool has_network() {
    for (const auto& network : scene_.engine.networks({}))
      if (network.name == "shop_default") return true;
    return false;
  }
  static Service web_service(const std::string& colour = "red") {
    Service web;
    web.environment = {{"COLOUR", colour}};
    web.ports = {{80, "tcp", "", 8080}};
    web.mounts = {{Mount::Kind::volume, "shop_data", "/data", false, {}}};
    return web;
  }
  void compose_up() {
    compose_makes("db", {});
    compose_makes("web", web_service());
  }

  DeclaredApp up(bool dry_run = false, const std::vector<std::string>& services = {}) {
    scene_.clock.advance(Seconds(5));
    const Context here = scene_.context("belay up");
    Context context{here.engine, here.store, clock_ ? *clock_ : here.clock, here.report, here.who, here.command};
    context.defaults = here.defaults;
    context.run = here.run;
    DeclaredOptions options = options_;
    options.dry_run = dry_run;
    formats::compose::Request request;
    request.folder = folder_;
    request.services = services;
    const auto host =
        apply_declared(context, read_project(request, formats::compose::this_machine({}), {}), options, listener_, {});
    return host.apps.at(0);
  }
  std::string created(const std::string& container) {
    const auto found = scene_.container(container);
    return found ? found->created : std::string();
  }
  App app() { return scene_.app("shop"); }

  Scene scene_;
  fs::path folder_ = scene_.folder.path() / "shop";
  DeclaredOptions options_;
  Listener listener_;
  Clock* clock_ = nullptr;  // instead of the scene's
};

TEST_F(BesideCompose, TakesOverWhatIsEqualWithoutTouchingIt) {
  compose_up();
  const auto before = scene_.engine.changes();
  const DeclaredApp planned = up(true);
  EXPECT_THAT(planned.taken_over, UnorderedElementsAre("shop-db-1", "shop-web-1"));
  for (const auto& action : planned.change.plan.actions)
    EXPECT_TRUE(std::holds_alternative<plan::TagImage>(action.step)) << plan::step_text(action.step);
  EXPECT_EQ(scene_.engine.changes(), before);
  EXPECT_FALSE(scene_.store->app(AppName("shop")));

  const DeclaredApp done = up();
  EXPECT_EQ(done.kind, DeclaredApp::Kind::change) << done.reason;
  EXPECT_THAT(done.taken_over, UnorderedElementsAre("shop-db-1", "shop-web-1"));
  EXPECT_THAT(done.differences, IsEmpty());
  for (size_t i = before.size(); i < scene_.engine.changes().size(); ++i)
    EXPECT_THAT(scene_.engine.changes()[i], HasSubstr("tag"));
  EXPECT_EQ(app().wish.release(), ReleaseNumber{1});
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
}

TEST_F(BesideCompose, ExchangesOnlyWhatDiffersAndGoesBackToWhatItTookOver) {
  compose_up();
  const std::string db = created("shop-db-1");
  write_with("red", "blue");
  const DeclaredApp planned = up(true);
  EXPECT_THAT(planned.differences, ElementsAre("web.env.COLOUR: red → blue"));
  EXPECT_THAT(planned.taken_over, ElementsAre("shop-db-1"));

  const DeclaredApp done = up();
  ASSERT_FALSE(done.change.failed()) << done.change.reason;
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_EQ(scene_.engine.container("shop-web-1", {})->service.environment.at("COLOUR"), "blue");
  EXPECT_EQ(app().wish.release(), ReleaseNumber{2});
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);

  Context context = scene_.context("belay start shop r1");
  const Change back = start_release(context, AppName("shop"), "r1", {}, {});
  ASSERT_FALSE(back.failed()) << back.reason;
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_EQ(scene_.engine.container("shop-web-1", {})->service.environment.at("COLOUR"), "red");
  EXPECT_THAT(scene_.engine.lost_volumes(), IsEmpty());
}

TEST_F(BesideCompose, KeepsTheNamesThatComposeOneGives) {
  compose_makes("db", {}, "shop_db_1");
  compose_makes("web", web_service(), "shop_web_1");
  EXPECT_THAT(up().taken_over, UnorderedElementsAre("shop_db_1", "shop_web_1"));
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  EXPECT_THAT(scene_.running(), Contains(HasSubstr("shop_web_1")));
}

// What it wrote into a container is in no mount.
TEST_F(BesideCompose, TakesOverWhatItWroteIntoAContainer) {
  const auto project = [&](const std::string& content, const std::string& mode) {
    write(
        format("name: shop\nconfigs: {{app: {{content: '{}'}}}}\nservices:\n  web:\n    image: web:1\n"
               "    configs: [{{source: app, target: /app.conf, uid: '{}', gid: '{}', mode: {}}}]\n",
               content, ::getuid(), ::getgid(), mode));
  };
  compose_makes("web", {});
  plan::Plan written;
  written.add(
      plan::PutFiles{"shop-web-1",
                     {{"/app.conf", "hello", static_cast<int>(::getuid()), static_cast<int>(::getgid()), 0440}}},
      "as docker compose does");
  Context context = scene_.context("docker compose up");
  change::carry_out_whole(context, written, {}, {});
  project("other", "0440");
  EXPECT_THAT(up(true).taken_over, IsEmpty());
  project("hello", "0444");
  EXPECT_THAT(up(true).taken_over, IsEmpty());
  project("hello", "0440");
  EXPECT_THAT(up(true).taken_over, ElementsAre("shop-web-1"));
  const std::string web = created("shop-web-1");
  EXPECT_THAT(up().taken_over, ElementsAre("shop-web-1"));
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
}

TEST_F(BesideCompose, LeavesOrphansUnlessTheyAreToGo) {
  compose_up();
  compose_makes("cache", {});
  EXPECT_THAT(up(true).orphans, ElementsAre("shop-cache-1"));
  std::ignore = up();
  EXPECT_TRUE(scene_.container("shop-cache-1"));
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  options_.removes_orphans = true;
  EXPECT_THAT(plan::plan_text(up(true).change.plan), HasSubstr("shop-cache-1"));
  EXPECT_TRUE(scene_.container("shop-cache-1"));
  std::ignore = up();
  EXPECT_FALSE(scene_.container("shop-cache-1"));
  EXPECT_TRUE(scene_.container("shop-web-1"));
}

TEST_F(BesideCompose, LeavesContainersOfAnotherFolderWhateverItIsCalled) {
  const fs::path first = scene_.folder.path() / "first";
  make_folder(first);
  compose_makes("cache", {});
  compose_makes("queue", {}, {}, first);
  options_.removes_orphans = true;
  EXPECT_THAT(up().orphans, ElementsAre("shop-cache-1"));
  EXPECT_FALSE(scene_.container("shop-cache-1"));
  EXPECT_TRUE(scene_.container("shop-queue-1"));
  fs::remove(first);
  EXPECT_THAT(up().orphans, ElementsAre("shop-queue-1")) << "its folder is gone";
}

// Two folders of one name, and neither file gives another.
TEST_F(BesideCompose, LeavesTheProjectThatBelayRunsFromAnotherFolderAlone) {
  ASSERT_FALSE(up().change.failed());
  const auto before = scene_.engine.changes();
  const fs::path other = scene_.folder.path() / "other";
  make_folder(other);
  fs::copy_file(folder_ / "compose.yaml", other / "compose.yaml");
  const fs::path first = std::exchange(folder_, other);
  const DeclaredApp refused = up();
  EXPECT_EQ(refused.kind, DeclaredApp::Kind::broken);
  EXPECT_THAT(refused.reason, HasSubstr("is the project of " + (first / "compose.yaml").string()));
  EXPECT_THAT(refused.reason, HasSubstr("this is " + (other / "compose.yaml").string()));
  EXPECT_THAT(refused.hint, HasSubstr("belay up -p NAME"));
  EXPECT_EQ(scene_.engine.changes(), before);
  fs::remove_all(first);
  EXPECT_FALSE(up().change.failed()) << "the folder was moved";
  EXPECT_NE(up().kind, DeclaredApp::Kind::broken);
}

TEST_F(BesideCompose, LeavesWhatIsAnAppByItself) {
  compose_up();
  Context here = scene_.context();
  const auto adopted = family::adopt(here, AppName("solo"), {"shop-web-1"}, {}, {});
  EXPECT_THAT(adopted.warnings, ElementsAre(HasSubstr("shop-web-1 is of the Compose project shop")));
  const auto before = scene_.engine.changes();
  for (const bool dry_run : {true, false}) {
    options_.dry_run = dry_run;
    const DeclaredApp refused = up();
    EXPECT_EQ(refused.kind, DeclaredApp::Kind::broken);
    EXPECT_THAT(refused.reason, HasSubstr("the container shop-web-1 of this project is the app solo already"));
    EXPECT_THAT(refused.hint, HasSubstr("belay forget solo"));
  }
  EXPECT_EQ(scene_.engine.changes(), before);
  EXPECT_TRUE(change::let_go(here, AppName("solo"), false, [](const change::LetGo&) { return true; }, {}).done);
  EXPECT_THAT(up().taken_over, UnorderedElementsAre("shop-db-1", "shop-web-1"));
}

// Its service left the files: what was adopted by itself is no orphan.
TEST_F(BesideCompose, RemovesNoOrphanThatIsAnAppByItself) {
  compose_up();
  for (const char* service : {"cache", "queue", "worker"}) compose_makes(service, {});
  Context here = scene_.context();
  family::adopt(here, AppName("solo"), {"shop-cache-1"}, {}, {});
  family::adopt(here, AppName("down"), {"shop-queue-1"}, {}, {});
  change::stop(here, {AppName("down"), ""}, false, {});
  options_.removes_orphans = true;
  EXPECT_THAT(up(true).orphans, ElementsAre("shop-worker-1"));
  EXPECT_THAT(up().orphans, ElementsAre("shop-worker-1"));
  EXPECT_TRUE(scene_.container("shop-cache-1")->is_up());
  EXPECT_TRUE(scene_.container("shop-queue-1"));
  EXPECT_FALSE(scene_.container("shop-worker-1"));
}

// Whenever another command adopts a container of the project: in the end it is one app's.
TEST_F(BesideCompose, NeverSharesAContainerThatIsAdoptedMeanwhile) {
  compose_up();
  compose_makes("cache", {});
  options_.removes_orphans = true;
  const auto from = scene_.beginning();
  for (const std::string container : {"shop-web-1", "shop-cache-1"}) {
    int adopted_first = 0;
    bool is_over = false;
    for (int looks = 1; !is_over; ++looks) {
      ASSERT_LT(looks, 400);
      scene_.begin_again(*from);
      const auto other_store = state::Store::open(scene_.store->folder());
      bool is_adopted = false;
      ClockOfAnother clock(scene_.clock, looks, [&] {
        Context here = scene_.context();
        Context other{here.engine, *other_store, here.clock, here.report, here.who, "belay adopt solo"};
        other.wait_for_lock = false;
        try {
          family::adopt(other, AppName("solo"), {container}, {}, {});
          is_adopted = true;
        } catch (const Error&) {
          // The project has it, or it is gone.
        }
      });
      clock_ = &clock;
      const DeclaredApp came = up();
      clock_ = nullptr;
      is_over = !clock.was_looked_at_so_often();
      if (!is_adopted) continue;
      ++adopted_first;
      ASSERT_TRUE(scene_.container(container)) << looks;
      if (const auto shop = scene_.store->app(AppName("shop"))) {
        World world;
        world.containers = scene_.engine.containers({}, {});
        for (const auto& instance : plan::instances(*shop, world))
          EXPECT_NE(instance.container->name, container) << looks;
      }
      EXPECT_EQ(came.kind == DeclaredApp::Kind::broken, container == "shop-web-1") << looks << came.reason;
    }
    EXPECT_GT(adopted_first, 0);
  }
}

TEST_F(BesideCompose, LeavesTheProjectOfAnotherFolderAlone) {
  compose_up();
  const auto before = scene_.engine.changes();
  const fs::path other = scene_.folder.path() / "other";
  make_folder(other);
  write_file_durably(other / "compose.yaml", two_services);
  const fs::path first = std::exchange(folder_, other);
  const DeclaredApp refused = up();
  EXPECT_EQ(refused.kind, DeclaredApp::Kind::broken);
  EXPECT_THAT(refused.reason, HasSubstr(first.string()));
  EXPECT_THAT(refused.reason, HasSubstr(other.string()));
  EXPECT_EQ(scene_.engine.changes(), before);
  EXPECT_FALSE(scene_.store->app(AppName("shop")));
  options_.take_over = {"shop"};
  EXPECT_THAT(up().taken_over, UnorderedElementsAre("shop-db-1", "shop-web-1"));
}

// Let go by `belay forget`, and taken again where a command names it.
TEST_F(BesideCompose, TakesWhatWasForgottenAgainAsItIs) {
  options_.starts_stopped = true;
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1"), made = created("shop-web-1");
  const auto forget = [&] {
    Context here = scene_.context("belay forget shop");
    ASSERT_TRUE(change::let_go(here, AppName("shop"), false, [](const change::LetGo&) { return true; }, {}).done);
  };
  forget();
  // A new release of the same containers: that they proved themselves no label says.
  const DeclaredApp planned = up(true);
  EXPECT_EQ(planned.kind, DeclaredApp::Kind::change) << planned.reason;
  EXPECT_FALSE(scene_.store->app(AppName("shop"))) << "a preview changes nothing";
  const auto same = [](const plan::Plan& plan) {
    return std::all_of(plan.actions.begin(), plan.actions.end(), [](const plan::Action& action) {
      return std::holds_alternative<plan::TagImage>(action.step) ||
             std::holds_alternative<plan::AwaitVerdict>(action.step);
    });
  };
  EXPECT_TRUE(same(planned.change.plan)) << plan::plan_text(planned.change.plan);
  const DeclaredApp taken = up();
  EXPECT_EQ(taken.kind, DeclaredApp::Kind::change) << taken.reason;
  EXPECT_EQ(taken.change.kind, change::Change::Kind::done) << taken.reason;
  EXPECT_TRUE(same(taken.change.plan));
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_EQ(created("shop-web-1"), made);
  EXPECT_EQ(app().origin, (folder_ / "compose.yaml").string());
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);

  // What is changed in the files is made anew, and nothing else.
  forget();
  write_with("red", "blue");
  ASSERT_FALSE(up().change.failed());
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_NE(created("shop-web-1"), made);

  // Nobody named it, or it is another folder's: it is left alone, and that is said.
  forget();
  options_.starts_stopped = false;
  EXPECT_THAT(up().reason, HasSubstr("that this state does not know"));
  options_.starts_stopped = true;
  const fs::path other = scene_.folder.path() / "other";
  make_folder(other);
  write_file_durably(other / "compose.yaml", two_services);
  const fs::path first = std::exchange(folder_, other);
  EXPECT_THAT(up().reason, HasSubstr("that this state does not know"));
  folder_ = first;
  EXPECT_FALSE(up().change.failed());
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
}

// As `docker compose up` does with what Belay made.
TEST_F(BesideCompose, TakesOverWhatComposeMakesAnew) {
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1");
  scene_.engine.stop_container("shop-web-1", {}, {});
  scene_.engine.remove_container("shop-web-1", {});
  compose_makes("web", web_service());
  const std::string web = created("shop-web-1");
  options_.starts_stopped = false;
  const DeclaredApp taken = up();
  EXPECT_THAT(taken.taken_over, ElementsAre("shop-web-1")) << taken.reason;
  EXPECT_EQ(app().wish.release(), ReleaseNumber{2});
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(created("shop-db-1"), db);
}

TEST_F(BesideCompose, DoesNotFightOverWhatComposeMadeOtherwise) {
  ASSERT_FALSE(up().change.failed());
  scene_.engine.stop_container("shop-web-1", {}, {});
  scene_.engine.remove_container("shop-web-1", {});
  compose_makes("web", web_service("green"));
  const std::string web = created("shop-web-1");
  options_.starts_stopped = false;
  const DeclaredApp held = up();
  EXPECT_EQ(held.kind, DeclaredApp::Kind::held);
  EXPECT_THAT(held.reason, HasSubstr("COLOUR: green → red"));
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(up().kind, DeclaredApp::Kind::held);
  options_.starts_stopped = true;
  ASSERT_FALSE(up().change.failed());
  EXPECT_EQ(scene_.engine.container("shop-web-1", {})->service.environment.at("COLOUR"), "red");
}

TEST_F(BesideCompose, MakesAnewWhatComposeTookDown) {
  compose_up();
  std::ignore = up();
  for (const char* name : {"shop-web-1", "shop-db-1"}) {
    scene_.engine.stop_container(name, {}, {});
    scene_.engine.remove_container(name, {});
  }
  scene_.engine.remove_network("shop_default", {});
  ASSERT_FALSE(up().change.failed());
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
  EXPECT_TRUE(scene_.container("shop-db-1")->is_up());
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  EXPECT_THAT(scene_.engine.lost_volumes(), IsEmpty());
}

// A user who says `up` means all that it is about, or what it names.
TEST_F(BesideCompose, StartsWhatWasStoppedByItsName) {
  ASSERT_FALSE(up().change.failed());
  const auto hold = [&](const char* service) {
    Context context = scene_.context("belay stop");
    ASSERT_FALSE(change::stop(context, Target(AppName("shop"), service), false, {}).failed());
  };
  hold("web");
  options_.starts_stopped = false;
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  EXPECT_FALSE(scene_.container("shop-web-1")->is_up());
  options_.starts_stopped = true;
  std::ignore = up(true);
  EXPECT_THAT(app().wish.held_down(), ElementsAre("web"));
  EXPECT_EQ(up(false, {"db"}).kind, DeclaredApp::Kind::unchanged);
  EXPECT_FALSE(scene_.container("shop-web-1")->is_up());
  const DeclaredApp started = up();
  EXPECT_EQ(started.reason, "what was stopped by its name is started");
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
  EXPECT_THAT(app().wish.held_down(), IsEmpty());
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  hold("db");
  ASSERT_FALSE(up(false, {"web"}).change.failed());
  EXPECT_TRUE(scene_.container("shop-db-1")->is_up());
  hold("web");
  write_with("red", "blue");
  ASSERT_FALSE(up().change.failed());
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
}

// Nothing has changed: no new containers, and the release keeps its number.
TEST_F(BesideCompose, StartsWhatWasStoppedAsAWholeInItsOwnContainers) {
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1"), web = created("shop-web-1");
  const auto stop = [&] {
    Context context = scene_.context("belay stop");
    ASSERT_FALSE(change::stop(context, Target(AppName("shop")), false, {}).failed());
  };
  stop();
  EXPECT_EQ(up(true).reason, "it was stopped");
  ASSERT_FALSE(up().change.failed());
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(app().wish.release(), ReleaseNumber{1});
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);

  stop();
  write_with("red", "blue");
  EXPECT_THAT(up(true).differences, ElementsAre("web.env.COLOUR: red → blue"));
  ASSERT_FALSE(up().change.failed());
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_NE(created("shop-web-1"), web);
  EXPECT_THAT(scene_.engine.lost_volumes(), IsEmpty());

  stop();
  options_.makes_anew = true;
  ASSERT_FALSE(up().change.failed());
  EXPECT_NE(created("shop-db-1"), db);
}

// Those that the command is not about stay stopped, and stay the app's.
TEST_F(BesideCompose, OfWhatWasStoppedStartsWhatIsNamed) {
  ASSERT_FALSE(up().change.failed());
  const std::string web = created("shop-web-1");
  Context context = scene_.context("belay stop");
  ASSERT_FALSE(change::stop(context, Target(AppName("shop")), false, {}).failed());
  ASSERT_FALSE(up(false, {"db"}).change.failed());
  EXPECT_TRUE(scene_.container("shop-db-1")->is_up());
  EXPECT_FALSE(scene_.container("shop-web-1")->is_up());
  EXPECT_THAT(app().wish.held_down(), ElementsAre("web"));
  options_.starts_stopped = false;
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  options_.starts_stopped = true;
  ASSERT_FALSE(up().change.failed());
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
}

// A change that fails takes back what it did: what was stopped before is stopped again.
TEST_F(BesideCompose, HoldsDownAgainWhatAFailedChangeStarted) {
  ASSERT_FALSE(up().change.failed());
  Context context = scene_.context("belay stop");
  ASSERT_FALSE(change::stop(context, Target(AppName("shop"), "web"), false, {}).failed());
  engine::Behaviour exits;
  exits.exits_after = Milliseconds(100);
  exits.exit_code = 1;
  scene_.engine.add_image("web:3", {}, exits, "web:3");
  write_with("image: web:1\n    environment", "image: web:3\n    environment");
  EXPECT_TRUE(up().change.failed());
  EXPECT_THAT(app().wish.held_down(), ElementsAre("web"));
  // It gets its name back when it is started.
  const auto held = scene_.container(app().release(*app().wish.release()).containers.at("web"));
  ASSERT_TRUE(held);
  EXPECT_FALSE(held->is_up());
  EXPECT_TRUE(scene_.container("shop-db-1")->is_up());
}

// As `up --force-recreate`: new containers of what is named, and of nothing else; the next `up` has nothing to do.
TEST_F(BesideCompose, MakesAnewWhatIsNamedThoughNothingHasChanged) {
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1"), web = created("shop-web-1");
  options_.makes_anew = true;
  const DeclaredApp shown = up(true, {"db"});
  EXPECT_EQ(shown.reason, "new containers, as asked");
  EXPECT_EQ(created("shop-db-1"), db);
  ASSERT_FALSE(up(false, {"db"}).change.failed());
  EXPECT_NE(created("shop-db-1"), db);
  EXPECT_EQ(created("shop-web-1"), web);
  const std::string new_db = created("shop-db-1");
  ASSERT_FALSE(up().change.failed());
  EXPECT_NE(created("shop-db-1"), new_db);
  EXPECT_NE(created("shop-web-1"), web);
  EXPECT_THAT(scene_.engine.lost_volumes(), IsEmpty());
  options_.makes_anew = false;
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
}

// As `up --no-recreate`: what has a container keeps it, settings and files included; what is missing is made.
TEST_F(BesideCompose, KeepsContainersWhateverTheFilesSay) {
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1"), web = created("shop-web-1");
  options_.keeps_containers = true;
  write_with("red", "blue");
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
  std::string text = two_services;
  text.replace(text.find("red"), 3, "blue");
  text.insert(text.find("  db:"), "  cache:\n    image: web:1\n");
  write(text);
  ASSERT_FALSE(up().change.failed());
  EXPECT_TRUE(scene_.container("shop-cache-1")->is_up());
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_THAT(listener_.remarks,
              Contains("web stays as it is (--no-recreate), though its files say otherwise: env.COLOUR"));
  Context context = scene_.context("belay stop");
  ASSERT_FALSE(change::stop(context, Target(AppName("shop")), false, {}).failed());
  ASSERT_FALSE(up().change.failed());
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
  EXPECT_EQ(created("shop-web-1"), web);
  options_.keeps_containers = false;
  EXPECT_THAT(up(true).differences, ElementsAre("web.env.COLOUR: red → blue"));
}

// Else the engine might give the addresses of the one to the other.
// The labels know which volumes have a name in the files, where the state does not any more.
TEST_F(BesideCompose, AfterARecoveryVolumesWithANameStayWhereTheOthersGo) {
  ImageConfig config;
  config.volumes = {"/cache"};
  scene_.engine.add_image("web:1", config, {}, "with a cache");
  ASSERT_EQ(up().change.kind, Change::Kind::done);
  const auto volumes = [&] {
    std::set<std::string> names;
    for (const auto& volume : scene_.engine.volumes({}, {})) names.insert(volume.name);
    return names;
  };
  const auto all = volumes();
  ASSERT_EQ(all.size(), 3U) << "a cache of each service, and the data";
  scene_.store.reset();
  fs::remove_all(scene_.folder.path() / "state");
  scene_.reopen();
  Context here = scene_.context("belay recover");
  ASSERT_EQ(recover(here, {}, {}).size(), 1U);
  const AppName shop("shop");
  ASSERT_EQ(stop(here, shop, false, {}).kind, Change::Kind::done);
  ASSERT_TRUE(remove_stopped(here, shop, UnnamedVolumes::go, false, {}).done);
  EXPECT_THAT(volumes(), ElementsAre("shop_data"));
}

TEST_F(BesideCompose, MakesNetworksWithAddressesOfTheirOwnFirst) {
  write(
      "name: shop\nservices:\n  web: {image: \"web:1\", networks: [a, z]}\n"
      "networks:\n  a: {}\n  z: {ipam: {config: [{subnet: 172.29.5.0/24}]}}\n");
  const DeclaredApp planned = up(true);
  std::vector<std::string> networks;
  for (const auto& action : planned.change.plan.actions)
    if (const auto* create = std::get_if<plan::CreateNetwork>(&action.step)) {
      EXPECT_EQ(action.after.empty(), networks.empty());
      networks.push_back(create->name);
    }
  EXPECT_THAT(networks, ElementsAre("shop_z", "shop_a"));
}

// As `create`: what is missing is made and stays down, and what there is stays as it is.
TEST_F(BesideCompose, MakesContainersAndStartsNone) {
  options_.starts_nothing = true;
  DeclaredApp planned = up(true);
  EXPECT_TRUE(planned.only_makes);
  for (const auto& action : planned.change.plan.actions)
    EXPECT_FALSE(std::holds_alternative<plan::StartContainer>(action.step)) << plan::step_text(action.step);
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1"), web = created("shop-web-1");
  EXPECT_FALSE(scene_.container("shop-web-1")->is_up());
  EXPECT_FALSE(scene_.container("shop-db-1")->is_up());
  EXPECT_EQ(app().releases.back().verdict, Verdict::unproven);
  EXPECT_EQ(up().change.kind, change::Change::Kind::unchanged);
  options_.starts_nothing = false;
  ASSERT_FALSE(up().change.failed());
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(app().releases.back().verdict, Verdict::passed);
  EXPECT_EQ(app().releases.size(), 1U);

  options_.starts_nothing = true;
  std::string text = two_services;
  text.replace(text.find("red"), 3, "blue");
  text.insert(text.find("  db:"), "  cache:\n    image: web:1\n");
  write(text);
  ASSERT_FALSE(up().change.failed());
  EXPECT_FALSE(scene_.container("shop-cache-1")->is_up());
  EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
  EXPECT_EQ(created("shop-web-1"), web);
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_THAT(listener_.remarks, Contains("web stays as it is, though its files say otherwise: env.COLOUR"));
}

// What is down by itself is no wish of anybody's: it is neither started now nor kept from being started later.
TEST_F(BesideCompose, MakesContainersAndHoldsNothingDownThatCrashed) {
  engine::Behaviour crashes;
  crashes.exits_after = Seconds(600);
  crashes.exit_code = 1;
  scene_.engine.add_image("web:3", {}, crashes, "web:3");
  std::string text = two_services;
  text.replace(text.rfind("web:1"), 5, "web:3");
  write(text);
  ASSERT_FALSE(up().change.failed());
  scene_.clock.advance(Seconds(700));
  ASSERT_FALSE(scene_.container("shop-db-1")->is_up());
  const std::string db = created("shop-db-1");

  options_.starts_nothing = true;
  for (const std::vector<std::string>& services : {std::vector<std::string>{}, {"web"}}) {
    EXPECT_EQ(up(false, services).change.kind, change::Change::Kind::unchanged);
    EXPECT_FALSE(scene_.container("shop-db-1")->is_up());
    EXPECT_THAT(app().wish.held_down(), IsEmpty());
  }
  // Beside a service that is new, and one that somebody removed and nobody asks for.
  text.insert(text.find("  db:"), "  cache:\n    image: web:1\n");
  write(text);
  ASSERT_FALSE(up(false, {"cache"}).change.failed());
  EXPECT_FALSE(scene_.container("shop-db-1")->is_up());
  EXPECT_EQ(created("shop-db-1"), db);
  EXPECT_THAT(app().wish.held_down(), ElementsAre("cache"));
  scene_.engine.remove_container("shop-db-1", {});
  EXPECT_EQ(up(false, {"cache"}).change.kind, change::Change::Kind::unchanged);
  EXPECT_FALSE(scene_.container("shop-db-1"));
  EXPECT_THAT(app().wish.held_down(), ElementsAre("cache"));

  // As `apply` and `serve`: it is repaired, and what was only made stays down.
  options_.starts_nothing = options_.starts_stopped = false;
  ASSERT_FALSE(up().change.failed());
  EXPECT_TRUE(scene_.container("shop-db-1")->is_up());
  EXPECT_FALSE(scene_.container("shop-cache-1")->is_up());

  // Made because it was asked for, it stays down.
  scene_.clock.advance(Seconds(700));
  scene_.engine.remove_container("shop-db-1", {});
  options_.starts_nothing = true;
  ASSERT_FALSE(up(false, {"db"}).change.failed());
  EXPECT_FALSE(scene_.container("shop-db-1")->is_up());
  EXPECT_THAT(app().wish.held_down(), UnorderedElementsAre("cache", "db"));
}

// The power goes off after each call of a `create` in turn: the next one makes what is missing, and starts nothing that
// had crashed. (`apply` and `serve` finish it too; they repair what crashed.)
TEST_F(BesideCompose, WhereverACreateIsCutShortTheNextStartsNothingThatCrashed) {
  engine::Behaviour crashes;
  crashes.exits_after = Seconds(600);
  crashes.exit_code = 1;
  scene_.engine.add_image("web:3", {}, crashes, "web:3");
  std::string text = two_services;
  text.replace(text.rfind("web:1"), 5, "web:3");
  for (const std::vector<std::string>& again : {std::vector<std::string>{"cache"}, {}})
    for (int calls = 0;; ++calls) {
      const std::string which = format("{} services named, {} calls", again.size(), calls);
      ASSERT_LT(calls, 100);
      write(text);
      options_.starts_nothing = false;
      options_.starts_stopped = true;
      ASSERT_FALSE(up().change.failed());
      scene_.clock.advance(Seconds(700));
      ASSERT_FALSE(scene_.container("shop-db-1")->is_up());
      std::string more = text;
      more.insert(more.find("  db:"), format("  cache:\n    image: web:1\n    environment: {{N: '{}'}}\n", which));
      write(more);
      options_.starts_nothing = true;
      bool crashed = false;
      scene_.engine.crash_after(calls);
      try {
        std::ignore = up(false, {"cache"});
      } catch (const engine::MemoryEngine::Crash&) {
        crashed = true;
      }
      scene_.engine.crash_after(std::nullopt);
      scene_.reopen();
      ASSERT_FALSE(up(false, again).change.failed()) << which;
      EXPECT_FALSE(scene_.container("shop-db-1")->is_up()) << which;
      EXPECT_TRUE(scene_.container("shop-web-1")->is_up()) << which;
      const auto cache = scene_.container("shop-cache-1");
      EXPECT_TRUE(cache && !cache->is_up()) << which;
      if (!crashed) break;
    }
}

// A build that is out of reach is no obstacle as long as the image is there, or a registry has it.
TEST_F(BesideCompose, UsesImagesThatItCouldNotBuild) {
  for (const std::string build :
       {"{context: ., ssh: [default]}", "{context: ., additional_contexts: {a: ./a}}",
        "{context: ., platforms: [linux/amd64, linux/arm64]}", "'https://example.com/a.git'"}) {
    const auto project = [&](const std::string& image) {
      write(format("name: shop\nservices:\n  web:\n    image: {}\n    build: {}\n", image, build));
    };
    project("web:1");
    EXPECT_FALSE(up().change.failed()) << build;
    EXPECT_TRUE(scene_.container("shop-web-1")->is_up());
    // What a registry may have is pulled; what has no name of its own is built, or nothing.
    const auto before = scene_.engine.changes();
    project("web:9");
    EXPECT_NE(up(true).kind, DeclaredApp::Kind::broken);
    const DeclaredApp refused = up();
    EXPECT_EQ(refused.kind, DeclaredApp::Kind::broken);
    EXPECT_THAT(refused.reason,
                AllOf(HasSubstr("compose.yaml:5:"), HasSubstr("services.web.build"), HasSubstr("pull web:9")));
    for (const std::string policy : {"build", "never"}) {
      write(format("name: shop\nservices:\n  web:\n    image: web:9\n    build: {}\n    pull_policy: {}\n", build,
                   policy));
      EXPECT_THAT(up().reason, AllOf(HasSubstr("services.web.build"), Not(HasSubstr("pull web:9"))));
    }
    write(format("name: shop\nservices:\n  web:\n    build: {}\n", build));
    EXPECT_THAT(up().reason, AllOf(HasSubstr("services.web.build"), Not(HasSubstr("pull "))));
    EXPECT_EQ(scene_.engine.changes(), before);
    scene_.engine.in_registry("web:9", {}, {}, "9");
    project("web:9");
    EXPECT_FALSE(up().change.failed()) << build;
    EXPECT_EQ(scene_.container("shop-web-1")->image, scene_.engine.image("web:9", {})->id);
    scene_.engine.not_in_registry("web:9");
    project("web:1");
    EXPECT_FALSE(up().change.failed()) << build;
    std::ignore = scene_.engine.remove_image("web:9", {});
  }
}

// What only a newer engine knows is known before anything is made, also to a preview.
TEST_F(BesideCompose, RefusesWhatTheEngineIsTooOldForBeforeItMakesAnything) {
  const auto project = [&](const std::string& web, const std::string& network) {
    write(
        format("name: shop\nservices:\n  web: {{image: 'web:1', volumes: ['data:/d'], networks: {{back: {}}}{}}}\n"
               "volumes: {{data: }}\nnetworks: {{back: {}}}\n",
               web.starts_with('{') ? web : "{}", web.starts_with('{') ? "" : web, network));
  };
  const std::vector<std::array<std::string, 3>> cases{
      {", annotations: {a: b}", "{}", "web: an annotation needs Docker 24.0"},
      {"{gw_priority: 5}", "{}", "a gateway priority needs Docker 28.0"},
      {"{mac_address: '02:42:ac:11:00:02'}", "{}", "a hardware address of its own needs Docker 25.0"},
      {"", "{enable_ipv4: false}", "to be without IPv4 needs Docker 28.0"},
  };
  const auto before = scene_.engine.changes();
  for (const auto& [web, network, why] : cases) {
    project(web, network);
    EXPECT_THAT(up(true).reason, HasSubstr(why));
    EXPECT_THAT(up().reason, HasSubstr(why));
    EXPECT_EQ(scene_.engine.changes(), before) << why;
  }
  project("", "{enable_ipv4: true}");
  EXPECT_FALSE(up().change.failed());
}

// Nothing is left out without a word.
TEST_F(BesideCompose, SaysWhatAnOlderEngineLeavesOutOfAHealthCheck) {
  const auto told = [&] {
    return std::count_if(listener_.remarks.begin(), listener_.remarks.end(), [](const std::string& text) {
      return text.find("start_interval has no effect") != std::string::npos;
    });
  };
  const auto project = [&](const std::string& more) {
    write("name: shop\nservices:\n  web:\n    image: web:1\n    healthcheck: {test: [CMD, 'true']" + more + "}\n");
  };
  project(", interval: 2s");
  up(true);
  EXPECT_EQ(told(), 0);
  project(", interval: 2s, start_period: 10s, start_interval: 1s");
  up(true);
  EXPECT_EQ(told(), 1);
  project(", interval: 2s, start_period: 10s, start_interval: 1s, disable: false");
  options_.change.wait = false;
  up();
  EXPECT_EQ(told(), 2);
  up();
  EXPECT_EQ(told(), 2) << "nothing is made";
}

// What a service may be called is not always what an image may be called.
TEST_F(BesideCompose, PullsForServicesWhoseNamesAreNoNamesOfImages) {
  for (const std::string service : {"Web", "web_", "WEB.1", "web__-", "_web"}) {
    write(
        format("name: shop\nservices:\n  {}:\n    image: web:9\n    build: {{context: ., ssh: [default]}}\n", service));
    scene_.engine.not_in_registry("web:9");
    EXPECT_THAT(up().reason, AllOf(HasSubstr("compose.yaml:5:"), HasSubstr("pull web:9"))) << service;
    scene_.engine.in_registry("web:9", {}, {}, "9");
    EXPECT_NE(up(true).kind, DeclaredApp::Kind::broken) << service;
    const DeclaredApp done = up();
    EXPECT_FALSE(done.change.failed()) << service << ": " << done.reason;
    EXPECT_TRUE(scene_.container(format("shop-{}-1", service))->is_up()) << service;
    write("name: shop\nservices:\n  other: {image: 'web:1'}\n");
    EXPECT_FALSE(up().change.failed());
    std::ignore = scene_.engine.remove_image("web:9", {});
  }
}

class BesideTheIll : public BesideCompose {
 protected:
  // gate needs web, and is well for ten minutes.
  void up_until_ill(const std::string& web) {
    ImageConfig config;
    config.health = HealthCheck{{"CMD", "well"}, {}, {}, {}, {}};
    engine::Behaviour behaviour;
    behaviour.healthy_after = Milliseconds(100);
    behaviour.unhealthy_after = Seconds(600);
    scene_.engine.add_image("gate:1", config, behaviour, "gate:1");
    write_web(web);
    options_.starts_stopped = false;
    ASSERT_FALSE(up().change.failed());
    scene_.clock.advance(Seconds(660));
  }
  void write_web(const std::string& web) {
    write(format("name: shop\nservices:\n  web: {}\n  gate: {{image: 'gate:1', depends_on: [web]}}\n", web));
  }
  // What failed is held, and nothing is touched for it any more.
  void expect_held() {
    for (int pass = 0; pass < 3; ++pass) {
      const auto before = scene_.engine.changes();
      const DeclaredApp held = up();
      EXPECT_EQ(held.kind, DeclaredApp::Kind::held);
      EXPECT_THAT(held.reason, AllOf(HasSubstr("the same settings failed as r2: gate: it is unhealthy"),
                                     HasSubstr("belay retry shop")));
      EXPECT_EQ(scene_.engine.changes(), before);
    }
  }
};

TEST_F(BesideTheIll, AChangeThatAnUnchangedServiceFailedIsNotTriedAgain) {
  up_until_ill("{image: 'web:1'}");
  write_web("{image: 'web:2'}");
  EXPECT_EQ(up().change.kind, change::Change::Kind::rolled_back);
  EXPECT_THAT(app().quarantine, IsEmpty());
  expect_held();
  // As `serve`, which helps the one that is ill.
  options_.heal.emplace();
  const size_t known = scene_.engine.changes().size();
  for (int pass = 0; pass < 3; ++pass) std::ignore = up();
  const auto all = scene_.engine.changes();
  EXPECT_THAT(std::vector(all.begin() + static_cast<std::ptrdiff_t>(known), all.end()),
              ElementsAre("stop shop-gate-1", "start shop-gate-1"));
  options_.heal.reset();
  EXPECT_EQ(up().kind, DeclaredApp::Kind::held) << "it is not known whether it would go well now";
  write_web("{image: 'web:2', environment: {A: b}}");
  EXPECT_EQ(up().change.kind, change::Change::Kind::done) << "another definition is worth a try";
  EXPECT_EQ(app().wish.release(), ReleaseNumber{3});
}

// The tag moves on: no quarantine stands in the way, and the image may be gone meanwhile.
TEST_F(BesideTheIll, AnUpdateThatAnUnchangedServiceFailedIsNotTriedAgain) {
  scene_.engine.in_registry("web:latest", {}, {}, "1");
  options_.ask_registries = true;
  up_until_ill("{image: 'web:latest', pull_policy: always}");
  scene_.engine.in_registry("web:latest", {}, {}, "2");
  EXPECT_EQ(up().change.kind, change::Change::Kind::rolled_back);
  EXPECT_THAT(app().quarantine, IsEmpty());
  expect_held();
  scene_.engine.remove_image(app().release({2}).images.at("web"), {});
  ASSERT_FALSE(scene_.engine.image(app().release({2}).images.at("web"), {}));
  expect_held();
}

// Only those that are asked for, beside an app that is stopped as a whole.
TEST_F(BesideCompose, MakesTheNamedContainersBesideWhatIsStopped) {
  ASSERT_FALSE(up().change.failed());
  Context context = scene_.context("belay stop");
  ASSERT_FALSE(change::stop(context, Target(AppName("shop")), false, {}).failed());
  scene_.engine.remove_container("shop-web-1", {});
  scene_.engine.remove_container("shop-db-1", {});
  options_.starts_nothing = true;
  ASSERT_FALSE(up(false, {"db"}).change.failed());
  EXPECT_FALSE(scene_.container("shop-db-1")->is_up());
  EXPECT_FALSE(scene_.container("shop-web-1"));
}

// As `up --always-recreate-deps web`.
TEST_F(BesideCompose, MakesAnewWhatTheNamedOnesNeed) {
  ASSERT_FALSE(up().change.failed());
  const std::string db = created("shop-db-1"), web = created("shop-web-1");
  options_.makes_needs_of_anew = {"web"};
  ASSERT_FALSE(up(false, {"web"}).change.failed());
  EXPECT_NE(created("shop-db-1"), db);
  EXPECT_EQ(created("shop-web-1"), web);
}

// What did not prove itself, and does later: that was seen, and is said.
TEST_F(BesideCompose, AsksAgainForTheVerdictOfWhatIsInTrouble) {
  engine::Behaviour slow;
  slow.ports[80] = {200, "", Seconds(60)};
  scene_.engine.add_image("web:3", {}, slow, "web:3");
  write("name: shop\nservices:\n  web:\n    image: web:3\n    x-belay: {check: 'GET :80/ 200'}\n");
  options_.change.wait = false;
  ASSERT_FALSE(up().change.failed());
  options_.change.wait = true;
  Context context = scene_.context("belay restart");
  change::ChangeOptions options;
  options.wait_timeout = Seconds(10);
  ASSERT_TRUE(change::restart(context, Target(AppName("shop")), options, {}).failed());
  ASSERT_FALSE(app().wish.trouble.empty());
  ASSERT_EQ(app().release(*app().wish.release()).verdict, Verdict::failed);
  scene_.clock.advance(Seconds(60));
  EXPECT_FALSE(up().change.failed());
  EXPECT_EQ(app().wish.trouble, "");
  EXPECT_EQ(app().release(*app().wish.release()).verdict, Verdict::passed);
}

// The power goes off after each call of a takeover in turn: all runs on, and the next one finishes it.
TEST_F(BesideCompose, LeavesAllRunningWhereverATakeoverIsCutShort) {
  compose_up();
  const auto running = scene_.running();
  for (int calls = 0;; ++calls) {
    ASSERT_LT(calls, 200);
    scene_.engine.crash_after(calls);
    bool crashed = false;
    try {
      std::ignore = up();
    } catch (const engine::MemoryEngine::Crash&) {
      crashed = true;
    }
    scene_.engine.crash_after(std::nullopt);
    scene_.reopen();
    EXPECT_EQ(scene_.running(), running);
    if (!crashed) break;
  }
  EXPECT_EQ(up().kind, DeclaredApp::Kind::unchanged);
}

TEST(InWordsOf, WhatMeansTheSameIsTheSame) {
  ImageConfig image;
  image.environment = {{"PATH", "/bin"}};
  image.entrypoint = {"/run"};
  image.exposed_ports = {"80/tcp"};
  image.health = HealthCheck{};
  image.health->test = {"CMD", "true"};
  image.health->interval = Milliseconds(5000);
  Service declared;
  declared.name = "web";
  declared.environment = {{"PATH", "/bin"}, {"A", "1"}};
  declared.cap_add = {"NET_ADMIN", "SYS_TIME"};
  declared.networks = {{"n", {"web"}, "", ""}};
  declared.health = HealthCheck{};
  declared.health->interval = Milliseconds(5000);
  declared.entrypoint = {{"/run"}};
  declared.command = {{"serve"}};
  declared.mounts = {{Mount::Kind::bind, "/b", "/b", true, "rprivate"}, {Mount::Kind::volume, "a", "/a", false, {}}};
  declared.init = false;
  declared.shm_size = ByteCount{64 << 20};
  declared.log_driver = "json-file";
  Service shown;
  shown.environment = {{"A", "1"}, {"HTTP_PROXY", "http://proxy"}, {"affinity:container", "=0123"}};
  shown.labels = {{"com.docker.compose.service", "web"}};
  shown.cap_add = {"CAP_SYS_TIME", "CAP_NET_ADMIN"};
  shown.networks = {{"n", {"shop-web-1", "web"}, "", ""}};
  shown.command = {{"serve"}};
  shown.mounts = {{Mount::Kind::volume, "a", "/a", false, {}}, {Mount::Kind::bind, "/b/", "/b", true, {}}};
  shown.exposed_ports = {"3000", "8000-8001"};
  declared.exposed_ports = {"3000/tcp", "8000/tcp", "8001/tcp"};
  shown.security_opt = {"no-new-privileges:true"};
  declared.security_opt = {"no-new-privileges=true"};
  declared.may_end = true;
  EXPECT_EQ(declared::in_words_of(declared, shown, image, "shop-web-1"), declared);

  // 0 is "not said"; what the kernel cannot do the engine drops.
  declared.health->timeout = declared.health->start_period = declared.health->start_interval = Milliseconds(0);
  declared.health->retries = 0;
  declared.oom_score_adj = declared.memory_swappiness = 0;
  declared.resources.blkio_weight = 300;
  declared.resources.memory_swap = ByteCount{1 << 30};
  shown.mounts[1].source = "/a/../b/";
  EXPECT_EQ(declared::in_words_of(declared, shown, image, "shop-web-1"), declared);

  shown.oom_score_adj = 5;
  shown.resources.blkio_weight = 200;
  const Service limited = declared::in_words_of(declared, shown, image, "shop-web-1");
  EXPECT_EQ(limited.oom_score_adj, 5);
  EXPECT_EQ(limited.resources.blkio_weight, 200);

  shown.mounts[0].source = "other";
  shown.cap_add = {"CAP_SYS_TIME"};
  shown.networks[0].aliases.emplace_back("www");
  const Service other = declared::in_words_of(declared, shown, image, "shop-web-1");
  EXPECT_NE(other.mounts, declared.mounts);
  EXPECT_NE(other.cap_add, declared.cap_add);
  EXPECT_NE(other.networks, declared.networks);
}

// Under no entry point at all the image's command is started; another's is not.
TEST(InWordsOf, AnEmptyEntrypointLeavesTheCommandOfTheImage) {
  ImageConfig image;
  image.entrypoint = {"/run"};
  image.command = {"serve"};
  Service none, shown;
  none.entrypoint = std::vector<std::string>();
  shown.entrypoint = std::vector<std::string>();
  shown.command = {{"serve"}};
  EXPECT_EQ(declared::in_words_of(none, shown, image, "shop-web-1"), none);
  Service word = none;
  word.entrypoint = {{""}};
  word.command = {{"serve"}};
  EXPECT_EQ(declared::in_words_of(word, shown, image, "shop-web-1"), word);
  // What the image would do by itself is something else.
  EXPECT_NE(declared::in_words_of(Service{}, shown, image, "shop-web-1"), Service{});
  EXPECT_NE(declared::in_words_of(none, Service{}, image, "shop-web-1"), none);
}

}  // namespace
}  // namespace belay::scene
