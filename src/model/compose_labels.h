#pragma once
// The labels by which docker compose and tools beside it know a project's containers, networks and volumes. Belay
// writes them on what it makes in the naming scheme compose, so that those tools go on working. Source: docker/compose,
// pkg/api/labels.go.

#include "model/labels.h"
#include "model/spec.h"

namespace belay::labels {

inline constexpr const char* compose = "com.docker.compose.";  // what all of their names begin with
inline constexpr const char* compose_project = "com.docker.compose.project";
inline constexpr const char* compose_service = "com.docker.compose.service";
inline constexpr const char* compose_number = "com.docker.compose.container-number";
inline constexpr const char* compose_oneoff = "com.docker.compose.oneoff";
inline constexpr const char* compose_network = "com.docker.compose.network";
inline constexpr const char* compose_volume = "com.docker.compose.volume";
inline constexpr const char* compose_version = "com.docker.compose.version";
inline constexpr const char* followed_compose = "5.5.0";  // the version whose labels these are

// `image`: the id that the container is made from. The value of config-hash is Belay's own: that there is one lets most
// commands of Compose see the container; a later `docker compose up` makes it anew, once, and keeps its volumes.
Labels for_compose(const AppName& project, const Spec& spec, const Service& of, const std::string& image);
}  // namespace belay::labels
