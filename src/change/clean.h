#pragma once
// Letting go of what is no longer needed. Nothing goes before the user has seen what goes and what stays.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "change/context.h"

namespace belay::change {

// Shown before anything is removed; false: leave everything.
struct RemovalPreview {
  const plan::Plan& plan;
  std::vector<std::string> kept;
};
using Confirm = std::function<bool(const RemovalPreview&)>;

struct Removed {
  plan::Plan plan;
  std::vector<std::string> kept;
  bool done = false;  // false: a dry run, the user said no, or there was nothing to remove
  bool declined = false;
};

// How many good releases beside the marked ones a clean-up leaves, if nobody says otherwise: one to go back to.
inline constexpr int usual_way_back = 1;
Removed cleanup(Context& context, const AppName& name, int keep, bool dry_run, const Confirm& confirm,
                std::stop_token stop);
// What a clean-up would do as things stand, for a look: it takes no lock and finishes nothing.
plan::Plan plan_cleanup(Context& context, const AppName& name, int keep, std::stop_token stop);
// Stops the app in the order of its needs, and removes its containers and networks. Its releases, images and volumes
// stay: starting it makes them anew.
Removed take_down(Context& context, const AppName& name, bool dry_run, const Confirm& confirm, std::stop_token stop);
// Stops a part of an app, which is then held down until it is started, and removes its containers; `volumes`: with
// those of its volumes that nothing else has.
Removed remove_part(Context& context, const Target& target, bool volumes, bool dry_run, const Confirm& confirm,
                    std::stop_token stop);
// The app with its containers and images; `volumes`: with its data.
Removed remove(Context& context, const AppName& name, bool volumes, bool dry_run, const Confirm& confirm,
               std::stop_token stop);

// What releases of other apps mount, whether they have a container or not, and which of them.
std::map<std::string, std::string> volumes_of_others(const state::Store& store, const AppName& name);
// What is left to do for the app's wish, to be shown: also of a removal that was interrupted, just what the command
// that finishes it does.
plan::Plan plan_left(const state::Store& store, const App& app, const World& world, Time now,
                     const plan::Defaults& defaults);
// Throws Error where something is mounted in a volume that the plan removes, or in what a snapshot holds: the engine
// removes all that is below a volume's folder, whatever it is.
void refuse_mounts(Context& context, const App& app, const plan::Plan& plan, std::stop_token stop);

// Stops containers by name, also in the middle of a restart loop; those of an app make that app's wish "down".
std::vector<std::string> stop_containers(Context& context, const std::vector<std::string>& containers,
                                         std::stop_token stop);

}  // namespace belay::change
