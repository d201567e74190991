#pragma once
// The way back out of adopting: the state forgets an app, and nothing of it on the engine is touched.

#include <functional>
#include <string>
#include <vector>

#include "change/context.h"

namespace belay::change {

struct LetGo {
  std::vector<std::string> containers;  // its own, as they are called now
  std::vector<std::string> forgotten;   // what only the state knows, and nothing brings back
  std::vector<std::string> kept;        // what stays, and where
  std::string again;                    // the command that takes the app again; empty: nothing is there to be taken
  // Its containers bear Belay's labels, so lists go on to show the app as one that the state does not know.
  bool bears_labels = false;
  bool done = false;  // false: a dry run, or the user said no
  bool declined = false;
};

// What was interrupted is finished first: nothing must stay paused, or half exchanged, that nobody knows of any more.
// Throws Conflict where a definition would make the app anew, where a container of it is bound to a copy of a file that
// goes with the app, and where it is being removed.
LetGo let_go(Context& context, const AppName& name, bool dry_run, const std::function<bool(const LetGo&)>& confirm,
             std::stop_token stop);

}  // namespace belay::change
