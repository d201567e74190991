#pragma once
// Where a file has data between its holes.

#include <optional>
#include <sys/stat.h>
#include <vector>

#include "archive/tar_entry.h"
#include "base/fd.h"

namespace belay::archive {

// In ascending order; empty for a file that is one hole. nullopt where it has no holes, or the file system does not
// tell. Of a file in very many pieces the last holes count as data, so that memory stays flat.
std::optional<std::vector<Extent>> data_extents(const Fd& file, const struct stat& status);

}  // namespace belay::archive
