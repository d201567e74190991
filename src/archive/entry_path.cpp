#include "archive/entry_path.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

std::vector<std::string> entry_path(std::string_view name) {
  // No real tree comes near; but a tar of a few bytes may claim a million folders in one another.
  constexpr std::size_t most_levels = 10'000;
  if (name.starts_with('/'))
    throw Error(ErrorCode::bad_archive, format("the tar holds an absolute name: {}", printable(name)));
  std::vector<std::string> path;
  for (std::string_view rest = name; !rest.empty();) {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view part = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..")
      throw Error(ErrorCode::bad_archive,
                  format("the tar holds a name that leads out of the folder: {}", printable(name)));
    path.emplace_back(part);
    if (path.size() > most_levels)
      throw Error(ErrorCode::too_large,
                  format("the tar holds a name that is too deep: {}…", printable(name.substr(0, 60))));
  }
  return path;
}

std::vector<std::string> entry_path(std::string_view name, bool absolute_too) {
  while (absolute_too && name.starts_with('/')) name.remove_prefix(1);
  return entry_path(name);
}

bool begins_with(const std::vector<std::string>& path, const std::vector<std::string>& beginning) {
  return path.size() >= beginning.size() && std::equal(beginning.begin(), beginning.end(), path.begin());
}

WantedPaths::WantedPaths(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) paths_.push_back({path, entry_path(path)});
}

bool WantedPaths::wants(const std::vector<std::string>& path, TarEntry::Kind kind) {
  bool wanted = paths_.empty();
  for (Wanted& candidate : paths_) {
    const bool inside = begins_with(path, candidate.path);
    candidate.found = candidate.found || inside;
    wanted = wanted || inside || (kind == TarEntry::Kind::folder && begins_with(candidate.path, path));
  }
  return wanted;
}

void WantedPaths::check_all_found() const {
  for (const Wanted& wanted : paths_)
    if (!wanted.found) throw NotFound(format("the tar does not hold {}", printable(wanted.text)));
}

}  // namespace belay::archive
