#include "cli/serve_run.h"

#include <csignal>
#include <malloc.h>

#include "change/own_container.h"
#include "cli/declared_run.h"
#include "cli/scheduled_backup.h"
#include "serve/reload_signal.h"

namespace belay::cli {

namespace {

// The daemon does not move to another engine when its settings are read again.
std::unique_ptr<engine::Engine> engine_of(Session& session, const formats::Settings& settings) {
  return change::connect(ground_options(session, engine_choice(settings)));
}

}  // namespace

serve::ServiceNotifier prepare_to_serve() {
  // Threads that come and go would each leave an arena of their own behind.
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  // Of the signals that stop a command, this one means something else here.
  std::signal(SIGHUP, SIG_IGN);
  return serve::ServiceNotifier::from_environment();
}

int serve_host(Session& session, HostRun& run, serve::ServiceNotifier& notifier, serve::DaemonOptions options,
               Serving serving) {
  const std::stop_token stop = session.stop();
  const auto engine = engine_of(session, serve::settings_of(options));
  if (options.self.empty()) options.self = change::own_app(*engine, stop);
  options.defaults.own_app = options.self;
  options.back_up = make_scheduled_backup;
  serve::LogLines log(2, session.clock);
  serve::Daemon daemon(*engine, run.installation().state_folder(), session.clock, log,
                       serve::usual_notice_sinks(session.clock), std::move(options));
  if (serving == Serving::once) {
    const bool done = daemon.run_once(stop);
    daemon.finish_notices(Seconds(30));
    return done ? 0 : 1;
  }
  serve::Waker waker;
  const serve::ReloadSignal reload_signal(waker);
  daemon.run(waker, notifier, stop);
  return 0;
}

}  // namespace belay::cli
