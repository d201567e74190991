#include "engine_memory/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/files.h"
#include "base/format.h"
#include "engine/captured_output.h"
#include "engine/direct.h"
#include "support/fake_clock.h"

namespace belay::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class MemoryEngineTest : public ::testing::Test {
 protected:
  ContainerRequest request(const std::string& name, const std::string& image = "web",
                           const std::string& policy = "no") {
    ContainerRequest wanted;
    wanted.name = name;
    wanted.image = image;
    wanted.restart.name = policy;
    return wanted;
  }
  void run(const std::string& name, const std::string& image = "web", const std::string& policy = "no") {
    engine_.create_container(request(name, image, policy), stop_);
    engine_.start_container(name, stop_);
  }
  ContainerDetail detail(const std::string& name) { return engine_.container(name, stop_).value(); }
  ContainerState state(const std::string& name) { return detail(name).container.state; }

  belay::testing::FakeClock clock_;
  MemoryEngine engine_{clock_};
  std::stop_token stop_;
};

Behaviour exits_after(Milliseconds time, int code) {
  Behaviour behaviour;
  behaviour.exits_after = time;
  behaviour.exit_code = code;
  return behaviour;
}

ImageConfig with_health_check() {
  ImageConfig config;
  config.health = HealthCheck{{"CMD", "/check"}, {}, {}, {}, {}};
  return config;
}

TEST_F(MemoryEngineTest, DerivesImageIdsFromReferenceAndVersion) {
  const auto first = engine_.add_image("web", {}, {}, "1");
  EXPECT_EQ(first.size(), 7u + 64u);
  EXPECT_EQ(engine_.add_image("web:latest", {}, {}, "1"), first);
  EXPECT_NE(engine_.add_image("web", {}, {}, "2"), first);
  EXPECT_TRUE(engine_.image(first, stop_)->tags.empty()) << "the tag has moved";
  MemoryEngine another(clock_);
  EXPECT_EQ(another.add_image("web", {}, {}, "1"), first);
}

TEST_F(MemoryEngineTest, WritesDownWhatChangedAndNothingElse) {
  engine_.add_image("web", {}, {});
  engine_.create_volume({"data"}, stop_);
  engine_.create_volume({"data"}, stop_);
  engine_.create_network({"front"}, stop_);
  run("web-r1");
  engine_.start_container("web-r1", stop_);
  engine_.set_restart_policy("web-r1", {"unless-stopped", 0}, stop_);
  engine_.set_restart_policy("web-r1", {"unless-stopped", 0}, stop_);
  engine_.tag_image("web", "belay/web:r1", stop_);
  engine_.tag_image("web", "belay/web:r1", stop_);
  engine_.connect_network("web-r1", {"front", {}, {}, {}}, stop_);
  engine_.disconnect_network("web-r1", "front", stop_);
  engine_.stop_container("web-r1", {}, stop_);
  engine_.stop_container("web-r1", {}, stop_);
  engine_.rename_container("web-r1", "old", stop_);
  engine_.remove_container("old", stop_);
  engine_.remove_container("old", stop_);
  (void)engine_.remove_image("belay/web:r1", stop_);
  engine_.remove_volume("data", stop_);
  engine_.remove_network("front", stop_);
  (void)engine_.containers({}, stop_);
  EXPECT_THAT(engine_.changes(), ElementsAre("volume +data", "network +front", "create web-r1", "start web-r1",
                                             "policy web-r1 unless-stopped", "tag belay/web:r1", "connect web-r1 front",
                                             "disconnect web-r1 front", "stop web-r1", "rename web-r1 old",
                                             "remove old", "untag belay/web:r1", "volume -data", "network -front"));
  EXPECT_EQ(engine_.calls(), 21);
}

