#pragma once
// What came of each order of a unit's command.

#include <vector>

#include "cli/console.h"
#include "units/order_result.h"

namespace belay::cli {

using units::OrderResult;
using units::OrderRow;

void print_results(Console& console, const std::vector<OrderRow>& rows);

}  // namespace belay::cli
