#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace belay {

// One line of progress of a pull, push or build, for bars and plain lines alike.
struct Progress {
  std::string id;                       // layer or build step; empty: a line of its own
  std::string status;                   // "Downloading", "RUN make"
  std::int64_t current = 0, total = 0;  // bytes; total 0: unknown
  bool done = false;                    // this id is finished
  std::string log;                      // output of a build step, may hold several lines
};

}  // namespace belay
