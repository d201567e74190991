#pragma once
// How a file is called while it is written.

#include <string>
#include <string_view>

namespace belay::backup {

// ".NAME.0a1b2c3d.part", another one each time: an upload that was killed is in nobody's way.
std::string part_name(std::string_view name);
bool is_part_name(std::string_view name);
// Of what is_part_name: NAME.
std::string name_of_part(std::string_view part);

}  // namespace belay::backup
