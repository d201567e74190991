#pragma once
// Whether a file is gone, for decisions that must not be wrong about it.

#include "base/files.h"

namespace belay {

// True only where nothing is at the path for sure, but for it alone or the folder that it was in:
// - not where it cannot be looked at, as in another user's folder, or where a link leads nowhere;
// - not where more of the path is missing, nor where the innermost folder that is there is empty, as that of a disk
//   which is not mounted, or is the root, as for a path of another machine or of a container;
// - not below a mount point that the table knows and where nothing is mounted, whatever lies there meanwhile.
// `mount_table`: as fstab(5).
bool is_gone(const fs::path& path, const fs::path& mount_table = "/etc/fstab");

}  // namespace belay
