#include <csignal>
#include <malloc.h>

#include "base/format.h"
#include "cli/commands.h"
#include "cli/host_run.h"
#include "serve/daemon.h"
#include "serve/hangup.h"
#include "serve/systemd.h"

namespace belay::cli {

namespace {

constexpr const char* usual_settings = "/etc/dockerup/dockerup.conf";
constexpr ByteCount largest_settings{1 << 20};

fs::path settings_file(const Invocation& in) {
  if (const auto file = in.text("config")) return fs::absolute(*file);
  std::error_code unknown;
  return fs::exists(usual_settings, unknown) ? fs::path(usual_settings) : fs::path();
}

serve::DaemonOptions daemon_options(Invocation& in, HostRun& run, const fs::path& settings) {
  serve::DaemonOptions options;
  if (const auto folder = in.optional_argument("DIR")) options.folder = fs::absolute(*folder);
  options.settings_file = settings;
  options.interval = in.duration("interval");
  if (options.interval && *options.interval < Seconds(1))
    throw in.usage_error(format("an interval of {} is too short: the least is 1s", duration_text(*options.interval)));
  options.metrics = in.text("metrics");
  options.self = in.text_or("self", "");
  options.who = run.context().who;
  options.command = in.description();
  options.defaults = run.context().defaults;
  return options;
}

std::unique_ptr<engine::Engine> engine_of(const Globals& globals, const formats::Settings& settings) {
  engine::DockerOptions options;
  options.host = globals.host.value_or(settings.remote);
  if (!settings.username.empty())
    options.login = engine::ServerLogin{settings.server, {settings.username, settings.password, {}}};
  return engine::docker_engine(options);
}

}  // namespace

int run_serve(Invocation& in) {
  // Threads that come and go would each leave an arena of their own behind.
  ::mallopt(M_ARENA_MAX, 2);
  ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  // It changes the environment, and so comes before the first thread.
  auto notifier = serve::ServiceNotifier::from_environment();
  // Of the signals that stop a command, this one means something else here.
  std::signal(SIGHUP, SIG_IGN);
  const std::stop_token stop = in.stop();

  const fs::path file = settings_file(in);
  formats::Settings settings;
  if (!file.empty()) settings = formats::parse_settings(read_file(file, largest_settings), file);
  HostRun run(in.session, in.description());
  const auto engine = engine_of(in.globals, settings);
  serve::LogLines log(2, in.clock);
  serve::Daemon daemon(*engine, run.ground().state_folder(), in.clock, log, serve::usual_notice_sinks(in.clock),
                       daemon_options(in, run, file));
  if (in.has("once")) {
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
