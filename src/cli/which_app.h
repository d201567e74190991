#pragma once
// Which app a command is about, where the line names none: the one that was built from this folder, or the only one of
// the host; else the apps are listed.

#include <optional>
#include <vector>

#include "cli/host_run.h"

namespace belay::cli {

std::optional<AppName> app_of_folder(change::Context& context);
// nullopt also for a command that may mean another: deploy, restore, remove, …
std::optional<AppName> only_app(const Command& command, change::Context& context);
std::vector<AppName> all_apps(change::Context& context);

// "stop: NAME is missing", with the apps that it could be. `missing`: what the word is called.
[[noreturn]] void ask_which_app(const Invocation& in, change::Context& context, std::string_view missing);

// The first word of the line, where the table asks for an app and the line has no words at all.
bool lacks_app(const Invocation& in);
void name_the_app(Invocation& in);

}  // namespace belay::cli
