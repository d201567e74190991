#include "exec/run.h"

#include <algorithm>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <stdexcept>

#include "behaviours.h"
#include "engine_memory/memory.h"
#include "support/fake_clock.h"

namespace belay::exec {
namespace {

using engine::Behaviour;
using engine::MemoryEngine;
using plan::Plan;

// What was told, one line each.
class Notes final : public plan::Report {
 public:
  void tell(const plan::Event& event) override {
    if (const auto* begun = std::get_if<plan::StepBegun>(&event.what)) note_of("started ", begun->which);
    if (const auto* done = std::get_if<plan::StepDone>(&event.what)) note_of("done ", done->which);
    if (const auto* failed = std::get_if<plan::StepFailed>(&event.what))
      note_of("failed ", failed->which, ": " + failed->reason);
    if (const auto* judged = std::get_if<plan::Judged>(&event.what)) verdicts.push_back(*judged);
  }
  // The run tells one thing at a time.
  std::vector<std::string> lines;
  std::vector<plan::Judged> verdicts;

 private:
  void note_of(const std::string& what, const plan::StepOf& which, const std::string& rest = {}) {
    lines.push_back(what + plan::step_text(which.step()) + rest);
  }
};

class Running : public ::testing::Test {
 protected:
  void image(const Behaviour& behaviour, bool has_health_check = false) {
    ImageConfig config;
    if (has_health_check) config.health = HealthCheck{{"CMD", "check"}, {}, {}, {}, {}};
    engine_.add_image("web", config, behaviour);
  }
  // Create, start, verdict, one after the other.
  static Plan start_web(bool has_health_check = false) {
    Plan plan;
    const size_t created = plan.add(plan::CreateContainer{"web-r1", "web", {}, {}, {"no", 0}}, "");
    const size_t started = plan.add(plan::StartContainer{"web-r1"}, "", {created});
    const size_t verdict =
        plan.add(plan::AwaitVerdict{"web-r1", has_health_check, Seconds(5), Seconds(60)}, "", {started});
    plan.add(plan::SetRestartPolicy{"web-r1", {"unless-stopped", 0}}, "", {verdict});
    return plan;
  }
  Outcome run(const Plan& plan, int workers = 1) {
    return exec::run(plan, engine_, clock_, notes_, {.workers = workers, .log_lines = 2}, stop_.get_token());
  }

