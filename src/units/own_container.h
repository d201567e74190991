#pragma once
// The containers of a unit, as far as they are its own: another may have their names.

#include <optional>
#include <stop_token>
#include <string>

#include "change/change.h"
#include "change/context.h"

namespace belay::units {

// nullopt: there is no container of that name. Throws Conflict where it is not the unit's.
std::optional<ContainerDetail> own_container(change::Context& context, const AppName& unit,
                                             const std::string& container, std::stop_token stop);
// The unit's container, by its name in the file, that the change failed in; nullopt: in none, or it is gone.
std::optional<std::string> failed_in(change::Context& context, const change::Change& change, std::stop_token stop);

}  // namespace belay::units
