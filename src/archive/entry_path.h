#pragma once
// The name of an entry as the way to its file below a root, and which of them are wanted.

#include <string>
#include <string_view>
#include <vector>

#include "archive/tar_entry.h"

namespace belay::archive {

// The names of the folders on the way and of the file itself; empty for the root. Throws Error for an absolute name,
// for one with "..", and for one that is too deep.
std::vector<std::string> entry_path(std::string_view name);
// The same where a '/' in front is only another way to write the root.
std::vector<std::string> entry_path(std::string_view name, bool absolute_too);

bool begins_with(const std::vector<std::string>& path, const std::vector<std::string>& beginning);

// Those of the given paths and all below them; without any, everything. One thread at a time.
class WantedPaths {
 public:
  explicit WantedPaths(const std::vector<std::string>& paths);
  // The folders on the way to a wanted path count as well.
  bool wants(const std::vector<std::string>& path, TarEntry::Kind kind);
  // Throws NotFound where one of them was in no entry.
  void check_all_found() const;

 private:
  struct Wanted {
    std::string text;
    std::vector<std::string> path;
    bool found = false;
  };
  std::vector<Wanted> paths_;
};

}  // namespace belay::archive