  testing::FakeClock clock_;
  MemoryEngine engine_{clock_};
  Notes notes_;
  std::stop_source stop_;
};

TEST_F(Running, DoesEveryActionInOrder) {
  image({});
  const Outcome outcome = run(start_web(), 8);
  EXPECT_TRUE(outcome.done());
  EXPECT_EQ(engine_.changes(),
            (std::vector<std::string>{"create web-r1", "start web-r1", "policy web-r1 unless-stopped"}));
  EXPECT_EQ(notes_.lines.size(), 8U);
  EXPECT_EQ(notes_.lines.front(), "started create container web-r1 from image web");
  EXPECT_EQ(notes_.lines.back(), "done set the restart policy of web-r1 to unless-stopped");
  ASSERT_EQ(notes_.verdicts.size(), 1U);
  EXPECT_TRUE(notes_.verdicts[0].passed);
}

TEST_F(Running, OfAnEmptyPlanIsDone) {
  EXPECT_TRUE(run({}).done());
  EXPECT_EQ(engine_.calls(), 0);
}

TEST_F(Running, KeepsTheOrderOfAnyGraph) {
  Plan plan;
  for (size_t i = 0; i < 60; ++i) {
    std::vector<size_t> after;
    if (i >= 3) after = {i / 2, i - 3};
    plan.add(plan::CreateVolume{"v" + std::to_string(i), {}}, "", after);
  }
  ASSERT_TRUE(run(plan, 4).done());
  const auto place = [&](const std::string& line) {
    return std::find(notes_.lines.begin(), notes_.lines.end(), line) - notes_.lines.begin();
  };
  for (size_t i = 0; i < plan.actions.size(); ++i)
    for (const size_t before : plan.actions[i].after)
      EXPECT_LT(place("done create volume v" + std::to_string(before)),
                place("started create volume v" + std::to_string(i)));
  EXPECT_EQ(engine_.changes().size(), 60U);
}

// Independent actions: the first waits inside the engine for the second.
TEST_F(Running, RunsIndependentActionsAtTheSameTime) {
  class Meeting final : public MemoryEngine {
   public:
    using MemoryEngine::MemoryEngine;
    void create_volume(const VolumeRequest& request, std::stop_token stop) override {
      {
        std::unique_lock lock(mutex_);
        ++arrived_;
        met_.notify_all();
        // The deadline only keeps a broken run from hanging; a good one never gets near it.
        if (!met_.wait_for(lock, std::chrono::seconds(60), [&] { return arrived_ >= 2; }))
          throw Error(ErrorCode::internal, "it came alone");
      }
      MemoryEngine::create_volume(request, stop);
    }

   private:
    std::mutex mutex_;
    std::condition_variable met_;
    int arrived_ = 0;
  } engine(clock_);
  Plan plan;
  plan.add(plan::CreateVolume{"a", {}}, "");
  plan.add(plan::CreateVolume{"b", {}}, "");
  const Outcome outcome = exec::run(plan, engine, clock_, notes_, {}, {});
  EXPECT_TRUE(outcome.done()) << outcome.error->what();
}

TEST_F(Running, StartsNothingAfterAFailure) {
  Plan plan;
  const size_t failing = plan.add(plan::StartContainer{"absent"}, "");
  plan.add(plan::CreateVolume{"after", {}}, "", {failing});
  plan.add(plan::CreateVolume{"beside", {}}, "");
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.error);
  EXPECT_FALSE(outcome.done());
  EXPECT_EQ(outcome.failed_action, failing);
  EXPECT_STREQ(outcome.error->what(), "start absent: there is no container absent");
  EXPECT_EQ(engine_.changes(), std::vector<std::string>{});
  EXPECT_EQ(notes_.lines,
            (std::vector<std::string>{"started start absent",
                                      "failed start absent: start absent: there is no container absent"}));
}

TEST_F(Running, AFailedVerdictComesWithItsReasonAndLog) {
  image(exits(Seconds(1), 3, "one\ntwo\nthree\n"));
  const Outcome outcome = run(start_web());
  ASSERT_TRUE(outcome.verdict);
  EXPECT_FALSE(outcome.done());
  EXPECT_FALSE(outcome.error);
  EXPECT_EQ(outcome.verdict->container, "web-r1");
  EXPECT_EQ(outcome.verdict->reason, "it exited with code 3");
  EXPECT_EQ(outcome.verdict->log_tail, "two\nthree\n");
  EXPECT_EQ(outcome.failed_action, 2U);
  EXPECT_TRUE(outcome.release_is_at_fault);
  EXPECT_EQ(engine_.changes(), (std::vector<std::string>{"create web-r1", "start web-r1"})) << "no policy is set";
}

TEST_F(Running, AHealthCheckDecidesTheVerdict) {
  image(turns_healthy(Seconds(2)), true);
  EXPECT_TRUE(run(start_web(true)).done());
}

TEST_F(Running, AStartThatTheEngineRefusesForTheImagesSakeIsTheReleasesFault) {
  image(refuses_to_start("exec: \"serve\": executable file not found"));
  const Outcome outcome = run(start_web());
  ASSERT_TRUE(outcome.error);
  EXPECT_TRUE(outcome.release_is_at_fault);
}

TEST_F(Running, APortThatIsTakenIsNotTheReleasesFault) {
  image({});
  Service service;
  service.ports = {{80, "tcp", "", std::uint16_t{8080}}};
  engine_.create_container({"other", "web", service, {}, {"no", 0}}, {});
  engine_.start_container("other", {});
  Plan plan = start_web();
  std::get<plan::CreateContainer>(plan.actions[0].step).service = service;
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.error);
  EXPECT_STREQ(outcome.error->what(), "start web-r1: port 8080 is already in use on this host");
  EXPECT_FALSE(outcome.release_is_at_fault);
}

TEST_F(Running, ARefusalOfAnyOtherStepIsNotTheReleasesFault) {
  Plan plan = start_web();
  std::get<plan::CreateContainer>(plan.actions[0].step).name = "!";
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.error);
  EXPECT_FALSE(outcome.release_is_at_fault);
}

