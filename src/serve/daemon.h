#pragma once
// `belay serve`: keeps a declared host as it is declared. Woken by the engine's events, by changed files, by polls of
// the registries and by its own deadlines; each time it looks at the world, and between two it asks nothing.

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "formats/dockerup_settings.h"
#include "host/context.h"
#include "serve/measured_engine.h"
#include "serve/metrics.h"
#include "serve/news.h"
#include "serve/notices.h"
#include "serve/wake.h"
#include "state/store.h"

namespace belay::serve {

class FolderWatch;
class ServiceNotifier;

struct DaemonOptions {
  fs::path folder;                       // of the definitions; empty: as the settings say
  fs::path settings_file;                // empty: none
  std::optional<Milliseconds> interval;  // instead of the settings'
  std::optional<std::string> metrics;    // instead of the settings'
  // Settings of a command line, by their keys: they count more than the file's, also after a reload.
  std::vector<std::pair<std::string, std::string>> settings = {};
  // The app that the daemon is itself, where it runs in a container that its own definitions declare.
  std::string self;
  std::string who, command = "belay serve";
  plan::Defaults defaults{};
};

// What the notices of these settings go to.
using NoticeSinks = std::function<std::vector<std::unique_ptr<NoticeSink>>(const formats::Settings&)>;
NoticeSinks usual_notice_sinks(Clock& clock);

// One thread, but where said otherwise. References must outlive it.
class Daemon {
 public:
  // Reads the settings: throws ConfigError, Error where they cannot be read.
  Daemon(engine::Engine& engine, const fs::path& state_folder, Clock& clock, LogLines& log, NoticeSinks sinks,
         DaemonOptions options);
  ~Daemon();

  // One pass, as the wakeup calls for it; the first one looks at everything. Returns when to look again at the latest.
  // What fails is logged, counted and tried again later; throws Cancelled on stop only, when every change under way was
  // taken back.
  std::optional<Time> step(const Wakeup& wakeup, std::stop_token stop);

  // Steps until stop. One a state: waits while another daemon serves it.
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
    std::set<std::string> containers;
  };

  std::shared_ptr<Notices> notices() const;
  void read_settings();
  Look look_for(const Wakeup& wakeup);
  void look_at(const Look& look, const std::stop_token& stop);
  void read_sources(bool metadata_too, const std::stop_token& stop);
  void watch_files();
  void try_again_in(Milliseconds pause);
  Time next_deadline() const;

  engine::Engine& engine_;
  Clock& clock_;
  LogLines& log_;
  const NoticeSinks sinks_;
  const DaemonOptions options_;
  Metrics metrics_;
  std::function<void()> progress_;
  MeasuredEngine measured_;
  std::unique_ptr<state::Store> store_;
  News news_;
  formats::Settings settings_;
  Guarded<std::shared_ptr<Notices>> notices_;  // the metrics' thread looks at them too
  FolderWatch* files_ = nullptr;
  std::set<fs::path> watched_;  // by files_

  // The definitions that were read last, and from where; nullopt: none could be read so far.
  std::optional<Declarations> declared_;
  std::vector<std::string> sources_;
  bool sources_are_fresh_ = false;
  std::optional<std::string> user_data_;
  bool knows_user_data_ = false;

  bool is_first_ = true, succeeded_ = false;
  Time next_poll_{};
  std::optional<Time> heal_at_, again_at_;
  std::optional<Look> missed_;  // what a pass that failed should have looked at
  Milliseconds pause_{0};       // before the next try
};

}  // namespace belay::serve
