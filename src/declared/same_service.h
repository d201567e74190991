#pragma once
// A container that another tool made, in the words of the definition. Pure. Private to declared.

#include "model/spec.h"
#include "model/world.h"

namespace belay::declared {

// `shown`: what the engine has of the container, less the image's own defaults. Each field that means the same as in
// `declared` is written as it is there, and what no container has (needs, names, order) is taken from there. So the
// result equals `declared` just where the container is what that asks for, and differs from it in what it has
// otherwise. `container`: its name.
Service in_words_of(const Service& declared, Service shown, const ImageConfig& image, const std::string& container);

}  // namespace belay::declared
