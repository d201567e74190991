#pragma once
// What build and deploy have in common on the command line.

#include "cli/invocation.h"
#include "family/build.h"

namespace belay::cli {

family::BuildOptions build_options(const Invocation& in);
// Those of them that say how a Dockerfile is built.
family::BuildOptions dockerfile_options(const Invocation& in);
// 0, or 3 where nothing changed and the caller wants to know.
int print_build(Console& console, const AppName& name, const family::BuildOutcome& outcome, bool exit_unchanged);

// The images of the folder's Compose project: of these services, or all (commands/pull.cpp).
int build_project(Invocation& in, const std::vector<std::string>& services);

}  // namespace belay::cli
