#pragma once
// A declared host as JSON: what a pass over it planned or did.

#include "declared/declared.h"
#include "document/node.h"

namespace belay::report {

// `folder`: of the definitions; `trouble`: why another source could not be read.
document::Node host_json(const declared::DeclaredHost& host, const std::string& folder, const std::string& trouble);

}  // namespace belay::report
