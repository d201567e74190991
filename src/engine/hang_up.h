#pragma once
// Ends what is left of a command in a container when nobody is connected with it any more. For an engine a session is
// only somebody who listens: without one the command runs on, unseen, until the container ends.

#include <functional>
#include <string>
#include <sys/types.h>

#include "base/clock.h"

namespace belay::engine {

// A command in a container that runs, as the engine tells it.
struct RunningCommand {
  pid_t pid = 0;             // as the engine's machine counts
  std::string container_id;  // the whole of it
};

// As a terminal that is closed: SIGHUP for the command and all processes of its session, and SIGKILL for the command
// itself where it is there after `patience`. `still_runs` is asked with the process held: it is the command if that
// runs yet. Nothing is done, and false returned, unless its control group bears the container's id: the engine may be
// on another machine, or count its processes otherwise. False too where this user may not signal it.
[[nodiscard]] bool hang_up(const RunningCommand& command, Milliseconds patience,
                           const std::function<bool()>& still_runs);

}  // namespace belay::engine
