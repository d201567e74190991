#pragma once
// The images of a Compose project, pulled, built or pushed while what runs is left alone.

#include <set>

#include "change/context.h"
#include "model/declaration.h"

namespace belay::declared {

struct ImageTask {
  std::set<std::string> services;  // only these; empty: all. NotFound where there is none of that name.
  bool with_needs = false;         // those too that they need
  bool ignore_failures = false;    // one that fails does not end the rest
  // Of builds.
  bool no_cache = false, pull = false;
  std::map<std::string, std::string> arguments{};
};
// Whether a registry is asked for the image though the file says how it is built: it cannot be built here, and has a
// name of its own. PROJECT-SERVICE, the name of what is built without another, is nobody's in a registry.
bool may_be_pulled(const Declaration& project, const Service& service, const ImageBuild& build);
// What is built is not pulled: a note says so.
plan::Plan plan_of_pulls(const Declaration& project, const ImageTask& task);
// The same without what is on this host already.
plan::Plan plan_of_missing_pulls(change::Context& context, const Declaration& project, const ImageTask& task,
                                 std::stop_token stop);
// What is built and has an `image` that says where it goes; a note for what has none.
plan::Plan plan_of_pushes(const Declaration& project, const ImageTask& task);
plan::Plan plan_of_builds(const Declaration& project, const ImageTask& task);
// The step that builds the image `reference`.
plan::BuildImage build_step(const Declaration& project, const std::string& reference, const ImageBuild& build);
// Brings the image `reference` of the service where it is not on this host; else empty.
plan::Plan plan_of_missing_image(change::Context& context, const Declaration& project, const Service& service,
                                 const std::string& reference, std::stop_token stop);
// Runs it. Throws what the first step throws that fails, once all are through where they go on.
void bring_images(change::Context& context, const plan::Plan& plan, std::stop_token stop);

}  // namespace belay::declared
