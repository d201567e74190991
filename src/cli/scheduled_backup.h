#pragma once
// A backup as a definition asks for it, made by the daemon: `belay backup` without a command line.

#include <stop_token>

#include "change/context.h"
#include "formats/dockerup_settings.h"
#include "model/declaration.h"

namespace belay::cli {

// The place and the rules that the definition leaves out are those of the settings; so are the recipients. Throws
// Error where it fails, and notes that as `belay backup` does.
void make_scheduled_backup(change::Context& context, const AppName& name, const BackupPolicy& policy,
                           const formats::Settings& settings, std::stop_token stop);

}  // namespace belay::cli
