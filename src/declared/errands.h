#pragma once
// What definitions ask for by the clock: backups, and jobs with a schedule. `belay serve` does it
// (serve/errand_runs.h).

#include <string>
#include <vector>

#include "model/declaration.h"
#include "model/errand.h"

namespace belay::state {
class Store;
}

namespace belay::declared {

// With their schedules; when they are due is not known here.
std::vector<Errand> errands_of(const Declaration& declared);
// The names of those declared apps that have any; none where a daemon serves the state: it does them.
std::vector<std::string> waiting_for_a_daemon(const state::Store& store, const Declarations& declared);

// Makes the state's errands those of the definitions. Those of apps that are declared elsewhere, or whose definition
// cannot be used, stay as they are.
void keep_errands(state::Store& store, const Declarations& declared, Time now);

}  // namespace belay::declared
