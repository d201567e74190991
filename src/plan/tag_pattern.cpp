#include "plan/tag_pattern.h"

#include <algorithm>
#include <compare>
#include <regex>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "plan/version.h"

namespace belay::plan {

namespace {

constexpr size_t longest_tag = 128;
constexpr size_t longest_expression = 256;
constexpr long long most_repetitions = 1000;

// By characters, but for runs of digits, which compare as numbers of any length.
std::strong_ordering natural_order(std::string_view a, std::string_view b) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto digits = [&](std::string_view& text) {
    size_t end = 0;
    while (end < text.size() && is_digit(text[end])) ++end;
    std::string_view run = text.substr(0, end);
    text.remove_prefix(end);
    while (run.size() > 1 && run.front() == '0') run.remove_prefix(1);
    return run;
  };
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const std::string_view left = digits(a), right = digits(b);
      if (const auto order = left.size() <=> right.size(); order != 0) return order;
      if (const auto order = left <=> right; order != 0) return order;
    } else {
      if (a.front() != b.front())
        return static_cast<unsigned char>(a.front()) <=> static_cast<unsigned char>(b.front());
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() <=> b.size();
}

// How often the expression, spread out, may say its longest part: {100} inside {100} is 10000 states of the matcher.
void refuse_many_repetitions(const std::string& expression) {
  long long product = 1;
  for (size_t open = expression.find('{'); open != std::string::npos; open = expression.find('{', open + 1)) {
    const size_t close = std::min(expression.find('}', open), expression.size());
    long long largest = 1;
    for (const auto& count : split(std::string_view(expression).substr(open + 1, close - open - 1), ','))
      if (!count.empty()) largest = std::max(largest, parse_number(count).value_or(most_repetitions + 1));
    if (largest > most_repetitions || (product *= largest) > most_repetitions)
      throw Error(format("it repeats more than {} times", most_repetitions));
  }
}

}  // namespace

struct TagPattern::Rule {
  virtual ~Rule() = default;
  virtual bool fits(const std::string& tag) const = 0;
  // `a` and `b` both fit, or are the current tag that has_place() is true of.
  virtual std::strong_ordering order(const std::string& a, const std::string& b) const = 0;
  // The current tag has a place in the order.
  virtual bool has_place(const std::string& tag) const = 0;
};

struct TagPattern::VersionRule final : Rule {
  explicit VersionRule(std::string_view text) : range(VersionRange::parse(text)) {}
  bool fits(const std::string& tag) const override {
    const auto version = Version::of_tag(tag);
    return version && range.contains(*version);
  }
  std::strong_ordering order(const std::string& a, const std::string& b) const override {
    if (const auto by_version = *Version::of_tag(a) <=> *Version::of_tag(b); by_version != 0) return by_version;
    // "1.5" moves on to 1.5.1 one day; "1.5.0" stays.
    if (const auto by_length = a.size() <=> b.size(); by_length != 0) return by_length;
    return a <=> b;
  }
  bool has_place(const std::string& tag) const override { return Version::of_tag(tag).has_value(); }

  const VersionRange range;
};

struct TagPattern::ExpressionRule final : Rule {
  explicit ExpressionRule(const std::string& text) {
    if (text.size() > longest_expression) throw Error(format("it is longer than {} characters", longest_expression));
    refuse_many_repetitions(text);
    try {
      // The library's other matcher takes time exponential in the tag's length for expressions such as (a+)+b; this one
      // cannot, and refuses back-references.
      expression.assign(text, std::regex::ECMAScript | std::regex_constants::__polynomial);
    } catch (const std::regex_error& error) {
      throw Error(format("it is no regular expression that tags can be held against: {}", meaning(error.code())));
    }
  }
  bool fits(const std::string& tag) const override { return std::regex_match(tag, expression); }
  std::strong_ordering order(const std::string& a, const std::string& b) const override {
    const auto natural = natural_order(a, b);
    return natural != 0 ? natural : a <=> b;
  }
  bool has_place(const std::string& tag) const override { return fits(tag); }

  static const char* meaning(std::regex_constants::error_type code) {
    using namespace std::regex_constants;
    // libstdc++ says so of "*a" as well.
    if (code == error_paren) return "a bracket ( or ) is missing, or a repetition has nothing to repeat";
    if (code == error_brack) return "a bracket [ or ] is missing";
    if (code == error_brace || code == error_badbrace) return "braces hold numbers, as in {2,4}";
    if (code == error_badrepeat) return "a repetition has nothing to repeat";
    if (code == error_escape) return "a backslash stands in front of something unknown";
    if (code == error_range) return "a range such as [z-a] runs backwards";
    if (code == error_ctype) return "a character class is unknown";
    if (code == error_backref || code == error_complexity) return "back-references are not possible";
    return "it is too large";
  }

  std::regex expression;
};

TagPattern::TagPattern(std::unique_ptr<Rule> rule) : rule_(std::move(rule)) {}
TagPattern::TagPattern(TagPattern&&) noexcept = default;
TagPattern& TagPattern::operator=(TagPattern&&) noexcept = default;
TagPattern::~TagPattern() = default;

TagPattern TagPattern::parse(std::string_view text) {
  const std::string_view whole = trim(text);
  const size_t end = std::min(whole.find_first_of(" \t"), whole.size());
  const std::string_view kind = whole.substr(0, end);
  const std::string_view rest = trim(whole.substr(end));
  if (kind != "semver" && kind != "regex")
    throw Error(format("the tag pattern '{}' begins with neither 'semver' nor 'regex'", printable(whole)),
                "For example 'semver ^1.4' or 'regex ^v[0-9]+$'.");
  return doing(format("in the tag pattern '{}'", printable(whole)), [&] {
    if (rest.empty()) throw Error("nothing follows the first word");
    if (kind == "semver") return TagPattern(std::make_unique<VersionRule>(rest));
    return TagPattern(std::make_unique<ExpressionRule>(std::string(rest)));
  });
}

bool TagPattern::fits(const std::string& tag) const {
  return !tag.empty() && tag.size() <= longest_tag && rule_->fits(tag);
}

std::vector<std::string> TagPattern::fitting(const std::vector<std::string>& tags, const std::string& current) const {
  const bool bounded = !current.empty() && current.size() <= longest_tag && rule_->has_place(current);
  std::vector<std::string> found;
  for (const auto& tag : tags)
    if (fits(tag) && (!bounded || rule_->order(tag, current) >= 0)) found.push_back(tag);
  std::sort(found.begin(), found.end(),
            [&](const std::string& a, const std::string& b) { return rule_->order(a, b) > 0; });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::optional<std::string> TagPattern::newest(const std::vector<std::string>& tags, const std::string& current) const {
  const auto found = fitting(tags, current);
  if (found.empty()) return {};
  return found.front();
}

void check_pattern(std::string_view text) {
  static_cast<void>(TagPattern::parse(text));
}

}  // namespace belay::plan
