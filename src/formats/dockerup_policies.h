#pragma once
// The part of a definition that says how the app is looked after.

#include "document/node.h"
#include "model/declaration.h"

namespace belay::formats {

const std::vector<std::string>& policy_keys();

// `definition` is a map without unknown keys. Throws ConfigError.
Policies defined_policies(const document::Node& definition);
// The rules of one service of an app: what `update` does not say is as for the app. `service`: with its image.
UpdatePolicy defined_update(const document::Node& update, const document::Node& service,
                            const UpdatePolicy& of_the_app);
// Everything of the spec but its services: the order of the swap, its times, the signals.
void define_swap(Spec& spec, const document::Node& definition);

}  // namespace belay::formats
