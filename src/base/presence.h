#pragma once
// Whether a file is gone, for decisions that must not be wrong about it.

#include "base/files.h"

namespace belay {

// True only where nothing is at the path for sure: not where it cannot be looked at, as in another user's folder; and
// not where the innermost folder above it that is there is empty, as that of a disk which is not mounted, or is the
// root, as for a path of another machine or of a container.
bool is_gone(const fs::path& path);

}  // namespace belay
