#pragma once
// `belay doctor`: is everything in place for Belay to do its work, and if not, what to do about it.

#include "change/context.h"

namespace belay::look {

struct Finding {
  enum class Level { good, advice, bad } level = Level::good;
  std::string topic;  // "engine", "state", …
  std::string text;
  std::string remedy;
};

// How much room a file system has: of less than 1 GiB it is said, and of none it is bad.
Finding::Level level_of_space(ByteCount free);

// Never throws for what it finds; opens the engine and the state by itself, since either may be what is broken.
std::vector<Finding> doctor(change::Installation& installation, Clock& clock, std::stop_token stop);

}  // namespace belay::look
