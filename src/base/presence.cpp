#include "base/presence.h"

namespace belay {

bool is_gone(const fs::path& path) {
  std::error_code unknown;
  return fs::status(path, unknown).type() == fs::file_type::not_found;
}

}  // namespace belay
