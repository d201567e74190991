// The orders of units that are no change of an app, and the removal of a part of one.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "change/carry_out.h"
#include "engine/captured_output.h"
#include "support/scene/scene.h"
#include "units/execute.h"
#include "units/fields.h"
#include "units/images.h"
#include "units/links.h"

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

TEST_F(UnitOrders, LinksAreTakenAwayFromThoseThatHaveThem) {
  auto here = scene_.context();
  scene_.stranger("linking", {});
  Service service;
  service.name = "front";
  service.links = {container_ + ":web", "linking:other"};
  scene_.engine.create_container({"front", scene_.image_of("1"), service, {}, {}}, {});
  const plan::Plan plan = units::plan_of_unlinking(here, container_, {"front", "linking", "nobody"}, "unit", {});
  ASSERT_EQ(plan.actions.size(), 1U);
  EXPECT_EQ(plan::step_text(plan.actions.front().step), "remove the link web of front");
  carry_out_whole(here, plan, {}, {});
  EXPECT_EQ(scene_.engine.container("front", {})->service.links, (std::vector<std::string>{"linking:other"}));
  scene_.engine.create_network({"unit", {}, {}}, {});
  scene_.engine.connect_network(container_, {"unit", {"web"}, {}, {}}, {});
  carry_out_whole(here, units::plan_of_unlinking(here, container_, {"front"}, "unit", {}), {}, {});
  const auto detail = scene_.engine.container(container_, {});
  for (const auto& link : detail->service.networks)
    if (link.network == "unit") EXPECT_THAT(link.aliases, IsEmpty());
  EXPECT_TRUE(units::plan_of_unlinking(here, container_, {"front"}, "unit", {}).empty());
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
