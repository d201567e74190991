#pragma once
// What is wrong with apps, whoever made them, that no definition says anything of: backups that failed or are late, and
// apps made by hand that the engine starts again and again. Each is told once, also across a restart of the daemon,
// and that it is over.

#include <stop_token>

#include "engine/engine.h"
#include "serve/daemon_log.h"
#include "state/store.h"

namespace belay::serve {

// The engine is asked only where there are apps made by hand that should be up.
void tell_of_alarms(engine::Engine& engine, state::Store& store, DaemonLog& log, Time now, std::stop_token stop);

}  // namespace belay::serve
