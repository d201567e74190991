#pragma once
// Removing the containers of what is stopped, as `docker compose rm`: what is to be up stays wished, and starting it
// makes them anew.

#include "change/clean.h"

namespace belay::change {

// What becomes of the volumes of containers that go. Those with a name stay in any case.
enum class UnnamedVolumes { stay, go };
// The target's containers that are down because somebody stopped them. What should be up, whether it is or not, and
// jobs that have ended stay: `kept` says so.
Removed remove_stopped(Context& context, const Target& target, UnnamedVolumes volumes, bool dry_run,
                       std::stop_token stop);

// What stopping the target, and then remove_stopped, would do.
Removed preview_stop_and_removal(Context& context, const Target& target, UnnamedVolumes volumes, std::stop_token stop);

// Which images of an app go with `down --rmi`.
enum class AppImages {
  unnamed,  // those that were built, and whose name is not in the file
  all,
};
// The images of the release that ran last. Those that other releases, other apps or other containers have stay, and so
// do those with names that are none of the app's: `kept` says why.
Removed remove_images(Context& context, const AppName& name, AppImages which, bool dry_run, std::stop_token stop);

}  // namespace belay::change
