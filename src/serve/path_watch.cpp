#include "serve/path_watch.h"

#include <cerrno>
#include <cstring>
#include <deque>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

#include "base/errors.h"
#include "base/format.h"

namespace belay::serve {

namespace {

// As many as the kernel follows itself.
constexpr int longest_chain_of_links = 40;

// Writing counts when the writer closes the file: a half-written one is of no use, and a log file beside a definition
// would never be quiet.
constexpr std::uint32_t changes_of_entries =
    IN_CREATE | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t changes_of_the_way = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
constexpr std::uint32_t changes_of_the_folder = IN_DELETE_SELF | IN_MOVE_SELF;

}  // namespace

PathWatch::PathWatch() : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!inotify_) throw system_error("watching files", errno);
}

void PathWatch::want(std::set<fs::path> paths) {
  wanted_ = std::move(paths);
  arm();
}

void PathWatch::arm() {
  auto before = std::exchange(interests_, {});
  troubles_.clear();
  for (const auto& path : wanted_) {
    int links_left = longest_chain_of_links;
    follow(path, links_left);
  }
  // A watch that is gone already is refused, which is as good.
  for (const auto& [watch, interest] : before)
    if (!interests_.contains(watch)) ::inotify_rm_watch(inotify_.raw(), watch);
}

void PathWatch::follow(const fs::path& path, int& links_left) {
  std::deque<fs::path> ahead;
  for (const auto& part : path.relative_path())
    if (!part.empty() && part != ".") ahead.push_back(part);
  fs::path here = "/";
  while (!ahead.empty()) {
    const auto name = ahead.front();
    ahead.pop_front();
    if (name == "..") {
      here = here.parent_path();
      continue;
    }
    // First the watch, then the look: whatever changes in between is told.
    if (!watch(here, name, ahead.empty() ? Part::goal : Part::way)) return;
    const auto next = here / name;
    std::error_code absent;
    const auto status = fs::symlink_status(next, absent);
    if (absent || !fs::exists(status)) return;
    if (!fs::is_symlink(status)) {
      here = next;
      continue;
    }
    if (links_left-- == 0) {
      troubles_.push_back(format("{} leads through too many links", path.string()));
      return;
    }
    const auto target = fs::read_symlink(next, absent);
    if (absent) return;
    std::deque<fs::path> parts;
    for (const auto& part : target.relative_path())
      if (!part.empty() && part != ".") parts.push_back(part);
    ahead.insert(ahead.begin(), parts.begin(), parts.end());
    if (target.is_absolute()) here = "/";
  }
  std::error_code absent;
  if (fs::is_directory(here, absent) && watch(here, {}, Part::goal)) follow_links_in(here, links_left);
}

void PathWatch::follow_links_in(const fs::path& folder, int& links_left) {
  std::error_code error;
  std::vector<fs::path> links;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    std::error_code gone;
    if (entry->is_symlink(gone) && !fs::is_directory(entry->path(), gone)) links.push_back(entry->path());
  }
  if (error && error != std::errc::no_such_file_or_directory)
    troubles_.push_back(system_error(format("reading {}", folder.string()), error.value()).what());
  for (const auto& link : links) {
    int left = links_left;
    follow(link, left);
  }
}

bool PathWatch::watch(const fs::path& folder, const std::string& name, Part part) {
  const std::uint32_t mask = (part == Part::goal ? changes_of_entries : changes_of_the_way) | changes_of_the_folder;
  const int watch =
      ::inotify_add_watch(inotify_.raw(), folder.c_str(), mask | IN_MASK_ADD | IN_ONLYDIR | IN_EXCL_UNLINK);
  if (watch < 0) {
    if (errno != ENOENT && errno != ENOTDIR)
      troubles_.push_back(
          errno == ENOSPC
              ? format("watching {}: the kernel allows no more watches (fs.inotify.max_user_watches)", folder.string())
              : system_error(format("watching {}", folder.string()), errno).what());
    // One that may not be read may still be passed: what lies behind it can be watched.
    return errno == EACCES;
  }
  auto& interest = interests_[watch];
  interest.folder = folder;
  if (name.empty())
    interest.everything = true;
  else
    interest.names.insert(name);
  return true;
}

std::set<fs::path> PathWatch::changes() {
  std::set<fs::path> changed;
  alignas(inotify_event) char buffer[16384];
  while (true) {
    const ssize_t count = ::read(inotify_.raw(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    for (const char* at = buffer; at < buffer + count;) {
      inotify_event event{};
      std::memcpy(&event, at, sizeof event);
      const std::string name = event.len > 0 ? at + sizeof event : "";
      at += sizeof event + event.len;
      // More happened than the kernel keeps: anything may have changed.
      if ((event.mask & IN_Q_OVERFLOW) != 0) changed.insert(wanted_.begin(), wanted_.end());
      const auto interest = interests_.find(event.wd);
      if (interest == interests_.end()) continue;
      const auto& [folder, names, everything] = interest->second;
      if (name.empty()) {
        // Of the folder itself; a change of its permissions lets entries be read that could not be.
        changed.insert(folder);
      } else if (everything || names.contains(name)) {
        changed.insert(folder / name);
      }
      if ((event.mask & IN_IGNORED) != 0) interests_.erase(interest);
    }
  }
  // The way may lead elsewhere now.
  if (!changed.empty()) arm();
  return changed;
}

}  // namespace belay::serve
