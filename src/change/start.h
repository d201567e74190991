#pragma once
// The use cases that change what runs: start, stop, restart, rollback, retry.

#include "change/change.h"

namespace belay::change {

// Going back to a release goes back to its files; what ran last starts with those of today.
enum class Files { of_today, of_then };
// A release that the app has. The app's lock is held by the caller.
Change start_known(Context& context, App& app, ReleaseNumber release, const ChangeOptions& options,
                   const JournalVerb& verb, std::stop_token stop, Files files = Files::of_today);

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
// Wishes what runs, without these services: in the app's record alone. What runs is known; the app's lock is held by
// the caller.
void wish_without(Context& context, App& app, const Target& target);
// What `stop` wishes for: the app down, or this part of it.
void wish_stopped(Context& context, App& app, const Target& target);
// Starts what was held down. Of a whole app: its last release.
Change start_services(Context& context, const Target& target, const ChangeOptions& options, std::stop_token stop);
// Makes containers for those of `options.makes` that have none; they are held down until somebody starts them, and so
// is all of an app that is down.
Change make_services(Context& context, const AppName& name, const ChangeOptions& options, std::stop_token stop);
Change restart(Context& context, const Target& target, const ChangeOptions& options, std::stop_token stop);

// To the newest good release before the present one, or to the one named: its image, configuration and environment.
Change rollback(Context& context, const AppName& name, const std::optional<ReleaseNumber>& to,
                const ChangeOptions& options, std::stop_token stop);
// Lifts the app's quarantine and tries the last release that failed once more.
Change retry(Context& context, const AppName& name, const ChangeOptions& options, std::stop_token stop);

// Wish against world: what would have to be done now. Changes nothing.
plan::Plan plan_now(Context& context, const AppName& name, std::stop_token stop);

}  // namespace belay::change
