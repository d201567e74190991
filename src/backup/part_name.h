#pragma once
// How a file is called while it is written, and what is said where its name is taken.

#include <string>
#include <string_view>

#include "base/errors.h"

namespace belay::backup {

// ".NAME.0a1b2c3d.part", another one each time: an upload that was killed is in nobody's way.
std::string part_name(std::string_view name);
bool is_part_name(std::string_view name);
// "NAME.old-0a1b2c3d", for what has a name that is to be replaced. No leftover that goes by itself.
std::string aside_name(std::string_view name);
// Of what is_part_name: NAME.
std::string name_of_part(std::string_view part);

// "WHAT exists already", with the way on.
Conflict name_is_taken(std::string_view what);

}  // namespace belay::backup
