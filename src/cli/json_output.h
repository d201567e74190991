#pragma once
// JSON for scripts: the schema of each looking command is in docs/json.md.

#include "cli/console.h"
#include "document/json.h"

namespace belay::cli {

using document::Node;

// A word of an enumeration.
inline Node word(std::string_view text) {
  return Node::text(std::string(text));
}

inline Node texts(const std::vector<std::string>& values) {
  Node list = Node::list();
  for (const auto& value : values) list.add(Node::text(value));
  return list;
}

}  // namespace belay::cli
