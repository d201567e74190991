#pragma once
// What an image must bring to be a service by itself, and what the things of a service are called: docs/formats/dr.md.

#include <array>
#include <map>
#include <string>
#include <string_view>

#include "model/installed_service.h"
#include "model/names.h"

namespace belay::service_image {

inline constexpr const char* scripts_folder = "/dr";
inline constexpr const char* config_folder = "/config";
// Where the files of a backup are in a container that a script runs in.
inline constexpr const char* exchange_folder = "/belay-backup";
inline constexpr std::array<std::string_view, 6> required_scripts{"install", "destroy", "help",
                                                                  "backup",  "restore", "enter"};
inline constexpr const char* manifest_file = "manifest.json";

inline constexpr int user_id = 22022;
inline constexpr const char* user_name = "druser";
inline constexpr const char* group_name = "drgroup";

// On what a service's scripts make, where they say so; on what Belay makes for it always.
inline constexpr const char* service_label = "belay.installed";
// Of an image: "inside" or "host", where its scripts run.
inline constexpr const char* scripts_label = "belay.scripts";

// The name of a service: as an app's, with at most 40 characters. It becomes a command, so "." is out. Throws
// UsageError.
AppName checked_name(const std::string& name);
// Its lock in the state is an app's of this name.
AppName lock_name(const std::string& service);
// The name of a command: a file in /dr that can be typed. False for the manifest and for files that commands use.
bool is_command_name(std::string_view name);

std::string config_volume(std::string_view service);
// "dr-web-": what volumes, networks and containers of the service begin with.
std::string name_stem(std::string_view service);
// The tag by which a service holds on to its image: an image prune without --all leaves it alone, and it means the same
// whatever is pulled. Scripts get it as IMAGE.
std::string pinned_tag(std::string_view service, const std::string& image_id);
inline std::string pinned_tag(const InstalledService& service) {
  return pinned_tag(service.name, service.version.image);
}
std::map<std::string, std::string> labels_of(std::string_view service);
std::string label_words(std::string_view service);  // "belay.installed=web"

}  // namespace belay::service_image
