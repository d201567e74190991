#pragma once
// A folder as text, for comparing two of them: one line a file with its kind, permissions, owner, size, time to the
// nanosecond, number of names, target, extended attributes, where it has data, and the digest of its content.

#include <string>

#include "base/files.h"

namespace belay::archive {

std::string tree_listing(const fs::path& folder);

}  // namespace belay::archive
