#pragma once
// JSON as people write it (strict, `//` and `/* */` comments where allowed) and as Belay writes it.

#include <string>
#include <string_view>

#include "document/node.h"

namespace belay::document {

struct JsonOptions {
  bool comments = false;
  int depth_limit = 100;
};

// RFC 8259 with positions: no trailing commas, no duplicate keys, no invalid UTF-8, no text after the value.
// `file` is only a name for messages. Throws ConfigError.
Node read_json(std::string_view text, const std::string& file, const JsonOptions& options = {});

// One line, keys in the tree's order; `indent` > 0 writes one member a line. read_json gives the same tree back; only
// bytes that are not UTF-8, which JSON cannot hold, become U+FFFD.
std::string write_json(const Node& node, int indent = 0);

}  // namespace belay::document
