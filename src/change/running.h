#pragma once
// Steps on the containers that run, beside any wish: a signal, a pause and its end. What should be up stays wished.

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "change/context.h"

namespace belay::change {

struct RunningSteps {
  plan::Plan plan;
  bool done = false;  // false: a dry run, or there was nothing to do
};

// Every container of the target gets the signal ("HUP", "SIGUSR1"). What it makes of it is its own affair.
RunningSteps send_signal(Context& context, const Target& target, const std::string& signal, bool dry_run,
                         std::stop_token stop);
RunningSteps pause(Context& context, const Target& target, bool dry_run, std::stop_token stop);
RunningSteps resume(Context& context, const Target& target, bool dry_run, std::stop_token stop);

// An app that was held still while its data was read, by a command that was killed.
struct LeftHeld {
  AppName app;
  std::string why;                   // the command
  bool busy = false;                 // another command works on it
  std::optional<std::string> error;  // why it could not be let go on; with neither, it goes on
};
// Lets all such apps go on, but for those that are to be left.
std::vector<LeftHeld> resume_left_held(Context& context, const std::set<std::string>& leave, std::stop_token stop);

}  // namespace belay::change
