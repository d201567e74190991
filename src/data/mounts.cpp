#include "data/mounts.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/errors.h"
#include "base/files.h"
#include "base/text.h"

namespace belay::data {

namespace {

bool is_at_or_below(const std::string& path, const std::string& top) {
  if (top == "/") return path.starts_with('/');
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

// Blanks, tabs, ends of lines and backslashes are written as three octal digits.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto digit = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && digit(i + 1) && digit(i + 2) && digit(i + 3)) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// What `below` is called once `top` is called `other`.
std::string moved(const std::string& below, const std::string& top, const std::string& other) {
  std::string rest = below.substr(top == "/" ? 0 : top.size());
  if (rest == "/") rest.clear();
  if (rest.empty()) return other;
  return other == "/" ? rest : other + rest;
}

std::optional<MountPoint> mount_in(const std::string& line) {
  std::istringstream words(line);
  MountPoint mount;
  std::string options, word;
  if (!(words >> mount.id >> mount.parent >> mount.device >> mount.root >> mount.point >> options)) return {};
  // Optional fields up to a dash.
  while (words >> word && word != "-")
    mount.follows = mount.follows || word.starts_with("master:") || word.starts_with("shared:");
  words >> mount.type;
  mount.root = unescaped(mount.root);
  mount.point = unescaped(mount.point);
  return mount;
}

}  // namespace

bool Location::holds(const Location& other) const {
  return device == other.device && is_at_or_below(other.path, path);
}

Mounts Mounts::now() {
  const std::string text = read_file_if_present("/proc/self/mountinfo").value_or("");
  if (text.empty())
    throw Error(ErrorCode::system_failed,
                "cannot find out what is mounted on this machine: /proc/self/mountinfo is not readable");
  return Mounts(text);
}

Mounts::Mounts(const std::string& mountinfo) {
  for (const auto& line : split(mountinfo, '\n')) {
    auto mount = mount_in(line);
    // What is mounted of a folder that was removed since is in nobody's way.
    if (mount && !mount->root.ends_with("//deleted") && !mount->point.ends_with("//deleted"))
      mounts_.push_back(std::move(*mount));
  }
  for (std::size_t i = 0; i < mounts_.size(); ++i) by_id_.emplace(mounts_[i].id, i);
}

const MountPoint* Mounts::by_id(std::int64_t id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &mounts_[found->second];
}

// The mount that a path is on; of two at one point the later one covers the earlier.
const MountPoint* Mounts::holder(const fs::path& path) const {
  const MountPoint* best = nullptr;
  for (const auto& mount : mounts_)
    if (is_at_or_below(path.string(), mount.point) && (best == nullptr || mount.point.size() >= best->point.size()))
      best = &mount;
  return best;
}

std::optional<Location> Mounts::location(const fs::path& path) const {
  const MountPoint* mount = holder(path);
  if (mount == nullptr) return {};
  return Location{mount->device, moved(path.string(), mount->point, mount->root)};
}

bool Mounts::is_within(const MountPoint& mount, const fs::path& path, const std::optional<Location>& here) const {
  if (is_at_or_below(mount.point, path.string())) return true;
  const MountPoint* parent = by_id(mount.parent);
  if (!here || parent == nullptr || parent == &mount || !is_at_or_below(mount.point, parent->point)) return false;
  return here->holds({parent->device, moved(mount.point, parent->point, parent->root)});
}

const MountPoint* Mounts::within(const fs::path& path) const {
  const auto here = location(path);
  for (const auto& mount : mounts_)
    if (is_within(mount, path, here)) return &mount;
  return nullptr;
}

const MountPoint* Mounts::within_but(const fs::path& path, const fs::path& point) const {
  const auto at_point = std::count_if(mounts_.begin(), mounts_.end(),
                                      [&](const MountPoint& mount) { return fs::path(mount.point) == point; });
  // What is mounted below the point is on the one there, or what an unmount uncovers.
  if (at_point != 1) return within(path);
  const auto here = location(path);
  for (const auto& mount : mounts_)
    if (!is_at_or_below(mount.point, point.string()) && is_within(mount, path, here)) return &mount;
  return nullptr;
}

const MountPoint* Mounts::shown_elsewhere(const fs::path& path, const std::vector<fs::path>& but_at) const {
  const auto here = location(path);
  const MountPoint* own = holder(path);
  if (!here) return nullptr;
  for (const auto& mount : mounts_)
    if (&mount != own && here->holds({mount.device, mount.root}) &&
        std::find(but_at.begin(), but_at.end(), fs::path(mount.point)) == but_at.end())
      return &mount;
  return nullptr;
}

Ground ground_of(int file) {
  struct statx status{};
  if (::statx(file, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_TYPE | STATX_MNT_ID, &status) != 0)
    throw system_error("looking at an open file", errno);
  Ground ground;
  if ((status.stx_mask & STATX_MNT_ID) != 0) ground.mount = status.stx_mnt_id;
  ground.device = makedev(status.stx_dev_major, status.stx_dev_minor);
  return ground;
}

}  // namespace belay::data
