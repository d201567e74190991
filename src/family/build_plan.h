#pragma once
// The part of `belay build` that a trial needs. Private to host.

#include "family/build.h"

namespace belay::family {

// The steps that build the app's image from its Dockerfile, under this tag; the last is the build. Changes nothing.
plan::Plan plan_build(change::Context& context, const AppName& name, const BuildOptions& options,
                      const std::string& tag, std::stop_token stop);

}  // namespace belay::family
