#pragma once
// What the files of this host say: definitions of apps.

#include <optional>
#include <string>

#include "base/files.h"
#include "change/file_marks.h"
#include "formats/compose/project.h"
#include "model/declaration.h"

namespace belay::declared {

using change::Warn;

// All definitions: the *.json files of `folder` but hidden ones, the Compose projects in its sub-folders, and
// `user_data` where there is some. A file that cannot be read is a broken definition; what is odd in a project is told
// to `warn`. Throws Error where the folder itself is missing or cannot be read: then nobody knows what is wanted, which
// is not the same as nothing.
Declarations read_definitions(const fs::path& folder, const std::optional<std::string>& user_data,
                              const Warn& warn = {});

// One Compose project. Throws ConfigError, UsageError, NotFound.
Declarations read_project(const formats::compose::Request& request, const formats::compose::Outside& outside,
                          const Warn& warn);

}  // namespace belay::declared
