#pragma once
// Where paths are on their file systems, so that two ways to one folder are known to be that. Private to host.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "data/mounts.h"
#include "model/world.h"

namespace belay::change {

// As things are when it is made. What is not there yet is where it would be.
class Whereabouts {
 public:
  // Where the kernel does not tell what is mounted, only the paths are compared.
  Whereabouts();

  // All names of where it is, each without a slash at its end: the path without links, and the one on its file system.
  // What is inside it has one of them before a slash.
  const std::vector<std::string>& names(const fs::path& path) const;
  bool holds(const fs::path& folder, const fs::path& path) const;
  bool overlap(const fs::path& a, const fs::path& b) const { return holds(a, b) || holds(b, a); }

 private:
  std::optional<data::Mounts> mounts_;
  // Each path is looked at once: a backup may have many places, and so may the other apps.
  mutable std::map<std::string, std::vector<std::string>> known_;
};

// The path without links, as far as it is there.
fs::path without_links(const fs::path& path);

// Notes in the world where these places are, and what its containers have mounted: that may be one of the places by
// another path.
void look_up_where(World& world, const std::vector<DataExchange>& exchanges);

// The same of what the release that is to come up and the app's containers write: two of them may have one folder by
// different paths. Under the names that the plan has for them, which are their devices where they are folders.
void look_up_what_is_written(World& world, const App& app);

}  // namespace belay::change
