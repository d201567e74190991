#pragma once
// What came of a trial, in words and as an exit code.

#include "cli/console.h"
#include "cli/invocation.h"
#include "safekeeping/trial.h"

namespace belay::cli {

// --network, --settle, --wait-timeout, --dry-run.
safekeeping::TrialOptions trial_options(const Invocation& in);

// `what`: "the backup shop-….belay.tar.zst of shop". The container's last lines, and why it failed; gives 1.
int print_failed_trial(Console& console, const std::string& what, const safekeeping::Trial& trial,
                       const std::string& hint);

}  // namespace belay::cli
