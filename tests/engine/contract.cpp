#include "contract.h"

#include <algorithm>
#include <thread>

#include "base/format.h"
#include "engine/captured_output.h"

namespace belay::engine {

void EngineContract::SetUp() {
  scene_ = GetParam().make();
}

void EngineContract::TearDown() {
  if (!scene_) return;
  for (const auto& name : names_) {
    if (engine().container(name, stop_)) {
      engine().set_restart_policy(name, {"no", 0}, stop_);
      engine().stop_container(name, Seconds(1), stop_);
    }
    const auto found = engine().container(name, stop_);
    engine().remove_container(name, stop_);
    if (!found) continue;
    for (const auto& mount : found->container.mounts)
      if (mount.kind == Mount::Kind::volume && !mount.source.starts_with(scene_->prefix()))
        engine().remove_volume(mount.source, stop_);
  }
  for (const auto& name : names_) {
    engine().remove_volume(name, stop_);
    engine().remove_network(name, stop_);
  }
  for (const auto& tag : tags_) (void)engine().remove_image(tag, stop_);
}

std::string EngineContract::own(const std::string& name) {
  const std::string full = format("{}-{}", scene_->prefix(), name);
  if (std::find(names_.begin(), names_.end(), full) == names_.end()) names_.push_back(full);
  return full;
}

std::string EngineContract::own_tag(const std::string& name) {
  const std::string full = format("{}/{}", scene_->prefix(), name);
  if (std::find(tags_.begin(), tags_.end(), full) == tags_.end()) tags_.push_back(full);
  return full;
}

std::string EngineContract::own_registry_tag(const std::string& name) {
  tags_.push_back(format("{}/{}/{}", scene_->registry(), scene_->prefix(), name));
  return tags_.back();
}

std::string EngineContract::own_pinned(const std::string& tag, const std::string& digest) {
  tags_.push_back(format("{}@{}", ImageRef::parse(tag).repository, digest));
  return tags_.back();
}

ContainerRequest EngineContract::request(const std::string& name, const std::string& image) {
  ContainerRequest wanted;
  wanted.name = own(name);
  wanted.image = image;
  wanted.service.name = "main";
  wanted.service.image = image;
  wanted.labels["contract.run"] = scene_->prefix();
  wanted.restart.name = "no";
  return wanted;
}

void EngineContract::run(const std::string& name, const std::string& image) {
  engine().create_container(request(name, image), stop_);
  engine().start_container(own(name), stop_);
  // By then it also listens to the signal that will stop it.
  if (!eventually([&] { return output(name).starts_with("first line\n"); }))
    throw Error(ErrorCode::internal, format("{} wrote nothing", own(name)));
}

std::string EngineContract::output(const std::string& name, const LogRequest& wanted) {
  std::string text;
  engine().logs(own(name), wanted, [&](OutputStream, std::string_view bytes) { text += bytes; }, stop_);
  return text;
}

ContainerDetail EngineContract::detail(const std::string& name) {
  auto found = engine().container(own(name), stop_);
  if (!found) throw NotFound(own(name));
  return *found;
}

Container EngineContract::listed(const std::string& name) {
  for (const auto& container : engine().containers({}, stop_))
    if (container.name == own(name)) return container;
  throw NotFound(own(name));
}

bool EngineContract::has_volume(const std::string& name) {
  const auto volumes = engine().volumes(std::nullopt, stop_);
  return std::any_of(volumes.begin(), volumes.end(), [&](const Volume& volume) { return volume.name == name; });
}

bool EngineContract::eventually(const std::function<bool()>& holds) {
  const Time last = scene_->now() + std::chrono::minutes(1);
  while (!holds()) {
    if (scene_->now() > last) return false;
    scene_->wait_a_little();
  }
  return true;
}

Mount EngineContract::volume_at(const std::string& name, const std::string& target) {
  Mount mount;
  mount.source = name;
  mount.target = target;
  return mount;
}

namespace {

PortBinding on_host_port(std::uint16_t port) {
  PortBinding binding;
  binding.container_port = 8080;
  binding.host_ip = "127.0.0.1";
  binding.host_port = port;
  return binding;
}

std::stop_token stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

}  // namespace

TEST_P(EngineContract, SaysWhereItKeepsItsDataOrNothing) {
  const std::string folder = engine().data_folder(stop_);
  EXPECT_TRUE(folder.empty() || folder.front() == '/') << folder;
}

TEST_P(EngineContract, IntroducesItself) {
  const auto info = engine().info(stop_);
  EXPECT_FALSE(info.version.empty());
  EXPECT_EQ(info.api_version.substr(0, 2), "1.");
  EXPECT_EQ(info.os, "linux");
}

TEST_P(EngineContract, RefusesACallThatIsStopped) {
  EXPECT_THROW(engine().containers({}, stopped()), Cancelled);
  EXPECT_THROW(engine().create_volume({own("v")}, stopped()), Cancelled);
  EXPECT_FALSE(has_volume(own("v")));
}

TEST_P(EngineContract, CreatesAContainerThatDoesNotRunYet) {
  engine().create_container(request("web", images().stays_up), stop_);
  const auto container = listed("web");
  EXPECT_EQ(container.state, ContainerState::created);
  EXPECT_FALSE(container.is_up());
  EXPECT_EQ(container.image, images().stays_up);
  EXPECT_EQ(container.image_id, engine().image(images().stays_up, stop_)->id);
  EXPECT_EQ(detail("web").started, std::nullopt);
}

TEST_P(EngineContract, RefusesANameThatIsTaken) {
  engine().create_container(request("web", images().stays_up), stop_);
  EXPECT_THROW(engine().create_container(request("web", images().stays_up), stop_), Conflict);
}

TEST_P(EngineContract, RefusesANameThatIsNoName) {
  auto wanted = request("web", images().stays_up);
  wanted.name = "x";
  EXPECT_THROW(engine().create_container(wanted, stop_), EngineError);
}

TEST_P(EngineContract, RefusesAnImageThatIsNotThere) {
  EXPECT_THROW(engine().create_container(request("web", scene_->prefix() + "-no-such-image:1"), stop_), NotFound);
  EXPECT_EQ(engine().container(own("web"), stop_), std::nullopt);
}

TEST_P(EngineContract, CreatesFromAnImageIdAsWell) {
  const auto id = engine().image(images().stays_up, stop_)->id;
  engine().create_container(request("web", id), stop_);
  EXPECT_EQ(detail("web").container.image_id, id);
}

TEST_P(EngineContract, StartsAndStopsAndDoesSoTwiceWithoutHarm) {
  run("web", images().stays_up);
  const auto first = detail("web");
  EXPECT_EQ(first.container.state, ContainerState::running);
  EXPECT_TRUE(first.started.has_value());
  engine().start_container(own("web"), stop_);
  EXPECT_EQ(detail("web").started, first.started);

  engine().stop_container(own("web"), Seconds(5), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::exited);
  EXPECT_EQ(detail("web").exit_code, 0);
  engine().stop_container(own("web"), Seconds(5), stop_);
  engine().start_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::running);
}

