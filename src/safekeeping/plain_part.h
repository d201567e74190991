#pragma once
// The part of an app that a plain archive is about. Private to host.

#include "model/names.h"
#include "model/spec.h"
#include "safekeeping/plain_backup.h"

namespace belay::safekeeping {

// One service with the mounts of the part; all of the spec where the part names nothing.
Spec spec_of_part(const AppName& app, const Spec& spec, const PlainPart& part);

}  // namespace belay::safekeeping
