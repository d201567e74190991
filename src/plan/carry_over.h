#pragma once
// Which services of a new release stay as they are.

#include <set>

#include "model/release.h"

namespace belay::plan {

// The services of `next` (its spec, images and files are known) that can go on with the containers of `present`, as
// they are or changed in place: same image, same content of what is bound, and nothing else that the engine cannot
// change. What shares a namespace or the volumes of a service that is made anew is made anew as well. `anew`: services
// that get new containers in any case.
std::map<std::string, Body> carried_over(const Release& present, const Release& next,
                                         const std::set<std::string>& anew = {});

}  // namespace belay::plan