TEST_P(EngineContract, SignalsWhatRunsAndNothingElse) {
  run("web", images().stays_up);
  engine().signal_container(own("web"), "WINCH", stop_);
  EXPECT_EQ(listed("web").state, ContainerState::running);
  engine().signal_container(own("web"), "KILL", stop_);
  for (int tried = 0; tried < 100 && listed("web").state == ContainerState::running; ++tried)
    std::this_thread::sleep_for(Milliseconds(20));
  EXPECT_EQ(detail("web").exit_code, 137);
  engine().signal_container(own("web"), "KILL", stop_);
  EXPECT_EQ(listed("web").state, ContainerState::exited);
}

TEST_P(EngineContract, ListsTheProcessesOfWhatRuns) {
  engine().create_container(request("web", images().stays_up), stop_);
  EXPECT_THROW(engine().processes(own("web"), stop_), Conflict);
  engine().start_container(own("web"), stop_);
  const Processes found = engine().processes(own("web"), stop_);
  ASSERT_FALSE(found.rows.empty());
  EXPECT_EQ(found.rows.front().size(), found.titles.size());
  EXPECT_THROW(engine().processes(own("absent"), stop_), NotFound);
}

TEST_P(EngineContract, StopsAContainerThatNeverRan) {
  engine().create_container(request("web", images().stays_up), stop_);
  engine().stop_container(own("web"), Seconds(1), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::created);
}

TEST_P(EngineContract, SaysNotFoundOfAbsentContainers) {
  const std::string absent = own("absent");
  EXPECT_EQ(engine().container(absent, stop_), std::nullopt);
  EXPECT_THROW(engine().start_container(absent, stop_), NotFound);
  EXPECT_THROW(engine().stop_container(absent, std::nullopt, stop_), NotFound);
  EXPECT_THROW(engine().signal_container(absent, "HUP", stop_), NotFound);
  EXPECT_THROW(engine().rename_container(absent, own("other"), stop_), NotFound);
  EXPECT_THROW(engine().set_restart_policy(absent, {"always", 0}, stop_), NotFound);
  EXPECT_THROW(engine().update_resources(absent, {}, stop_), NotFound);
  EXPECT_THROW(engine().connect_network(absent, {"bridge", {}, {}, {}}, stop_), NotFound);
  EXPECT_THROW(engine().logs(absent, {}, [](OutputStream, std::string_view) {}, stop_), NotFound);
  CapturedOutput terminal;
  ExecRequest command;
  command.command = {"true"};
  EXPECT_THROW(engine().exec(absent, command, terminal, stop_), NotFound);
  EXPECT_THROW(engine().attach(absent, terminal, stop_), NotFound);
}

TEST_P(EngineContract, SucceedsInRemovingWhatIsNotThere) {
  engine().remove_container(own("absent"), stop_);
  engine().remove_volume(own("absent"), stop_);
  engine().remove_network(own("absent"), stop_);
  const auto removal = engine().remove_image(scene_->prefix() + "/absent:1", stop_);
  EXPECT_FALSE(removal.removed);
  EXPECT_FALSE(removal.reason.empty());
}

TEST_P(EngineContract, RefusesToRemoveARunningContainer) {
  run("web", images().stays_up);
  EXPECT_THROW(engine().remove_container(own("web"), stop_), Conflict);
  EXPECT_EQ(listed("web").state, ContainerState::running);
  engine().stop_container(own("web"), Seconds(5), stop_);
  engine().remove_container(own("web"), stop_);
  EXPECT_EQ(engine().container(own("web"), stop_), std::nullopt);
}

TEST_P(EngineContract, RenamesAlsoARunningContainer) {
  run("web", images().stays_up);
  engine().rename_container(own("web"), own("old"), stop_);
  EXPECT_EQ(engine().container(own("web"), stop_), std::nullopt);
  EXPECT_EQ(listed("old").state, ContainerState::running);
  engine().rename_container(own("old"), own("old"), stop_);
}

