#include "updates/flavour.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace belay::updates {

namespace {

constexpr std::array<std::string_view, 18> usual_pre_releases{
    "rc",      "alpha",  "beta", "a", "b",         "pre", "preview", "dev",  "snapshot",
    "nightly", "canary", "next", "m", "milestone", "ea",  "cr",      "test", "unstable"};
// What is counted up when the same version is built again.
constexpr std::array<std::string_view, 5> counters{"ls", "r", "build", "rev", "p"};
// Tags that move, and say nothing of a flavour.
constexpr std::array<std::string_view, 10> channels{"latest", "stable", "mainline", "current", "lts",
                                                    "edge",   "main",   "master",   "release", "oldstable"};
constexpr std::array<std::string_view, 15> known_flavours{"alpine", "slim",  "bookworm", "bullseye", "buster",
                                                          "trixie", "jammy", "noble",    "focal",    "debian",
                                                          "ubuntu", "fpm",   "apache",   "ubi",      "distroless"};

template <class Words>
bool is_one_of(std::string_view word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool is_a_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.empty() || text.size() > 12 || !std::all_of(text.begin(), text.end(), is_a_digit)) return {};
  return parse_number(text);
}

// "rc.1" → "rc", "alpine3.18" → "alpine"
std::string word_of(std::string_view token) {
  size_t end = 0;
  while (end < token.size() && !is_a_digit(token[end]) && token[end] != '.') ++end;
  return lower(token.substr(0, end));
}

// The numbers at the tag's beginning; what follows stays in `rest`.
std::vector<std::int64_t> leading_numbers(std::string_view& rest) {
  std::vector<std::int64_t> numbers;
  std::string_view text = rest;
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  while (true) {
    size_t end = 0;
    while (end < text.size() && is_a_digit(text[end])) ++end;
    const auto number = whole_number(text.substr(0, end));
    if (!number) return {};
    numbers.push_back(*number);
    text.remove_prefix(end);
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  rest = text;
  return numbers;
}

class Suffix {
 public:
  Suffix(FlavouredVersion& into, const std::vector<std::string>& pre_releases)
      : into_(into), pre_releases_(pre_releases) {}

  void take(const std::string& token) {
    const std::string word = word_of(token);
    const auto number = whole_number(token);
    const auto behind_word = whole_number(std::string_view(token).substr(word.size()));
    if (number && in_pre_release_) {
      into_.version.pre_release.push_back(token);
    } else if (number && is_first_) {
      count(*number, "");
    } else if (is_one_of(word, counters) && behind_word) {
      count(*behind_word, word);
    } else if (is_pre_release(word) && into_.flavour.empty()) {
      for (auto& part : split(token, '.')) into_.version.pre_release.push_back(std::move(part));
    } else {
      add(token);
    }
    in_pre_release_ = !into_.version.pre_release.empty() && into_.flavour.empty();
    is_first_ = false;
  }

 private:
  bool is_pre_release(const std::string& word) const {
    return is_one_of(word, usual_pre_releases) || is_one_of(word, pre_releases_);
  }
  void count(std::int64_t number, const std::string& word) {
    into_.revisions.push_back(number);
    add(word + "#");
  }
  void add(const std::string& text) { into_.flavour += (into_.flavour.empty() ? "" : "-") + text; }

  FlavouredVersion& into_;
  const std::vector<std::string>& pre_releases_;
  bool is_first_ = true, in_pre_release_ = false;
};

}  // namespace

std::optional<FlavouredVersion> FlavouredVersion::of_tag(std::string_view tag,
                                                         const std::vector<std::string>& pre_releases) {
  std::string_view rest = tag.substr(0, tag.find('+'));
  const auto numbers = leading_numbers(rest);
  if (numbers.size() < 2 || numbers.size() > 4) return {};
  FlavouredVersion result;
  std::copy_n(numbers.begin(), std::min<size_t>(numbers.size(), 3), result.version.numbers.begin());
  result.has_four_numbers = numbers.size() == 4;
  if (result.has_four_numbers) result.revisions.push_back(numbers[3]);
  Suffix suffix(result, pre_releases);
  // "3.13.0rc1" has its pre-release right behind the numbers; "1.1.1w" is something else.
  if (!rest.empty() && !rest.starts_with('-')) {
    const size_t dash = std::min(rest.find('-'), rest.size());
    suffix.take(std::string(rest.substr(0, dash)));
    if (result.version.pre_release.empty()) return {};
    rest.remove_prefix(dash);
  }
  if (rest.starts_with('-'))
    for (const auto& token : split(rest.substr(1), '-')) {
      if (token.empty()) return {};
      suffix.take(token);
    }
  if (!result.version.pre_release.empty() && numbers.size() < 3) return {};
  return result;
}

std::strong_ordering FlavouredVersion::operator<=>(const FlavouredVersion& other) const {
  if (const auto order = version <=> other.version; order != 0) return order;
  return revisions <=> other.revisions;
}

std::string flavour_of(std::string_view tag) {
  if (const auto version = FlavouredVersion::of_tag(tag)) return version->flavour;
  const auto tokens = split(tag, '-');
  const std::string first = word_of(tokens[0]);
  const std::string_view digits = tokens[0].starts_with('v') ? std::string_view(tokens[0]).substr(1) : tokens[0];
  const bool moves = is_one_of(first, channels) || whole_number(digits).has_value();
  if (!moves) return is_one_of(first, known_flavours) ? std::string(tag) : std::string();
  return tokens.size() == 1 ? std::string() : std::string(tag.substr(tokens[0].size() + 1));
}

}  // namespace belay::updates
