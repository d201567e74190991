#pragma once
// The folders of the state and who may enter them.

#include "base/files.h"

namespace belay::state {

// Makes the folder where it is missing, for its owner and group only. For root the group is "docker", where there is
// one: who may command the engine may command Belay.
void make_private_folder(const fs::path& folder);
// Makes an empty file with the same rule where there is none.
void make_private_file(const fs::path& file);

}  // namespace belay::state