TEST_F(MemoryEngineTest, CrashesBeforeTheNextEffectAndStaysDown) {
  engine_.crash_after(1);
  engine_.create_volume({"one"}, stop_);
  EXPECT_THROW(engine_.create_volume({"two"}, stop_), MemoryEngine::Crash);
  EXPECT_THROW(engine_.volumes({}, stop_), MemoryEngine::Crash);
  EXPECT_EQ(engine_.calls(), 1);
  engine_.crash_after(std::nullopt);
  EXPECT_EQ(engine_.volumes({}, stop_).size(), 1u);
  EXPECT_THAT(engine_.changes(), ElementsAre("volume +one"));
}

TEST_F(MemoryEngineTest, NamesTheVolumesWhoseDataAreGone) {
  ImageConfig config;
  config.volumes = {"/data"};
  engine_.add_image("web", config, {});
  run("web-r1");
  const auto anonymous = detail("web-r1").container.mounts.at(0).source;
  EXPECT_EQ(anonymous.size(), 64u);
  engine_.create_volume({"kept"}, stop_);
  engine_.stop_container("web-r1", {}, stop_);
  engine_.remove_container("web-r1", stop_);
  EXPECT_THAT(engine_.lost_volumes(), IsEmpty());
  engine_.remove_volume(anonymous, stop_);
  EXPECT_THAT(engine_.lost_volumes(), ElementsAre(anonymous));
}

TEST_F(MemoryEngineTest, EndsContainersWhenTheirTimeHasCome) {
  engine_.add_image("job", {}, exits_after(Seconds(2), 3));
  run("job-r1", "job");
  clock_.advance(Milliseconds(1999));
  EXPECT_EQ(state("job-r1"), ContainerState::running);
  const Time end = clock_.now() + Milliseconds(1);
  clock_.advance(Seconds(10));
  EXPECT_EQ(state("job-r1"), ContainerState::exited);
  EXPECT_EQ(detail("job-r1").exit_code, 3);
  EXPECT_EQ(detail("job-r1").finished, end) << "it ended in time, however late somebody looks";
}

TEST_F(MemoryEngineTest, RestartsACrashingContainerWithGrowingDelays) {
  engine_.add_image("job", {}, exits_after(Milliseconds(100), 1));
  run("job-r1", "job", "always");
  clock_.advance(Milliseconds(150));
  EXPECT_EQ(state("job-r1"), ContainerState::restarting);
  EXPECT_EQ(detail("job-r1").restart_count, 0);
  clock_.advance(Milliseconds(100));
  EXPECT_EQ(state("job-r1"), ContainerState::running);
  EXPECT_EQ(detail("job-r1").restart_count, 1);
  // The second delay is twice as long: 300 to 500.
  clock_.advance(Milliseconds(150));
  EXPECT_EQ(state("job-r1"), ContainerState::restarting);
  clock_.advance(Milliseconds(150));
  EXPECT_EQ(detail("job-r1").restart_count, 2);
  clock_.advance(std::chrono::hours(24));
  EXPECT_GT(detail("job-r1").restart_count, 1000);
  EXPECT_LT(detail("job-r1").restart_count, 2000);
}

TEST_F(MemoryEngineTest, RestartsOnFailureOnlyAfterAFailure) {
  engine_.add_image("good", {}, exits_after(Milliseconds(100), 0));
  run("good-r1", "good", "on-failure");
  clock_.advance(Seconds(1));
  EXPECT_EQ(state("good-r1"), ContainerState::exited);
}

TEST_F(MemoryEngineTest, TurnsHealthyAndUnhealthyAtTheGivenTimes) {
  Behaviour behaviour;
  behaviour.healthy_after = Seconds(2);
  behaviour.unhealthy_after = Seconds(10);
  engine_.add_image("web", with_health_check(), behaviour);
  engine_.add_image("plain", {}, behaviour);
  run("web-r1");
  run("plain-r1", "plain");
  const auto health = [&](const char* name) { return detail(name).container.health; };
  EXPECT_EQ(health("web-r1"), Health::starting);
  clock_.advance(Seconds(2));
  EXPECT_EQ(health("web-r1"), Health::healthy);
  EXPECT_EQ(detail("web-r1").container.status, "Up 2 seconds (healthy)");
  clock_.advance(Seconds(8));
  EXPECT_EQ(health("web-r1"), Health::unhealthy);
  EXPECT_EQ(health("plain-r1"), Health::none);
  std::vector<std::string> turns;
  engine_.events(
      {}, {},
      [&](const Event& event) {
        if (event.action.starts_with("health_status")) turns.push_back(event.action);
        return true;
      },
      stop_);
  EXPECT_THAT(turns, ElementsAre("health_status: healthy", "health_status: unhealthy"));
  EventFilter of_health;
  of_health.actions = {"health_status"};
  std::vector<std::string> asked_for;
  engine_.events(
      {}, of_health,
      [&](const Event& event) {
        asked_for.push_back(event.action);
        return true;
      },
      stop_);
  EXPECT_EQ(asked_for, turns);
}

