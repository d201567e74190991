#pragma once
// --install-timer, --remove-timer, --cron and --schedule of belay backup.

#include "cli/invocation.h"
#include "model/names.h"

namespace belay::cli {

// Does what they ask for; nullopt: none of them was given.
std::optional<int> schedule_backup(Invocation& in, const AppName& name);

}  // namespace belay::cli
