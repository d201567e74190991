#pragma once
// The marks of an app: stable, and what starts with the host.

#include "change/change.h"

namespace belay::change {

struct Marked {
  std::optional<ReleaseNumber> release;
  std::string container;
  bool changed = false;
  plan::Plan plan;  // renames of the scheme dcv
};

// Marks the release that runs now (or the one named) as stable.
Marked mark_stable(Context& context, const AppName& name, const std::optional<ReleaseNumber>& which, bool dry_run,
                   std::stop_token stop);
Marked clear_stable(Context& context, const AppName& name, bool dry_run, std::stop_token stop);
// The marked release and its container; an empty release where none is marked.
Marked show_stable(Context& context, const AppName& name, std::stop_token stop);

// True: it was otherwise before.
bool set_autostart(Context& context, const AppName& name, Autostart autostart, bool dry_run, std::stop_token stop);
struct AutostartStatus {
  std::string app;
  Autostart autostart;
};
std::vector<AutostartStatus> autostart_status(Context& context);

struct Started {
  std::string app;
  std::optional<Change> change;
  std::optional<Error> error;
};
// Starts what is marked for autostart, and finishes (or takes back) changes that were interrupted, by a power cut for
// one; one broken app never keeps the others from starting.
std::vector<Started> start_all(Context& context, const ChangeOptions& options, std::stop_token stop);

}  // namespace belay::change
