#include "data/place.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/format.h"
#include "engine/direct.h"

namespace belay::data {

std::optional<fs::path> path_of(const DataPlace& place, const std::vector<Volume>& volumes) {
  if (place.kind != DataPlace::Kind::volume) return fs::path(place.source);
  const auto volume =
      std::find_if(volumes.begin(), volumes.end(), [&](const Volume& v) { return v.name == place.source; });
  return volume == volumes.end() ? std::nullopt : engine::direct_folder(*volume);
}

std::optional<std::string> content_of(const fs::path& path) {
  // The birth time tells a folder from one that had its number before and is gone. The device's number is left out: it
  // may be another after a reboot, and a place and its reserve are on one file system anyway.
  struct statx status{};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &status) != 0) return {};
  const auto& born = status.stx_btime;
  const bool has_birth = (status.stx_mask & STATX_BTIME) != 0;
  return format("{}-{}.{:09}", static_cast<unsigned long long>(status.stx_ino),
                has_birth ? static_cast<long long>(born.tv_sec) : 0, has_birth ? born.tv_nsec : 0);
}

ByteCount size_of(const fs::path& path, std::stop_token stop) {
  ByteCount size;
  std::error_code error;
  if (fs::is_regular_file(path, error)) {
    const auto own = fs::file_size(path, error);
    return {error ? 0 : static_cast<std::int64_t>(own)};
  }
  const auto options = fs::directory_options::skip_permission_denied;
  for (fs::recursive_directory_iterator entry(path, options, error), end; !error && entry != end;
       entry.increment(error)) {
    if (stop.stop_requested()) throw Cancelled();
    std::error_code unreadable;
    if (!entry->is_symlink(unreadable) && entry->is_regular_file(unreadable)) {
      const auto own = entry->file_size(unreadable);
      if (!unreadable) size.value += static_cast<std::int64_t>(own);
    }
  }
  return size;
}

}  // namespace belay::data
