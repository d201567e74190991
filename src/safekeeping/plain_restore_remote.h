#pragma once
// The data of a plain archive put in place by the engine alone, where this machine does not reach the files of its
// volumes. Private to host.

#include "safekeeping/plain_archive.h"
#include "safekeeping/plain_backup.h"

namespace belay::safekeeping {

// Fills fresh volumes with what the archive has for the points that are there. The app gets a release that mounts them,
// in place of the one that runs or ran last; what that had stays in its volumes, and a rollback leads back to it. An
// app that never ran gets the volumes under their own names. Throws Error for a place that is no volume, and for a
// volume that is there already though the app never ran. The app's lock is held, and nothing of it is unfinished.
PlainRestored restore_through_engine(change::Context& context, App& app, const fs::path& archive,
                                     const std::vector<MountPoint>& points, const change::ChangeOptions& options,
                                     std::stop_token stop);

}  // namespace belay::safekeeping
