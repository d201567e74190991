// The orders of units that are no change of an app, and the removal of a part of one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "base/lock.h"
#include "change/apps.h"
#include "change/new_release.h"
#include "engine/captured_output.h"
#include "support/scene/scene.h"
#include "units/execute.h"
#include "units/fields.h"
#include "units/images.h"
#include "units/links.h"
#include "units/own_container.h"

namespace belay::scene {
namespace {

using formats::dockerstra::Execution;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UnitOrders : public ::testing::Test {
 protected:
  UnitOrders() {
    scene_.run("deploy 1");
    container_ = scene_.app().releases.back().containers.at("web");
    unit_.spec = scene_.app().releases.back().spec;
    unit_.spec.services.front().image = scene_.image_of("1");
  }

  int execute(Execution::Place place, std::vector<std::string> words = {"true"}) {
    auto here = scene_.context();
    units::Command command{{place, std::move(words), {}}, "web", container_};
    return units::execute(here, unit_, command, output_, {}, {});
  }
  std::vector<std::string> containers() {
    std::vector<std::string> names;
    for (const auto& each : scene_.engine.containers({}, {})) names.push_back(each.name);
    return names;
  }
  Removed remove(bool volumes, bool dry_run = false) {
    auto here = scene_.context();
    return remove_part(here, Target(web, "web"), volumes, dry_run, [](const auto&) { return true; }, {});
  }

  Scene scene_;
  std::string container_;
  Declaration unit_{web};
  engine::CapturedOutput output_;
};

TEST_F(UnitOrders, ACommandOnTheHostIsHeardAndItsExitCodeIsKept) {
  EXPECT_EQ(execute(Execution::Place::host, {"sh", "-c", "echo said; echo wrong >&2; exit 3"}), 3);
  EXPECT_THAT(output_.text(), HasSubstr("said"));
  EXPECT_THAT(output_.text(), HasSubstr("wrong"));
}

TEST_F(UnitOrders, ACommandInARunningContainerMakesNoOther) {
  const size_t before = scene_.engine.changes().size();
  EXPECT_EQ(execute(Execution::Place::in_running), 0);
  EXPECT_EQ(scene_.engine.changes().size(), before);
}

TEST_F(UnitOrders, AContainerForOneCommandLeavesNothing) {
  const auto before = containers();
  ImageConfig config;
  config.volumes = {"/data"};
  engine::Behaviour behaviour;
  behaviour.exits_after = Milliseconds(100);
  behaviour.exit_code = 4;
  behaviour.output = "counted\n";
  scene_.engine.add_image("job:1", config, behaviour, "1");
  unit_.spec.services.front().image = "job:1";
  EXPECT_EQ(execute(Execution::Place::temporary), 4);
  EXPECT_EQ(output_.text(), "counted\n");
  EXPECT_EQ(containers(), before);
  EXPECT_EQ(scene_.leftovers(), "");
}

TEST_F(UnitOrders, TheFileSystemOfAContainerThatIsNotThereIsRefused) {
  container_ = "elsewhere";
  EXPECT_THROW(execute(Execution::Place::file_system), NotFound);
  scene_.stranger("elsewhere", {});
  EXPECT_THROW(execute(Execution::Place::file_system), Conflict);
  EXPECT_THROW(execute(Execution::Place::in_running), Conflict);
}

TEST_F(UnitOrders, ACommittedImageDoesNotPassForTheUnits) {
  auto here = scene_.context();
  const plan::Plan plan = units::plan_of_commit(here, {container_, "web:kept", {}, {}, {"LABEL a=b"}}, false, {});
  const auto& step = std::get<plan::CommitContainer>(plan.actions.at(0).step);
  EXPECT_THAT(step.changes, Contains("LABEL a=b"));
  EXPECT_THAT(step.changes, Contains("LABEL belay.app=\"\""));
  EXPECT_THAT(step.changes, Contains("LABEL belay.release=\"\""));
  EXPECT_THROW(units::plan_of_commit(here, {"elsewhere", "web:kept", {}, {}, {}}, false, {}), NotFound);
}

TEST_F(UnitOrders, ALinkLeadsElsewhereOnlyWhereTheContainerIsNotHere) {
  auto here = scene_.context();
  scene_.stranger("near", {});
  Service& service = unit_.spec.services.front();
  const std::vector<std::string> links{"near:n", "far:f", "web:w", "named:named"};
  service.links = links;
  units::resolve_links(here, unit_, {}, {});
  EXPECT_EQ(service.links, links) << "nothing is said of other hosts";
  EXPECT_THROW(units::resolve_links(here, unit_, {{{"far", "192.0.2.7"}}, {}}, {}), NotFound);
  service.links = links;
  service.extra_hosts.clear();
  units::resolve_links(here, unit_, {{{"far", "192.0.2.7"}}, {"sh", "-c", "echo 2001:db8::$#", "name"}}, {});
  EXPECT_EQ(service.links, (std::vector<std::string>{"near:n", "web:w"}));
  EXPECT_EQ(service.extra_hosts, (std::vector<std::string>{"f:192.0.2.7", "far:192.0.2.7", "named:2001:db8::1"}));
  service.links = {"other:o"};
  EXPECT_THROW(units::resolve_links(here, unit_, {{}, {"echo"}}, {}), NotFound);
  EXPECT_THROW(units::resolve_links(here, unit_, {{}, {"false"}}, {}), NotFound);
}

TEST_F(UnitOrders, AnImageThatIsInUseStays) {
  auto here = scene_.context();
  EXPECT_FALSE(units::remove_image(here, {"nothing:1"}, {}).is_gone);
  const std::string id = scene_.engine.image(scene_.image_of("1"), {})->id;
  const units::ImageGone gone = units::remove_image(here, {id}, {});
  EXPECT_FALSE(gone.is_gone);
  EXPECT_THAT(gone.why, HasSubstr(container_));
}

TEST_F(UnitOrders, AnImageThatAStoppedContainerUsesGoesWhereThatIsForced) {
  auto here = scene_.context();
  scene_.run("stop");
  const std::string id = scene_.engine.image(scene_.image_of("1"), {})->id;
  EXPECT_FALSE(units::remove_image(here, {id}, {}).is_gone);
  EXPECT_TRUE(units::remove_image(here, {id, true}, {}).is_gone);
  EXPECT_FALSE(scene_.engine.image(id, {}));
}

// A unit with a container that links to `near` and `far`, neither of which is its own.
std::string front_of_shop(Scene& scene) {
  scene.stranger("near", {});
  scene.stranger("far", {});
  Service front;
  front.name = "front";
  front.links = {"near:n", "far:f"};
  App app(AppName("shop"));
  ReleaseDraft draft;
  draft.spec.services = {front};
  draft.images["front"] = scene.engine.image(scene.image_of("1"), {})->id;
  auto here = scene.context();
  EXPECT_EQ(start_draft(here, app, draft, {}, Containers::new_ones, "deploy", {}).kind, Change::Kind::done);
  return app.releases.back().containers.at("front");
}
std::vector<std::string> links_of(Scene& scene, const std::string& container) {
  return scene.engine.container(container, {})->service.links;
}

TEST_F(UnitOrders, LinksAreTakenAwayFromThoseThatHaveThem) {
  auto here = scene_.context();
  const std::string front = front_of_shop(scene_);
  scene_.engine.stop_container("near", {}, {});
  scene_.engine.remove_container("near", {});
  const AppName shop("shop");
  const plan::Plan dry = units::unlink(here, shop, "near", {front, "nobody"}, true, {});
  ASSERT_EQ(dry.actions.size(), 1U);
  EXPECT_EQ(plan::step_text(dry.actions.front().step), format("remove the link n of {}", front));
  EXPECT_EQ(links_of(scene_, front), (std::vector<std::string>{"near:n", "far:f"}));
  EXPECT_EQ(units::unlink(here, shop, "near", {front, "nobody"}, false, {}).actions.size(), 1U);
  EXPECT_EQ(links_of(scene_, front), std::vector<std::string>{"far:f"});
  scene_.engine.create_network({"web", {}, {}}, {});
  scene_.engine.connect_network(container_, {"web", {"page"}, {}, {}}, {});
  EXPECT_FALSE(units::unlink(here, web, container_, {front}, false, {}).empty());
  const auto detail = scene_.engine.container(container_, {});
  for (const auto& link : detail->service.networks)
    if (link.network == "web") EXPECT_THAT(link.aliases, IsEmpty());
  EXPECT_TRUE(units::unlink(here, web, container_, {front}, false, {}).empty());
}

// A power cut between leaving the network and joining it again under no name.
TEST_F(UnitOrders, LinksThatWereHalfTakenAwayAreTakenAwayByTheSameOrder) {
  for (int at = 0;; ++at) {
    ASSERT_LT(at, 20) << "never came to an end";
    Scene scene;
    scene.run("deploy 1");
    Service front;
    front.name = "front";
    front.networks = {{"shop", {"page"}, "", ""}};
    App app(AppName("shop"));
    ReleaseDraft draft;
    draft.spec.services = {front};
    draft.images["front"] = scene.engine.image(scene.image_of("1"), {})->id;
    auto here = scene.context();
    ASSERT_EQ(start_draft(here, app, draft, {}, Containers::new_ones, "deploy", {}).kind, Change::Kind::done);
    const std::string container = app.releases.back().containers.at("front");
    const auto unlink = [&] {
      auto now = scene.context();
      return units::unlink(now, AppName("shop"), container, {}, false, {});
    };
    scene.engine.crash_after(at);
    bool is_cut = false;
    try {
      unlink();
    } catch (const engine::MemoryEngine::Crash&) {
      is_cut = true;
    }
    scene.engine.crash_after(std::nullopt);
    scene.reopen();
    if (is_cut) unlink();
    const auto detail = scene.engine.container(container, {});
    ASSERT_EQ(detail->service.networks.size(), 1U) << "cut off after " << at << " calls";
    EXPECT_THAT(detail->service.networks.front().aliases, IsEmpty());
    EXPECT_TRUE(unlink().empty());
    if (!is_cut) break;
  }
}

TEST_F(UnitOrders, NoLinkOfAStrangerIsTakenAwayNorOfWhatAnotherCommandWorksOn) {
  auto here = scene_.context();
  const std::string front = front_of_shop(scene_);
  const AppName shop("shop");
  const std::vector<std::string> both{"near:n", "far:f"};
  EXPECT_THROW(units::unlink(here, shop, "near", {front}, false, {}), Conflict) << "near is a stranger's";
  EXPECT_THROW(units::unlink(here, shop, "near", {front}, true, {}), Conflict);
  scene_.engine.stop_container("near", {}, {});
  scene_.engine.remove_container("near", {});
  EXPECT_TRUE(units::unlink(here, web, "near", {front}, false, {}).empty()) << "front is another unit's";
  EXPECT_EQ(links_of(scene_, front), both);
  {
    const FileLock held = lock_app(here, shop, {});
    auto other = scene_.context();
    other.wait_for_lock = false;
    EXPECT_THROW(units::unlink(other, shop, "near", {front}, false, {}), LockHeld);
  }
  EXPECT_EQ(links_of(scene_, front), both);
}

TEST_F(UnitOrders, AContainerIsTheUnitsOwnOrThereIsNone) {
  auto here = scene_.context();
  EXPECT_EQ(units::own_container(here, web, container_, {})->container.name, container_);
  EXPECT_FALSE(units::own_container(here, web, "nobody", {}));
  scene_.stranger("theirs", {});
  EXPECT_THROW(units::own_container(here, web, "theirs", {}), Conflict);
  EXPECT_THROW(units::own_container(here, AppName("shop"), container_, {}), Conflict);
}

TEST(UnitFields, StandForWhatTheContainerHas) {
  ContainerDetail detail;
  detail.container.name = "web-1";
  detail.container.labels = {{"k", "v"}};
  detail.network_addresses = {{"front", "192.0.2.7"}};
  const auto fill = [&](const std::string& word) {
    return units::filled_in({word},
                            [&](const std::string& name) {
                              if (name != "web") throw NotFound(ErrorCode::container_not_found, "none");
                              return detail;
                            })
        .front();
  };
  EXPECT_EQ(fill("http://[[.NetworkSettings.IPAddress]](web):80/{{.Config.Labels.k}}(web)"), "http://192.0.2.7:80/v");
  EXPECT_EQ(fill("{{.NetworkSettings.Networks.front.IPAddress}}(web){{.Name}}(web)"), "192.0.2.7/web-1");
  EXPECT_EQ(fill("[[.Name]] and {{.Name}}(web"), "[[.Name]] and {{.Name}}(web");
  EXPECT_FALSE(units::has_fields({"[[.Name]]", "plain"}));
  EXPECT_THROW(fill("[[.Config.Nothing]](web)"), UsageError);
  EXPECT_THROW(fill("[[.Name]](other)"), NotFound);
}

// Wherever it is cut off: the next one makes what is missing, and nothing of it runs.
TEST_F(UnitOrders, ContainersThatAreMadeAreDownUntilTheyAreStarted) {
  for (int at = 0, was_cut = 1; was_cut != 0; ++at) {
    ASSERT_LT(at, 100);
    Scene scene;
    scene.run("deploy 1");
    const auto make = [&] {
      auto here = scene.context();
      ChangeOptions options;
      options.makes = {"web"};
      return make_services(here, web, options, {}).kind;
    };
    auto here = scene.context();
    remove_part(here, Target(web, "web"), false, false, [](const auto&) { return true; }, {});
    scene.engine.crash_after(at);
    was_cut = 0;
    try {
      EXPECT_EQ(make(), Change::Kind::done);
    } catch (const engine::MemoryEngine::Crash&) {
      was_cut = 1;
    }
    scene.engine.crash_after(std::nullopt);
    scene.reopen();
    make();
    const auto all = scene.engine.containers({}, {});
    ASSERT_EQ(all.size(), 1U) << at;
    EXPECT_EQ(all.front().state, ContainerState::created) << at;
    auto again = scene.context();
    EXPECT_EQ(start_services(again, Target(web, "web"), {}, {}).kind, Change::Kind::done) << at;
    EXPECT_TRUE(scene.engine.containers({}, {}).front().is_up()) << at;
  }
}

TEST_F(UnitOrders, ARemovedPartKeepsItsDataAndComesBack) {
  EXPECT_FALSE(remove(false, true).done);
  EXPECT_THAT(containers(), Contains(container_));
  EXPECT_TRUE(remove(false).done);
  EXPECT_THAT(containers(), IsEmpty());
  EXPECT_EQ(scene_.engine.volumes({}, {}).size(), 1U);
  EXPECT_FALSE(remove(false).done);
  auto here = scene_.context();
  EXPECT_EQ(start_services(here, Target(web, "web"), {}, {}).kind, Change::Kind::done);
  EXPECT_THAT(containers(), Contains(container_));
}

TEST_F(UnitOrders, ARemovedPartTakesOnlyWhatNothingElseHas) {
  EXPECT_TRUE(remove(true).done);
  EXPECT_THAT(scene_.engine.volumes({}, {}), IsEmpty());
}

TEST_F(UnitOrders, ARemovalThatIsCutOffIsFinishedByTheNext) {
  for (int at = 0; at < 8; ++at) {
    Scene scene;
    scene.run("deploy 1");
    scene.report.crash_after = at;
    bool was_cut = false;
    try {
      auto here = scene.context();
      std::ignore = remove_part(here, Target(web, "web"), false, false, [](const auto&) { return true; }, {});
    } catch (const engine::MemoryEngine::Crash&) {
      was_cut = true;
    }
    scene.report.crash_after = {};
    scene.reopen();
    auto here = scene.context();
    std::ignore = remove_part(here, Target(web, "web"), false, false, [](const auto&) { return true; }, {});
    EXPECT_THAT(scene.running(), IsEmpty()) << at;
    EXPECT_NE(start_services(here, Target(web, "web"), {}, {}).kind, Change::Kind::rolled_back) << at;
    EXPECT_EQ(scene.trouble("1"), "") << at;
    if (!was_cut) break;
  }
}

}  // namespace
}  // namespace belay::scene
