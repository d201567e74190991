#pragma once
// Volumes that only the engine reaches, filled through it on a host that has not got their app. Private to host.

#include "change/context.h"
#include "change/temporary.h"
#include "safekeeping/restore_targets.h"
#include "safekeeping/restore_work.h"

namespace belay::safekeeping {

struct EngineFilling {
  std::vector<Target> targets;              // in the order of the backup
  std::vector<plan::CreateVolume> volumes;  // those of them that have to be made first, as they were
  std::vector<plan::Step> images;           // that bring the image which the engine reaches the volumes through
  std::string image;                        // that one
};

// The steps, for a look at them. `where`: the backup's place, for people.
plan::Plan plan_of_filling(const EngineFilling& filling, const change::Temporary& helper, const std::string& where);

// Unpacks and checks all of the backup beside, then writes the items into their volumes and reads them back. A volume
// that holds the very same already is left as it is; what else one holds is never touched: then this throws Conflict.
// Whatever fails leaves no volume that was made for this, unless its driver might remove what it held before. `work`
// has just been opened. The app's lock is held.
void fill_through_engine(change::Context& context, const AppName& name, const EngineFilling& filling, RestoreWork& work,
                         const std::string& where, std::stop_token stop);

}  // namespace belay::safekeeping
