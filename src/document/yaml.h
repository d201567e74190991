#pragma once
// YAML as Docker Compose reads it: the grammar of libyaml, the scalars of YAML 1.2 with the octals of 1.1.

#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "document/node.h"

namespace belay::document {

struct YamlOptions {
  ByteCount size_limit{4 << 20};
  int depth_limit = 100;
  size_t node_limit = 1'000'000;  // with the copies that aliases make
  size_t copy_limit = 100'000;    // nodes of a document that are copies
  bool number_keys = false;       // a number may be a key: it is the text that the file has
  bool marks = false;             // !reset and !override are known, and kept as Node::mark
};

// One node a document; none for a file without a document. UTF-8, or UTF-16 with a byte order mark. Aliases and "<<"
// are resolved: a copy keeps the place where it was written. Keys are text, each once in its map. Plain scalars:
//   true True TRUE false False FALSE    boolean
//   empty ~ null Null NULL              null
//   whole numbers, with _ and sign; 0x 0b 0o, and 0 before octal digits; fractions with exponent    number
// A number's raw() is what Go prints for it ("1.10" is 1.1, "0777" is 511), its written() is what the file has.
// Everything else is text (yes, off, 22:22, dates; "+Inf" and "NaN" for .inf and .nan).
// `file` is only a name for messages. Throws ConfigError.
std::vector<Node> read_yaml(std::string_view text, const std::string& file, const YamlOptions& options = {});

// A plain scalar by the rules above, without a place.
Node yaml_scalar(std::string_view text);

}  // namespace belay::document
