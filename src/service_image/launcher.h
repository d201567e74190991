#pragma once
// The command of a service: a small file on the PATH that calls Belay.

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"

namespace belay::service_image {

struct LauncherRequest {
  std::string service;
  fs::path program;                  // belay
  std::vector<std::string> globals;  // "--state-dir", …: what the command needs to find the same state and engine
};

// The file's content: a shell script of two lines.
std::string launcher_text(const LauncherRequest& request);
std::string launcher_digest(const std::string& text);

// What stands at the launcher's place.
enum class LauncherState {
  absent,
  ours,     // as Belay wrote it
  foreign,  // somebody edited it, or it is something else
};
// ours, edited or missing: stays as it is, programs read it.
std::string_view to_text(LauncherState state);
LauncherState launcher_state(const fs::path& path, const std::string& digest);

// $BELAY_LAUNCHERS, else /usr/local/bin for root, else ~/.local/bin.
fs::path usual_launcher_folder();
// Throws Conflict where the name is a command already: on the PATH, in the usual folders, or at `path` itself.
void expect_free_name(const std::string& service, const fs::path& path);
void put_launcher(const fs::path& path, const std::string& text);

}  // namespace belay::service_image
