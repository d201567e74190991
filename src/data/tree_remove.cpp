#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "archive/folder_chain.h"
#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "data/mounts.h"
#include "data/names.h"
#include "data/tree.h"

namespace belay::data {

namespace {

// Goes through a tree without recursion: folders may be nested deeper than a stack is, and than a path is long.
class TreeRemoval {
 public:
  explicit TreeRemoval(const Spot& spot) : top_(spot.path.string()) {}

  void empty(Fd root, const Ground& ground) {
    archive::FolderChain chain(std::move(root));
    std::vector<Names> levels;
    levels.emplace_back(chain.raw());
    while (!levels.empty()) {
      const std::string* name = levels.back().next();
      if (name == nullptr) {
        levels.pop_back();
        if (levels.empty()) break;
        const std::string left = chain.name(chain.depth() - 1);
        chain.leave();
        remove_folder(chain.raw(), left);
        continue;
      }
      if (::unlinkat(chain.raw(), name->c_str(), 0) == 0 || errno == ENOENT) continue;
      if (errno != EISDIR && errno != EPERM) fail(*name, errno);
      const int refused = errno;
      Fd folder = archive::open_folder_at(chain.raw(), *name);
      if (!folder) fail(*name, errno == ENOTDIR || errno == ELOOP ? refused : errno);
      if (ground_of(folder.raw()) != ground)
        throw Error(ErrorCode::mount_in_the_way,
                    format("{} holds a mount of its own, {}: it is left alone, and so is what lies above it",
                           printable(top_), printable(*name)),
                    "Unmount it first.");
      chain.enter(*name, std::move(folder));
      levels.emplace_back(chain.raw());
    }
  }

 private:
  void remove_folder(int above, const std::string& name) const {
    if (::unlinkat(above, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) fail(name, errno);
  }
  [[noreturn]] void fail(const std::string& name, int error) const {
    throw system_error(format("removing {} of {}", printable(name), printable(top_)), error);
  }

  const std::string top_;
};

}  // namespace

void remove_tree(const Spot& spot) {
  if (::unlinkat(spot.folder.raw(), spot.name.c_str(), 0) == 0 || errno == ENOENT) return;
  const int refused = errno;
  const auto fail = [&](int error) { throw system_error(format("removing {}", printable(spot.path.string())), error); };
  if (refused != EISDIR && refused != EPERM) fail(refused);
  Fd root = spot.open(O_RDONLY | O_DIRECTORY);
  if (!root) fail(errno == ENOTDIR || errno == ELOOP ? refused : errno);
  const Ground ground = ground_of(root.raw());
  const Fd above(::openat(spot.folder.raw(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!above || ground_of(above.raw()) != ground)
    throw Error(ErrorCode::mount_in_the_way,
                format("{} is a mount of its own: it is left alone", printable(spot.path.string())),
                "Unmount it first.");
  TreeRemoval(spot).empty(std::move(root), ground);
  if (::unlinkat(spot.folder.raw(), spot.name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) fail(errno);
}

std::int64_t size_of_tree(const Spot& spot, std::stop_token stop) {
  const auto size_at = [](int folder, const std::string& name) -> std::int64_t {
    struct stat status{};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) return 0;
    return S_ISDIR(status.st_mode) ? -1 : S_ISREG(status.st_mode) ? status.st_size : 0;
  };
  if (const auto own = size_at(spot.folder.raw(), spot.name); own >= 0) return own;
  Fd root = spot.open(O_RDONLY | O_DIRECTORY);
  if (!root) return 0;
  const Ground ground = ground_of(root.raw());
  archive::FolderChain chain(std::move(root));
  std::vector<Names> levels;
  levels.emplace_back(chain.raw());
  std::int64_t size = 0;
  while (!levels.empty()) {
    if (stop.stop_requested()) throw Cancelled();
    const std::string* name = levels.back().next();
    if (name == nullptr) {
      levels.pop_back();
      if (!levels.empty()) chain.leave();
      continue;
    }
    const auto own = size_at(chain.raw(), *name);
    if (own >= 0) {
      size += own;
      continue;
    }
    Fd folder = archive::open_folder_at(chain.raw(), *name);
    if (!folder || ground_of(folder.raw()) != ground) continue;
    chain.enter(*name, std::move(folder));
    levels.emplace_back(chain.raw());
  }
  return size;
}

}  // namespace belay::data