TEST_P(EngineContract, RefusesToRenameToATakenName) {
  engine().create_container(request("one", images().stays_up), stop_);
  engine().create_container(request("two", images().stays_up), stop_);
  EXPECT_THROW(engine().rename_container(own("one"), own("two"), stop_), Conflict);
  EXPECT_TRUE(engine().container(own("one"), stop_).has_value());
}

TEST_P(EngineContract, ListsByLabelAndByRunning) {
  auto wanted = request("one", images().stays_up);
  wanted.labels["contract.role"] = scene_->prefix();
  wanted.service.labels["contract.colour"] = "blue";
  engine().create_container(wanted, stop_);
  run("two", images().stays_up);
  const auto names = [&](const ContainerFilter& filter) {
    std::vector<std::string> found;
    for (const auto& container : engine().containers(filter, stop_)) found.push_back(container.name);
    std::sort(found.begin(), found.end());
    return found;
  };
  const std::string mine = "contract.run=" + scene_->prefix();
  EXPECT_EQ(names({true, mine}), (std::vector{own("one"), own("two")}));
  EXPECT_EQ(names({false, mine}), std::vector{own("two")});
  EXPECT_EQ(names({true, "contract.role=" + scene_->prefix()}), std::vector{own("one")});
  EXPECT_EQ(names({true, "contract.role=another"}), std::vector<std::string>{});
  EXPECT_EQ(listed("one").labels.at("contract.colour"), "blue");
  // The image's labels show on its containers too.
  EXPECT_TRUE(listed("one").labels.contains("contract.image"));
}

TEST_P(EngineContract, ShowsTheConfigurationWithoutTheImagesOwnDefaults) {
  auto wanted = request("web", images().with_defaults);
  wanted.service.environment["COLOUR"] = "blue";
  wanted.service.hostname = "shop";
  wanted.service.mounts.push_back(volume_at(own("v"), "/more"));
  engine().create_container(wanted, stop_);
  const auto service = detail("web").service;
  EXPECT_EQ(service.environment, (std::map<std::string, std::string>{{"COLOUR", "blue"}}));
  EXPECT_EQ(service.command, std::nullopt);
  EXPECT_EQ(service.working_dir, "");
  EXPECT_EQ(service.hostname, "shop");
  EXPECT_EQ(service.exposed_ports, std::vector<std::string>{});
  EXPECT_EQ(detail("web").restart.name, "no");
}

TEST_P(EngineContract, GivesAFixedHostPortToOneRunningContainerOnly) {
  const auto port = scene_->free_port();
  auto wanted = request("one", images().stays_up);
  wanted.service.ports = {on_host_port(port)};
  engine().create_container(wanted, stop_);
  engine().start_container(own("one"), stop_);
  EXPECT_EQ(listed("one").ports, std::vector{on_host_port(port)});

  wanted.name = own("two");
  engine().create_container(wanted, stop_);
  try {
    engine().start_container(own("two"), stop_);
    ADD_FAILURE() << "two containers on one port";
  } catch (const Conflict& error) {
    EXPECT_NE(std::string(error.what()).find(format("{}", port)), std::string::npos) << error.what();
  }
  EXPECT_EQ(listed("two").state, ContainerState::created);
  EXPECT_NE(detail("two").error, "");
  EXPECT_TRUE(listed("two").ports.empty());

  engine().stop_container(own("one"), Seconds(5), stop_);
  EXPECT_TRUE(listed("one").ports.empty());
  engine().start_container(own("two"), stop_);
  EXPECT_EQ(listed("two").state, ContainerState::running);
  EXPECT_EQ(detail("two").error, "");
}

TEST_P(EngineContract, PicksAFreeHostPortWhereNoneIsNamed) {
  for (const std::string name : {"one", "two"}) {
    auto wanted = request(name, images().with_defaults);
    wanted.service.publish_all_ports = true;
    engine().create_container(wanted, stop_);
    engine().start_container(own(name), stop_);
  }
  const auto first = listed("one").ports, second = listed("two").ports;
  ASSERT_FALSE(first.empty());
  ASSERT_FALSE(second.empty());
  EXPECT_EQ(first.front().container_port, 8080);
  ASSERT_TRUE(first.front().host_port && second.front().host_port);
  EXPECT_NE(first.front().host_port, second.front().host_port);
}

TEST_P(EngineContract, ReportsACommandThatCannotStart) {
  engine().create_container(request("web", images().cannot_start), stop_);
  EXPECT_THROW(engine().start_container(own("web"), stop_), EngineError);
  EXPECT_EQ(listed("web").state, ContainerState::created);
  EXPECT_NE(detail("web").error, "");
  EXPECT_NE(detail("web").exit_code, 0);
}

TEST_P(EngineContract, ShowsTheExitCodeOfOneThatEnded) {
  run("job", images().exits);
  ASSERT_TRUE(eventually([&] { return listed("job").state == ContainerState::exited; }));
  const auto ended = detail("job");
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_EQ(ended.restart_count, 0);
  EXPECT_TRUE(ended.finished.has_value());
}

TEST_P(EngineContract, RestartsWhatEndsAsLongAsItsPolicySays) {
  auto wanted = request("job", images().exits);
  wanted.restart = {"on-failure", 2};
  engine().create_container(wanted, stop_);
  engine().start_container(own("job"), stop_);
  ASSERT_TRUE(eventually([&] { return listed("job").state == ContainerState::exited; }));
  EXPECT_EQ(detail("job").restart_count, 2);

  wanted.name = own("loop");
  wanted.restart = {"always", 0};
  engine().create_container(wanted, stop_);
  engine().start_container(own("loop"), stop_);
  ASSERT_TRUE(eventually([&] { return detail("loop").restart_count >= 1; }));
  EXPECT_TRUE(listed("loop").is_up());
  engine().stop_container(own("loop"), Seconds(5), stop_);
  EXPECT_EQ(listed("loop").state, ContainerState::exited);
}

