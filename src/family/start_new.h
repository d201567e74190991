#pragma once
// A family's next release: from its last build, or from one that is made for it.

#include <functional>
#include <string>
#include <vector>

#include "change/change.h"
#include "family/build.h"

namespace belay::family {

struct StartOptions {
  change::ChangeOptions change;
  std::string configuration;  // of a parameter file with several (dockervisor); empty: "default", or the only one
  // Where to look for a parameter file before the one kept with the build is used (dockervisor: ".", "~/dcv").
  std::vector<fs::path> parameter_folders;
  NamingScheme scheme = NamingScheme::belay;  // for an app without releases yet
  // Take ports and volumes of the image, instead of the settings that the app has.
  bool settings_from_image = false;
  // What the command line set: it goes over what the app has, and stays.
  std::optional<Configuration> settings{};
  // A parameter file that no longer has a mount says what is wanted; nobody is asked (the older tools' command lines).
  bool files_decide = false;
  // Also what failed here before with just this image and these settings. Else it is refused.
  bool again = false;
  // Whether to go on though the new release would not have all settings of the one before it: `what` is a sentence,
  // `lines` the differences. Absent: it is refused.
  std::function<bool(const std::string& what, const std::vector<std::string>& lines)> confirm;
};

// A new release from the last build; always a new container.
change::Change start_new(change::Context& context, const AppName& name, const StartOptions& options,
                         std::stop_token stop);

struct Deployed {
  BuildOutcome build;
  change::Change change;  // of a dry run: with the steps of the build before its own
};
// Builds, and swaps to what was built; unchanged where image and configuration are those that run already.
Deployed deploy(change::Context& context, const AppName& name, const BuildOptions& build, const StartOptions& options,
                std::stop_token stop);

}  // namespace belay::family
