#pragma once
// Whether a file is gone, for decisions that must not be wrong about it.

#include "base/files.h"

namespace belay {

// True only where nothing is at the path for sure: not where it cannot be looked at, as in another user's folder.
bool is_gone(const fs::path& path);

}  // namespace belay
