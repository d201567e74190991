#include "tree_listing.h"

#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <vector>

#include "archive/attributes.h"
#include "archive/sparse.h"
#include "base/format.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace belay::archive {

namespace {

std::string line_of(const fs::path& file, const std::string& name) {
  struct stat status{};
  if (::lstat(file.c_str(), &status) != 0) return name + " ?\n";
  std::string line =
      format("{} {:o} {}:{} {}.{:09} x{}", printable(name), status.st_mode, status.st_uid, status.st_gid,
             status.st_mtim.tv_sec, status.st_mtim.tv_nsec, S_ISDIR(status.st_mode) ? 0 : status.st_nlink);
  if (S_ISLNK(status.st_mode)) line += " -> " + printable(fs::read_symlink(file).string());
  if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
    line += format(" device {},{}", major(status.st_rdev), minor(status.st_rdev));
  const Fd folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string own_name = file.filename().string();
  for (const auto& [key, value] : AttributeReader().read({-1, folder.raw(), &own_name}))
    line += format(" {}={}", key, base64(value));
  if (S_ISREG(status.st_mode)) {
    const Fd open(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    line += format(" {} bytes {}", status.st_size, crypto::sha256(read_file(file)));
    if (const auto extents = data_extents(open, status)) {
      line += " data";
      for (const Extent& extent : *extents) line += format(" {}+{}", extent.offset, extent.length);
    }
  }
  return line + "\n";
}

}  // namespace

std::string tree_listing(const fs::path& folder) {
  std::vector<std::string> lines{line_of(folder / ".", ".")};
  for (const auto& found : fs::recursive_directory_iterator(folder))
    lines.push_back(line_of(found.path(), found.path().lexically_relative(folder).string()));
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace belay::archive
