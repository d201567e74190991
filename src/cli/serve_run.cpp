#include "cli/serve_run.h"

#include <csignal>
#include <malloc.h>
#include <optional>
#include <set>

#include "host/own_container.h"
#include "serve/hangup.h"

namespace belay::cli {

namespace {

// The daemon does not move to another engine when its settings are read again.
std::unique_ptr<engine::Engine> engine_of(Session& session, const formats::Settings& settings) {
  const Globals& globals = session.globals;
  engine::DockerOptions options;
  options.host = globals.host.value_or(settings.remote);
  if (!settings.username.empty())
    options.login = engine::ServerLogin{settings.registry, {settings.username, settings.password, {}}};
  options.warn = [&console = session.console](const std::string& trouble) { console.warning(trouble); };
  return engine::docker_engine(options);
}

// The app of the container that this process lives in; empty: it lives in none, or in one that is no app's.
std::string own_app(engine::Engine& engine, const std::stop_token& stop) {
  std::set<std::string> apps;
  try {
    for (const auto& container : host::own_containers(engine, stop))
      if (const auto detail = engine.container(container, stop))
        if (const auto owner = detail->container.owner()) apps.insert(owner->app);
  } catch (const Cancelled&) {
    throw;
  } catch (const Error&) {
    // An engine that is away: then it is no engine that this process runs on.
  }
  return apps.size() == 1 ? *apps.begin() : std::string();
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
  if (options.self.empty()) options.self = own_app(*engine, stop);
  options.defaults.own_app = options.self;
  serve::LogLines log(2, session.clock);
  serve::Daemon daemon(*engine, run.ground().state_folder(), session.clock, log,
                       serve::usual_notice_sinks(session.clock), std::move(options));
  if (serving == Serving::once) {
    const bool done = daemon.run_once(stop);
    daemon.finish_notices(Seconds(30));
    return done ? 0 : 1;
  }
  serve::Waker waker;
  const serve::Hangup hangup(waker);
  daemon.run(waker, notifier, stop);
  return 0;
}

}  // namespace belay::cli
