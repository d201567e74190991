#pragma once
// Counts what the program asks of the heap. Where work grows faster than what it is for, this does, on every machine
// alike: no test needs a clock for it.

#include <cstdint>

namespace belay::testing {

// Since the program began, in all threads.
std::uint64_t allocations();

}  // namespace belay::testing
