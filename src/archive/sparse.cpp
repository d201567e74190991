#include "archive/sparse.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace belay::archive {

std::optional<std::vector<Extent>> data_extents(const Fd& file, const struct stat& status) {
  constexpr std::size_t most_extents = 50'000;
  // Cheap, and true for nearly all files.
  if (status.st_blocks * 512 >= status.st_size) return {};
  std::vector<Extent> extents;
  for (off_t at = 0; at < status.st_size;) {
    const off_t data = ::lseek(file.raw(), at, SEEK_DATA);
    if (data < 0 && errno != ENXIO) return {};
    if (data < 0 || data >= status.st_size) break;
    const off_t hole = extents.size() + 1 < most_extents ? ::lseek(file.raw(), data, SEEK_HOLE) : status.st_size;
    if (hole <= data) return {};
    extents.push_back({data, std::min(hole, status.st_size) - data});
    at = hole;
  }
  // Compressed by the file system, or kept within the inode: small on the disk, but without holes.
  if (extents.size() == 1 && extents.front() == Extent{0, status.st_size}) return {};
  return extents;
}

}  // namespace belay::archive
