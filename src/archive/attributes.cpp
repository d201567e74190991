#include "archive/attributes.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <sys/xattr.h>

#include "archive/tar_format.h"
#include "base/errors.h"
#include "base/format.h"

namespace belay::archive {

namespace {

// The kernel's own limits.
constexpr std::size_t most_names = 64 << 10, most_value = 64 << 10;

// There are no calls of the *at() kind for attributes (before Linux 6.13); this path is one, and follows no link but
// its own.
std::string path_of(const FilePlace& place) {
  return format("/proc/self/fd/{}/{}", place.folder, *place.name);
}

bool is_kept(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("trusted.") || name.starts_with("security.") ||
         name == tar::access_acl || name == tar::default_acl;
}

}  // namespace

AttributeReader::AttributeReader() : names_(most_names, '\0'), value_(most_value, '\0') {}

Attributes AttributeReader::read(const FilePlace& place) {
  const bool open = place.file >= 0;
  const std::string path = open ? "" : path_of(place);
  const ssize_t length = open ? ::flistxattr(place.file, names_.data(), names_.size())
                              : ::llistxattr(path.c_str(), names_.data(), names_.size());
  if (length == 0) return {};
  // Vanished, or without /proc where a file cannot be opened: nobody misses the attributes of a fifo.
  if (length < 0 && (errno == ENOTSUP || errno == ENOENT || errno == EPERM || errno == EACCES)) return {};
  if (length < 0) throw system_error("listing its extended attributes", errno);
  Attributes attributes;
  for (std::string_view rest(names_.data(), static_cast<std::size_t>(length)); !rest.empty();) {
    const std::string name(rest.substr(0, rest.find('\0')));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    if (!is_kept(name)) continue;
    const ssize_t size = open ? ::fgetxattr(place.file, name.c_str(), value_.data(), value_.size())
                              : ::lgetxattr(path.c_str(), name.c_str(), value_.data(), value_.size());
    if (size < 0 && (errno == ENODATA || errno == ENOTSUP || errno == ENOENT)) continue;
    if (size < 0) throw system_error(format("reading its extended attribute {}", name), errno);
    attributes.emplace_back(name, std::string(value_, 0, static_cast<std::size_t>(size)));
  }
  std::sort(attributes.begin(), attributes.end());
  return attributes;
}

int set_attribute(const FilePlace& place, const std::string& name, const std::string& value) {
  const int result = place.file >= 0 ? ::fsetxattr(place.file, name.c_str(), value.data(), value.size(), 0)
                                     : ::lsetxattr(path_of(place).c_str(), name.c_str(), value.data(), value.size(), 0);
  return result == 0 ? 0 : errno;
}

bool attribute_refused(int error_number) {
  return error_number == ENOTSUP || error_number == EPERM || error_number == EACCES || error_number == EINVAL ||
         error_number == E2BIG || error_number == ERANGE;
}

}  // namespace belay::archive
