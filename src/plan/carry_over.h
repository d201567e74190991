#pragma once
// Which services of a new release stay as they are.

#include "model/release.h"

namespace belay::plan {

// The services of `next` (its spec, images and files are known) that can go on with the containers of `present`, as
// they are or changed in place: same image, same content of what is bound, and nothing else that the engine cannot
// change. What shares a namespace or the volumes of a service that is made anew is made anew as well.
std::map<std::string, Body> carried_over(const Release& present, const Release& next);

}  // namespace belay::plan
