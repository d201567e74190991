#pragma once
// What commands that were killed have left beside the data of apps.

#include <map>
#include <string>

#include "change/context.h"

namespace belay::look {

// By app, in the words of its status. Of the state only those apps are read whose newer history has a begin without an
// end, so it costs a long list little.
std::map<std::string, std::string> left_overs(change::Context& context);

}  // namespace belay::look