TEST_P(EngineContract, ChangesTheRestartPolicyInPlace) {
  run("web", images().stays_up);
  engine().set_restart_policy(own("web"), {"unless-stopped", 0}, stop_);
  engine().set_restart_policy(own("web"), {"unless-stopped", 0}, stop_);
  EXPECT_EQ(detail("web").restart.name, "unless-stopped");
  engine().set_restart_policy(own("web"), {"on-failure", 4}, stop_);
  EXPECT_EQ(detail("web").restart, (RestartPolicy{"on-failure", 4}));
  EXPECT_THROW(engine().set_restart_policy(own("web"), {"sometimes", 0}, stop_), EngineError);
  EXPECT_EQ(listed("web").state, ContainerState::running);
}

TEST_P(EngineContract, ChangesResourcesInPlace) {
  run("web", images().stays_up);
  Resources resources;
  resources.cpu_shares = 512;
  engine().update_resources(own("web"), resources, stop_);
  EXPECT_EQ(detail("web").service.resources.cpu_shares, 512);
  EXPECT_EQ(listed("web").state, ContainerState::running);
}

TEST_P(EngineContract, FollowsTheHealthCheck) {
  run("good", images().turns_healthy);
  run("bad", images().turns_unhealthy);
  run("plain", images().stays_up);
  EXPECT_TRUE(detail("good").has_health_check);
  EXPECT_FALSE(detail("plain").has_health_check);
  EXPECT_EQ(listed("plain").health, Health::none);
  EXPECT_TRUE(eventually([&] { return listed("good").health == Health::healthy; }));
  EXPECT_TRUE(eventually([&] { return listed("bad").health == Health::unhealthy; }));
  EXPECT_EQ(detail("good").container.health, Health::healthy);
  engine().stop_container(own("good"), Seconds(5), stop_);
  EXPECT_EQ(listed("good").health, Health::none);
}

// Nothing in it could answer meanwhile.
TEST_P(EngineContract, APauseMakesNothingUnhealthy) {
  run("good", images().turns_healthy);
  ASSERT_TRUE(eventually([&] { return detail("good").container.health == Health::healthy; }));
  engine().pause_container(own("good"), stop_);
  EXPECT_NE(detail("good").container.health, Health::unhealthy);
  engine().unpause_container(own("good"), stop_);
  EXPECT_NE(detail("good").container.health, Health::unhealthy);
  EXPECT_TRUE(eventually([&] { return detail("good").container.health == Health::healthy; }));
}

TEST_P(EngineContract, LeavesTheHealthCheckOutWhereTheServiceSaysSo) {
  auto wanted = request("good", images().turns_healthy);
  wanted.service.health = HealthCheck{{"NONE"}, {}, {}, {}, {}};
  engine().create_container(wanted, stop_);
  engine().start_container(own("good"), stop_);
  EXPECT_FALSE(detail("good").has_health_check);
  EXPECT_EQ(listed("good").health, Health::none);
}

TEST_P(EngineContract, MakesVolumesForMountPointsOfTheImage) {
  run("web", images().with_defaults);
  const auto mounts = listed("web").mounts;
  ASSERT_EQ(mounts.size(), 1u);
  EXPECT_EQ(mounts.front().target, "/data");
  EXPECT_EQ(mounts.front().kind, Mount::Kind::volume);
  ASSERT_FALSE(mounts.front().source.empty());
  EXPECT_TRUE(has_volume(mounts.front().source));
  engine().stop_container(own("web"), Seconds(5), stop_);
  engine().remove_container(own("web"), stop_);
  EXPECT_TRUE(has_volume(mounts.front().source)) << "the data of a removed container must stay";
  engine().remove_volume(mounts.front().source, stop_);
  EXPECT_FALSE(has_volume(mounts.front().source));
}

TEST_P(EngineContract, MountsANamedVolumeInPlaceOfTheImagesOwn) {
  auto wanted = request("web", images().with_defaults);
  wanted.service.mounts.push_back(volume_at(own("v"), "/data"));
  engine().create_container(wanted, stop_);
  const auto mounts = listed("web").mounts;
  ASSERT_EQ(mounts.size(), 1u);
  EXPECT_EQ(mounts.front().source, own("v"));
}

TEST_P(EngineContract, MakesAMissingNamedVolumeWithoutLabels) {
  auto wanted = request("web", images().stays_up);
  wanted.service.mounts.push_back(volume_at(own("v"), "/data"));
  engine().create_container(wanted, stop_);
  const auto volumes = engine().volumes(std::nullopt, stop_);
  const auto found =
      std::find_if(volumes.begin(), volumes.end(), [&](const Volume& volume) { return volume.name == own("v"); });
  ASSERT_NE(found, volumes.end());
  EXPECT_TRUE(found->labels.empty());
}

