#pragma once
// Stop as a descriptor, for those who wait in poll. Private to net.

#include <cstdint>
#include <optional>
#include <stop_token>

#include "base/fd.h"

namespace belay::net {

// Readable from the moment stop is asked. Where stop is not possible, nothing is made, and raw() is the negative number
// that poll skips.
class StopSignal {
 public:
  // Throws Error where the process has no descriptors left.
  explicit StopSignal(const std::stop_token& stop);
  int raw() const { return event_.raw(); }

 private:
  struct Raise {
    int fd;
    void operator()() const;
  };
  // Destroyed in reverse: the callback is gone before the descriptor is.
  Fd event_;
  std::optional<std::stop_callback<Raise>> callback_;
};

}  // namespace belay::net
