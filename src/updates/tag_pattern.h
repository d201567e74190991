#pragma once
// Which tags of a repository an app follows: "semver ^1.4" or "regex ^v\d+$".

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace belay::updates {

// "semver RANGE": parts separated by blanks must all hold, alternatives by "||"; each part is a version or a beginning
// of one behind ^ ~ = > >= < <=, or with x or * at its end. A tag counts as a version with two or three numbers and
// perhaps a "v" in front; "1" and "20260131" do not, they are labels that move. Pre-releases ("1.5.0-rc.1") fit only
// where the range names one of the same three numbers; what stands behind a '+' does not count.
//
// "regex EXPRESSION" (ECMAScript, without back-references): the whole tag must fit; the newest is the last in an order
// where runs of digits compare as numbers.
//
// Of "semver" only tags in the flavour of the current one are looked at (updates/flavour.h): after "1.25.3-alpine"
// comes "1.27.0-alpine". A tag whose first number has two digits more than the current one's ("2023.12.05" after
// "1.25.3") is a date, and left out unless the range itself speaks of such numbers.
//
// Tags longer than 128 characters, which no registry may have, never fit.
struct TagChoice {
  std::vector<std::string> tags;  // those that fit and are not older than the current one, newest first
  std::string flavour;            // in which they had to be; empty: the plain one
  std::string left_out;           // a sentence about tags that look like dates; empty: there are none
};

class TagPattern {
 public:
  // Throws Error that says what is wrong.
  static TagPattern parse(std::string_view text);
  TagPattern(TagPattern&&) noexcept;
  TagPattern& operator=(TagPattern&&) noexcept;
  ~TagPattern();

  bool fits(const std::string& tag) const;
  // A `current` that is no version (or does not fit the expression) is older than everything.
  TagChoice choose(const std::vector<std::string>& tags, const std::string& current) const;
  std::vector<std::string> fitting(const std::vector<std::string>& tags, const std::string& current) const;
  // The first of them; nullopt where there is none.
  std::optional<std::string> newest(const std::vector<std::string>& tags, const std::string& current) const;

 private:
  struct Rule;
  struct VersionRule;
  struct ExpressionRule;
  explicit TagPattern(std::unique_ptr<Rule> rule);
  std::unique_ptr<Rule> rule_;
};

// Whether the pattern would pass from one of the tags to the other: always, but for "semver" between two flavours.
bool same_line(std::string_view pattern, const std::string& a, const std::string& b);

// Throws Error for a text that TagPattern cannot read.
void check_pattern(std::string_view text);

}  // namespace belay::updates
