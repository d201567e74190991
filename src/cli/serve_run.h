#pragma once
// The daemon, run by a command line: belay serve and the face dockerup.

#include "cli/host_run.h"
#include "serve/daemon.h"
#include "serve/systemd.h"

namespace belay::cli {

// What must be set before the first thread of the process, and the way to systemd: call it first.
serve::ServiceNotifier prepare_to_serve();

// Runs the daemon on the engine that the command line or the settings name, until it is told to stop; the exit code.
enum class Serving { on, once };
int serve_host(Session& session, HostRun& run, serve::ServiceNotifier& notifier, serve::DaemonOptions options,
               Serving serving);

}  // namespace belay::cli
