#pragma once
// A small tar for the engine in memory, which must not depend on the library that real backups are made with: folders,
// regular files and links with modes, owners and times. No extended attributes, no devices.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/stream.h"

namespace belay::engine {

// What is at `from`, and below it, as a tar stream; the names in it begin with `name`. Sockets, pipes and devices are
// left out. Throws Error for a file that changes its size while it is read.
void write_tar(const std::filesystem::path& from, const std::string& name, const Sink& sink);

// Unpacks a tar (ustar, with the extended headers of pax). `place_of` says where the entry of a name belongs; names are
// relative, without dots. The folder that is unpacked into ("./") stays as it is. What is in the way of an entry goes.
// Owners are set where this process may. Throws EngineError for what is no tar.
void unpack_tar(std::string_view tar, const std::function<std::filesystem::path(const std::string& name)>& place_of);

}  // namespace belay::engine
