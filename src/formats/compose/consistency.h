#pragma once
// Whether the parts of a project fit each other.

#include "formats/compose/loading.h"

namespace belay::formats::compose {

// Throws ConfigError at the first thing that does not fit. Optional dependencies on services that are not there or are
// off are taken out, with a notice.
void check_consistency(document::Node& model, Loading& loading);
// Of one service by itself (consistency_service.cpp).
void check_service(const std::string& name, const document::Node& service);

}  // namespace belay::formats::compose
