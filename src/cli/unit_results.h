#pragma once
// What came of each order of a unit's command.

#include <vector>

#include "base/clock.h"
#include "cli/console.h"
#include "formats/dockerstra/unit.h"

namespace belay::cli {

enum class OrderResult { done, unchanged, planned, failed, not_run };

struct OrderRow {
  formats::dockerstra::Order order;
  OrderResult result = OrderResult::not_run;
  Milliseconds time{0};  // of orders that were carried out together, that of all of them
};

void print_results(Console& console, const std::vector<OrderRow>& rows);
// docs/json.md.
void print_results_as_json(Console& console, const formats::dockerstra::Unit& unit, const std::vector<OrderRow>& rows);

}  // namespace belay::cli
