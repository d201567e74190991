#pragma once
// A host for the tests: an engine in memory, a state in a folder of its own, a clock that stands still, and Belay's
// verbs as one line each, so that long stories stay readable.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backup/destination.h"
#include "change/clean.h"
#include "change/context.h"
#include "change/mark.h"
#include "change/start.h"
#include "engine_memory/memory.h"
#include "family/start_new.h"
#include "family/take_over.h"
#include "state/store.h"
#include "support/fake_clock.h"

namespace belay::declared {}
namespace belay::safekeeping {}
namespace belay::look {}

namespace belay::scene {

using namespace change;
using namespace family;
using namespace declared;
using namespace safekeeping;
using namespace look;

// Keeps what a use case says.
class Notes final : public Report {
 public:
  void tell(const plan::Event& event) override {
    if (const auto* begun = std::get_if<plan::PlanBegun>(&event.what)) {
      plans.push_back(plan::plan_text(*begun->plan));
      ran.push_back(*begun->plan);
    } else if (const auto* remark = std::get_if<plan::Remark>(&event.what)) {
      (remark->level == plan::Remark::Level::warning ? warnings : notes).push_back(remark->text);
    } else if (const auto* step = std::get_if<plan::StepBegun>(&event.what)) {
      pass();
      if (on_step) on_step(plan::step_text(step->which.step()));
    } else if (std::holds_alternative<plan::StepProgressed>(event.what) ||
               std::holds_alternative<plan::StepDone>(event.what)) {
      pass();
    }
  }

  std::vector<std::string> plans, notes, warnings;
  std::vector<plan::Plan> ran;  // as `plans`, action by action
  std::function<void(const std::string&)> on_step;
  // After that many beginnings and ends of steps, and news from within them, the power goes off. nullopt: never.
  std::optional<int> crash_after;

 private:
  void pass() {
    if (crash_after && (*crash_after)-- == 0) throw engine::MemoryEngine::Crash();
  }
};

// Calls `on_sleep` in the middle of every wait.
class HookedClock final : public Clock {
 public:
  Time now() const override { return clock_.now(); }
  Ticks ticks() const override { return clock_.ticks(); }
  bool sleep(Milliseconds time, std::stop_token stop) override {
    if (on_sleep) on_sleep();
    return clock_.sleep(time, stop);
  }
  void advance(Milliseconds time) { clock_.advance(time); }
  void set_back(Milliseconds time) { clock_.set_back(time); }

  std::function<void()> on_sleep;

 private:
  testing::FakeClock clock_;
};

struct SceneOptions {
  NamingScheme scheme = NamingScheme::belay;
  bool port = true;    // the image exposes 8080: a swap stops first
  bool volume = true;  // and has the mount point /data
  bool files = false;  // the files of volumes are on this machine; the image has a second mount point, /more
};

class Scene {
 public:
  explicit Scene(SceneOptions options = {});

  Context context(const std::string& command = "belay test");
  // A process of Belay ends and another begins: everything but the engine and the files is new.
  void reopen();

  // All that there is now, files included, to begin from it again and again: what comes before a story is done once.
  struct Beginning {
    engine::MemoryEngine::Beginning world;
    TemporaryFolder files;
    Time time;
    std::string last_version;
  };
  std::unique_ptr<Beginning> beginning();
  void begin_again(const Beginning& from);

  // Runs a verb on the app `web` as its use case; time passes a little before it. What came of it in one word (the
  // change's kind, "done", "declined") or "error: …". MemoryEngine::Crash passes through.
  //   build V | start new|last|stable|rN | deploy V | stop | restart | rollback [rN] | retry | stable | stable clear |
  //   autostart last|stable|none | start-all | cleanup [KEEP] | down | remove [volumes] | recover |
  //   bind TEXT: a file of the host that the next release is bound to |
  //   deploy V snapshot|check|uncheck: with a check that the page be there, or without one from now on | write TEXT |
  //   backup [pause|stop|live|image] | restore [sN] | rollback data
  // An image of a version V that contains "bad" exits with 3 after 150 ms; "sick" turns unhealthy; "wrong" answers 500
  // at its port; "refused" cannot be started; "same" yields what the last build did.
  std::string run(const std::string& line);
  // True: the power went off.
  bool crashes(const std::string& line);

  // What the next build of this version brings.
  void offer(const std::string& version);
  std::string image_of(const std::string& version) const;
  // A container of somebody else, running.
  void stranger(const std::string& name, std::optional<std::uint16_t> host_port);
  void write(const std::string& file, const std::string& text);

  App app(const std::string& name = "web");
  // What the file holds that the wished release is bound to.
  std::string bound_text();
  // Everything that the state knows of all apps, as text.
  std::string state();
  // State and the engine's changes: equal before and after what must change nothing.
  std::string all();
  std::string changes(size_t from = 0) const;
  // The changes without builds, which are a change even when they yield the same image.
  std::vector<std::string> lasting_changes() const;
  std::vector<std::string> running();
  // Versions that run, by image.
  std::optional<Container> container(const std::string& name);
  std::string plan();

  // With files: what both volumes hold in a file each, "TEXT" where it is the same text, else "TEXT|TEXT".
  std::string held();
  void hold(const std::string& text);
  fs::path volume(const std::string& name) const { return folder.path() / "volumes" / name / "_data"; }
  // Where `backup` puts its files; the newest one's name.
  std::unique_ptr<backup::Destination> backups();
  std::string newest_backup();
  // "" where of data and of temporary things nothing is there that the state does not know as whole; otherwise what is.
  std::string leftovers();

  // "" where the app runs exactly this version (empty: nothing), all else is down, and nothing is left to do;
  // otherwise what is wrong.
  std::string trouble(const std::string& version);

  SceneOptions options;
  TemporaryFolder folder;
  fs::path source;  // with a Dockerfile
  HookedClock clock;
  engine::MemoryEngine engine{clock, made_for(options, folder.path())};
  std::unique_ptr<state::Store> store;
  Notes report;
  int workers = 1;
  std::optional<Milliseconds> grace;  // of a stop on the way back, which then has no time of its own
  bool wait_for_lock = true;
  std::stop_source stopping;
  std::string reason;            // of the last change that failed
  std::optional<Change> change;  // the last one

 private:
  static fs::path made_for(const SceneOptions& options, const fs::path& folder);
  std::string perform(const std::string& line);
  std::string told(Change change);
  std::string last_version_ = "1";
};

inline const AppName web("web");

}  // namespace belay::scene
