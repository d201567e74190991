// `belay run`: a container for one command, beside what is kept up.

#include "declared/one_off.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/format.h"
#include "declared/declared.h"
#include "declared/definitions.h"
#include "engine/captured_output.h"
#include "formats/compose/project.h"
#include "model/labels.h"
#include "support/scene/scene.h"

namespace belay::scene {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

constexpr const char* with_a_sharer = R"(name: shop
services:
  web:
    image: web:1
    environment: {COLOUR: red}
    ports: ["8080:80"]
    volumes: ["data:/data"]
    depends_on: [db]
    networks: {default: {aliases: [front]}}
  db: {image: web:1}
  tool: {image: "tool:1", network_mode: "service:db", profiles: [tools]}
volumes: {data: {}}
)";

OneOff of(const std::string& service, const std::string& name = {}, std::vector<std::string> command = {}) {
  OneOff wanted;
  wanted.service = service;
  wanted.name = name;
  wanted.command = std::move(command);
  return wanted;
}

class OneOffs : public ::testing::Test {
 protected:
  OneOffs() {
    ImageConfig config;
    config.volumes = {"/scratch"};
    scene_.engine.add_image("web:1", {}, {}, "web:1");
    engine::Behaviour ends;
    ends.output = "hello\n";
    ends.exits_after = Milliseconds(500);
    ends.exit_code = 7;
    scene_.engine.add_image("tool:1", config, ends, "tool:1");
  }

  // As it is read for a run of this service, whose profiles do not matter.
  Declarations read(const std::vector<std::string>& services = {}) {
    formats::compose::Request request;
    request.folder = folder_;
    request.services = services;
    return read_project(request, formats::compose::this_machine({}), {});
  }
  const Declaration& project() { return project_.apps.front(); }
  void up() {
    scene_.clock.advance(Seconds(5));
    Context context = scene_.context("belay up");
    DeclaredOptions options;
    options.workers = 1;
    options.ask_registries = false;
    options.starts_stopped = true;
    ASSERT_FALSE(apply_declared(context, read(), options, quiet_, {}).has_failures());
  }
  std::vector<std::string> containers() {
    std::vector<std::string> names;
    for (const auto& container : scene_.engine.containers({}, {})) names.push_back(container.name);
    return names;
  }
  bool has_volume(const std::string& name) {
    const auto all = scene_.engine.volumes({}, {});
    return std::any_of(all.begin(), all.end(), [&](const Volume& volume) { return volume.name == name; });
  }
  size_t volumes() { return scene_.engine.volumes({}, {}).size(); }

  static fs::path project_in(const fs::path& folder) {
    make_folder(folder);
    write_file_durably(folder / "compose.yaml", with_a_sharer);
    return folder;
  }

  Scene scene_;
  fs::path folder_ = project_in(scene_.folder.path() / "shop");
  DeclaredListener quiet_;
  Declarations project_ = read({"tool"});
};

TEST_F(OneOffs, PassOutputAndExitCodeOnAndLeaveNothing) {
  up();
  const auto before = containers();
  const size_t volumes_before = volumes();
  Context context = scene_.context("belay run tool");
  OneOffRun run(context, project(), of("tool", {}, {"work"}), {});
  EXPECT_THAT(run.name(), StartsWith("shop-tool-run-"));
  engine::CapturedOutput output;
  EXPECT_EQ(run.run(output), 7);
  EXPECT_EQ(output.text(), "hello\n");
  EXPECT_EQ(containers(), before);
  EXPECT_EQ(volumes(), volumes_before);
}

TEST_F(OneOffs, HaveTheServicesSettingsButNotItsPortsAndNames) {
  up();
  Context context = scene_.context("belay run web");
  OneOff wanted = of("web", {}, {"migrate"});
  wanted.extra.environment = {{"EXTRA", "1"}};
  wanted.name = "import";
  OneOffRun run(context, project(), wanted, {});
  run.start(true);
  const auto made = scene_.engine.container("import", {});
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->container.is_up());
  EXPECT_TRUE(made->service.ports.empty());
  EXPECT_EQ(made->service.environment.at("COLOUR"), "red");
  EXPECT_EQ(made->service.environment.at("EXTRA"), "1");
  EXPECT_EQ(made->service.networks.at(0).network, "shop_default");
  EXPECT_THAT(made->service.networks.at(0).aliases, Not(Contains("front")));
  EXPECT_EQ(made->container.labels.at("com.docker.compose.oneoff"), "True");
  EXPECT_EQ(made->container.labels.at("com.docker.compose.service"), "web");
  EXPECT_FALSE(made->container.labels.contains(labels::app));
}

TEST_F(OneOffs, NeverCountAsTheServiceAndGoWithTheApp) {
  up();
  Context context = scene_.context("belay run web");
  OneOffRun(context, project(), of("web", "import"), {}).start(true);
  const auto changes = scene_.engine.changes();
  up();
  EXPECT_EQ(scene_.engine.changes(), changes);
  Context down = scene_.context("belay down");
  ASSERT_TRUE(take_down(down, AppName("shop"), false, [](const auto&) { return true; }, {}).done);
  EXPECT_TRUE(containers().empty());
  for (const auto& network : scene_.engine.networks({})) EXPECT_NE(network.name, "shop_default");
}

