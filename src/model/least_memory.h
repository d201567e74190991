#pragma once

#include "base/bytes.h"

namespace belay {

// Docker's engine refuses a container with less (linuxMinMemory), and only when it makes it.
inline constexpr ByteCount least_memory{6 << 20};

}  // namespace belay