TEST_F(MemoryEngineTest, TakesTheHealthCheckOfTheServiceAsWell) {
  Behaviour behaviour;
  behaviour.unhealthy_after = Seconds(2);
  engine_.add_image("web", {}, behaviour);
  auto wanted = request("web-r1");
  wanted.service.health = HealthCheck{{"CMD-SHELL", "check"}, {}, {}, {}, {}};
  engine_.create_container(wanted, stop_);
  engine_.start_container("web-r1", stop_);
  clock_.advance(Seconds(3));
  EXPECT_EQ(detail("web-r1").container.health, Health::unhealthy);
}

TEST_F(MemoryEngineTest, StartsAgainAfterARestartOfTheEngineWhatItsPolicySays) {
  engine_.add_image("web", {}, {});
  for (const std::string policy : {"no", "on-failure", "unless-stopped", "always"}) {
    run("up-" + policy, "web", policy);
    run("stopped-" + policy, "web", policy);
    engine_.stop_container("stopped-" + policy, {}, stop_);
    engine_.create_container(request("created-" + policy, "web", policy), stop_);
  }
  engine_.restart();
  std::vector<std::string> up;
  for (const auto& container : engine_.containers({false, {}}, stop_)) up.push_back(container.name);
  EXPECT_THAT(up, ElementsAre("stopped-always", "up-always", "up-on-failure", "up-unless-stopped"));
  EXPECT_EQ(state("up-no"), ContainerState::exited);
  EXPECT_EQ(state("created-always"), ContainerState::created);
}

TEST_F(MemoryEngineTest, KillsAContainerAsIfItDiedByItself) {
  engine_.add_image("web", {}, {});
  run("once");
  run("again", "web", "unless-stopped");
  engine_.kill("once", 139);
  engine_.kill("again", 139);
  EXPECT_EQ(state("once"), ContainerState::exited);
  EXPECT_EQ(detail("once").exit_code, 139);
  EXPECT_EQ(state("again"), ContainerState::restarting);
  clock_.advance(Milliseconds(100));
  EXPECT_EQ(state("again"), ContainerState::running);
  EXPECT_THAT(engine_.changes(), ElementsAre("create once", "start once", "create again", "start again"))
      << "nobody asked for it";
}

TEST_F(MemoryEngineTest, RefusesAStartInTheWordsOfTheImage) {
  Behaviour behaviour;
  behaviour.start_error = "exec: no such file";
  engine_.add_image("web", {}, behaviour);
  engine_.create_container(request("web-r1"), stop_);
  try {
    engine_.start_container("web-r1", stop_);
    ADD_FAILURE() << "it started";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), 400);
    EXPECT_STREQ(error.what(), "exec: no such file");
  }
  EXPECT_EQ(detail("web-r1").error, "exec: no such file");
}

TEST_F(MemoryEngineTest, HandsAPortOverToTheNextWhenTheHolderIsKilled) {
  engine_.add_image("web", {}, {});
  auto wanted = request("one");
  PortBinding port;
  port.container_port = 80;
  port.host_port = 8080;
  wanted.service.ports = {port};
  engine_.create_container(wanted, stop_);
  wanted.name = "two";
  engine_.create_container(wanted, stop_);
  engine_.start_container("one", stop_);
  try {
    engine_.start_container("two", stop_);
    ADD_FAILURE() << "two containers on one port";
  } catch (const Conflict& error) {
    EXPECT_STREQ(error.what(), "port 8080 is already in use on this host");
  }
  engine_.kill("one", 1);
  engine_.start_container("two", stop_);
  EXPECT_EQ(state("two"), ContainerState::running);
}

