#pragma once
// The pieces that a template consists of. Private to template.

#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace belay::templates {

// A piece between expressions and statements, or the inside of one.
struct Piece {
  enum class Kind { text, expression, statement };
  Kind kind = Kind::text;
  size_t begin = 0, end = 0;  // in the template's text, without delimiters and, of text, without what "-" takes away
};

// Comments and "raw" are gone: what "raw" holds is text.
std::vector<Piece> pieces_of(std::string_view text, const std::string& file, bool keeps_dotted);

struct Token {
  enum class Kind { name, number, text, sign, end };
  Kind kind = Kind::end;
  size_t at = 0;
  std::string text;  // of text: its value
};

// The words of an expression or a statement; the last one is `end`. Throws ConfigError.
std::vector<Token> tokens_of(std::string_view text, const Piece& piece, const std::string& file);

}  // namespace belay::templates
