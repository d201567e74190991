#pragma once
// Where the data of a place is on this machine, and which content it holds.

#include <optional>
#include <stop_token>
#include <string>

#include "base/files.h"
#include "data/mounts.h"
#include "engine/engine.h"
#include "model/data.h"

namespace belay::data {

// The folder or file with the place's data. nullopt: a volume that is not there, or that only the engine reaches.
// Throws nothing for a path that is not there: it is given as it is.
std::optional<fs::path> path_of(const DataPlace& place, const std::vector<Volume>& volumes);

// Where other data is put for the place: a volume that is but a name of a folder (o=bind) is that folder, with its
// reserves beside it; everything else is itself.
DataPlace place_of_exchange(const DataPlace& place, const std::vector<Volume>& volumes);

// How a content is known wherever on its file system it is: no two that exist there at the same time have the same
// name. nullopt where there is none.
std::optional<std::string> content_of(const fs::path& path);

// The place by its path without links, where it can be exchanged. Throws Error for a link that is not to be followed,
// because others than root could have put it there.
DataPlace real_place(const DataPlace& place);

// Where it is on its file system, the same however it is reached; nullopt where it is not on this machine. Throws as
// real_place.
std::optional<Location> location_of(const DataPlace& place, const std::vector<Volume>& volumes, const Mounts& mounts);

// The sum of the sizes of the regular files below (or of the one that `path` is), holes included. Nothing where not all
// of it can be read; a quick look for bars, not a promise. Throws Cancelled on stop.
ByteCount size_of(const fs::path& path, std::stop_token stop);

}  // namespace belay::data
