// The daemon's loop with all its threads, on a clock that only a test moves: what is decided while it stands still was
// decided at once.

#include <chrono>
#include <condition_variable>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iostream>
#include <mutex>
#include <set>
#include <thread>

#include "base/format.h"
#include "base/lock.h"
#include "engine_memory/memory.h"
#include "serve/daemon.h"
#include "serve/systemd.h"
#include "state/store.h"

namespace belay::serve {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

// Whoever sleeps is woken by advance() or stop.
class ManualClock final : public Clock {
 public:
  Time now() const override { return Time(std::chrono::hours(500'000)) + passed(); }
  Ticks ticks() const override { return Ticks(std::chrono::hours(1)) + passed(); }
  bool sleep(Milliseconds time, std::stop_token stop) override {
    std::unique_lock held(mutex_);
    const auto mine = sleepers_.insert(passed_ + time);
    const Milliseconds until = *mine;
    const bool slept = changed_.wait(held, stop, [&] { return passed_ >= until; });
    sleepers_.erase(mine);
    return slept;
  }
  void advance(Milliseconds time) {
    const std::lock_guard held(mutex_);
    passed_ += time;
    changed_.notify_all();
  }
  // To the end of the next short sleep, as of a wait for a verdict; not at all where nobody sleeps so: a thread that
  // the machine keeps waiting has no time taken away from it.
  void advance_a_little() {
    const std::lock_guard held(mutex_);
    const auto next = sleepers_.upper_bound(passed_);
    if (next == sleepers_.end() || *next > passed_ + Seconds(1)) return;
    passed_ = *next;
    changed_.notify_all();
  }

 private:
  Milliseconds passed() const {
    const std::lock_guard held(mutex_);
    return passed_;
  }

  mutable std::mutex mutex_;  // guards all below
  std::condition_variable_any changed_;
  Milliseconds passed_{0};
  std::multiset<Milliseconds> sleepers_;  // until when
};

// Its stream of events stays open and says nothing: the tests say what happened.
class SilentEngine final : public engine::MemoryEngine {
 public:
  using MemoryEngine::MemoryEngine;
  void events(const std::optional<Time>&, const engine::EventFilter&, const std::function<bool(const engine::Event&)>&,
              std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock held(mutex);
    never.wait(held, stop, [] { return false; });
    throw Cancelled();
  }

  // From now on the container is being cleared away after its end: the list shows it up, and questions about it wait.
  void begin_clearing(const std::string& name) {
    const std::lock_guard held(mutex_);
    clearing_ = name;
  }
  void end_clearing() {
    const std::lock_guard held(mutex_);
    clearing_.clear();
    cleared_.notify_all();
  }
  std::vector<Container> containers(const engine::ContainerFilter& filter, std::stop_token stop) override {
    auto all = MemoryEngine::containers(filter, stop);
    const std::lock_guard held(mutex_);
    for (auto& container : all)
      if (container.name == clearing_) container.state = ContainerState::running;
    return all;
  }
  std::optional<ContainerDetail> container(const std::string& name, std::stop_token stop) override {
    {
      std::unique_lock held(mutex_);
      if (!cleared_.wait(held, stop, [&] { return name != clearing_; })) throw Cancelled();
    }
    return MemoryEngine::container(name, stop);
  }

 private:
  std::mutex mutex_;  // guards all below
  std::condition_variable_any cleared_;
  std::string clearing_;
};

class KeptNotices final : public NoticeSink {
 public:
  explicit KeptNotices(Guarded<std::vector<std::string>>& kept) : kept_(kept) {}
  std::string name() const override { return "kept"; }
  void deliver(const Notice& notice, const std::stop_token&) override {
    kept_.with([&](auto& all) { all.push_back(notice.app + " " + notice.kind); });
  }

 private:
  Guarded<std::vector<std::string>>& kept_;
};

class DaemonLoop : public ::testing::Test {
 protected:
  DaemonLoop() {
    fs::create_directories(definitions());
    engine_.add_image("web:1", {}, {}, "1");
    engine::Behaviour sick;
    sick.healthy_after = Milliseconds(1'000);
    sick.unhealthy_after = Milliseconds(90'000);
    ImageConfig checked;
    checked.health = HealthCheck{{"CMD", "probe"}, {}, {}, {}, {}};
    engine_.add_image("sick:1", checked, sick, "1");
  }
  ~DaemonLoop() override {
    stop();
    if (HasFailure()) std::cerr << logged() << ::testing::PrintToString(engine_.changes()) << "\n";
  }

  fs::path definitions() const { return folder_.path() / "containers.d"; }
  fs::path state() const { return folder_.path() / "state"; }
  void define(const std::string& app, const std::string& image, const std::string& settle) {
    write_file_durably(
        definitions() / (app + ".json"),
        format(R"({{"image": "{}", "memory": "64m", "settle": "{}", "update": {{"pull": false}}}})", image, settle));
  }

  void serve() {
    DaemonOptions options;
    options.folder = definitions();
    options.interval = Milliseconds(86'400'000);
    options.who = "root";
    options.patience = Milliseconds(0);
    daemon_.emplace(
        engine_, state(), clock_, log_,
        [this](const formats::Settings&) {
          std::vector<std::unique_ptr<NoticeSink>> sinks;
          sinks.push_back(std::make_unique<KeptNotices>(kept_));
          return sinks;
        },
        options);
    thread_ = std::jthread([this](const std::stop_token& stop) { daemon_->run(waker_, notifier_, stop); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    thread_.join();
  }

  // Both give up after a time of the test's own that no working daemon needs.
  template <class Condition>
  static bool comes(Condition&& condition) {
    for (const auto end = std::chrono::steady_clock::now() + Seconds(30); !condition();) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    return true;
  }
  template <class Condition>
  bool comes_in_time(Condition&& condition) {
    return comes([&] {
      if (condition()) return true;
      clock_.advance_a_little();
      return false;
    });
  }

  long changes(const std::string& change) {
    const auto all = engine_.changes();
    return std::count(all.begin(), all.end(), change);
  }
  std::vector<std::string> news() {
    return kept_.with([](const auto& all) { return all; });
  }
  bool told(const std::string& what) {
    const auto all = news();
    return std::find(all.begin(), all.end(), what) != all.end();
  }
  // Killed by hand, so that the engine leaves it to us.
  void dies(const std::string& container) {
    engine_.stop_container(container, {}, {});
    waker_.wake({Cause::container, container, Death{clock_.now(), Death::How::killed}});
  }
  std::string logged() const {
    return lines_.with([](const std::string& text) { return text; });
  }
  // `slow` waits for its verdict, and `quick` has had its own.
  void begin_a_long_pass() {
    define("slow", "web:1", "10m");
    define("quick", "web:1", "1s");
    serve();
    ASSERT_TRUE(comes_in_time([&] { return told("quick deployed"); }));
    ASSERT_TRUE(comes([&] { return changes("start slow") == 1; }));
    ASSERT_FALSE(told("slow deployed"));
  }

  TemporaryFolder folder_;
  ManualClock clock_;
  SilentEngine engine_{clock_};
  Guarded<std::string> lines_;
  LogLines log_{[this](std::string_view line) { lines_.with([&](std::string& text) { text += line; }); },
                LogLines::Style::dated, clock_};
  Guarded<std::vector<std::string>> kept_;
  Waker waker_;
  ServiceNotifier notifier_{"", std::nullopt};
  std::optional<Daemon> daemon_;
  std::jthread thread_;
};

TEST_F(DaemonLoop, DecidesAboutADeadAppWhileAnotherOneWaitsForItsVerdict) {
  begin_a_long_pass();
  dies("quick");
  EXPECT_TRUE(comes([&] { return changes("start quick") == 2; }));
  EXPECT_THAT(news(), Not(Contains("slow deployed")));
  EXPECT_TRUE(comes_in_time([&] { return told("quick repaired"); }));
  EXPECT_THAT(news(), Not(Contains("slow deployed")));
  EXPECT_THAT(daemon_->metrics().text(), HasSubstr("belay_reaction_seconds_count 1\n"));
  EXPECT_THAT(daemon_->metrics().text(), HasSubstr("belay_reaction_seconds_sum 0\n"));
}

TEST_F(DaemonLoop, DecidesBeforeTheEngineAnswersQuestionsAboutTheDead) {
  begin_a_long_pass();
  engine_.begin_clearing("quick");
  dies("quick");
  EXPECT_TRUE(comes([&] { return logged().find("it is down: it is started again app=quick") != std::string::npos; }));
  EXPECT_THAT(daemon_->metrics().text(), HasSubstr("belay_reaction_seconds_count 1\n"));
  EXPECT_EQ(changes("start quick"), 1);
  engine_.end_clearing();
  EXPECT_TRUE(comes([&] { return changes("start quick") == 2; }));
  EXPECT_TRUE(comes_in_time([&] { return told("quick repaired"); }));
}

TEST_F(DaemonLoop, LeavesADeathToTheEngineWhereThatRestarts) {
  begin_a_long_pass();
  const int calls = engine_.calls();
  // Its list shows it up again before anybody has looked.
  waker_.wake({Cause::container, "quick", Death{clock_.now()}});
  waker_.wake({Cause::container, "quick", {}, true});
  EXPECT_TRUE(comes([&] { return engine_.calls() > calls; })) << "somebody has looked";
  clock_.advance(Milliseconds(700'000));
  EXPECT_TRUE(comes_in_time([&] { return told("slow deployed"); }));
  EXPECT_EQ(changes("start quick"), 1);
  EXPECT_EQ(logged().find("started again"), std::string::npos);
}

TEST_F(DaemonLoop, GivesWhoeverStoppedAContainerTimeToStartItHimself) {
  begin_a_long_pass();
  const auto stopped = [&] {
    engine_.stop_container("quick", {}, {});
    waker_.wake({Cause::container, "quick", Death{clock_.now(), Death::How::stopped}});
    waker_.wake({Cause::container, "quick"});
  };
  stopped();
  engine_.start_container("quick", {});
  waker_.wake({Cause::container, "quick", {}, true});
  const int calls = engine_.calls();
  EXPECT_TRUE(comes([&] { return engine_.calls() > calls; })) << "somebody looks";
  clock_.advance(Seconds(10));
  stopped();
  // Nobody does.
  EXPECT_TRUE(comes_in_time([&] { return changes("start quick") == 3; }));
  EXPECT_TRUE(comes_in_time([&] { return told("quick repaired"); }));
  EXPECT_EQ(changes("start quick"), 3) << "with the first, and the one by hand";
}

TEST_F(DaemonLoop, DecidesAboutAppsThatDieTogetherAtOnce) {
  for (const char* app : {"ada", "bob", "cleo"}) define(app, "web:1", "1s");
  define("patient", "sick:1", "1s");
  serve();
  ASSERT_TRUE(comes_in_time([&] {
    return told("ada deployed") && told("bob deployed") && told("cleo deployed") && told("patient deployed");
  }));
  clock_.advance(Milliseconds(95'000));
  waker_.wake({Cause::container, "patient"});
  for (const char* app : {"ada", "bob", "cleo"}) dies(app);
  // The patient's restart waits for its good health, which would take a second.
  EXPECT_TRUE(comes([&] {
    return changes("start ada") == 2 && changes("start bob") == 2 && changes("start cleo") == 2 &&
           changes("start patient") == 2;
  }));
  EXPECT_TRUE(comes_in_time([&] { return told("patient healed") && told("ada repaired"); }));
}

TEST_F(DaemonLoop, LooksAtWhatThePassHeldWhenItLetsGo) {
  begin_a_long_pass();
  Resources less;
  less.memory = ByteCount{std::int64_t{32} << 20};
  engine_.update_resources("slow", less, {});
  const auto before = engine_.changes().size();
  waker_.wake({Cause::container, "slow"});
  dies("quick");
  // A whole turn of the loop later, `slow` is still the pass's.
  EXPECT_TRUE(comes_in_time([&] { return told("quick repaired"); }));
  const auto meanwhile = engine_.changes();
  for (size_t i = before; i < meanwhile.size(); ++i) EXPECT_THAT(meanwhile[i], Not(HasSubstr("slow")));
  clock_.advance(Milliseconds(600'000));
  EXPECT_TRUE(comes_in_time([&] { return told("slow deployed"); }));
  EXPECT_TRUE(comes_in_time([&] { return told("slow repaired"); }));
  EXPECT_THAT(logged(), Not(HasSubstr("left for later")));
}

TEST_F(DaemonLoop, HelpsAgainWhenItIsTheTurnOfAnAppWhateverElseGoesOn) {
  begin_a_long_pass();
  dies("quick");
  ASSERT_TRUE(comes_in_time([&] { return told("quick repaired"); }));
  dies("quick");
  clock_.advance(Milliseconds(10'000));
  EXPECT_TRUE(comes_in_time([&] { return changes("start quick") == 3; }));
  EXPECT_THAT(news(), Not(Contains("slow deployed")));
}

TEST_F(DaemonLoop, TakesBothBackOnStopAndSaysSoLast) {
  begin_a_long_pass();
  dies("quick");
  ASSERT_TRUE(comes([&] { return changes("start quick") == 2; }));
  stop();
  for (const char* app : {"slow", "quick"})
    EXPECT_FALSE(FileLock::holder_of(state::lock_file(state(), AppName(app))).has_value());
  const auto store = state::Store::open(state());
  EXPECT_TRUE(store->app(AppName("slow"))->wish.is<goal::Stopped>());
  EXPECT_TRUE(store->app(AppName("quick"))->wish.is<goal::Run>());
  const std::string text = logged();
  const size_t last = text.rfind('\n', text.size() - 2);
  EXPECT_THAT(text.substr(last), HasSubstr("everything that runs is left running"));
}

TEST_F(DaemonLoop, DoesNotCallATroubleOverThatACheckDoesNotSee) {
  define("quick", "web:1", "1s");
  serve();
  ASSERT_TRUE(comes_in_time([&] { return told("quick deployed"); }));
  define("quick", "gone:1", "1s");
  waker_.wake({Cause::definitions, (definitions() / "quick.json").string()});
  ASSERT_TRUE(comes_in_time([&] { return told("quick failed"); }));
  const auto requests = [&] { return engine_.calls(); };
  // A check, which looks into the container, and the pass behind it.
  for (int turn = 0; turn < 2; ++turn) {
    const int before = requests();
    waker_.wake({Cause::container, "quick"});
    ASSERT_TRUE(comes_in_time([&] { return requests() >= before + 5; }));
  }
  stop();
  EXPECT_THAT(news(), ::testing::ElementsAre("quick deployed", "quick failed"));
}

TEST_F(DaemonLoop, TakesUpAChangedDefinitionOfAnAppItAttendedMeanwhile) {
  define("quick", "web:1", "1s");
  engine_.add_image("web:2", {}, {}, "2");
  serve();
  ASSERT_TRUE(comes_in_time([&] { return told("quick deployed"); }));
  dies("quick");
  ASSERT_TRUE(comes([&] { return changes("start quick") == 2; }));
  define("quick", "web:2", "1s");
  waker_.wake({Cause::definitions, (definitions() / "quick.json").string()});
  EXPECT_TRUE(comes_in_time([&] {
    const auto all = news();
    return std::count(all.begin(), all.end(), "quick deployed") == 2;
  }));
}

// A check waits for the verdict of what it started while somebody asks for a look at everything.
TEST_F(DaemonLoop, AsksTheRegistriesOfAnAppThatACheckWasAtWhenEverythingWasLookedAt) {
  const auto publish = [&](const std::string& version) {
    for (const char* app : {"quick", "other"}) engine_.in_registry(format("{}:1", app), {}, {}, version);
  };
  publish("first");
  for (const char* app : {"quick", "other"})
    write_file_durably(definitions() / format("{}.json", app), format(R"({{"image": "{}:1", "settle": "1s"}})", app));
  serve();
  ASSERT_TRUE(comes_in_time([&] { return told("quick deployed") && told("other deployed"); }));
  dies("quick");
  ASSERT_TRUE(comes([&] { return changes("start quick") == 2; }));
  publish("second");
  waker_.wake({Cause::reload, {}});
  const auto deployments_of = [&](const std::string& app) {
    const auto all = news();
    return std::count(all.begin(), all.end(), app + " deployed");
  };
  ASSERT_TRUE(comes([&] { return logged().find("the settings were read again") != std::string::npos; }));
  EXPECT_TRUE(comes_in_time([&] { return deployments_of("other") == 2; }));
  EXPECT_TRUE(comes_in_time([&] { return deployments_of("quick") == 2; })) << "the next poll is a day away";
  // What was owed is asked once.
  const int questions = engine_.registry_questions();
  for (int turn = 0; turn < 2; ++turn) {
    const int before = engine_.calls();
    waker_.wake({Cause::container, "quick"});
    ASSERT_TRUE(comes_in_time([&] { return engine_.calls() >= before + 5; }));
  }
  EXPECT_EQ(engine_.registry_questions(), questions);
}

// Another command has the app's lock when the registries are asked.
TEST_F(DaemonLoop, AsksTheRegistriesOfAnAppThatAnotherCommandWasAt) {
  engine_.in_registry("far:1", {}, {}, "first");
  write_file_durably(definitions() / "quick.json", R"({"image": "far:1", "settle": "1s"})");
  serve();
  ASSERT_TRUE(comes_in_time([&] { return told("quick deployed"); }));
  engine_.in_registry("far:1", {}, {}, "second");
  {
    const FileLock lock =
        FileLock::take({state::lock_file(state(), AppName("quick")), "another command", false}, clock_, {}, {});
    waker_.wake({Cause::reload, {}});
    ASSERT_TRUE(comes_in_time([&] { return logged().find("left for later") != std::string::npos; }));
    for (int turn = 0; turn < 3; ++turn) {
      const int questions = engine_.registry_questions();
      clock_.advance(pause_for_lock);
      EXPECT_EQ(engine_.registry_questions(), questions) << "while it is at it";
    }
  }
  // It may not have begun to wait when the time passes.
  EXPECT_TRUE(comes_in_time([&] {
    clock_.advance(pause_for_lock);
    const auto all = news();
    return std::count(all.begin(), all.end(), "quick deployed") == 2;
  }));
}

}  // namespace
}  // namespace belay::serve
