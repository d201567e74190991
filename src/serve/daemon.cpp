#include "serve/daemon.h"

#include <algorithm>
#include <malloc.h>
#include <unistd.h>
#include <utility>

#include "base/format.h"
#include "base/lock.h"
#include "host/definitions.h"
#include "host/heal.h"
#include "host/user_data.h"
#include "serve/event_watch.h"
#include "serve/folder_watch.h"
#include "serve/metrics_server.h"
#include "serve/systemd.h"

namespace belay::serve {

namespace {

constexpr Milliseconds first_pause{5'000}, longest_pause{300'000};
// Somebody else's command is under way; it takes seconds.
constexpr Milliseconds pause_for_lock{5'000};
constexpr ByteCount largest_settings{1 << 20};

// A use case's words, where they belong to no app.
class ServeReport final : public host::Report {
 public:
  explicit ServeReport(News& news) : news_(news) {}
  void note(const std::string& text) override { news_.note({}, text); }
  void warning(const std::string& text) override { news_.note({}, text); }
  void started(const plan::Plan& plan, size_t action) override {
    news_.step({}, plan::step_text(plan.actions.at(action).step));
  }

 private:
  News& news_;
};

FileLock take_serve_lock(const fs::path& state, const DaemonOptions& options, bool wait, Clock& clock, LogLines& log,
                         std::stop_token stop) {
  const LockRequest request{state / "serve", format("{} (pid {}, {})", options.command, ::getpid(), options.who), wait};
  return doing("serving this host", [&] {
    return FileLock::take(
        request, clock,
        [&](const std::string& holder) {
          log.write(LogLevel::notice, format("this host is served by {}: waiting for its end", holder));
        },
        std::move(stop));
  });
}

}  // namespace

NoticeSinks usual_notice_sinks(Clock& clock) {
  return [&clock](const formats::Settings& settings) {
    std::vector<std::unique_ptr<NoticeSink>> sinks;
    if (!settings.notify_command.empty()) sinks.push_back(shell_sink(settings.notify_command));
    if (!settings.webhook.empty()) {
      Webhook webhook;
      webhook.url = settings.webhook;
      sinks.push_back(webhook_sink(std::move(webhook), clock));
    }
    return sinks;
  };
}

Daemon::Daemon(engine::Engine& engine, const fs::path& state_folder, Clock& clock, LogLines& log, NoticeSinks sinks,
               DaemonOptions options)
    : engine_(engine),
      clock_(clock),
      log_(log),
      sinks_(std::move(sinks)),
      options_(std::move(options)),
      progress_([] {}),
      measured_(engine, metrics_, clock, [this] { progress_(); }),
      store_(state::Store::open(state_folder)),
      news_(log, metrics_, clock, options_.self) {
  read_settings();
}

Daemon::~Daemon() = default;

void Daemon::read_settings() {
  formats::Settings settings;
  if (!options_.settings_file.empty())
    settings = formats::parse_settings(read_file(options_.settings_file, largest_settings), options_.settings_file);
  for (const auto& [key, value] : options_.settings) formats::set_setting(settings, key, value, fs::current_path());
  if (!options_.folder.empty()) settings.confdir = options_.folder;
  if (options_.interval) settings.interval = *options_.interval;
  if (options_.metrics) settings.metrics = *options_.metrics;
  settings.confdir = fs::absolute(settings.confdir).lexically_normal();
  auto notices = std::make_shared<Notices>(sinks_(settings), log_);
  // Nothing of the old ones is in force until all of the new ones can be.
  settings_ = std::move(settings);
  news_.tell_to(notices.get());
  notices_.with([&](auto& known) { known.swap(notices); });
  if (notices) notices->finish(Seconds(5));
}

std::shared_ptr<Notices> Daemon::notices() const {
  return notices_.with([](const auto& known) { return known; });
}

Daemon::Look Daemon::look_for(const Wakeup& wakeup) {
  const Time now = clock_.now();
  Look look;
  if (missed_ && again_at_ && now >= *again_at_) look = *std::exchange(missed_, std::nullopt);
  look.containers.insert(wakeup.containers.begin(), wakeup.containers.end());
  if (is_first_ || wakeup.has(Cause::reload) || wakeup.has(Cause::engine_is_back)) look.thorough = true;
  if (is_first_ || wakeup.has(Cause::reload) || now >= next_poll_) look.registries = true;
  // Who is unwell has told so by an event; a poll alone asks for nobody's health, unless somebody waits for his turn.
  look.health = look.thorough || !look.containers.empty() || heal_at_ || !look.registries;
  return look;
}

std::optional<Time> Daemon::step(const Wakeup& wakeup, std::stop_token stop) {
  const Time now = clock_.now();
  if (wakeup.has(Cause::reload)) {
    try {
      read_settings();
      news_.ground("settings", {});
      log_.write(LogLevel::notice, "the settings were read again");
    } catch (const Error& error) {
      news_.ground("settings", format("the settings stay as they were: {}", error.what()), error.hint());
    }
  }
  const Look look = look_for(wakeup);
  if (look.registries) next_poll_ = now + settings_.interval;
  if (again_at_ && now >= *again_at_) again_at_.reset();
  log_.write(LogLevel::debug, format("a pass: {}", wakeup.text()));

  const Ticks begin = clock_.ticks();
  std::string result = "failed";
  succeeded_ = false;
  try {
    look_at(look, stop);
    result = "done";
    is_first_ = !declared_.has_value();
    pause_ = Milliseconds(0);
    news_.ground("the pass", {});
    metrics_.gauge("belay_last_success_timestamp_seconds", "When a pass last looked at everything it wanted to.")
        .set(std::chrono::duration<double>(clock_.now().time_since_epoch()).count());
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    news_.ground("the pass", "the pass was stopped half-way");
  } catch (const Error& error) {
    news_.ground("the pass", error.what(), error.hint());
  } catch (const std::exception& error) {
    news_.ground("the pass", format("something went wrong inside Belay: {}", error.what()));
  }
  if (result == "failed") {
    // What happened meanwhile, and what this pass was about, is looked for by the next one.
    missed_ = look;
    missed_->thorough = missed_->health = true;
    heal_at_.reset();
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    try_again_in(pause_);
  }
  metrics_.counter("belay_passes_total", "Passes over the host, by result.", {{"result", result}}).add();
  metrics_
      .histogram("belay_pass_seconds", "How long passes took, with the changes they made.",
                 {0.01, 0.05, 0.2, 1, 5, 20, 60, 300})
      .observe(std::chrono::duration<double>(clock_.ticks() - begin).count());
  // What a pass needs is needed again in an hour, not in the meantime.
  ::malloc_trim(0);
  return next_deadline();
}

void Daemon::look_at(const Look& look, const std::stop_token& stop) {
  read_sources(look.registries, stop);
  if (!declared_) return;
  ServeReport report(news_);
  host::Context context{measured_, *store_,           clock_, report, options_.who, options_.command,
                        false,     options_.defaults, {}};

  host::Healing healing;
  if (look.health) {
    host::HealOptions heal;
    heal.soak = settings_.soak;
    heal.woken_by = look.containers;
    heal.thorough = look.thorough;
    healing = host::heal(context, *declared_, heal, stop);
    heal_at_ = healing.look_again;
    news_.healed(healing);
  }

  host::DeclaredOptions options;
  options.ask_registries = look.registries && settings_.pull;
  options.thorough = look.thorough;
  options.look_into = look.containers;
  options.leave = healing.waiting;
  options.keep = settings_.keep;
  options.sources = sources_;
  options.exclusive = settings_.exclusive && sources_are_fresh_;
  if (!options_.self.empty()) options.spared.insert(options_.self);
  const host::DeclaredHost host = host::apply_declared(context, *declared_, options, news_, stop);
  news_.passed(host);
  succeeded_ = sources_are_fresh_ && !host.has_failures();
  if (std::any_of(host.apps.begin(), host.apps.end(), [](const host::DeclaredApp& app) { return app.busy; }))
    try_again_in(pause_for_lock);
}

// What cannot be read is as it was when it was read last (promise 5).
void Daemon::read_sources(bool metadata_too, const std::stop_token& stop) {
  sources_are_fresh_ = true;
  if (settings_.aws && (metadata_too || !knows_user_data_)) {
    try {
      host::UserDataSource source;
      source.address = settings_.metadata;
      user_data_ = host::read_user_data(source, stop);
      knows_user_data_ = true;
      news_.ground("user-data", {});
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      news_.ground("user-data", error.what(), error.hint());
      sources_are_fresh_ = false;
    }
  }
  watch_files();
  try {
    Declarations declared = host::read_definitions(settings_.confdir, settings_.aws ? user_data_ : std::nullopt);
    declared_ = std::move(declared);
    sources_ = {settings_.confdir.string()};
    if (settings_.aws && knows_user_data_) sources_.emplace_back("user-data");
    news_.ground("definitions", {});
  } catch (const Error& error) {
    news_.ground("definitions", error.what(), error.hint());
    sources_are_fresh_ = false;
  }
  watch_files();
}

// Before the files are read: what changes from then on is told.
void Daemon::watch_files() {
  if (files_ == nullptr) return;
  std::set<fs::path> paths{settings_.confdir};
  if (declared_)
    for (const auto& app : declared_->apps) paths.insert(app.watched.begin(), app.watched.end());
  if (paths == watched_) return;
  watched_ = paths;
  files_->watch(std::move(paths));
  for (const auto& trouble : files_->troubles()) news_.note({}, trouble);
}

void Daemon::try_again_in(Milliseconds pause) {
  const Time at = clock_.now() + pause;
  again_at_ = std::min(again_at_.value_or(at), at);
}

Time Daemon::next_deadline() const {
  Time next = next_poll_;
  if (heal_at_) next = std::min(next, *heal_at_);
  if (again_at_) next = std::min(next, *again_at_);
  return next;
}

bool Daemon::run_once(std::stop_token stop) {
  const FileLock lock = take_serve_lock(store_->folder(), options_, false, clock_, log_, stop);
  step({}, stop);
  return succeeded_;
}

void Daemon::run(Waker& waker, ServiceNotifier& notifier, std::stop_token stop) {
  const FileLock lock = take_serve_lock(store_->folder(), options_, true, clock_, log_, stop);
  Watchdog watchdog(notifier, clock_);
  progress_ = [&watchdog] { watchdog.progress(); };
  EventWatch events(engine_, waker, clock_);
  FolderWatch files(waker);
  files_ = &files;
  watched_.clear();
  std::unique_ptr<MetricsServer> server;
  if (!settings_.metrics.empty()) {
    server = std::make_unique<MetricsServer>(
        settings_.metrics, false, metrics_, [this, &events, known = Notices::Counts{}]() mutable {
          const auto state = events.state();
          metrics_.gauge("belay_engine_connected", "1 while the engine's events are followed.")
              .set(state.connected ? 1 : 0);
          const Notices::Counts counts = notices()->counts();
          const auto count = [&](const char* outcome, std::uint64_t now, std::uint64_t before) {
            metrics_.counter("belay_notices_total", "Notices by what became of them.", {{"outcome", outcome}})
                .add(static_cast<double>(now >= before ? now - before : now));
          };
          count("delivered", counts.delivered, known.delivered);
          count("failed", counts.failed, known.failed);
          count("dropped", counts.dropped, known.dropped);
          known = counts;
        });
    log_.write(LogLevel::info, format("metrics are at {}", server->address()));
  }
  // The successor runs already; a way back from here would start what is being stopped.
  const std::stop_callback hand_over(stop, [&] {
    if (!news_.is_handing_over()) return;
    log_.write(LogLevel::notice, "handing over to the next one");
    ::_exit(0);
  });
  notifier.ready();
  log_.write(LogLevel::notice, format("keeping this host as {} says", settings_.confdir.string()));

  try {
    std::optional<Time> deadline = step({}, stop);
    while (!stop.stop_requested()) {
      Wakeup wakeup;
      {
        const auto waiting = watchdog.waiting(deadline);
        wakeup = waker.wait(deadline, clock_, stop);
      }
      if (stop.stop_requested()) break;
      watchdog.progress();
      const bool reloads = wakeup.has(Cause::reload);
      if (reloads) notifier.reloading(clock_);
      deadline = step(wakeup, stop);
      if (reloads) notifier.ready();
    }
  } catch (const Cancelled& stopped) {
    log_.write(LogLevel::notice, stopped.what());
  }
  notifier.stopping();
  files_ = nullptr;
  log_.write(LogLevel::notice, "stopping; everything that runs is left running");
  finish_notices(Seconds(5));
  progress_ = [] {};
}

}  // namespace belay::serve
