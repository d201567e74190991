#pragma once
// Belay's labels: the home of "what belongs to which app, service, release" (docs/architecture.md, "Labels").

#include <map>
#include <optional>
#include <string>

#include "model/data.h"
#include "model/names.h"
#include "model/release.h"

namespace belay::labels {

inline constexpr const char* app = "belay.app";
inline constexpr const char* service = "belay.service";
inline constexpr const char* release = "belay.release";  // "12"
inline constexpr const char* scheme = "belay.scheme";
// Which release it is, whatever number another state gives another one: its identity, and that of the state which made
// it. Containers from before there were identities have neither.
inline constexpr const char* identity = "belay.release.id";
inline constexpr const char* state = "belay.state";
inline constexpr const char* mount = "belay.mount";            // on a volume: its mount point
inline constexpr const char* definition = "belay.definition";  // on a network: how it was asked for
// On what lives as long as one command: the app it is for; beside it `state`, the state whose command it is. Never
// beside `app`: it is no part of the app.
inline constexpr const char* temporary = "belay.temporary";
// On containers of `belay run`: the app. Not `app`, for they are no part of what should be up.
inline constexpr const char* one_off = "belay.one-off";
inline constexpr const char* one_off_kept = "belay.one-off.kept";
// On a volume: which daemon asks by it who else serves the engine.
inline constexpr const char* knock = "belay.knock";
inline constexpr const char* tests = "belay.tests";      // on a volume: what the tests of units keep, "kept"
inline constexpr const char* reserve = "belay.reserve";  // on a volume: whose data it keeps, "volume web_data"
// On an image: the family it was built for. Not `app`: a container inherits the labels of its image, and one that a
// user starts from a family's image by hand is not ours.
inline constexpr const char* family = "belay.family";

// Set by users, on a service or an image: how the app's data is backed up and kept (docs/data.md).
inline constexpr const char* backup_before = "belay.backup.before";
inline constexpr const char* backup_after = "belay.backup.after";
inline constexpr const char* backup_hook_timeout = "belay.backup.hook-timeout";
inline constexpr const char* backup_keep = "belay.backup.keep";
inline constexpr const char* snapshot = "belay.snapshot";
inline constexpr const char* snapshot_keep = "belay.snapshot.keep";
inline constexpr const char* snapshot_days = "belay.snapshot.days";
// Whether a label is one of these, or of their kind.
bool is_about_data(const std::string& key);

using Labels = std::map<std::string, std::string>;

struct Owner {
  std::string app, service;
  ReleaseNumber release;
  NamingScheme scheme = NamingScheme::belay;
  std::string identity = {}, state = {};  // empty: it was made before there were any
};

Labels for_container(const Owner& owner);
// Whether a label of this name says whose a container is: such are no part of what a release asks for.
bool is_of_owner(const std::string& key);
Labels for_volume(const AppName& app_name, const std::string& mount_point);
Labels for_reserve(const AppName& app_name, const DataPlace& place);
// `state_identity`: of the state whose command made it; empty: told from no other.
Labels for_temporary(const AppName& app_name, const std::string& state_identity);
Labels for_network(const AppName& app_name, const NetworkDefinition& definition = {});
Labels for_image(const AppName& app_name);
// nullopt when the labels are absent or damaged: then the thing is not ours.
std::optional<Owner> owner(const Labels& labels);

}  // namespace belay::labels
