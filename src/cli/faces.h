#pragma once
// Faces: the command lines of the tools that Belay stands in for. A face maps the old words onto the same use cases and
// holds no behaviour of its own.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/invocation.h"

namespace belay::cli {

struct Face {
  std::string_view name;  // of the program it stands in for, and of a link that selects it
  std::string_view summary;
  int (*run)(Session&, const std::vector<std::string>& arguments) = nullptr;  // the exit code
};

std::span<const Face> faces();
const Face* find_face(std::string_view name);
// UsageError with "did you mean" where there is no such face; Error where this program was built without it.
int run_face(std::string_view name, Session& session, const std::vector<std::string>& arguments);

}  // namespace belay::cli