TEST_F(OneOffs, ShareWhatTheServiceShares) {
  Context context = scene_.context("belay run tool");
  try {
    OneOffRun(context, project(), of("tool"), {});
    FAIL() << "db does not run";
  } catch (const Conflict& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_running);
    EXPECT_THAT(error.hint(), HasSubstr("belay up db"));
  }
  up();
  OneOff wanted = of("tool", "beside");
  OneOffRun(context, project(), wanted, {}).start(true);
  EXPECT_EQ(scene_.engine.container("beside", {})->service.network_mode, "container:shop-db-1");
}

TEST_F(OneOffs, RemoveWhatAKilledOneLeft) {
  up();
  Context context = scene_.context("belay run tool");
  OneOffRun(context, project(), of("tool", "left"), {}).start(false);
  OneOffRun(context, project(), of("tool", "kept"), {}).start(true);
  scene_.clock.advance(Seconds(2));
  engine::CapturedOutput output;
  OneOffRun(context, project(), of("tool"), {}).run(output);
  EXPECT_THAT(containers(), Contains("kept"));
  EXPECT_THAT(containers(), Not(Contains("left")));
}

// Two at a time, as from two entries of a crontab.
TEST_F(OneOffs, LeaveEachOtherAlone) {
  up();
  Context context = scene_.context("belay run tool");
  engine::CapturedOutput output, other_output;
  OneOffRun one(context, project(), of("tool", "one"), {});
  one.before_the_session = [&] {
    Context other_context = scene_.context("belay run tool");
    EXPECT_EQ(OneOffRun(other_context, project(), of("tool", "other"), {}).run(other_output), 7);
    EXPECT_THAT(containers(), Contains("one")) << "it is made, and not started yet";
  };
  EXPECT_EQ(one.run(output), 7);
  EXPECT_THAT(containers(), Not(Contains("one")));
}

TEST_F(OneOffs, DoNotRemoveAStrangerWhoHasTheirName) {
  up();
  scene_.stranger("mine", {});
  Context context = scene_.context("belay run tool");
  engine::CapturedOutput output;
  EXPECT_THROW(OneOffRun(context, project(), of("tool", "mine"), {}).run(output), Error);
  EXPECT_THAT(containers(), Contains("mine"));
}

TEST_F(OneOffs, LeaveNothingWhereTheContainerCannotBePrepared) {
  up();
  Context context = scene_.context("belay run tool");
  engine::CapturedOutput output;
  const auto before = containers();
  OneOffRun one(context, project(), of("tool", "one"), {});
  one.before_the_session = [] { throw Cancelled(); };
  EXPECT_THROW(one.run(output), Cancelled);
  EXPECT_EQ(containers(), before);
}

// An image that somebody made of such a container hands its labels on, and anybody can write them.
TEST_F(OneOffs, AreNotWhatHasTheirLabelsAlone) {
  up();
  Context context = scene_.context("belay run tool");
  OneOffRun(context, project(), of("tool", "kept"), {}).start(true);
  const auto labels = scene_.engine.container("kept", {})->container.labels;
  ImageConfig config;
  config.labels = labels;
  scene_.engine.add_image("mine:1", config, {}, "mine:1");
  scene_.engine.add_image("plain:1", {}, {}, "plain:1");
  const auto make = [&](const std::string& name, const std::string& image, const labels::Labels& own, bool runs) {
    engine::ContainerRequest request;
    request.name = name;
    request.image = image;
    request.labels = own;
    request.service.mounts.push_back({Mount::Kind::volume, "shop_data", "/data", false, ""});
    scene_.engine.create_container(request, {});
    scene_.engine.start_container(name, {});
    if (!runs) scene_.engine.stop_container(name, {}, {});
  };
  make("precious", "mine:1", {}, true);
  make("ended", "mine:1", {}, false);
  make("written", "plain:1", {{labels::one_off, "shop"}}, false);
  engine::CapturedOutput output;
  OneOffRun(context, project(), of("tool"), {}).run(output);
  EXPECT_THAT(containers(), IsSupersetOf({"precious", "ended", "written", "kept"}));
  Context gone = scene_.context("belay remove");
  ASSERT_TRUE(change::remove(gone, AppName("shop"), true, false, [](const auto&) { return true; }, {}).done);
  EXPECT_THAT(containers(), UnorderedElementsAre("precious", "ended", "written"));
  EXPECT_TRUE(scene_.container("precious")->is_up());
  EXPECT_TRUE(has_volume("shop_data")) << "others have it";
}

TEST_F(OneOffs, OfAnotherStateStay) {
  up();
  Context context = scene_.context("belay run tool");
  OneOffRun(context, project(), of("tool", "kept"), {}).start(true);
  auto labels = scene_.engine.container("kept", {})->container.labels;
  scene_.engine.stop_container("kept", {}, {});
  scene_.engine.remove_container("kept", {});
  labels[labels::state] = std::string(32, 'f');
  engine::ContainerRequest request;
  request.name = "kept";
  request.image = "tool:1";
  request.labels = labels;
  scene_.engine.create_container(request, {});
  Context down = scene_.context("belay down");
  ASSERT_TRUE(take_down(down, AppName("shop"), false, [](const auto&) { return true; }, {}).done);
  EXPECT_THAT(containers(), ElementsAre("kept"));
}

TEST_F(OneOffs, KnowTheirServices) {
  Context context = scene_.context("belay run nosuch");
  EXPECT_THROW(OneOffRun(context, project(), of("nosuch"), {}), NotFound);
  EXPECT_THAT(needs_of(project(), "web"), ElementsAre("db"));
}

}  // namespace
}  // namespace belay::scene
