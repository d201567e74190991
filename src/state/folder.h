#pragma once
// The folders of the state and who may enter them.

#include "base/errors.h"
#include "base/files.h"
#include "state/store.h"

namespace belay::state {

// Makes the folder where it is missing, for its owner only; root shares it with the group "docker", where there is
// one: who may command the engine may command Belay. Throws Unwritable where it cannot be made, Error where it is not
// to be trusted: it is somebody else's than the user's or root's, or anybody can write to it or replace it.
void make_private_folder(const fs::path& folder);
// The same for a folder in one that was made or checked so: members of the group that shares that one make some too.
void make_shared_folder(const fs::path& folder);
// Makes an empty file with the same rules where there is none.
void make_private_file(const fs::path& file);
// Throws as the two above, for a folder and a file that are there.
void check_private_folder(const fs::path& folder);
void check_private_file(const fs::path& file);

// `error`: the system's number. The hint says what can be done about just that.
Unwritable unwritable(const std::string& what, int error);
std::string remedy_for(int error);

// The state's usual place. `shared`: root's, which is the place for whoever may write to it.
fs::path usual_folder(bool is_root, const fs::path& shared);

}  // namespace belay::state
