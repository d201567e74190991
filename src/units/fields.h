#pragma once
// Fields of containers in the words of commands: "[[.NetworkSettings.IPAddress]](web)", "{{.Name}}(web)".

#include <functional>
#include <string>
#include <vector>

#include "model/world.h"

namespace belay::units {

// A container by its name in the composition, else on the engine. Throws NotFound.
using Inspection = std::function<ContainerDetail(const std::string& container)>;

// The words with what the containers have now in the places of their fields. Throws NotFound, and UsageError for a
// field that is not known.
std::vector<std::string> filled_in(const std::vector<std::string>& words, const Inspection& inspection);
// Whether there is any such place in them.
bool has_fields(const std::vector<std::string>& words);

}  // namespace belay::units
