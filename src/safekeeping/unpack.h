#pragma once
// A backup's data in a folder of its own, beside everything: no app, no engine and no state has a part in it.

#include "backup/destination.h"
#include "backup/envelope.h"
#include "backup/manifest.h"
#include "change/context.h"

namespace belay::safekeeping {

struct Unpacked {
  backup::Manifest manifest;
  backup::End end;
  std::vector<std::pair<std::string, fs::path>> items;  // the source, and where it is now
  std::vector<std::string> warnings;
  bool done = false;  // false: a dry run
};

// Unpacks the items that are asked for (all: none is), each into a folder of its own below `folder`, which is new or
// empty, in a folder that is there. All is checked as in a restore; what is not whole does not stay, and what a try
// that was cut off left goes when it is tried again. Not root: what is unpacked belongs to the user.
Unpacked unpack(change::Report& report, backup::Destination& destination, const std::string& file,
                const crypto::AgeKeys& keys, const fs::path& folder, const std::vector<std::string>& only, bool dry_run,
                std::stop_token stop);

}  // namespace belay::safekeeping
