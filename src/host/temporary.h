#pragma once
// Things that only live as long as one command: known by the label belay.temporary, so that what a killed command left
// is found and removed by the next. Private to host.

#include "host/context.h"

namespace belay::host {

// "belay-reach-web-4711": no other command that runs now uses it.
std::string temporary_name(const AppName& app, const std::string& purpose);

// Removes every container, network and volume that is temporary for the app. The app's lock is held.
void clear_temporary(Context& context, const AppName& app, std::stop_token stop);

}  // namespace belay::host
