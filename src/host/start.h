#pragma once
// The use cases that change what runs: start, stop, restart, deploy, rollback, retry.

#include "host/build.h"
#include "host/change.h"

namespace belay::host {

struct StartOptions {
  ChangeOptions change;
  std::string configuration;  // of a parameter file with several (dockervisor); empty: "default", or the only one
  // Where to look for a parameter file before the one kept with the build is used (dockervisor: ".", "~/dcv").
  std::vector<fs::path> parameter_folders;
  NamingScheme scheme = NamingScheme::belay;  // for an app without releases yet
  // Take ports and volumes of the image, instead of the settings that the app has.
  bool settings_from_image = false;
  // A parameter file that no longer has a mount says what is wanted; nobody is asked (the older tools' command lines).
  bool files_decide = false;
  // Whether to go on though the new release would not have all settings of the one before it: `what` is a sentence,
  // `lines` the differences. Absent: it is refused.
  std::function<bool(const std::string& what, const std::vector<std::string>& lines)> confirm;
};

// A new release from the last build; always a new container.
Change start_new(Context& context, const AppName& name, const StartOptions& options, std::stop_token stop);
// The release marked `last` or `stable`, or one by its number ("r3").
Change start_release(Context& context, const AppName& name, const std::string& which, const ChangeOptions& options,
                     std::stop_token stop);
// The release that a container belongs to; NotFound where the container is no app's.
Change start_container(Context& context, const std::string& container, const ChangeOptions& options,
                       std::stop_token stop);
// Which app and release a container belongs to; nullopt where it is not ours.
struct ContainerOwner {
  AppName app;
  ReleaseNumber release;
};
std::optional<ContainerOwner> owner_of(Context& context, const std::string& container, std::stop_token stop);

// Of a part of an app: the release that should be up stays wished, and these services of it are held down until they
// are started again.
Change stop(Context& context, const Target& target, bool dry_run, std::stop_token stop);
// Starts what was held down. Of a whole app: its last release.
Change start_services(Context& context, const Target& target, const ChangeOptions& options, std::stop_token stop);
Change restart(Context& context, const Target& target, const ChangeOptions& options, std::stop_token stop);

struct Deployed {
  BuildOutcome build;
  Change change;  // of a dry run: with the steps of the build before its own
};
// Builds, and swaps to what was built; unchanged where image and configuration are those that run already.
Deployed deploy(Context& context, const AppName& name, const BuildOptions& build, const StartOptions& options,
                std::stop_token stop);

// To the newest good release before the present one, or to the one named: its image, configuration and environment.
Change rollback(Context& context, const AppName& name, const std::optional<ReleaseNumber>& to,
                const ChangeOptions& options, std::stop_token stop);
// Lifts the app's quarantine and tries the last release that failed once more.
Change retry(Context& context, const AppName& name, const ChangeOptions& options, std::stop_token stop);

// Wish against world: what would have to be done now. Changes nothing.
plan::Plan plan_now(Context& context, const AppName& name, std::stop_token stop);

}  // namespace belay::host