TEST_P(EngineContract, KeepsAVolumeAndItsLabelsWhenItIsMadeAgain) {
  engine().create_volume({own("v"), {{"contract.run", scene_->prefix()}, {"colour", "blue"}}}, stop_);
  engine().create_volume({own("v"), {{"contract.run", scene_->prefix()}, {"colour", "red"}}}, stop_);
  const auto volumes = engine().volumes("contract.run=" + scene_->prefix(), stop_);
  ASSERT_EQ(volumes.size(), 1u);
  EXPECT_EQ(volumes.front().name, own("v"));
  EXPECT_EQ(volumes.front().labels.at("colour"), "blue");
  EXPECT_TRUE(engine().volume_sizes(stop_).contains(own("v")));
}

TEST_P(EngineContract, RefusesToRemoveAVolumeInUseAlsoByAStoppedContainer) {
  auto wanted = request("web", images().stays_up);
  wanted.service.mounts.push_back(volume_at(own("v"), "/data"));
  engine().create_container(wanted, stop_);
  EXPECT_THROW(engine().remove_volume(own("v"), stop_), Conflict);
  engine().remove_container(own("web"), stop_);
  engine().remove_volume(own("v"), stop_);
  EXPECT_TRUE(engine().volumes("contract.run=" + scene_->prefix(), stop_).empty());
}

TEST_P(EngineContract, JoinsSeveralNetworksAndLeavesThemAgain) {
  for (const auto& network : {own("front"), own("back"), own("side")}) {
    engine().create_network({network, {{"contract.run", scene_->prefix()}}}, stop_);
    engine().create_network({network}, stop_);
  }
  auto wanted = request("web", images().stays_up);
  wanted.service.networks = {{own("front"), {"www"}, {}, {}}, {own("back"), {}, {}, {}}};
  engine().create_container(wanted, stop_);
  engine().start_container(own("web"), stop_);
  const auto joined = [&] {
    auto networks = listed("web").networks;
    std::sort(networks.begin(), networks.end());
    return networks;
  };
  EXPECT_EQ(joined(), (std::vector{own("back"), own("front")}));
  EXPECT_EQ(listed("web").network_mode, own("front"));
  EXPECT_EQ(detail("web").network_addresses.size(), 2u);

  engine().connect_network(own("web"), {own("side"), {}, {}, {}}, stop_);
  engine().connect_network(own("web"), {own("side"), {}, {}, {}}, stop_);
  EXPECT_EQ(joined(), (std::vector{own("back"), own("front"), own("side")}));
  engine().disconnect_network(own("web"), own("back"), stop_);
  engine().disconnect_network(own("web"), own("back"), stop_);
  EXPECT_EQ(joined(), (std::vector{own("front"), own("side")}));
  EXPECT_THROW(engine().connect_network(own("web"), {own("absent"), {}, {}, {}}, stop_), NotFound);
}

TEST_P(EngineContract, TellsWhichNetworksNothingLeadsOutOf) {
  engine().create_network({own("inner"), {{"contract.run", scene_->prefix()}}, {.internal = true}}, stop_);
  engine().create_network({own("outer"), {{"contract.run", scene_->prefix()}}}, stop_);
  std::map<std::string, bool> internal;
  for (const auto& network : engine().networks(stop_)) internal[network.name] = network.internal;
  EXPECT_TRUE(internal.at(own("inner")));
  EXPECT_FALSE(internal.at(own("outer")));
}

TEST_P(EngineContract, NoticesAMissingNetworkWhenTheContainerStarts) {
  auto wanted = request("web", images().stays_up);
  wanted.service.networks = {{own("front"), {}, {}, {}}};
  engine().create_container(wanted, stop_);
  EXPECT_THROW(engine().start_container(own("web"), stop_), NotFound);
  EXPECT_EQ(listed("web").state, ContainerState::created);
  engine().create_network({own("front")}, stop_);
  engine().start_container(own("web"), stop_);
  EXPECT_EQ(listed("web").state, ContainerState::running);
}

TEST_P(EngineContract, DoesNotTakeALaterNetworkOfTheSameNameForTheFirst) {
  engine().create_network({own("front")}, stop_);
  auto wanted = request("web", images().stays_up);
  wanted.service.networks = {{own("front"), {}, {}, {}}};
  engine().create_container(wanted, stop_);
  engine().start_container(own("web"), stop_);
  EXPECT_THROW(engine().remove_network(own("front"), stop_), Conflict);
  engine().stop_container(own("web"), Seconds(5), stop_);
  engine().remove_network(own("front"), stop_);
  engine().create_network({own("front")}, stop_);
  EXPECT_THROW(engine().start_container(own("web"), stop_), NotFound);
}

TEST_P(EngineContract, LetsAContainerThatIsDownMoveToANetworkMadeAnew) {
  engine().create_network({own("front"), {{"contract.run", scene_->prefix()}}}, stop_);
  for (const char* name : {"ran", "new"}) {
    auto wanted = request(name, images().stays_up);
    wanted.service.networks = {{own("front"), {name}, {}, {}}};
    engine().create_container(wanted, stop_);
  }
  engine().start_container(own("ran"), stop_);
  engine().stop_container(own("ran"), Seconds(5), stop_);
  for (const char* name : {"ran", "new"}) engine().disconnect_network(own(name), own("front"), stop_);
  EXPECT_TRUE(listed("ran").networks.empty());
  engine().remove_network(own("front"), stop_);
  engine().create_network({own("front"), {{"contract.run", scene_->prefix()}}, {.internal = true}}, stop_);
  for (const char* name : {"ran", "new"}) {
    engine().connect_network(own(name), {own("front"), {name}, {}, {}}, stop_);
    engine().start_container(own(name), stop_);
    EXPECT_EQ(listed(name).state, ContainerState::running);
    EXPECT_EQ(listed(name).networks, std::vector{own("front")});
  }
}

