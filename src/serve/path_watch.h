#pragma once
// What the kernel tells about changes of files and folders (inotify), for paths that may vanish, come back, and lead
// through links.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/files.h"

namespace belay::serve {

// Watches each wanted path and every folder and link on the way to it, so that a folder that is renamed away and comes
// back is noticed, and so is a link that a configuration manager points elsewhere. Of a wanted folder all entries
// count, and the files its links lead to; not its subfolders' content. Not thread-safe.
class PathWatch {
 public:
  // Throws Error where the kernel has no more to give.
  PathWatch();

  // Replaces the set of wanted paths; they must be absolute and need not exist.
  void want(std::set<fs::path> paths);
  // Becomes readable when something happened.
  int fd() const { return inotify_.raw(); }
  // What changed since the last call, as paths that were met on the way (empty: nothing that counts). Does not wait.
  std::set<fs::path> changes();
  // Why some of the wanted paths are not watched as they should be (too many watches, a folder that may not be read).
  const std::vector<std::string>& troubles() const { return troubles_; }

 private:
  struct Interest {
    fs::path folder;
    std::set<std::string> names;  // entries that lie on the way to a wanted path
    bool everything = false;
  };

  void arm();
  // Watches the way to `path`; follows `links_left` links at most.
  void follow(const fs::path& path, int& links_left);
  void follow_links_in(const fs::path& folder, int& links_left);
  // What is awaited of a folder on the way: that an entry comes or goes, or that its content changes too.
  enum class Part { way, goal };
  // `name`: empty for all entries. False where the folder is not there (any more).
  bool watch(const fs::path& folder, const std::string& name, Part part);

  Fd inotify_;
  std::set<fs::path> wanted_;
  std::map<int, Interest> interests_;  // by watch descriptor
  std::vector<std::string> troubles_;
};

}  // namespace belay::serve
