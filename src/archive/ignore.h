#pragma once
// .dockerignore: which files of a build context are left out. Docker's rules: the patterns are Go's filepath.Match with
// `**` added, a line `!pattern` takes files back in, the last line that matches decides, and what matches a folder
// holds for all below it.

#include <string>
#include <string_view>
#include <vector>

#include "base/errors.h"

namespace belay::archive {

// One pattern, compiled to a small automaton: its time is bounded by pattern × path, whatever the pattern.
class PathPattern {
 public:
  // Throws Error where the pattern has no meaning (an open bracket, a lone backslash at the end, …).
  explicit PathPattern(std::string_view pattern);

  // `path` is relative, with single slashes between its parts.
  bool matches(std::string_view path) const;
  // Could some path below this folder match?
  bool could_match_below(std::string_view folder) const;

 private:
  struct Step {
    enum class Kind {
      literal,       // this character
      any,           // one character, not a slash
      one_of,        // a class
      star,          // any number of characters, no slash
      rest,          // anything up to the end
      maybe_inside,  // "**/": nothing, or …
      inside,        // … anything that ends with a slash; always behind a maybe_inside
    };
    Kind kind;
    char32_t character = 0;
    bool negated = false;
    std::vector<std::pair<char32_t, char32_t>> ranges{};

    bool accepts(char32_t c) const;
  };
  using States = std::vector<char>;  // one flag a step, the last one is the end

  size_t parse_class(std::u32string_view pattern, size_t begin);
  void enter(States& states, size_t step) const;
  // The states after all of `text`; all clear when it cannot match.
  States run(std::string_view text) const;

  std::vector<Step> steps_;
};

// Constant after construction.
class IgnoreRules {
 public:
  IgnoreRules() = default;
  // The text of an ignore file; `file` is its name, for errors. Throws ConfigError with the line.
  static IgnoreRules parse(std::string_view text, const std::string& file);

  // What is known of a folder after its own test; the tests of what it holds begin there.
  struct Matches {
    std::vector<char> lines;  // which lines match the folder or one above it
  };

  struct Answer {
    bool excluded = false;
    Matches matches;
  };
  // `path` relative to the context, `parent` the matches of its folder (empty at the top).
  Answer test(std::string_view path, const Matches& parent) const;
  // The same from nothing.
  bool excludes(std::string_view path) const;
  // Could a line with `!` take back something below this excluded folder?
  bool may_include_below(std::string_view folder) const;
  // Adds a last line that takes this one path back in.
  void always_include(std::string_view path);

 private:
  struct Line {
    PathPattern pattern;
    bool includes;  // a line with `!`
  };
  std::vector<Line> lines_;
};

}  // namespace belay::archive
