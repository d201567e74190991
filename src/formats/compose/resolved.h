#pragma once
// A project as it was understood, for people: every value written out, and where it came from.

#include <string>
#include <vector>

#include "formats/compose/project.h"

namespace belay::formats::compose {

// For a screen: puts "(hidden)" in the place of values that look like secrets, by their names or because an address has
// a password in it; also of variables. How many there were.
size_t hide_secrets(Project& project);
// What may be written into a Compose file: a dollar sign is doubled, so that nothing is interpolated again.
document::Node resolved(const Project& project);
// The same as YAML; with_origins: behind each value, as a comment, where it came from.
enum class Origins { left_out, told };
std::string resolved_text(const Project& project, Origins origins);

// Where one value came from.
struct Origin {
  std::vector<std::string> path;  // {"services", "web", "image"}; of a list the index, from 0
  std::string value;
  SourcePosition where;                // line 0: nobody wrote it, it is so without being said
  std::vector<VariableUse> variables;  // of those in it
};
std::vector<Origin> origins_of(const Project& project);

// The values of the member `key` of each service, each once, in the order of the services: "image".
std::vector<std::string> of_services(const Project& project, std::string_view key);

}  // namespace belay::formats::compose
