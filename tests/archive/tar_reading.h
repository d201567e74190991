#pragma once
// Reads a tar stream back with libarchive's own reader.

#include <string>
#include <vector>

namespace belay::archive {

struct ReadEntry {
  std::string name;
  char type = '-';  // - d l h c b, as `tar -tv` shows them
  unsigned permissions = 0;
  long uid = -1, gid = -1;
  std::string owner_name;
  long long modified = 0, nanoseconds = 0;
  long long size = 0;
  std::string target;
  std::string content;
  int holes = 0;  // extents of a file with holes
};

// Throws std::runtime_error for a stream that is damaged or cut off.
std::vector<ReadEntry> read_tar(const std::string& bytes);

}  // namespace belay::archive