TEST_F(Running, EndsOnStopWithoutTouchingAnything) {
  image({});
  stop_.request_stop();
  EXPECT_THROW(std::ignore = run(start_web()), Cancelled);
  EXPECT_EQ(engine_.changes(), std::vector<std::string>{});
}

TEST_F(Running, AStopDuringAVerdictIsNoVerdict) {
  image({});
  class Stopping final : public plan::Report {
   public:
    explicit Stopping(std::stop_source& stop) : stop_(stop) {}
    void tell(const plan::Event& event) override {
      const auto* begun = std::get_if<plan::StepBegun>(&event.what);
      if (begun != nullptr && std::holds_alternative<plan::AwaitVerdict>(begun->which.step())) stop_.request_stop();
    }

   private:
    std::stop_source& stop_;
  } listener(stop_);
  EXPECT_THROW(std::ignore = exec::run(start_web(), engine_, clock_, listener, {}, stop_.get_token()), Cancelled);
}

TEST_F(Running, ACrashIsNobodysFailure) {
  image({});
  for (const int workers : {1, 4})
    for (int calls = 0; calls < 3; ++calls) {
      MemoryEngine engine(clock_);
      engine.crash_after(calls);
      Plan plan;
      for (int i = 0; i < 6; ++i) plan.add(plan::CreateVolume{"v" + std::to_string(i), {}}, "");
      EXPECT_THROW(std::ignore = exec::run(plan, engine, clock_, notes_, {.workers = workers, .log_lines = 2}, {}),
                   MemoryEngine::Crash);
      EXPECT_EQ(engine.changes().size(), static_cast<size_t>(calls));
    }
  for (const auto& line : notes_.lines) EXPECT_FALSE(line.starts_with("failed")) << line;
}

TEST_F(Running, AListenerThatFailsIsPassedOn) {
  class Broken final : public plan::Report {
   public:
    void tell(const plan::Event& event) override {
      if (std::holds_alternative<plan::StepFailed>(event.what)) throw std::runtime_error("the journal is gone");
    }
  } listener;
  Plan plan;
  plan.add(plan::StartContainer{"absent"}, "");
  plan.add(plan::StartContainer{"absent too"}, "");
  EXPECT_THROW(std::ignore = exec::run(plan, engine_, clock_, listener, {.workers = 4, .log_lines = 2}, {}),
               std::runtime_error);
}

TEST_F(Running, BuildsAnImageFromAFolder) {
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "Dockerfile", "FROM scratch\n");
  // Gives the context a look on its way into the engine.
  class Looking final : public MemoryEngine {
   public:
    using MemoryEngine::MemoryEngine;
    std::string build(const engine::BuildRequest& request, const engine::ProgressSink& progress,
                      std::stop_token stop) override {
      request.write_context([&](std::string_view bytes) { context += bytes; });
      engine::BuildRequest sent = request;
      sent.write_context = nullptr;
      arguments = sent.arguments;
      dockerfile = sent.dockerfile;
      return MemoryEngine::build(sent, progress, stop);
    }
    std::string context, dockerfile;
    std::map<std::string, std::string> arguments;
  } engine(clock_);
  Plan plan;
  plan::BuildImage build;
  build.folder = folder.path();
  build.dockerfile = folder.path() / "Dockerfile";
  build.tags = {"web:latest"};
  build.arguments = {{"VERSION", "2"}};
  build.labels = labels::for_image(AppName("web"));
  const size_t index = plan.add(build, "");
  const Outcome outcome = exec::run(plan, engine, clock_, notes_, {}, {});
  ASSERT_TRUE(outcome.done());
  const auto image = engine.image("web:latest", {});
  ASSERT_TRUE(image);
  EXPECT_EQ(outcome.built.at(index), image->id);
  EXPECT_EQ(image->config.labels.at(labels::family), "web");
  EXPECT_EQ(engine.dockerfile, "Dockerfile");
  EXPECT_EQ(engine.arguments.at("VERSION"), "2");
  EXPECT_NE(engine.context.find("FROM scratch"), std::string::npos);
}

