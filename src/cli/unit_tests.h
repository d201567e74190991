#pragma once
// UNIT/test, UNIT/update and the order `tests` on the command line.

#include "cli/unit_orders.h"

namespace belay::cli {

// What follows from `start`, not a file of that name.
bool is_test(const formats::dockerstra::Unit& unit);
bool is_update(const formats::dockerstra::Unit& unit);

// Runs it and prints what came of each case; the exit code, 1 where one failed.
int run_unit_tests(Session& session, const UnitCall& call, const formats::dockerstra::Unit& unit);
int run_unit_update(Session& session, const UnitCall& call, const formats::dockerstra::Unit& unit);
// The tests that an order of another command lists.
OrderOutcome run_listed_tests(Session& session, const UnitCall& call, const formats::dockerstra::Unit& unit,
                              const formats::dockerstra::Order& order, const std::stop_token& stop);

}  // namespace belay::cli