TEST_P(EngineContract, MakesANetworkAsItIsDefined) {
  NetworkDefinition definition;
  definition.options = {{"com.docker.network.driver.mtu", "1400"}};
  definition.labels = {{"contract.zone", "a"}};
  definition.attachable = true;
  definition.pools = {{"10.213.0.0/24", "10.213.0.1", "10.213.0.128/25", {{"printer", "10.213.0.9"}}}};
  engine().create_network({own("front"), {{"contract.run", scene_->prefix()}}, definition}, stop_);
  const auto networks = engine().networks(stop_);
  const auto found = std::find_if(networks.begin(), networks.end(),
                                  [&](const Network& network) { return network.name == own("front"); });
  ASSERT_NE(found, networks.end());
  EXPECT_TRUE(differences(*found, definition).empty()) << differences(*found, definition).front().text();
  EXPECT_EQ(found->labels.at("contract.zone"), "a");
  definition.pools[0].gateway = "10.213.0.2";
  EXPECT_EQ(differences(*found, definition).size(), 1u);
}

TEST_P(EngineContract, KnowsItsOwnNetworksAndKeepsThem) {
  const auto networks = engine().networks(stop_);
  for (const std::string name : {"bridge", "host", "none"})
    EXPECT_TRUE(std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
      return network.name == name;
    })) << name;
  EXPECT_THROW(engine().remove_network("host", stop_), Error);
}

TEST_P(EngineContract, SharesTheNetworkOfARunningContainerOnly) {
  engine().create_container(request("host", images().stays_up), stop_);
  auto wanted = request("guest", images().stays_up);
  wanted.service.network_mode = "container:" + own("host");
  engine().create_container(wanted, stop_);
  EXPECT_THROW(engine().start_container(own("guest"), stop_), Conflict);
  engine().start_container(own("host"), stop_);
  engine().start_container(own("guest"), stop_);
  EXPECT_EQ(listed("guest").state, ContainerState::running);
}

// It is not the one that was to be started that is missing.
TEST_P(EngineContract, SaysWhichContainerIsMissingWhereItIsAnother) {
  engine().create_container(request("host", images().stays_up), stop_);
  auto wanted = request("guest", images().stays_up);
  wanted.service.network_mode = "container:" + own("host");
  engine().create_container(wanted, stop_);
  engine().remove_container(own("host"), stop_);
  try {
    engine().start_container(own("guest"), stop_);
    FAIL() << "it was started";
  } catch (const NotFound& error) {
    const std::string said = error.what();
    EXPECT_EQ(said.find("it needs the container "), 0U) << said;
    EXPECT_EQ(said.find(own("guest")), std::string::npos) << said;
    EXPECT_NE(said.find(", which is not there"), std::string::npos) << said;
  }
}

TEST_P(EngineContract, ShowsAnImagesConfiguration) {
  const auto image = engine().image(images().with_defaults, stop_);
  ASSERT_TRUE(image.has_value());
  EXPECT_EQ(image->id.substr(0, 7), "sha256:");
  EXPECT_EQ(image->config.exposed_ports, std::vector<std::string>{"8080/tcp"});
  EXPECT_EQ(image->config.volumes, std::vector<std::string>{"/data"});
  EXPECT_EQ(image->config.working_dir, "/data");
  EXPECT_EQ(image->config.environment.at("CONTRACT"), "image");
  EXPECT_EQ(engine().image(image->id, stop_)->tags, image->tags);
  EXPECT_TRUE(engine().image(images().turns_healthy, stop_)->config.health.has_value());
  EXPECT_EQ(engine().image(scene_->prefix() + "/absent:1", stop_), std::nullopt);
}

TEST_P(EngineContract, MovesATag) {
  const auto first = engine().image(images().stays_up, stop_)->id;
  const auto second = engine().image(images().exits, stop_)->id;
  engine().tag_image(images().stays_up, own_tag("app:1"), stop_);
  engine().tag_image(images().stays_up, own_tag("app:1"), stop_);
  EXPECT_EQ(engine().image(own_tag("app:1"), stop_)->id, first);
  engine().tag_image(second, own_tag("app:1"), stop_);
  EXPECT_EQ(engine().image(own_tag("app:1"), stop_)->id, second);
  EXPECT_THROW(engine().tag_image(scene_->prefix() + "/absent:1", own_tag("app:2"), stop_), NotFound);
}

TEST_P(EngineContract, MakesAnImageOfAContainer) {
  run("web", images().stays_up);
  const std::string id =
      engine().commit_container({own("web"), own_tag("kept:1"), "as it is", "Ada", {"LABEL stage=\"a test\""}}, stop_);
  const auto image = engine().image(own_tag("kept:1"), stop_);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->id, id);
  EXPECT_NE(id, engine().image(images().stays_up, stop_)->id);
  EXPECT_EQ(engine().container(own("web"), stop_)->container.state, ContainerState::running);
  engine().create_container(request("twin", own_tag("kept:1")), stop_);
  engine().start_container(own("twin"), stop_);
  EXPECT_THROW(engine().commit_container({own("absent"), own_tag("kept:2"), {}, {}, {}}, stop_), NotFound);
  EXPECT_EQ(engine().image(own_tag("kept:2"), stop_), std::nullopt);
}

