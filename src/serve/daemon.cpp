#include "serve/daemon.h"

#include <algorithm>
#include <malloc.h>
#include <utility>

#include "base/format.h"
#include "base/lock.h"
#include "change/running.h"
#include "declared/definitions.h"
#include "declared/user_data.h"
#include "serve/app_alarms.h"
#include "serve/event_watch.h"
#include "serve/folder_watch.h"
#include "serve/neighbours.h"
#include "state/store.h"

namespace belay::serve {

namespace {

constexpr Milliseconds first_pause{5'000}, longest_pause{300'000};
constexpr ByteCount largest_settings{1 << 20};

}  // namespace

NoticeSinks usual_notice_sinks(Clock& clock) {
  return [&clock](const formats::Settings& settings) {
    std::vector<std::unique_ptr<NoticeSink>> sinks;
    if (!settings.notify_command.empty())
      sinks.push_back(shell_sink(settings.notify_command, Seconds(30), settings.notify_format));
    if (!settings.webhook.empty()) {
      Webhook webhook;
      webhook.url = settings.webhook;
      webhook.headers_file = settings.webhook_headers;
      webhook.form = settings.webhook_format;
      sinks.push_back(webhook_sink(std::move(webhook), clock));
    }
    return sinks;
  };
}

// One look of either kind: tells of it, and notes whose turn comes when.
class Daemon::Looking final : public declared::DeclaredListener {
 public:
  // `check`: the reason of a check; nullptr: it is a pass.
  Looking(Daemon& daemon, const PendingCheck* check)
      : daemon_(daemon), is_check_(check != nullptr), died_(check != nullptr ? check->died : std::nullopt) {}

  void tell(const plan::Event& event) override {
    if (std::holds_alternative<plan::Decided>(event.what) || std::holds_alternative<plan::PlanBegun>(event.what))
      react();
    if (!std::holds_alternative<plan::Remark>(event.what)) daemon_.progress_();
    daemon_.daemon_log_.tell(event);
  }
  void ended(const declared::DeclaredApp& app) override {
    daemon_.progress_();
    if (is_check_)
      daemon_.daemon_log_.checked(app);
    else
      daemon_.daemon_log_.ended(app);
    daemon_.forget_app(app);
  }

 private:
  void react() {
    if (died_) daemon_.count_reaction(*std::exchange(died_, std::nullopt));
  }

