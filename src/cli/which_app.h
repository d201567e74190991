#pragma once
// Which app a command is about, where the line names none: that of the folder's Compose project, the one that was built
// from this folder, or the only one of the host; else the apps are listed. The same for every command (named.h).

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/host_run.h"

namespace belay::cli {

std::optional<AppName> app_of_folder(change::Context& context);
// nullopt also for a command that may mean another: deploy, restore, remove, …
std::optional<AppName> only_app(const Command& command, change::Context& context);
std::vector<AppName> all_apps(change::Context& context);

// "stop: NAME is missing", with the apps that it could be. `missing`: what the word is called.
[[noreturn]] void ask_which_app(const Invocation& in, change::Context& context, std::string_view missing);

// Puts the app's name before the words: that of the folder's Compose project, else the app that was built from the
// folder, else the only one of the host. Nothing where the first word is an app or a service all the same. Throws
// UsageError with the apps where nobody knows, or where the command wants the name to be typed.
void name_the_app(Invocation& in);

// The line begins with no command, but with what commands are about: an app, a part of one, a file, a release. Throws
// `error` with the looking command that was meant as its hint; returns where nothing is known of the word.
void lead_from_what_it_is(Session& session, std::span<const std::string> arguments, const UsageError& error);

}  // namespace belay::cli
