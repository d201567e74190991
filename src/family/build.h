#pragma once
// `belay build`: an image for a family, and what its containers get, parsed and kept before anything is built.

#include <functional>

#include "change/context.h"

namespace belay::family {

// Which parameter files stand beside the Dockerfile: each face has its own.
enum class ParameterFiles { any, jockler, dockervisor };

struct BuildOptions {
  // A Dockerfile, a folder, or empty: NAME-Dockerfile in the current folder, else ./Dockerfile.
  std::string where;
  // Instead of building: this image, pulled where it is not on the host.
  std::string image;
  std::string push;            // a reference that the built image is also tagged as and pushed to
  std::string parameter_file;  // instead of the one beside the Dockerfile
  ParameterFiles parameter_files = ParameterFiles::any;
  bool settings_from_image = false;  // neither a parameter file nor the settings that the app has
  // What the app's containers must answer, whatever the parameter file says; nullopt: as the file or the app has it.
  std::optional<std::vector<Check>> checks;
  // What the command line set: it goes over what the parameter file says, and stays with the app.
  std::optional<Configuration> settings{};
  NamingScheme scheme = NamingScheme::belay;  // for an app that this build makes
  std::map<std::string, std::string> arguments;
  std::vector<std::string> secrets;
  std::string target, platform, network;
  bool no_cache = false, pull = false;
  plan::BuilderChoice builder = plan::BuilderChoice::automatic;
  bool dry_run = false;
  // A name that no app has may be a slip: it is said to be new.
  bool tells_new_names = false;
  // Asked where such a name would be a second app of a Dockerfile, or is near to that of an app; false: nothing is
  // done. Absent: nobody is asked.
  std::function<bool(const std::string& what)> confirm_new_name{};
};

struct BuildOutcome {
  plan::Plan plan;
  bool dry_run = false;
  std::string image;  // id
  std::string tag;
  std::string parameter_file;  // the one that was read, or empty
  bool changed = false;        // false: the same image as the last build, and the same parameters
  // The app with this build in it; of a dry run as it would be.
  std::optional<App> app;
};

// Throws Error where the build fails; the app and what it runs are then as before.
BuildOutcome build(change::Context& context, const AppName& name, const BuildOptions& options, std::stop_token stop);

}  // namespace belay::family