TEST_F(Running, ABuildThatFailsSaysWhy) {
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "Dockerfile", "FROM scratch\n");
  engine_.next_build_fails("RUN make: exit code 2");
  Plan plan;
  plan::BuildImage build;
  build.folder = folder.path();
  build.dockerfile = folder.path() / "Dockerfile";
  build.tags = {"web:latest"};
  plan.add(build, "");
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.error);
  EXPECT_NE(std::string(outcome.error->what()).find("RUN make: exit code 2"), std::string::npos);
  EXPECT_FALSE(outcome.release_is_at_fault);

  build.dockerfile = folder.path() / "absent";
  Plan missing;
  missing.add(build, "");
  EXPECT_TRUE(run(missing).error);
}

TEST_F(Running, WritesFilesBeforeTheFirstStart) {
  image({});
  Plan plan;
  const size_t created = plan.add(plan::CreateContainer{"web-r1", "web", {}, {}, {"no", 0}}, "");
  plan.add(plan::PutFiles{"web-r1", {{"/run/secrets/token", "geheim", 70, 70, 0400}, {"/etc/app.conf", "x=1\n"}}}, "",
           {created});
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.done()) << outcome.error->what();
  EXPECT_EQ(engine_.own_file("web-r1", "/run/secrets/token"), "geheim");
  EXPECT_EQ(engine_.own_file("web-r1", "/etc/app.conf"), "x=1\n");
  EXPECT_EQ(engine_.own_file("web-r1", "/etc/other"), std::nullopt);
}

TEST_F(Running, DoesEachKindOfStep) {
  image({});
  engine_.in_registry("other:1", {}, {});
  Plan plan;
  std::vector<size_t> last;
  const auto then = [&](plan::Step step) { last = {plan.add(std::move(step), "", last)}; };
  then(plan::PullImage{"other:1"});
  then(plan::TagImage{"web", "mine/web:1"});
  then(plan::PushImage{"mine/web:1"});
  then(plan::CreateNetwork{"front"});
  then(plan::CreateVolume{"data", {}, {.driver = "far", .options = {{"share", "a"}}}});
  then(plan::CreateContainer{"web-r1", "web", {}, {}, {"no", 0}});
  then(plan::RenameContainer{"web-r1", "web-r2"});
  then(plan::ConnectNetwork{"web-r2", {"front", {}, "", ""}});
  then(plan::StartContainer{"web-r2"});
  Resources resources;
  resources.memory = ByteCount{64 << 20};
  then(plan::UpdateResources{"web-r2", resources});
  then(plan::PauseContainer{"web-r2"});
  then(plan::ResumeContainer{"web-r2"});
  then(plan::StopContainer{"web-r2", {}});
  then(plan::DisconnectNetwork{"web-r2", "front"});
  then(plan::RemoveContainer{"web-r2"});
  then(plan::RemoveNetwork{"front"});
  then(plan::RemoveVolume{"data"});
  then(plan::UntagImage{"mine/web:1"});
  then(plan::RemoveImage{"other:1"});
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.done()) << outcome.error->what();
  EXPECT_EQ(engine_.changes(),
            (std::vector<std::string>{"pull other:1", "tag mine/web:1", "push mine/web:1", "network +front",
                                      "volume +data", "create web-r1", "rename web-r1 web-r2", "connect web-r2 front",
                                      "start web-r2", "resources web-r2", "pause web-r2", "unpause web-r2",
                                      "stop web-r2", "disconnect web-r2 front", "remove web-r2", "network -front",
                                      "volume -data", "untag mine/web:1", "untag other:1"}));
}

TEST_F(Running, AnImageInUseIsKeptWithoutAFailure) {
  image({});
  engine_.create_container({"web-r1", "web", {}, {}, {"no", 0}}, {});
  Plan plan;
  plan.add(plan::RemoveImage{"web"}, "");
  EXPECT_TRUE(run(plan).done());
  EXPECT_TRUE(engine_.image("web", {}));
}

