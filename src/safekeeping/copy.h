#pragma once
// Files copied out of a container, and into it, whether it runs or not.

#include <stop_token>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/stream.h"
#include "change/context.h"

namespace belay::safekeeping {

// Whose the copies are: as in the source, or of the user who copies (root's, in a container).
enum class CopyOwners { kept, ours };

// The file or folder `path` of the container becomes `to`; where `to` is a folder, it goes into it under its own name,
// and with "/." behind `path` only what is in it. What is there stays unless something of the same name comes. Nothing
// of `to` is touched before all has arrived. Throws NotFound where `path`, or the folder that `to` is to be in, is
// missing; Conflict where a folder would replace a file, or a file a folder.
void copy_out(change::Context& context, const std::string& container, const std::string& path, const fs::path& to,
              CopyOwners owners, std::stop_token stop);
// The same as a tar stream.
void copy_out(change::Context& context, const std::string& container, const std::string& path, const Sink& tar,
              std::stop_token stop);

// The other way round, into each of these containers of the app; noted in its journal. What is copied so is in no
// release: it is gone with the container, but for what lies in a volume.
void copy_in(change::Context& context, const AppName& app, const std::vector<std::string>& containers,
             const fs::path& from, const std::string& path, CopyOwners owners, std::stop_token stop);
// A tar stream, unpacked into a folder of one container.
void copy_in(change::Context& context, const AppName& app, const std::string& container, const Source& tar,
             const std::string& folder, std::stop_token stop);

}  // namespace belay::safekeeping
