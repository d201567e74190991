#pragma once
// `belay serve`: keeps a declared host as it is declared. Woken by the engine's events, by changed files, by polls of
// the registries and by its own deadlines; each time it looks at the world, and between two it asks nothing.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/errors.h"
#include "base/guarded.h"
#include "change/context.h"
#include "formats/dockerup_settings.h"
#include "model/declaration.h"
#include "serve/app_metrics.h"
#include "serve/daemon_log.h"
#include "serve/errand_runs.h"
#include "serve/measured_engine.h"
#include "serve/metrics.h"
#include "serve/notices.h"
#include "serve/wake.h"

namespace belay::serve {

// How long to wait where another command holds the app's lock, which does not tell when it is done: it takes seconds.
inline constexpr Milliseconds pause_for_lock{5'000};

class NamedThreads;
class EventWatch;
class FolderWatch;
class Neighbours;
class ServiceNotifier;

struct DaemonOptions {
  fs::path folder;                       // of the definitions; empty: as the settings say
  fs::path settings_file;                // empty: none
  std::optional<Milliseconds> interval;  // instead of the settings'
  std::optional<std::string> metrics;    // instead of the settings'
  // Settings of a command line, by their keys: they count more than the file's, also after a reload.
  std::vector<std::pair<std::string, std::string>> settings = {};
  // The order of a swap where neither the settings nor a definition say one.
  std::optional<SwapOrder> order{};
  // The app that the daemon is itself, where it runs in a container that its own definitions declare.
  std::string self;
  std::string who, command = "belay serve";
  plan::Defaults defaults{};
  // How long to wait for the word of another daemon on the engine (serve/neighbours.h): an engine that is busy tells
  // late, and a daemon on a busy machine answers late. 0: nobody is asked.
  Milliseconds patience{2'000};
  // How backups are made that definitions ask for; empty: they fail.
  BackUp back_up{};
};

// The settings of the file, then those of the command line. Throws ConfigError, Error where they cannot be read.
formats::Settings settings_of(const DaemonOptions& options);

// What the notices of these settings go to.
using NoticeSinks = std::function<std::vector<std::unique_ptr<NoticeSink>>(const formats::Settings&)>;
NoticeSinks usual_notice_sinks(Clock& clock);

// It looks at the host in two ways: a pass is a look at all of it, with whatever is new; a check is a look at one
// app to whose containers something happened, and keeps up what is wished. They go on side by side, each in a thread of
// its own; an app's lock decides who is at it. What a check cannot do, the pass after it does.
//
// Public calls from one thread, but where said otherwise. References must outlive it.
class Daemon {
 public:
  // Reads the settings: throws ConfigError, Error where they cannot be read.
  Daemon(engine::Engine& engine, const fs::path& state_folder, Clock& clock, LogLines& log, NoticeSinks sinks,
         DaemonOptions options);
  ~Daemon();

  // One pass, as the wakeup calls for it, but for the apps in `leave`; the first one looks at everything. Returns when
  // to look again at the latest. What fails is logged, counted and tried again later; throws Cancelled on stop only,
  // when every change under way was taken back.
  std::optional<Time> step(const Wakeup& wakeup, std::stop_token stop, const std::set<std::string>& leave = {});

  // Passes and checks until stop. One a state: waits while another daemon serves it. One an engine: throws Conflict
  // where a daemon of another state serves that.
  void run(Waker& waker, ServiceNotifier& notifier, std::stop_token stop);
  // One step, where no other daemon serves; false where something failed.
  bool run_once(std::stop_token stop);

  const formats::Settings& settings() const { return settings_; }
  Metrics& metrics() { return metrics_; }
  // Waits until all notices are delivered; false where that takes longer than `limit`.
  bool finish_notices(Milliseconds limit) { return notices()->finish(limit); }

 private:
  struct Look {
    bool thorough = false, registries = false, health = false;
    std::set<std::string> containers, leave;
    std::set<std::string> ask_for, look_into;  // apps, of what is owed to them
  };
  // To an app that a pass could not look at as it did at the others: a check was at it, or another command.
  struct Owed {
    bool registries = false, thorough = false;
  };
  // Something happened to containers of an app, or to such as it depends on; or it is its turn to be helped.
  struct PendingCheck {
    std::set<std::string> containers;
    std::optional<Time> died;    // the last one that did, but for those that somebody stopped
    std::set<std::string> down;  // those that were killed: the engine leaves them so
    // Those that somebody stopped, and until when he is given time to start them himself.
    std::map<std::string, Time> stopped;
    // When it is to be looked after; in the past: now.
    Time due() const;
  };
  struct Loop;
  class Looking;
  // What a check goes by.
  struct Wanted {
    std::shared_ptr<const Declarations> declared;  // nullptr: none could be read so far
    Milliseconds soak{0};
    std::shared_ptr<const formats::Settings> settings{};
  };

  std::shared_ptr<Notifications> notices() const;
  // The state that the daemon began with. Throws Error where another one, or none, is in its place: somebody removed
  // the folder, or what it is mounted from is away. That never means that nothing is wanted.
  std::unique_ptr<state::Store> open_state() const;
  void read_settings();
  void publish();
  Look look_for(const Wakeup& wakeup, const std::set<std::string>& leave);
  void note_owed(const Look& look, const declared::DeclaredHost& host);
  void make_sure_of_the_engine(const std::stop_token& stop);
  void let_go_on(change::Context& context, const std::set<std::string>& leave, const std::stop_token& stop);
  void know_errands(state::Store& store);
  void measure_apps(const state::Store& store, const std::stop_token& stop) noexcept;
  void look_at(const Look& look, const std::stop_token& stop);
  void check_app(const Declaration& app, const PendingCheck& check, Milliseconds soak, const std::stop_token& stop);
  void forget_app(const declared::DeclaredApp& app);
  void count_reaction(Time died);
  void read_sources(bool metadata_too, const std::stop_token& stop);
  void watch_files();
  void try_again_in(Milliseconds pause);
  Time pass_deadline() const;
  std::optional<Time> next_turn(const std::function<bool(const std::string& app)>& counts) const;

  // daemon_loop.cpp
  void collect(Wakeup wakeup, Loop& loop);
  void begin_checks(Loop& loop);
  void begin_pass(Loop& loop);
  void begin_errands(Loop& loop);
  bool is_time_for_a_pass(const Loop& loop) const;
  std::optional<Time> deadline_of(const Loop& loop) const;
  void count_notices(const EventWatch& events, Notifications::Counts& known);

  engine::Engine& engine_;
  const fs::path state_folder_;
  const std::string state_;  // its identity
  Clock& clock_;
  LogLines& log_;
  const NoticeSinks sinks_;
  const DaemonOptions options_;
  Metrics metrics_;
  std::function<void()> progress_;
  MeasuredEngine measured_;
  DaemonLog daemon_log_;
  ErrandRuns errands_;
  AppMetrics app_metrics_{metrics_};

  // Shared by all threads.
  Guarded<std::shared_ptr<Notifications>> notices_;
  declared::RegistryBackoff rest_;
  Guarded<Wanted> wanted_;
  Guarded<std::map<std::string, Time>> turns_;     // of apps that are unwell and may not be helped before
  Guarded<std::set<std::string>> waiting_checks_;  // apps whose end of a look is waited for
  Waker* waker_ = nullptr;                         // while it runs
  Neighbours* neighbours_ = nullptr;               // while it runs
  EventWatch* events_ = nullptr;                   // while it runs
  Guarded<std::optional<Conflict>> refused_;       // another daemon serves this engine: the run is over

  // The pass's: of whichever thread that goes on in, else of the loop's.
  formats::Settings settings_;
  FolderWatch* files_ = nullptr;
  std::set<fs::path> watched_;  // by files_
  // The definitions that were read last, and from where; nullptr: none could be read so far.
  std::shared_ptr<const Declarations> declared_;
  std::vector<std::string> sources_;
  bool sources_are_fresh_ = false;
  std::optional<std::string> user_data_;
  bool knows_user_data_ = false;
  bool is_first_ = true, succeeded_ = false;
  int asked_at_ = 0;  // of the connections to the engine's events, the one at which nobody else answered
  Time next_poll_{};
  std::optional<Time> again_at_;
  std::optional<Look> missed_;  // what a pass that failed should have looked at
  std::map<std::string, Owed> owed_;
  Milliseconds pause_{0};  // before the next try
};

}  // namespace belay::serve
