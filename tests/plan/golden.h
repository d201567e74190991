#pragma once
// Plans as golden text: tests/plan/golden/NAME.txt.

#include <string>

namespace belay::plan {

// Compares `text` with the file; with ACCEPT=1 in the environment, rewrites it.
void expect_golden(const std::string& name, const std::string& text);

}  // namespace belay::plan
