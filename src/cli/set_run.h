#pragma once
// What set, unset and config --edit have in common.

#include "cli/host_run.h"
#include "family/settings.h"
#include "formats/setting_keys.h"

namespace belay::cli {

// Carries it out, or previews it, and prints the result; the exit code.
int change_settings(Invocation& in, HostRun& run, const AppName& name, const family::SettingsChange& wanted);

// belay config NAME --edit
int edit_config(Invocation& in, HostRun& run, const AppName& name);

}  // namespace belay::cli
