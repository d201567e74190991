#pragma once
// Errors as JSON.

#include <string>

#include "base/errors.h"
#include "document/node.h"

namespace belay::report {

// {"error": …}. `hint`: the error's, in the words of whoever reads it.
document::Node error_json(const Error& error, const std::string& hint);

}  // namespace belay::report
