#pragma once
// Whose a container is, by the name that the engine shows.

#include <optional>
#include <string>
#include <vector>

#include "change/context.h"
#include "model/names.h"
#include "model/release.h"

namespace belay::look {

struct ContainerMeant {
  Target target;  // of an app with one service the app alone
  ReleaseNumber release;
  bool is_present = true;  // it is one of the release that should be up, else of the last one
};
// What a user calls a service of this release: "web", or "web/2" where it has replicas.
std::string shown_service(const Release& release, const Service& service);

// nullopt: no app has such a container.
std::optional<ContainerMeant> whose(change::Context& context, const std::string& container, std::stop_token stop);

// What a release has kept of the log of the service that failed, where that one's container is gone.
struct KeptLog {
  std::string service;  // "web", "web/2"
  std::string lines;
};
std::optional<KeptLog> kept_log(change::Context& context, const Target& target, const std::string& which,
                                std::stop_token stop);

}  // namespace belay::look
