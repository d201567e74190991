#include "formats/dockerstra/outside.h"

#include <algorithm>
#include <unistd.h>

namespace belay::formats::dockerstra {

Outside this_machine(std::map<std::string, std::string> environment) {
  Outside outside;
  outside.folder = fs::current_path();
  outside.home = home_folder();
  outside.environment = std::move(environment);
  outside.uid = std::to_string(::getuid());
  outside.gid = std::to_string(::getgid());
  outside.read = [](const fs::path& path) -> std::optional<std::string> {
    if (std::error_code ignored; fs::is_directory(path, ignored)) return std::nullopt;
    return read_file_if_present(path, ByteCount{1 << 20});
  };
  outside.names = [](const fs::path& path) -> std::optional<std::vector<std::string>> {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entries(path, error); !error && entries != fs::directory_iterator();
         entries.increment(error)) {
      std::error_code unknown;
      const bool is_folder = entries->is_directory(unknown);
      names.push_back(entries->path().filename().string() + (is_folder ? "/" : ""));
    }
    if (error) return std::nullopt;
    std::sort(names.begin(), names.end());
    return names;
  };
  return outside;
}

}  // namespace belay::formats::dockerstra
