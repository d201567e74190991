#pragma once
// Options that a unit has of its own, as Python's argparse reads them: a list of add_argument calls.

#include <optional>
#include <string>
#include <vector>

#include "document/node.h"

namespace belay::formats::dockerstra {

struct Argument {
  enum class Action { store, store_true, store_false, append, count };
  // How many words it takes: exactly `words`, or …
  enum class Number { exact, optional, any, some, rest };
  SourcePosition where;
  std::vector<std::string> names;  // "--language", "-l"; of a positional: its name
  std::string dest, metavar, help;
  Action action = Action::store;
  Number number = Number::exact;
  int words = 1;
  bool is_list = false;      // its value is one: nargs was given, and is not "?"
  std::string type = "str";  // str, int, float
  std::vector<document::Node> choices;
  std::optional<document::Node> fallback;  // "default"
  std::optional<document::Node> constant;  // of "?" without a word
  bool required = false;

  bool is_positional() const { return !names.front().starts_with('-'); }
};

class Arguments {
 public:
  // A list of maps with the key "add_argument". Throws ConfigError.
  static Arguments parse(const document::Node& list);

  // The values of a command line, by dest. Throws UsageError in argparse's words.
  document::Node values(const std::vector<std::string>& words) const;
  // The usage line's end, and a line for each argument.
  std::string usage() const;
  std::string help() const;
  const std::vector<Argument>& all() const { return arguments_; }

 private:
  std::vector<Argument> arguments_;
};

}  // namespace belay::formats::dockerstra
