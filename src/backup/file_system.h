#pragma once
// What kind of file system an open file is on.

#include "base/fd.h"

namespace belay::backup {

// On NFS, SMB, 9P, or a file system in user space; also where that cannot be found out.
bool is_shared(const Fd& file);
// What is written there takes memory.
bool is_in_memory(const Fd& file);

}  // namespace belay::backup
