#pragma once
// A name in an open folder. What is done to it by that descriptor happens there and nowhere else, whatever others make
// of the path meanwhile: folders above a place may belong to people who could put links in its way.

#include <optional>
#include <string>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/files.h"

namespace belay::data {

struct Spot {
  Fd folder;
  std::string name;
  fs::path path;  // as it was asked for: for messages

  // What is there under the name now, links not followed; nullopt: nothing, or nothing that can be looked at.
  std::optional<struct statx> status() const;
  // How its content is known, as content_of.
  std::optional<std::string> content() const;
  // Empty, with errno, where that fails. Never through a link, and never waits for a fifo.
  Fd open(int flags) const;
};

// How a content is known wherever on its file system it is.
std::string content_name(const struct statx& status);
constexpr unsigned content_status = STATX_TYPE | STATX_INO | STATX_BTIME | STATX_UID | STATX_MODE;

// The path without links. Followed are those that nobody but root and this user could have planted: their own, in
// folders that nobody else may write to (or only with the sticky bit). Throws Error naming any other. What is not there
// yet is kept as it is.
fs::path resolved(const fs::path& path);

// Opens the folder of a path, which is absolute, on the way through no link at all. Throws NotFound, Error.
Spot spot_of(const fs::path& path);
// The same, and makes the folders on the way that are missing (mode 0755).
Spot made_spot_of(const fs::path& path);

}  // namespace belay::data
