#include "base/presence.h"

namespace belay {

bool is_gone(const fs::path& path) {
  std::error_code unknown;
  if (fs::status(path, unknown).type() != fs::file_type::not_found) return false;
  fs::path above = path.lexically_normal().parent_path();
  while (above.has_relative_path() && fs::status(above, unknown).type() == fs::file_type::not_found)
    above = above.parent_path();
  if (!above.has_relative_path()) return false;
  if (!fs::is_directory(above, unknown)) return !unknown;
  const fs::directory_iterator first(above, unknown);
  return !unknown && first != fs::directory_iterator();
}

}  // namespace belay
