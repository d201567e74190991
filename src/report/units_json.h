#pragma once
// What came of units' orders and tests, as JSON: docs/json.md.

#include <vector>

#include "document/node.h"
#include "units/order_result.h"
#include "units/test_run.h"

namespace belay::report {

document::Node orders_json(const formats::dockerstra::Unit& unit, const std::vector<units::OrderRow>& rows);
// `dry_run`: none of the cases was run.
document::Node tests_json(const formats::dockerstra::Address& address, const units::TestReport& report, bool dry_run);

}  // namespace belay::report
