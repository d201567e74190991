#pragma once
// Where the data of a place is on this machine, and which content it holds.

#include <optional>
#include <stop_token>
#include <string>

#include "base/files.h"
#include "engine/engine.h"
#include "model/data.h"

namespace belay::data {

// The folder or file with the place's data. nullopt: a volume that is not there, or that only the engine reaches.
// Throws nothing for a path that is not there: it is given as it is.
std::optional<fs::path> path_of(const DataPlace& place, const std::vector<Volume>& volumes);

// How a content is known wherever on its file system it is: no two that exist there at the same time have the same
// name. nullopt where there is none.
std::optional<std::string> content_of(const fs::path& path);

// The sum of the sizes of the regular files below (or of the one that `path` is), holes included. What cannot be read
// counts as nothing; a quick look for bars, not a promise. Throws Cancelled on stop.
ByteCount size_of(const fs::path& path, std::stop_token stop);

}  // namespace belay::data
