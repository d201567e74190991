#pragma once
// The tables of the state, as the steps that led to them.

#include <span>

namespace belay::state {

struct Migration {
  int version;  // the schema's version after it
  const char* sql;
};

// Ascending, without gaps. A step that was released is never changed; what is new becomes a new step.
std::span<const Migration> migrations();

}  // namespace belay::state
