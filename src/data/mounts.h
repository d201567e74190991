#pragma once
// What is mounted where, as this process sees it (proc(5), mountinfo). A rename takes along what is mounted below, and
// leaves what a folder is bound to elsewhere with the content that is renamed away: both must be known beforehand.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/files.h"

namespace belay::data {

struct MountPoint {
  std::int64_t id = 0, parent = 0;
  std::string device;  // "8:1": of the file system
  std::string root;    // what of the file system is mounted
  std::string point;   // where
  std::string type;    // "ext4"
  // What is mounted later where this is a view of appears here too.
  bool follows = false;
  bool operator==(const MountPoint&) const = default;
};

// Where something is on its file system, however it is reached: equal for the two paths of a bind mount.
struct Location {
  std::string device, path;
  // Itself, or above the other.
  bool holds(const Location& other) const;
  std::string text() const { return device + ":" + path; }
  auto operator<=>(const Location&) const = default;
};

class Mounts {
 public:
  // As they are now. Throws Error where the kernel does not tell.
  static Mounts now();
  explicit Mounts(const std::string& mountinfo);

  const std::vector<MountPoint>& all() const { return mounts_; }
  // `path`: absolute, without links. nullopt where nothing is known to be mounted above.
  std::optional<Location> location(const fs::path& path) const;
  // The first mount point at the path or below it, by whatever way it is reached.
  const MountPoint* within(const fs::path& path) const;
  // The same but for what is mounted at the one point and on that: gone with a single unmount there.
  const MountPoint* within_but(const fs::path& path, const fs::path& point) const;
  // The first mount elsewhere that shows what is at the path or below it.
  // `but_at`: mount points that do not count.
  const MountPoint* shown_elsewhere(const fs::path& path, const std::vector<fs::path>& but_at = {}) const;

 private:
  const MountPoint* holder(const fs::path& path) const;
  bool is_within(const MountPoint& mount, const fs::path& path, const std::optional<Location>& here) const;
  const MountPoint* by_id(std::int64_t id) const;

  std::vector<MountPoint> mounts_;  // a later one covers an earlier one of the same point
  std::map<std::int64_t, std::size_t> by_id_;
};

// What an open file is on: renames and removals never leave it.
struct Ground {
  std::uint64_t mount = 0;  // 0: the kernel does not tell
  dev_t device = 0;
  bool operator==(const Ground& other) const {
    return mount != 0 && other.mount != 0 ? mount == other.mount : device == other.device;
  }
};
// Throws Error.
Ground ground_of(int file);

}  // namespace belay::data
