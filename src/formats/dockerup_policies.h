#pragma once
// The part of a definition that says how the app is looked after.

#include <optional>
#include <string>
#include <vector>

#include "document/node.h"
#include "model/declaration.h"

namespace belay::formats {

const std::vector<std::string>& policy_keys();

// `definition` is a map without unknown keys. Throws ConfigError.
Policies defined_policies(const document::Node& definition);
// The rules of one service of an app: what `update` does not say is as for the app. `service`: with its image.
UpdatePolicy defined_update(const document::Node& update, const document::Node& service,
                            const UpdatePolicy& of_the_app);
// The key "schedule": when the service is started. It is then a job that the clock starts; else nullopt.
std::optional<std::string> defined_schedule(const document::Node& definition, Service& service);
// Everything of the spec but its services: the order of the swap, its times, the signals.
void define_swap(Spec& spec, const document::Node& definition);

}  // namespace belay::formats
