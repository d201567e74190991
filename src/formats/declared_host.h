#pragma once
// All definitions of a host together: what one of them cannot know. Pure.

#include <vector>

#include "formats/dockerup.h"

namespace belay::formats {

// The apps in the order in which they can be started: those needed before those that need them, otherwise by name.
//
// Broken are, besides definitions that are wrong in themselves: those that give a container the same name, those that
// ask for the same host port, those that need each other in a circle; each with an error that names the other's place.
// What needs a container that is broken or not declared is good: the container may be there all the same.
// `projects`: apps of other formats, which are good in themselves.
Declarations declared_host(const std::vector<DefinitionText>& sources, std::vector<Declaration> projects = {});

}  // namespace belay::formats