TEST_P(EngineContract, AsksTheRegistryWhatATagNamesNow) {
  if (scene_->registry().empty()) GTEST_SKIP() << "this scene has no registry";
  const std::string tag = own_registry_tag("app:1");
  engine().tag_image(images().stays_up, tag, stop_);
  engine().push(tag, {}, stop_);
  const RegistryImage first = engine().registry_image(tag, stop_);
  EXPECT_EQ(first.platforms.size(), 1u);
  EXPECT_EQ(first.platforms.at(0).os, "linux");
  const std::string by_digest = own_pinned(tag, first.digest);
  const auto known = engine().image(tag, stop_)->digests;
  EXPECT_NE(std::find(known.begin(), known.end(), by_digest), known.end());

  engine().tag_image(images().exits, tag, stop_);
  engine().push(tag, {}, stop_);
  const std::string second = engine().registry_image(tag, stop_).digest;
  EXPECT_EQ(engine().image(own_pinned(tag, second), stop_)->id, engine().image(tag, stop_)->id);
  EXPECT_NE(second, first.digest);
  EXPECT_EQ(engine().registry_image(by_digest, stop_).digest, first.digest);
  // With a tag that has moved on beside it, the digest counts.
  EXPECT_EQ(engine().registry_image(tag + "@" + first.digest, stop_).digest, first.digest);
  EXPECT_THROW(engine().registry_image(own_registry_tag("app:2"), stop_), NotFound);
  EXPECT_THROW(engine().registry_image(own_registry_tag("absent:1"), stop_), NotFound);
}

TEST_P(EngineContract, PullsWhatATagNoLongerNamesByItsDigest) {
  if (scene_->registry().empty()) GTEST_SKIP() << "this scene has no registry";
  const std::string tag = own_registry_tag("app:1");
  engine().tag_image(images().stays_up, tag, stop_);
  engine().push(tag, {}, stop_);
  const std::string digest = engine().registry_image(tag, stop_).digest;
  const std::string id = engine().image(tag, stop_)->id;
  engine().tag_image(images().exits, tag, stop_);
  engine().push(tag, {}, stop_);
  own_pinned(tag, engine().registry_image(tag, stop_).digest);
  engine().pull(tag + "@" + digest, {}, stop_);
  const auto pulled = engine().image(own_pinned(tag, digest), stop_);
  ASSERT_TRUE(pulled);
  EXPECT_EQ(pulled->id, id);
  EXPECT_NE(engine().image(tag, stop_)->id, id);
}

TEST_P(EngineContract, FindsImagesByRepositoryAndLabel) {
  engine().tag_image(images().stays_up, own_tag("app:1"), stop_);
  engine().tag_image(images().exits, own_tag("app:2"), stop_);
  EXPECT_EQ(engine().images({{}, scene_->prefix() + "/app"}, stop_).size(), 2u);
  EXPECT_EQ(engine().images({{}, scene_->prefix() + "/other"}, stop_).size(), 0u);
  EXPECT_EQ(engine().images({"contract.image=stays_up", scene_->prefix() + "/app"}, stop_).size(), 1u);
  EXPECT_EQ(engine().images({"contract.image=none", {}}, stop_).size(), 0u);
}

TEST_P(EngineContract, RemovesOneTagOfSeveral) {
  engine().tag_image(images().stays_up, own_tag("app:1"), stop_);
  EXPECT_TRUE(engine().remove_image(own_tag("app:1"), stop_).removed);
  EXPECT_EQ(engine().image(own_tag("app:1"), stop_), std::nullopt);
  EXPECT_TRUE(engine().image(images().stays_up, stop_).has_value());
}

TEST_P(EngineContract, BuildsAndMovesTheTagAndRemovesWhatNothingUses) {
  BuildRequest build;
  build.write_context = [&](const auto& sink) { scene_->write_context(sink); };
  build.tags = {own_tag("built:1"), own_tag("built:latest")};
  build.labels = {{"contract.build", scene_->prefix() + "-1"}};
  const auto first = engine().build(build, {}, stop_);
  ASSERT_EQ(engine().image(own_tag("built:1"), stop_)->id, first);
  EXPECT_EQ(engine().image(own_tag("built:latest"), stop_)->id, first);
  EXPECT_EQ(engine().image(first, stop_)->config.labels.at("contract.build"), scene_->prefix() + "-1");

  build.tags = {own_tag("built:latest")};
  build.labels = {{"contract.build", scene_->prefix() + "-2"}};
  const auto second = engine().build(build, {}, stop_);
  EXPECT_NE(first, second);
  EXPECT_EQ(engine().image(first, stop_)->tags, std::vector{own_tag("built:1")});

  auto wanted = request("web", own_tag("built:1"));
  wanted.service.command = {"/none"};
  engine().create_container(wanted, stop_);
  for (const auto& name : {own_tag("built:1"), first}) {
    const auto refused = engine().remove_image(name, stop_);
    EXPECT_FALSE(refused.removed);
    EXPECT_FALSE(refused.reason.empty());
  }
  EXPECT_EQ(engine().image(first, stop_)->tags, std::vector{own_tag("built:1")});

  engine().remove_container(own("web"), stop_);
  EXPECT_TRUE(engine().remove_image(own_tag("built:1"), stop_).removed);
  EXPECT_EQ(engine().image(first, stop_), std::nullopt);
  engine().tag_image(second, own_tag("again:1"), stop_);
  wanted.image = second;
  engine().create_container(wanted, stop_);
  EXPECT_FALSE(engine().remove_image(second, stop_).removed);
  UnwantedImage of_one_name(second);
  of_one_name.force = true;
  of_one_name.names = {own_tag("built:latest")};
  EXPECT_FALSE(engine().remove_image(of_one_name, stop_).removed) << "it has another name too";
  EXPECT_EQ(engine().image(second, stop_)->tags.size(), 2U);
  UnwantedImage forced(second);
  forced.force = true;
  EXPECT_TRUE(engine().remove_image(forced, stop_).removed) << "by id, with tags in two repositories";
  EXPECT_EQ(engine().image(second, stop_), std::nullopt);
  engine().remove_container(own("web"), stop_);
}

