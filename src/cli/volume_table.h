#pragma once
// The table of an app's volumes, for `volumes` and the faces.

#include "cli/json_output.h"
#include "look/look.h"

namespace belay::cli {

// "newest build, last"; "unused".
std::string use_of(const look::ImageRow& row);

void print_volumes(Console& console, const std::vector<look::VolumeRow>& rows);

}  // namespace belay::cli