TEST_F(MemoryEngineTest, BuildsWhatTheTestPlanned) {
  ImageConfig config;
  config.exposed_ports = {"80/tcp"};
  engine_.next_build(config, {}, "7");
  BuildRequest build;
  build.tags = {"web:latest"};
  build.labels = {{"belay.app", "web"}};
  bool context_read = false;
  build.write_context = [&](const auto& sink) {
    sink("tar");
    context_read = true;
  };
  const auto planned = engine_.build(build, {}, stop_);
  EXPECT_TRUE(context_read);
  EXPECT_EQ(engine_.image("web", stop_)->id, planned);
  EXPECT_EQ(engine_.image("web", stop_)->config.exposed_ports, config.exposed_ports);
  EXPECT_EQ(engine_.image("web", stop_)->config.labels.at("belay.app"), "web");

  const auto second = engine_.build(build, {}, stop_);
  EXPECT_NE(second, planned);
  EXPECT_NE(engine_.build(build, {}, stop_), second);

  engine_.next_build_fails("RUN make: error 2");
  EXPECT_THROW(engine_.build(build, {}, stop_), Error);
  EXPECT_NO_THROW(engine_.build(build, {}, stop_));
}

TEST_F(MemoryEngineTest, PullsWhatTheRegistryHasAndPushesIntoIt) {
  EXPECT_THROW(engine_.pull("registry.example/web:1", {}, stop_), NotFound);
  engine_.in_registry("registry.example/web:1", {}, {}, "1");
  std::vector<Progress> seen;
  engine_.pull("registry.example/web:1", [&](const Progress& progress) { seen.push_back(progress); }, stop_);
  EXPECT_FALSE(seen.empty());
  const auto pulled = engine_.image("registry.example/web:1", stop_).value();
  ASSERT_EQ(pulled.digests.size(), 1u);
  EXPECT_EQ(engine_.image(pulled.digests.front(), stop_)->id, pulled.id);
  engine_.pull("registry.example/web:1", {}, stop_);
  engine_.in_registry("registry.example/web:1", {}, {}, "2");
  engine_.pull("registry.example/web:1", {}, stop_);
  EXPECT_NE(engine_.image("registry.example/web:1", stop_)->id, pulled.id);
  EXPECT_THAT(engine_.changes(), ElementsAre("pull registry.example/web:1", "pull registry.example/web:1"));

  engine_.tag_image(pulled.id, "registry.example/own:1", stop_);
  engine_.push("registry.example/own:1", {}, stop_);
  (void)engine_.remove_image(pulled.id, stop_);
  engine_.pull("registry.example/own:1", {}, stop_);
  EXPECT_EQ(engine_.image("registry.example/own:1", stop_)->id, pulled.id);
  EXPECT_THROW(engine_.push("registry.example/absent:1", {}, stop_), NotFound);
}

TEST_F(MemoryEngineTest, AttachesUntilTheProcessEndsWithoutWaitingInRealTime) {
  Behaviour job = exits_after(std::chrono::hours(1), 4);
  job.output = "working\n";
  engine_.add_image("job", {}, job);
  run("job-r1", "job");
  CapturedOutput terminal;
  EXPECT_EQ(engine_.attach("job-r1", terminal, stop_), 4);
  EXPECT_EQ(terminal.text(), "working\n");

  engine_.add_image("web", {}, {});
  run("web-r1");
  EXPECT_EQ(engine_.attach("web-r1", terminal, stop_), std::nullopt) << "the input ended, the container did not";
}