TEST_P(EngineContract, TakesALinkAwayAndLeavesBothContainers) {
  auto target = request("db", images().stays_up), linking = request("web", images().stays_up);
  linking.service.links = {own("db") + ":database", own("db") + ":other"};
  engine().create_container(target, stop_);
  engine().create_container(linking, stop_);
  engine().remove_link(own("web"), "database", stop_);
  EXPECT_EQ(engine().container(own("web"), stop_)->service.links, std::vector{own("db") + ":other"});
  engine().remove_link(own("web"), "database", stop_);
  engine().remove_link(own("nobody"), "database", stop_);
  EXPECT_TRUE(engine().container(own("db"), stop_).has_value());
}

TEST_P(EngineContract, KnowsForWhichRegistriesThereIsALogin) {
  EXPECT_TRUE(engine().login_for(scene_->registry_with_login(), stop_));
  EXPECT_FALSE(engine().login_for("elsewhere.example", stop_));
}

TEST_P(EngineContract, ReplaysWhatTheContainerWrote) {
  run("web", images().stays_up);
  EXPECT_TRUE(eventually([&] { return output("web") == "first line\nsecond line\n"; })) << output("web");
  LogRequest last;
  last.tail = 1;
  EXPECT_EQ(output("web", last), "second line\n");
  last.timestamps = true;
  const std::string stamped = output("web", last);
  const auto space = stamped.find(' ');
  EXPECT_TRUE(parse_time(stamped.substr(0, space)).has_value()) << stamped;
  EXPECT_EQ(stamped.substr(space + 1), "second line\n");
}

TEST_P(EngineContract, RunsCommandsInARunningContainerOnly) {
  const auto exit_code = [&](std::vector<std::string> command, CapturedOutput& terminal) {
    ExecRequest wanted;
    wanted.command = std::move(command);
    return engine().exec(own("web"), wanted, terminal, stop_);
  };
  CapturedOutput terminal;
  engine().create_container(request("web", images().stays_up), stop_);
  EXPECT_THROW(exit_code({"true"}, terminal), Conflict);
  engine().start_container(own("web"), stop_);
  EXPECT_EQ(exit_code({"true"}, terminal), 0);
  EXPECT_EQ(exit_code({"false"}, terminal), 1);
  ExecRequest detached;
  detached.command = {"echo", "nobody hears it"};
  detached.detached = true;
  EXPECT_EQ(engine().exec(own("web"), detached, terminal, stop_), 0);
  EXPECT_EQ(exit_code({"echo", "hello", "you"}, terminal), 0);
  EXPECT_EQ(terminal.text(), "hello you\n");
  // 126 or 127, as the engine's version has it.
  EXPECT_GE(exit_code({"no-such-command"}, terminal), 126);
}

TEST_P(EngineContract, AttachesUntilTheContainerEnds) {
  run("job", images().exits);
  CapturedOutput terminal;
  const auto code = engine().attach(own("job"), terminal, stop_);
  EXPECT_EQ(code.value_or(3), 3) << "nothing when the input ended before the job did";
  ASSERT_TRUE(eventually([&] { return listed("job").state == ContainerState::exited; }));
}

TEST_P(EngineContract, TellsWhatHappened) {
  const Time before = scene_->now() - Seconds(1);
  run("web", images().stays_up);
  engine().stop_container(own("web"), Seconds(5), stop_);
  std::vector<std::string> seen;
  engine().events(
      before, {},
      [&](const Event& event) {
        if (event.type != "container" || event.name != own("web")) return true;
        EXPECT_GE(event.time, before);
        seen.push_back(event.action);
        return event.action != "die";
      },
      stop_);
  const auto at = [&](const char* action) { return std::find(seen.begin(), seen.end(), action); };
  EXPECT_LT(at("create"), at("start"));
  EXPECT_LT(at("start"), at("die"));
  EXPECT_NE(at("die"), seen.end());
}

TEST_P(EngineContract, TellsOnlyOfTheEventsAskedFor) {
  const Time before = scene_->now() - Seconds(1);
  run("web", images().stays_up);
  engine().stop_container(own("web"), Seconds(5), stop_);
  std::vector<std::string> seen;
  EventFilter filter;
  filter.types = {"container"};
  filter.actions = {"start", "die", "health_status"};
  engine().events(
      before, filter,
      [&](const Event& event) {
        if (event.name != own("web")) return true;
        seen.push_back(event.type + " " + event.action);
        return event.action != "die";
      },
      stop_);
  EXPECT_EQ(seen, (std::vector<std::string>{"container start", "container die"}));
}

TEST_P(EngineContract, EventsEndWhereTheyAreOfNoMoreInterest) {
  const Time before = scene_->now() - Seconds(1);
  run("web", images().stays_up);
  EventFilter filter;
  filter.until = scene_->now() + Seconds(1);
  std::vector<std::string> seen;
  engine().events(
      before, filter,
      [&](const Event& event) {
        if (event.type == "container" && event.name == own("web")) seen.push_back(event.action);
        return true;
      },
      stop_);
  EXPECT_NE(std::find(seen.begin(), seen.end(), "start"), seen.end());
}

}  // namespace belay::engine
