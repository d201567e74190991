#include "base/format.h"
#include "cli/commands.h"
#include "cli/declared_run.h"
#include "cli/serve_run.h"
#include "serve/daemon.h"

namespace belay::cli {

namespace {

fs::path settings_file(const Invocation& in) {
  if (const auto file = in.text("config")) return fs::absolute(*file);
  return usual_settings_file();
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
  // In the journal, what the daemon does by itself is not the deed of the user who started it.
  options.who = "daemon";
  options.command = in.description();
  options.defaults = run.context().defaults;
  return options;
}

}  // namespace

int run_serve(Invocation& in) {
  serve::ServiceNotifier notifier = prepare_to_serve();
  const fs::path file = settings_file(in);
  HostRun run(in.session, in.description());
  return serve_host(in.session, run, notifier, daemon_options(in, run, file),
                    in.has("once") ? Serving::once : Serving::on);
}

}  // namespace belay::cli
