#pragma once
// What goes and stays of an app's backups, in words.

#include "cli/console.h"
#include "safekeeping/backups.h"

namespace belay::cli {

// As $BELAY_SSH and $BELAY_RCLONE say.
std::unique_ptr<backup::Destination> open_place(const backup::Place& place);
// Removes what the rules do not keep, where the new backup is. That is there and whole by now: nothing is asked.
safekeeping::Pruning prune_after_backup(change::Context& context, const AppName& name, const Keep& keep,
                                        const backup::Place& place, std::stop_token stop);
// What goes and what stays, one a line.
void print_pruning(Console& console, const safekeeping::Pruning& pruning, Time now);
// What came of it.
void print_pruned(Console& console, const AppName& name, const safekeeping::Pruning& pruned);

}  // namespace belay::cli
