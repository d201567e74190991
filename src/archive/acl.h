#pragma once
// POSIX ACLs: between the form the system keeps in an extended attribute and the text that tars hold.

#include <optional>
#include <string>
#include <string_view>

namespace belay::archive {

// "user::rw-,user:1000:r--,group::r--,mask::r--,other::---": owners as numbers. nullopt for a value that is none of
// ours.
std::optional<std::string> acl_text(std::string_view value);

// The value for the attribute, from the text of any tar program: separated by commas or lines, with names or numbers,
// with the number behind the name, with comments. nullopt for what cannot be read, or names nobody here.
std::optional<std::string> acl_value(std::string_view text);

}  // namespace belay::archive
