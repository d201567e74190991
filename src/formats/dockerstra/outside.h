#pragma once
// What a configuration directory is read from: files and the process's own circumstances, so that tests can make them
// up.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace belay::formats::dockerstra {

struct Outside {
  fs::path folder;  // the current one, absolute
  fs::path home;
  fs::path prefix = "/usr/local";  // PREFIX/etc/dockerstra
  std::map<std::string, std::string> environment;
  std::string uid, gid;
  // nullopt where there is no such file.
  std::function<std::optional<std::string>(const fs::path&)> read;
  // The names in a folder, sorted, those of folders with a "/" behind; nullopt where there is no such folder.
  std::function<std::optional<std::vector<std::string>>(const fs::path&)> names;
};

// The real files; `environment` is the caller's choice.
Outside this_machine(std::map<std::string, std::string> environment);

}  // namespace belay::formats::dockerstra