// As where somebody tags it while the question is asked.
TEST_F(Running, AnImageThatHasGotAnotherNameIsKept) {
  image({});
  const std::string id = engine_.image("web", {})->id;
  for (const std::vector<std::string>& names : {std::vector<std::string>{}, {"web:latest"}}) {
    engine_.tag_image("web", "keep:1", {});
    Plan plan;
    plan.add(plan::RemoveImage{id, names}, "");
    EXPECT_TRUE(run(plan).done());
    EXPECT_THAT(engine_.image(id, {})->tags, ::testing::UnorderedElementsAre("keep:1", "web:latest"));
  }
  std::ignore = engine_.remove_image("keep:1", {});
  Plan plan;
  plan.add(plan::RemoveImage{id, {"web:latest"}}, "");
  EXPECT_TRUE(run(plan).done());
  EXPECT_FALSE(engine_.image(id, {}));
}

// A hook that hangs must not hold an app still for ever.
TEST_F(Running, AStepThatHangsEndsAtItsDeadline) {
  image({});
  ASSERT_TRUE(run(start_web()).done());
  engine_.hangs("web-r1");
  Plan plan;
  plan.add(plan::RunInside{"web-r1", {"true"}}, "as you asked");
  plan.actions[0].deadline = Milliseconds(20);
  const Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.error);
  EXPECT_EQ(outcome.failed_action, 0U);
  EXPECT_NE(std::string(outcome.error->what()).find("it did not end within"), std::string::npos)
      << outcome.error->what();
  engine_.hangs("web-r1", false);
  EXPECT_TRUE(run(plan).done());
}

TEST_F(Running, WhatAHealthCheckSaidOfAPausedContainerDoesNotCount) {
  image(turns_unhealthy(Seconds(1)), true);
  Plan start;
  start.add(plan::CreateContainer{"web-r1", "web", {}, {}, {"no", 0}}, "");
  start.add(plan::StartContainer{"web-r1"}, "", {0});
  ASSERT_TRUE(run(start).done());
  clock_.advance(Seconds(2));
  engine_.pause_container("web-r1", {});
  Plan plan;
  plan.add(plan::ResumeContainer{"web-r1"}, "");
  plan.add(plan::AwaitVerdict{"web-r1", true, Seconds(5), Seconds(60)}, "", {0});
  const Time before = clock_.now();
  // As long as there may be a new answer; this one never gives any.
  EXPECT_TRUE(run(plan).verdict);
  EXPECT_GE(clock_.now() - before, Seconds(60));
}

TEST_F(Running, AHookThatDoesNotEndFailsTheVerdict) {
  class Endless final : public MemoryEngine {
   public:
    using MemoryEngine::MemoryEngine;
    int exec(const std::string&, const ExecRequest&, Terminal&, std::stop_token stop) override {
      std::condition_variable_any changed;
      std::mutex mutex;
      std::unique_lock lock(mutex);
      changed.wait(lock, stop, [] { return false; });
      throw Cancelled();
    }
  } engine(clock_);
  Plan plan;
  plan.add(plan::RunInside{"web-r1", {"hang"}, {}, {}, {}, false, true}, "its hook after the start");
  plan.actions[0].deadline = Milliseconds(20);
  const Outcome outcome = exec::run(plan, engine, clock_, notes_, {.workers = 1, .log_lines = 2}, {});
  ASSERT_TRUE(outcome.verdict);
  EXPECT_EQ(outcome.verdict->reason, "run in web-r1: hang: it did not end within 20 ms");
}

TEST_F(Running, AHookThatIsAProofFailsTheVerdict) {
  image({});
  ASSERT_TRUE(run(start_web()).done());
  Plan plan;
  plan.add(plan::RunInside{"web-r1", {"false"}, {}, {}, {}, false, true}, "its hook after the start");
  Outcome outcome = run(plan);
  ASSERT_TRUE(outcome.verdict);
  EXPECT_TRUE(outcome.release_is_at_fault);
  EXPECT_EQ(outcome.verdict->container, "web-r1");
  EXPECT_EQ(outcome.verdict->reason, "run in web-r1: false: the command ended with exit code 1");
  // What has ended already can run nothing.
  engine_.stop_container("web-r1", Seconds(0), {});
  outcome = run(plan);
  ASSERT_TRUE(outcome.verdict);
}

}  // namespace
}  // namespace belay::exec
