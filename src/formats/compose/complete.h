#pragma once
// What the merged files leave unsaid.

#include "formats/compose/variables.h"

namespace belay::formats::compose {

// Takes the services that are switched off out of the tree, and optional dependencies on them.
void apply_profiles(document::Node& model, const Request& request, Loading& loading);
// Defaults, the network "default", implied dependencies, names on the engine.
void complete(document::Node& model, Loading& loading);
// Variables of environment, build arguments, env_file, label_file, configs and secrets.
void fill_in_variables(document::Node& model, const Variables& variables, Loading& loading);

}  // namespace belay::formats::compose