TEST_F(MemoryEngineTest, ReplaysEventsInTheOrderOfTheirTimes) {
  engine_.add_image("slow", {}, exits_after(Seconds(5), 0));
  engine_.add_image("quick", {}, exits_after(Seconds(3), 0));
  run("a-slow", "slow");
  run("b-quick", "quick");
  clock_.advance(Seconds(1));
  const Time since = clock_.now();
  clock_.advance(Seconds(60));
  std::vector<std::string> seen;
  const auto note = [&](const Event& event) {
    seen.push_back(event.action + " " + event.name);
    return true;
  };
  engine_.events(since, {}, note, stop_);
  EXPECT_THAT(seen, ElementsAre("die b-quick", "die a-slow"));
}

TEST_F(MemoryEngineTest, ServesSeveralThreadsAtOnce) {
  engine_.add_image("web", {}, {});
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        for (int at = 0; at < 25; ++at) run(format("web-{}-{}", thread, at));
      });
  }
  EXPECT_EQ(engine_.containers({false, {}}, stop_).size(), 100u);
  EXPECT_EQ(engine_.changes().size(), 200u);
}

TEST_F(MemoryEngineTest, HasARegistryWhoseTagsMove) {
  const std::string first = engine_.in_registry("r.example/web:1", {}, {}, "1");
  const std::string second = engine_.in_registry("r.example/web:1", {}, {}, "2");
  EXPECT_NE(first, second);
  EXPECT_EQ(engine_.registry_image("r.example/web:1", stop_).digest, second);
  EXPECT_EQ(engine_.registry_questions(), 1);
  EXPECT_THAT(engine_.changes(), IsEmpty());
  engine_.pull("r.example/web:1@" + first, {}, stop_);
  EXPECT_EQ(engine_.image("r.example/web@" + first, stop_)->digests, std::vector{"r.example/web@" + first});
  engine_.not_in_registry("r.example/web:1");
  EXPECT_THROW(engine_.registry_image("r.example/web:1", stop_), NotFound);
  EXPECT_EQ(engine_.registry_image("r.example/web@" + second, stop_).digest, second);
}

TEST_F(MemoryEngineTest, HasRegistriesThatFailAndAreSlow) {
  engine_.in_registry("r.example/web:1", {}, {});
  engine_.in_registry("web:1", {}, {});
  engine_.registry_fails("r.example", EngineError(429, "the registry r.example wants fewer requests"));
  EXPECT_THROW(engine_.registry_image("r.example/web:1", stop_), EngineError);
  EXPECT_THROW(engine_.pull("r.example/web:1", {}, stop_), EngineError);
  EXPECT_NO_THROW(engine_.registry_image("web:1", stop_));
  engine_.registry_fails("r.example", {});
  engine_.registry_takes(Seconds(40));
  const Time before = clock_.now();
  EXPECT_NO_THROW(engine_.registry_image("r.example/web:1", stop_));
  EXPECT_EQ(clock_.now() - before, Seconds(40));
}

TEST_F(MemoryEngineTest, KnowsTheLoginsItWasGiven) {
  EXPECT_FALSE(engine_.login_for("r.example", stop_));
  engine_.log_in({"r.example", {"me", "secret", {}}});
  EXPECT_EQ(engine_.login_for("r.example", stop_)->username, "me");
  EXPECT_FALSE(engine_.login_for("docker.io", stop_));
}

TEST_F(MemoryEngineTest, LetsNoTimePassForWhatIsPaused) {
  Behaviour job = exits_after(Seconds(10), 3);
  job.healthy_after = Seconds(5);
  engine_.add_image("job", with_health_check(), job);
  run("job-r1", "job");
  clock_.advance(Seconds(2));
  engine_.pause_container("job-r1", stop_);
  clock_.advance(Seconds(60));
  EXPECT_EQ(state("job-r1"), ContainerState::paused);
  EXPECT_EQ(detail("job-r1").container.health, Health::starting);
  engine_.unpause_container("job-r1", stop_);
  clock_.advance(Seconds(3));
  EXPECT_EQ(detail("job-r1").container.health, Health::healthy);
  clock_.advance(Milliseconds(4999));
  EXPECT_EQ(state("job-r1"), ContainerState::running);
  clock_.advance(Milliseconds(1));
  EXPECT_EQ(state("job-r1"), ContainerState::exited);
  EXPECT_THAT(engine_.changes(), ElementsAre("create job-r1", "start job-r1", "pause job-r1", "unpause job-r1"));
}

