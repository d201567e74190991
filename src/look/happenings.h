#pragma once
// What happens to containers, as the engine tells it: its events, and their ends.

#include <functional>

#include "change/context.h"
#include "engine/engine.h"

namespace belay::look {

// Something that happened to a container of an app.
struct Happening {
  Time time{};
  std::string app, service;  // the service as in LogSink (look/inside.h); empty: it is a container of a command's own
  std::string container;
  std::string action;                             // in the engine's words: start, die, health_status: healthy, …
  std::map<std::string, std::string> attributes;  // without labels: image, exitCode, signal, …
};

struct HappeningRequest {
  std::optional<Time> since;  // nullopt: all that the engine remembers, or, where it is followed, from now on
  std::optional<Time> until;
  bool follow = false;  // goes on with what is to come; else it ends with what was until now
};

// Of these targets; none: of all apps. Ends when `sink` gives false. Throws Cancelled on stop.
void happenings(change::Context& context, const std::vector<Target>& targets, const HappeningRequest& request,
                const std::function<bool(const Happening&)>& sink, std::stop_token stop);

// How a container ended.
struct Ending {
  std::string service, container;
  int exit_code = 0;
};
// Waits until each of the targets' containers has ended, and tells of each as it does. What is down already counts as
// ended; what the engine starts again by itself has ended all the same. Throws NotFound where there is no container.
std::vector<Ending> wait_for_ends(change::Context& context, const std::vector<Target>& targets,
                                  const std::function<void(const Ending&)>& tell, std::stop_token stop);

}  // namespace belay::look
