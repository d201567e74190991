#pragma once
// JSON for scripts: the schema of each looking command is in docs/json.md.

#include "cli/console.h"
#include "report/json.h"

namespace belay::cli {

using namespace report;

inline void print_record(Console& console, const Node& result) {
  console.print_json(record(result));
}
// A list under its name.
inline void print_record(Console& console, const std::string& name, Node list) {
  Node result = Node::map();
  result.set(name, std::move(list));
  print_record(console, result);
}

}  // namespace belay::cli
