#pragma once
// The one way Belay builds text from values: fmt's core, whose compiled part lives in format.cpp.

#include <fmt/core.h>

namespace belay {
using fmt::format;
}
