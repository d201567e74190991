#pragma once
// The middle of UNIT/test with the containers in use: what is asked of them, and the tests of the unit's own. Its
// orders are carried out as those of any command.

#include <functional>

#include "change/context.h"
#include "formats/dockerstra/tests.h"
#include "units/test_run.h"

namespace belay::units {

struct ProductionCase {
  TestCase shown;
  // Throws what speaks against it; sets the container whose log tells more, and the last answer.
  std::function<void(change::Context&, std::string& look, std::string& last_answer, const std::stop_token&)> work;
};

// `tests` and `options` outlive the cases.
std::vector<ProductionCase> production_cases(const formats::dockerstra::UnitTests& tests, const TestOptions& options);

// Runs it into the result. Throws Cancelled on `stop` alone.
void run_production_case(change::Context& context, const ProductionCase& each, const TestOptions& options,
                         TestCase& result, const std::stop_token& stop);

}  // namespace belay::units