// An engine whose volumes are folders of this machine.
class MemoryEngineOfThisMachine : public MemoryEngineTest {
 protected:
  Volume volume(const std::string& name) {
    for (const auto& each : local_.volumes({}, stop_))
      if (each.name == name) return each;
    throw NotFound(name);
  }
  ContainerRequest holder(const std::string& volume) {
    auto wanted = request("hold");
    wanted.service.mounts.push_back({Mount::Kind::volume, volume, "/data", false, ""});
    return wanted;
  }
  std::string archive(const std::string& path) {
    std::string bytes;
    local_.read_archive("hold", path, [&](std::string_view piece) { bytes += piece; }, stop_);
    return bytes;
  }

  TemporaryFolder folder_;
  MemoryEngine local_{clock_, folder_.path()};
};

TEST_F(MemoryEngineOfThisMachine, KeepsVolumesInFoldersAsLongAsTheyLive) {
  local_.create_volume({"data"}, stop_);
  EXPECT_EQ(local_.data_folder(stop_), folder_.path().string());
  EXPECT_EQ(volume("data").mount_point, (folder_.path() / "data" / "_data").string());
  EXPECT_EQ(direct_folder(volume("data")), folder_.path() / "data" / "_data");
  write_file_durably(folder_.path() / "data" / "_data" / "file", "twelve bytes");
  EXPECT_EQ(local_.volume_sizes(stop_).at("data"), ByteCount{12});
  local_.add_image("web", {}, {});
  local_.create_container(holder("data"), stop_);
  EXPECT_THAT(archive("/data/file"), ::testing::HasSubstr("twelve bytes"));
  local_.remove_container("hold", stop_);
  local_.remove_volume("data", stop_);
  EXPECT_FALSE(fs::exists(folder_.path() / "data"));
  EXPECT_THAT(local_.lost_volumes(), ElementsAre("data"));
}

TEST_F(MemoryEngineOfThisMachine, ShowsAVolumeWithOptionsOnlyThroughTheEngine) {
  local_.create_volume({"data", {}, {.driver = "local", .options = {{"type", "nfs"}}}}, stop_);
  local_.add_image("web", {}, {});
  local_.create_container(holder("data"), stop_);
  const std::string tar = archive("/data");
  local_.write_archive("hold", "/data", [&](const Sink& sink) { sink(tar); }, stop_);
  EXPECT_THAT(archive("/data/data"), ::testing::HasSubstr("data/"));
  EXPECT_EQ(direct_folder(volume("data")), std::nullopt);
  EXPECT_TRUE(fs::is_empty(volume("data").mount_point));
}

TEST_F(MemoryEngineOfThisMachine, CountsAndCrashesInTheNewCallsToo) {
  local_.create_volume({"data"}, stop_);
  local_.add_image("web", {}, {});
  local_.create_container(holder("data"), stop_);
  const std::string tar = archive("/data");
  const int calls = local_.calls();
  local_.crash_after(0, MemoryEngine::Cut::before_the_answer);
  const auto write = [&] { local_.write_archive("hold", "/data", [&](const Sink& sink) { sink(tar); }, stop_); };
  EXPECT_THROW(write(), MemoryEngine::Crash);
  EXPECT_TRUE(fs::exists(folder_.path() / "data" / "_data" / "data")) << "only the answer was lost";
  EXPECT_EQ(local_.calls(), calls + 1);
  EXPECT_THROW(write(), MemoryEngine::Crash);
  EXPECT_THROW(archive("/data"), MemoryEngine::Crash);
  EXPECT_THROW(local_.pause_container("hold", stop_), MemoryEngine::Crash);
  EXPECT_THROW(local_.save_images({"web"}, [](std::string_view) {}, stop_), MemoryEngine::Crash);
  EXPECT_EQ(local_.calls(), calls + 1);
}

