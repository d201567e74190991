#pragma once
// Words of Compose and docker, answered with the key that a definition has for them.

#include <string>
#include <string_view>

namespace belay::formats {

// A sentence; empty: nobody is known to call anything so.
std::string answer_to_key(std::string_view key);

}  // namespace belay::formats
