#pragma once
// What an update and a restore over a service have in common: what is there is kept, the way back is noted, and in the
// end the new version stays, or the old one is back. Private to service_image.

#include <functional>
#include <stop_token>
#include <string>

#include "service_image/hold.h"

namespace belay::service_image {

// A backup of what is there into `file`, in place of one of that name. Where it fails there is no such file.
void keep_backup(change::Context& context, Work& work, const InstalledService& service, const fs::path& file,
                 std::stop_token stop);

// From here on the next command takes the change back if this one does not come to its end. `kept`: empty, or the file
// of keep_backup.
void begin_change(change::Context& context, InstalledService& service, const ServiceVersion& to,
                  const std::string& kept, InstalledService::Unfinished what, std::stop_token stop);

// Where the plan fails the service is what it was: `is_back` is called then, and `hint` said. Where even that fails,
// the next command tries again.
void carry_out_or_go_back(change::Context& context, InstalledService& service, Work& work, const plan::Plan& plan,
                          const std::string& hint, const std::function<void()>& is_back, std::stop_token stop);

// The new version stays; the image of the old one goes where nothing else needs it. Says which volumes without a name
// nothing mounts any more.
void end_change(change::Context& context, InstalledService& service);

}  // namespace belay::service_image
