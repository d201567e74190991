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

Change stop(Context& context, const AppName& name, bool dry_run, std::stop_token stop);
Change restart(Context& context, const AppName& name, const ChangeOptions& options, std::stop_token stop);

struct Deployed {
  BuildOutcome build;
  Change change;
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