  Daemon& daemon_;
  const bool is_check_;
  std::optional<Time> died_;  // the container whose end is the reason, until that was reacted to
};

Daemon::Daemon(engine::Engine& engine, const fs::path& state_folder, Clock& clock, LogLines& log, NoticeSinks sinks,
               DaemonOptions options)
    : engine_(engine),
      state_folder_(state_folder),
      // Made, or brought up to date, before anything depends on it. Each look opens it for itself.
      state_(state::Store::open(state_folder)->identity()),
      clock_(clock),
      log_(log),
      sinks_(std::move(sinks)),
      options_(std::move(options)),
      progress_([] {}),
      measured_(engine, metrics_, clock, [this] { progress_(); }),
      daemon_log_(log, metrics_, clock, options_.self),
      errands_({measured_, clock, log, daemon_log_, [this] { return open_state(); },
                [this] { return wanted_.with([](const Wanted& wanted) { return *wanted.settings; }); },
                options_.back_up, options_.who, options_.command, options_.defaults}) {
  read_settings();
}

Daemon::~Daemon() = default;

std::unique_ptr<state::Store> Daemon::open_state() const {
  auto store = state::Store::open_existing(state_folder_);
  if (store && store->identity() == state_) return store;
  throw Error(ErrorCode::state_unsafe,
              format("the state in {} is {}", state_folder_.string(),
                     store ? "another one than this daemon began with" : "gone"),
              "Put it back; or rebuild it with belay recover, and start the daemon again.");
}

formats::Settings settings_of(const DaemonOptions& options) {
  formats::Settings settings;
  if (!options.settings_file.empty())
    settings = formats::parse_settings(read_file(options.settings_file, largest_settings), options.settings_file);
  for (const auto& [key, value] : options.settings) formats::set_setting(settings, key, value, fs::current_path());
  return settings;
}

void Daemon::read_settings() {
  formats::Settings settings = settings_of(options_);
  if (!options_.folder.empty()) settings.confdir = options_.folder;
  if (options_.interval) settings.interval = *options_.interval;
  if (options_.metrics) settings.metrics = *options_.metrics;
  settings.confdir = plain_absolute(settings.confdir);
  auto notices = std::make_shared<Notifications>(sinks_(settings), log_);
  // Nothing of the old ones is in force until all of the new ones can be.
  settings_ = std::move(settings);
  publish();
  daemon_log_.tell_to(notices);
  const auto successor = notices;
  notices_.with([&](auto& known) { known.swap(notices); });
  if (!notices || notices->finish(Seconds(5))) return;
  // A slow receiver does not lose what waits behind it.
  for (auto& notice : notices->take_rest()) successor->tell(std::move(notice));
}

void Daemon::publish() {
  wanted_.with([&](Wanted& wanted) {
    wanted = {declared_, settings_.soak, std::make_shared<const formats::Settings>(settings_)};
  });
}

std::shared_ptr<Notifications> Daemon::notices() const {
  return notices_.with([](const auto& known) { return known; });
}

Daemon::Look Daemon::look_for(const Wakeup& wakeup, const std::set<std::string>& leave) {
  const Time now = clock_.now();
  Look look;
  // What was to be done at a time of the clock before is done now: that time may be days away.
  const bool is_set_back = wakeup.has(Cause::clock_set_back);
  if (is_set_back && again_at_) again_at_ = now;
  if (missed_ && again_at_ && now >= *again_at_) look = *std::exchange(missed_, std::nullopt);
  look.containers.insert(wakeup.containers.begin(), wakeup.containers.end());
  if (is_first_ || wakeup.has(Cause::reload) || wakeup.has(Cause::engine_is_back)) look.thorough = true;
  if (is_first_ || wakeup.has(Cause::reload) || is_set_back || now >= next_poll_) look.registries = true;
  look.leave = leave;
  for (const auto& [app, owed] : owed_) {
    if (leave.contains(app) || FileLock::holder_of(state::lock_path(state_folder_, AppName(app)))) continue;
    if (owed.registries) look.ask_for.insert(app);
    if (owed.thorough) look.look_into.insert(app);
  }
  // Who is unwell has told so by an event; a poll alone asks for nobody's health, unless somebody waits for his turn.
  turns_.with([&](auto& turns) {
    look.health = look.thorough || !look.containers.empty() || !turns.empty() || !look.registries;
    // Whoever is not well after this look gets a new one.
    std::erase_if(turns, [&](const auto& turn) { return turn.second <= now; });
  });
  return look;
}

std::optional<Time> Daemon::step(const Wakeup& wakeup, std::stop_token stop, const std::set<std::string>& leave) {
  const Time now = clock_.now();
  if (wakeup.has(Cause::reload)) {
    try {
      read_settings();
      daemon_log_.subsystem_trouble("settings", {});
      log_.write(LogLevel::notice, "the settings were read again");
    } catch (const Error& error) {
      daemon_log_.subsystem_trouble("settings", format("the settings stay as they were: {}", error.what()),
                                    error.hint());
    }
  }
  const Look look = look_for(wakeup, leave);
  if (look.registries) next_poll_ = now + settings_.interval;
  if (again_at_ && now >= *again_at_) again_at_.reset();
  log_.write(LogLevel::debug, format("a pass: {}", wakeup.text()));

  const Ticks begin = clock_.ticks();
  bool is_done = false;
  succeeded_ = false;
  try {
    make_sure_of_the_engine(stop);
    look_at(look, stop);
    is_done = true;
    is_first_ = declared_ == nullptr;
    pause_ = Milliseconds(0);
    daemon_log_.subsystem_trouble("the pass", {});
    metrics_.gauge("belay_last_success_timestamp_seconds", "When a pass last looked at everything it wanted to.")
        .set(std::chrono::duration<double>(clock_.now().time_since_epoch()).count());
  } catch (const Cancelled&) {
    if (stop.stop_requested()) throw;
    daemon_log_.subsystem_trouble("the pass", "the pass was stopped half-way");
  } catch (const ServedByAnother& other) {
    refused_.with([&](auto& refused) { refused = other; });
    waker_->wake({Cause::ended, {}});
  } catch (const Error& error) {
    daemon_log_.subsystem_trouble("the pass", error.what(), error.hint());
  } catch (const std::exception& error) {
    daemon_log_.subsystem_trouble("the pass", format("something went wrong inside Belay: {}", error.what()));
  }
  if (!is_done) {
    // What happened meanwhile, and what this pass was about, is looked for by the next one.
    missed_ = look;
    missed_->thorough = missed_->health = true;
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    try_again_in(pause_);
  }
  metrics_.counter("belay_passes_total", "Passes over the host, by result.", {{"result", is_done ? "done" : "failed"}})
      .add();
  metrics_
      .histogram("belay_pass_seconds", "How long passes took, with the changes they made.",
                 {0.01, 0.05, 0.2, 1, 5, 20, 60, 300})
      .observe(std::chrono::duration<double>(clock_.ticks() - begin).count());
  // What a pass needs is needed again in an hour, not in the meantime.
  ::malloc_trim(0);
  const Time deadline = pass_deadline();
  return std::min(deadline, next_turn([](const std::string&) { return true; }).value_or(deadline));
}

// Before anything is touched; and again when the engine was away, for then another one could begin unheard.
void Daemon::make_sure_of_the_engine(const std::stop_token& stop) {
  if (neighbours_ == nullptr) return;
  constexpr Milliseconds moment{50};
  EventWatch::State events = events_->state();
  for (int i = 0; !events.connected && i < 40; ++i) {
    if (!clock_.sleep(moment, stop)) throw Cancelled();
    events = events_->state();
  }
  if (!events.connected)
    throw Error(ErrorCode::engine_unreachable, format("the engine's events cannot be followed: {}", events.trouble));
  if (asked_at_ == events.connections) return;
  const auto asking = measured_.asking();
  neighbours_->ask(stop);
  asked_at_ = events.connections;
}

// The loop has other deadlines then.
void Daemon::know_errands(state::Store& store) {
  if (declared_ && errands_.know(store, *declared_) && waker_ != nullptr) waker_->wake({Cause::ended, {}});
}

void Daemon::look_at(const Look& asked, const std::stop_token& stop) {
  read_sources(asked.registries, stop);
  const auto store = open_state();
  know_errands(*store);
  Look look = asked;
  look.leave.merge(errands_.apps_at_a_job());
  // Also where the pass ends early: alerts are about what is there.
  struct Measuring {
    Daemon& daemon;
    const state::Store& store;
    std::stop_token stop;
    ~Measuring() { daemon.measure_apps(store, stop); }
  } const measuring{*this, *store, stop};
  tell_of_alarms(measured_, *store, daemon_log_, clock_.now(), stop);
  change::Report report;
  change::Context context{measured_,         *store, clock_, report, options_.who, options_.command, false,
                          options_.defaults, {}};
  let_go_on(context, look.leave, stop);
  if (!declared_) return;
  declared::DeclaredOptions options;
  options.ask_registries = look.registries && settings_.pull;
  options.thorough = look.thorough;
  options.look_into = look.containers;
  options.look_into.insert(look.look_into.begin(), look.look_into.end());
  if (settings_.pull) options.ask_for = look.ask_for;
  options.leave = look.leave;
  if (look.health) options.heal = declared::HealOptions{settings_.soak, look.containers, look.thorough};
  options.keep = settings_.keep;
  options.order = settings_.order ? settings_.order : options_.order;
  options.rest = &rest_;
  options.list_tags = [this](const ImageRef& image, std::stop_token until) {
    const auto asking = measured_.asking();
    return declared::list_tags(measured_, image, std::move(until));
  };
  options.sources = sources_;
  options.exclusive = settings_.exclusive && sources_are_fresh_;
  if (!options_.self.empty()) options.spared.insert(options_.self);
  Looking listener(*this, nullptr);
  const declared::DeclaredHost host = declared::apply_declared(context, *declared_, options, listener, stop);
  daemon_log_.passed(host);
  note_owed(look, host);
  succeeded_ = sources_are_fresh_ && host.is_as_declared();
  if (std::any_of(host.apps.begin(), host.apps.end(), [](const declared::DeclaredApp& app) { return app.busy; }))
    try_again_in(pause_for_lock);
}

// A backup that was killed leaves its app paused, declared or not.
void Daemon::let_go_on(change::Context& context, const std::set<std::string>& leave, const std::stop_token& stop) {
  for (const auto& left : change::resume_left_held(context, leave, stop)) {
    const std::string& name = left.app.text();
    if (left.busy) {
      try_again_in(pause_for_lock);
      continue;
    }
    const std::string what = format("{} was left held still by '{}', which was interrupted", name, left.why);
    daemon_log_.subsystem_trouble(name + " held still",
                                  left.error ? format("{}: {}", what, *left.error) : std::string());
    if (!left.error) log_.write(LogLevel::notice, what + "; it goes on");
  }
}

// Only where somebody reads them: it asks the engine for a list.
void Daemon::measure_apps(const state::Store& store, const std::stop_token& stop) noexcept {
  if (settings_.metrics.empty()) return;
  try {
    app_metrics_.measure(measured_, store, clock_.now(), stop);
  } catch (const std::exception& error) {
    // The pass says what is wrong with the engine or the state.
    log_.write(LogLevel::debug, format("the apps could not be measured: {}", error.what()));
  }
}

void Daemon::note_owed(const Look& look, const declared::DeclaredHost& host) {
  std::map<std::string, Owed> owed;
  for (const auto& app : host.apps) {
    if (!AppName::is_valid(app.name)) continue;
    Owed now;
    if (const auto before = owed_.find(app.name); before != owed_.end()) now = before->second;
    const bool is_left_out = app.busy || look.leave.contains(app.name);
    const auto settle = [&](bool Owed::* what, bool looked) {
      if (looked) now.*what = is_left_out;
    };
    settle(&Owed::registries, look.registries || look.ask_for.contains(app.name));
    settle(&Owed::thorough, look.thorough || look.look_into.contains(app.name));
    if (!now.registries && !now.thorough) continue;
    owed.emplace(app.name, now);
    // The end of a check calls for a pass; nobody tells when another command is done.
    if (!look.leave.contains(app.name)) try_again_in(pause_for_lock);
  }
  owed_ = std::move(owed);
}

void Daemon::check_app(const Declaration& app, const PendingCheck& check, Milliseconds soak,
                       const std::stop_token& stop) {
  const std::string& name = app.name.text();
  try {
    const auto store = open_state();
    change::Report report;
    change::Context context{measured_,         *store, clock_, report, options_.who, options_.command, false,
                            options_.defaults, {}};
    Declarations alone;
    alone.apps.push_back(app);
    declared::DeclaredOptions options;
    options.only_keep_up = true;
    options.look_into = {name};
    options.down = check.down;
    options.heal = declared::HealOptions{soak, check.containers, check.containers.empty()};
    options.workers = 1;
    Looking listener(*this, &check);
    std::ignore = declared::apply_declared(context, alone, options, listener, stop);
  } catch (const Cancelled& stopped) {
    if (stop.stop_requested()) log_.write(LogLevel::notice, stopped.what(), {{"app", name}});
  } catch (const std::exception& error) {
    // The pass that follows says whether it is the engine or the state.
    daemon_log_.tell({name, plan::Remark{plan::Remark::Level::note, error.what()}});
  }
  ::malloc_trim(0);
}

// A look at the app is over: nobody of ours has its lock now.
void Daemon::forget_app(const declared::DeclaredApp& app) {
  turns_.with([&](auto& turns) {
    if (app.healing) turns.erase(app.name);
    if (app.healing && app.healing->look_again) turns[app.name] = *app.healing->look_again;
    if (app.healing && app.healing->waits_until) turns[app.name] = *app.healing->waits_until;
    // Somebody else's command: nobody tells when that is over.
    if (app.busy) turns[app.name] = clock_.now() + pause_for_lock;
  });
  const bool somebody_waits = waiting_checks_.with([&](const auto& waiting) { return waiting.contains(app.name); });
  if (somebody_waits) waker_->wake({Cause::ended, {}});
}

void Daemon::count_reaction(Time died) {
  const auto took = std::max(clock_.now() - died, Milliseconds(0));
  metrics_
      .histogram("belay_reaction_seconds", "From a container's end to the decision what is done about it.",
                 {0.01, 0.025, 0.05, 0.1, 0.25, 1, 10, 60})
      .observe(std::chrono::duration<double>(took).count());
}

// What cannot be read is as it was when it was read last (promise 5).
void Daemon::read_sources(bool metadata_too, const std::stop_token& stop) {
  sources_are_fresh_ = true;
  if (settings_.aws && (metadata_too || !knows_user_data_)) {
    try {
      declared::UserDataSource source;
      source.address = settings_.metadata;
      const auto asking = measured_.asking();
      user_data_ = declared::read_user_data(source, stop);
      knows_user_data_ = true;
      daemon_log_.subsystem_trouble("user-data", {});
    } catch (const Cancelled&) {
      throw;
    } catch (const Error& error) {
      daemon_log_.subsystem_trouble("user-data", error.what(), error.hint());
      sources_are_fresh_ = false;
    }
  }
  watch_files();
  try {
    Declarations declared = declared::read_definitions(settings_.confdir, settings_.aws ? user_data_ : std::nullopt);
    declared_ = std::make_shared<const Declarations>(std::move(declared));
    publish();
    sources_ = {settings_.confdir.string()};
    if (settings_.aws && knows_user_data_) sources_.emplace_back("user-data");
    daemon_log_.subsystem_trouble("definitions", {});
  } catch (const Error& error) {
    daemon_log_.subsystem_trouble("definitions", error.what(), error.hint());
    sources_are_fresh_ = false;
  }
  watch_files();
}

// Before the files are read: what changes from then on is told.
void Daemon::watch_files() {
  if (files_ == nullptr) return;
  std::set<fs::path> paths{settings_.confdir};
  if (declared_) {
    for (const auto& app : declared_->apps) {
      paths.insert(app.watched.begin(), app.watched.end());
      if (!app.spec.project) continue;
      // A Compose project's files may come and go: an override, a ".env".
      paths.insert(app.spec.project->folder);
      for (const auto* files : {&app.spec.project->files, &app.spec.project->env_files})
        for (const fs::path file : *files)
          if (file.is_absolute()) paths.insert(file);
    }
    for (const auto& broken : declared_->broken)
      if (const fs::path file = broken.error.where().file; file.is_absolute()) paths.insert(file);
  }
  if (paths == watched_) return;
  watched_ = paths;
  files_->watch(std::move(paths));
  for (const auto& trouble : files_->troubles()) daemon_log_.note(trouble);
}

void Daemon::try_again_in(Milliseconds pause) {
  const Time at = clock_.now() + pause;
  again_at_ = std::min(again_at_.value_or(at), at);
}

Time Daemon::pass_deadline() const {
  return std::min(next_poll_, again_at_.value_or(next_poll_));
}

std::optional<Time> Daemon::next_turn(const std::function<bool(const std::string& app)>& counts) const {
  return turns_.with([&](const auto& turns) {
    std::optional<Time> next;
    for (const auto& [app, at] : turns)
      if (counts(app)) next = std::min(next.value_or(at), at);
    return next;
  });
}

}  // namespace belay::serve
