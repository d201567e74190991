#include "updates/tag_pattern.h"

#include <algorithm>
#include <compare>
#include <regex>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"
#include "updates/flavour.h"
#include "updates/version.h"

namespace belay::updates {

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
    if (largest <= most_repetitions) product *= largest;
    if (largest > most_repetitions || product > most_repetitions)
      throw Error(ErrorCode::bad_value, format("it repeats more than {} times", most_repetitions));
  }
}

}  // namespace

struct TagPattern::Rule {
  virtual ~Rule() = default;
  virtual bool fits(const std::string& tag) const = 0;
  virtual TagChoice choose(const std::vector<std::string>& tags, const std::string& current) const = 0;
};

struct TagPattern::VersionRule final : Rule {
  explicit VersionRule(std::string_view text)
      : range(VersionRange::parse(text)), pre_releases(range.pre_release_words()) {}

  bool fits(const std::string& tag) const override {
    const auto version = read(tag);
    return version && version->flavour.empty() && range.contains(version->version);
  }

  TagChoice choose(const std::vector<std::string>& tags, const std::string& current) const override {
    const auto present = read(current);
    TagChoice choice{{}, present ? present->flavour : flavour_of(current), {}};
    std::vector<std::pair<FlavouredVersion, std::string>> found;
    for (const auto& tag : tags) {
      auto version = read(tag);
      const bool is_of_the_line = version && version->flavour == choice.flavour &&
                                  (!present || present->has_four_numbers == version->has_four_numbers);
      if (is_of_the_line && range.contains(version->version) && (!present || *version >= *present))
        found.emplace_back(std::move(*version), tag);
    }
    std::sort(found.begin(), found.end(), is_newer);
    leave_out_dates(found, present, current, choice);
    for (auto& [version, tag] : found) choice.tags.push_back(std::move(tag));
    choice.tags.erase(std::unique(choice.tags.begin(), choice.tags.end()), choice.tags.end());
    return choice;
  }

 private:
  using Found = std::vector<std::pair<FlavouredVersion, std::string>>;

  std::optional<FlavouredVersion> read(const std::string& tag) const {
    return tag.size() > longest_tag ? std::nullopt : FlavouredVersion::of_tag(tag, pre_releases);
  }

  // "1.5" moves on to 1.5.1 one day; "1.5.0" stays.
  static bool is_newer(const Found::value_type& a, const Found::value_type& b) {
    if (const auto by_version = a.first <=> b.first; by_version != 0) return by_version > 0;
    if (a.second.size() != b.second.size()) return a.second.size() > b.second.size();
    return a.second > b.second;
  }

  void leave_out_dates(Found& found, const std::optional<FlavouredVersion>& present, const std::string& current,
                       TagChoice& choice) const {
    if (found.empty() || range.names_years()) return;
    const auto digits = [](const FlavouredVersion& version) {
      return std::to_string(version.version.numbers[0]).size();
    };
    const size_t usual = digits(present ? *present : found.back().first);
    const auto is_date = [&](const auto& each) { return digits(each.first) >= std::max<size_t>(usual + 2, 4); };
    const auto newest = std::find_if(found.begin(), found.end(), is_date);
    if (newest == found.end()) return;
    choice.left_out = format("{} is left out: {} {} it looks like a date, not like a version", newest->second,
                             present ? "after" : "beside", present ? current : found.back().second);
    std::erase_if(found, is_date);
  }

  const VersionRange range;
  const std::vector<std::string> pre_releases;
};

struct TagPattern::ExpressionRule final : Rule {
  explicit ExpressionRule(const std::string& text) {
    if (text.size() > longest_expression)
      throw Error(ErrorCode::bad_value, format("it is longer than {} characters", longest_expression));
    refuse_many_repetitions(text);
    try {
      // The library's other matcher takes time exponential in the tag's length for expressions such as (a+)+b; this one
      // cannot, and refuses back-references.
      expression.assign(text, std::regex::ECMAScript | std::regex_constants::__polynomial);
    } catch (const std::regex_error& error) {
      throw Error(ErrorCode::bad_value,
                  format("it is no regular expression that tags can be held against: {}", meaning(error.code())));
    }
  }
  bool fits(const std::string& tag) const override { return std::regex_match(tag, expression); }
  TagChoice choose(const std::vector<std::string>& tags, const std::string& current) const override {
    const auto is_newer = [](const std::string& a, const std::string& b) {
      const auto natural = natural_order(a, b);
      return natural != 0 ? natural > 0 : a > b;
    };
    const bool bounded = !current.empty() && current.size() <= longest_tag && fits(current);
    TagChoice choice;
    for (const auto& tag : tags)
      if (!tag.empty() && tag.size() <= longest_tag && fits(tag) && (!bounded || !is_newer(current, tag)))
        choice.tags.push_back(tag);
    std::sort(choice.tags.begin(), choice.tags.end(), is_newer);
    choice.tags.erase(std::unique(choice.tags.begin(), choice.tags.end()), choice.tags.end());
    return choice;
  }

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
    throw Error(ErrorCode::bad_value,
                format("the tag pattern '{}' begins with neither 'semver' nor 'regex'", printable(whole)),
                "For example 'semver ^1.4' or 'regex ^v[0-9]+$'.");
  return doing(format("in the tag pattern '{}'", printable(whole)), [&] {
    if (rest.empty()) throw Error(ErrorCode::bad_value, "nothing follows the first word");
    if (kind == "semver") return TagPattern(std::make_unique<VersionRule>(rest));
    return TagPattern(std::make_unique<ExpressionRule>(std::string(rest)));
  });
}

bool TagPattern::fits(const std::string& tag) const {
  return !tag.empty() && tag.size() <= longest_tag && rule_->fits(tag);
}

TagChoice TagPattern::choose(const std::vector<std::string>& tags, const std::string& current) const {
  return rule_->choose(tags, current);
}

std::vector<std::string> TagPattern::fitting(const std::vector<std::string>& tags, const std::string& current) const {
  return choose(tags, current).tags;
}

std::optional<std::string> TagPattern::newest(const std::vector<std::string>& tags, const std::string& current) const {
  const auto found = fitting(tags, current);
  if (found.empty()) return {};
  return found.front();
}

bool same_line(std::string_view pattern, const std::string& a, const std::string& b) {
  return !trim(pattern).starts_with("semver") || flavour_of(a) == flavour_of(b);
}

void check_pattern(std::string_view text) {
  static_cast<void>(TagPattern::parse(text));
}

}  // namespace belay::updates
