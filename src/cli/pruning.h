#pragma once
// What goes and stays of an app's backups, in words.

#include "cli/console.h"
#include "safekeeping/backups.h"

namespace belay::cli {

// As $BELAY_SSH and $BELAY_RCLONE say.
std::unique_ptr<backup::Destination> open_place(const backup::Place& place);
// What goes and what stays, one a line.
void print_pruning(Console& console, const safekeeping::Pruning& pruning, Time now);
// What came of it.
void print_pruned(Console& console, const AppName& name, const safekeeping::Pruning& pruned);

}  // namespace belay::cli
