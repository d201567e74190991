#pragma once

#include "model/spec.h"

namespace belay {

// The part of check_spec's rules that one service can break by itself. Throws Error naming the first that is broken.
void check_service(const Service& service);

}  // namespace belay
