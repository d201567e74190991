#include "cli/settings_file.h"

#include <cstdlib>

namespace belay::cli {

fs::path usual_settings_file() {
  const char* named = std::getenv("BELAY_CONFIG");
  if (named != nullptr && *named != '\0') return named;
  std::error_code unknown;
  for (const fs::path file : {"/etc/belay/belay.conf", settings_file_of_dockerup})
    if (fs::exists(file, unknown)) return file;
  return {};
}

formats::Settings read_settings(const std::optional<fs::path>& file) {
  const fs::path which = file ? *file : usual_settings_file();
  return which.empty() ? formats::Settings{} : formats::parse_settings(read_file(which), which);
}

}  // namespace belay::cli
