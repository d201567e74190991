#pragma once
// What the three completion scripts share.

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"

namespace belay::cli {

// The fixed words that a value of this kind can be; empty where there are none.
std::vector<std::string> fixed_words(Kind kind, std::string_view choices);
// The options of a command and the global ones.
std::vector<const Option*> all_options(const Command& command);
// "--lines" and "-n"
std::vector<std::string> spellings(const Option& option);

}  // namespace belay::cli
