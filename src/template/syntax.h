#pragma once
// A template as a tree. Private to template.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "document/node.h"

namespace belay::templates {

struct Expression;
using ExpressionPtr = std::unique_ptr<Expression>;

// "name=value" in the parentheses of a filter.
struct NamedArgument {
  std::string name;
  ExpressionPtr value;
};

struct Expression {
  enum class Kind {
    literal,
    name,
    list,       // parts
    map,        // parts: key, value, key, value, …
    attribute,  // parts[0].text
    index,      // parts[0][parts[1]]
    method,     // parts[0].text(parts[1], …)
    function,   // text(parts…)
    filter,     // parts[0] | text(parts[1], …)
    test,       // parts[0] is text(parts[1], …)
    unary,      // text is "-", "+" or "not"
    binary,     // text is the operator; "and" and "or" too
    choice,     // parts[1] if parts[0] else parts[2], which may be missing
  };
  Kind kind = Kind::literal;
  int depth = 1;
  size_t at = 0;  // in the template's text
  std::string text;
  document::Node literal;
  std::vector<ExpressionPtr> parts;
  std::vector<NamedArgument> named;
};

struct Statement;
using Statements = std::vector<Statement>;

struct Branch {
  ExpressionPtr condition;  // none for "else"
  Statements body;
};

struct Statement {
  enum class Kind { text, output, choice, loop, set, set_block };
  Kind kind = Kind::text;
  size_t at = 0;
  size_t end = 0;                  // of text: where it ends
  std::vector<std::string> names;  // of loop and set: what gets values
  ExpressionPtr value;             // of output, loop and set
  ExpressionPtr condition;         // of loop: "if"
  std::vector<Branch> branches;    // of choice; loop and set_block: the body, and what "else" has
};

// Throws ConfigError. `keeps_dotted`: as in Options.
Statements parse(std::string_view text, const std::string& file, bool keeps_dotted);

}  // namespace belay::templates