TEST_F(MemoryEngineOfThisMachine, SharesItsFilesAndTheOtherDoesNot) {
  EXPECT_TRUE(shares_files(local_, stop_));
  EXPECT_TRUE(local_.volumes({}, stop_).empty());
  EXPECT_TRUE(fs::is_empty(folder_.path()));
  EXPECT_THAT(local_.lost_volumes(), IsEmpty());

  EXPECT_FALSE(shares_files(engine_, stop_));
  EXPECT_THAT(engine_.changes(), IsEmpty());
}

// As through a socket that leads to another machine with the same folders.
TEST_F(MemoryEngineOfThisMachine, DoesNotTakeTheFilesOfAnotherMachineForItsOwn) {
  class Elsewhere final : public MemoryEngine {
   public:
    Elsewhere(Clock& clock, fs::path there, fs::path here)
        : MemoryEngine(clock, there), there_(std::move(there)), here_(std::move(here)) {}
    std::string data_folder(std::stop_token) override { return here_.string(); }
    std::vector<Volume> volumes(const std::optional<std::string>& label, std::stop_token stop) override {
      auto found = MemoryEngine::volumes(label, stop);
      for (auto& each : found)
        each.mount_point = (here_ / fs::path(each.mount_point).lexically_relative(there_)).string();
      return found;
    }

   private:
    const fs::path there_, here_;
  };
  const TemporaryFolder there;
  Elsewhere elsewhere(clock_, there.path(), folder_.path());
  EXPECT_FALSE(shares_files(elsewhere, stop_));
  EXPECT_TRUE(elsewhere.volumes({}, stop_).empty());
}

TEST_F(MemoryEngineOfThisMachine, RemovesWhatACrashedQuestionLeftBehind) {
  local_.crash_after(3, MemoryEngine::Cut::before_the_effect);
  EXPECT_THROW((void)shares_files(local_, stop_), MemoryEngine::Crash);
  local_.crash_after({});
  ASSERT_EQ(local_.volumes({}, stop_).size(), 1u);
  EXPECT_TRUE(shares_files(local_, stop_));
  EXPECT_EQ(local_.volumes({}, stop_).size(), 1u) << "it may be another's that asks right now";
  clock_.advance(std::chrono::minutes(2));
  EXPECT_TRUE(shares_files(local_, stop_));
  EXPECT_TRUE(local_.volumes({}, stop_).empty());
}

TEST_F(MemoryEngineTest, LoadsWhatAnotherOfItsKindSaved) {
  ImageConfig config = with_health_check();
  config.volumes = {"/data"};
  config.labels = {{"colour", "blue"}};
  const std::string id = engine_.add_image("web:1", config, exits_after(Seconds(2), 3));
  std::string bytes;
  engine_.save_images({"web:1"}, [&](std::string_view piece) { bytes += piece; }, stop_);
  MemoryEngine another(clock_);
  EXPECT_THAT(another.load_images([&](const Sink& sink) { sink(bytes); }, {}, stop_), ElementsAre("web:1"));
  const auto image = another.image("web:1", stop_);
  ASSERT_TRUE(image);
  EXPECT_EQ(image->id, id);
  EXPECT_EQ(image->config.volumes, config.volumes);
  EXPECT_EQ(image->config.health, config.health);
  EXPECT_EQ(image->config.labels, config.labels);
  another.create_container(request("web-r1", "web:1"), stop_);
  another.start_container("web-r1", stop_);
  clock_.advance(Seconds(3));
  EXPECT_EQ(another.container("web-r1", stop_)->exit_code, 3);
}

TEST(CapturedOutput, KeepsTheEndOfMuchOutput) {
  CapturedOutput output({10});
  output.write(OutputStream::out, "0123456");
  EXPECT_FALSE(output.is_cut());
  output.write(OutputStream::err, "789abc");
  EXPECT_EQ(output.text(), "3456789abc");
  EXPECT_TRUE(output.is_cut());
  EXPECT_EQ(output.read({}), "");
}

}  // namespace
}  // namespace belay::engine
