#pragma once
// What the files of this host say: definitions of apps.

#include <optional>
#include <string>

#include "base/files.h"
#include "model/declaration.h"

namespace belay::declared {

// All definitions: the *.json files of `folder` but hidden ones, and `user_data` where there is some. A file that
// cannot be read is a broken definition. Throws Error where the folder itself is missing or cannot be read: then nobody
// knows what is wanted, which is not the same as nothing.
Declarations read_definitions(const fs::path& folder, const std::optional<std::string>& user_data);

}  // namespace belay::declared
