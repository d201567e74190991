#pragma once
// How many there are of something.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/format.h"

namespace belay {

// "1 file", "2 files": of nouns whose plural ends in "s".
inline std::string counted(std::int64_t count, std::string_view noun) {
  return format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace belay
