#pragma once
// The paths of a project, made absolute.

#include "formats/compose/loading.h"

namespace belay::formats::compose {

// All relative paths of a tree in long form count from `folder`. A tree whose paths are absolute stays as it is.
void make_paths_absolute(document::Node& model, const fs::path& folder, const fs::path& home);

// A build without a context has the folder of its project.
void name_build_contexts(document::Node& model);

}  // namespace belay::formats::compose
