#include "updates/version.h"

#include <algorithm>

#include "base/errors.h"
#include "base/format.h"
#include "base/text.h"

namespace belay::updates {

namespace {

// A version whose last numbers may be left open: "1", "1.4", "1.x", "*".
struct Partial {
  std::vector<std::int64_t> numbers;
  std::vector<std::string> pre_release;
};

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  });
}

bool is_open(std::string_view text) {
  return text == "x" || text == "X" || text == "*";
}

std::optional<Partial> parse_partial(std::string_view text) {
  if (text.starts_with('v') || text.starts_with('V')) text.remove_prefix(1);
  text = text.substr(0, text.find('+'));
  Partial parsed;
  const size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    for (auto& part : split(text.substr(dash + 1), '.')) {
      if (!is_identifier(part)) return {};
      parsed.pre_release.push_back(std::move(part));
    }
    text = text.substr(0, dash);
  }
  const auto parts = split(text, '.');
  if (parts.size() > 3) return {};
  bool open = false;
  for (const auto& part : parts) {
    if (is_open(part)) {
      open = true;
      continue;
    }
    // Twelve digits leave room to count on, and no version needs more.
    if (open || !is_digits(part) || part.size() > 12) return {};
    parsed.numbers.push_back(*parse_number(part));
  }
  if (!parsed.pre_release.empty() && parsed.numbers.size() != 3) return {};
  return parsed;
}

Version filled(const Partial& partial) {
  Version version;
  std::copy(partial.numbers.begin(), partial.numbers.end(), version.numbers.begin());
  version.pre_release = partial.pre_release;
  return version;
}

// The first version behind all that agree in the first `count` numbers; nullopt for count 0: all versions agree in
// none.
std::optional<Version> behind(const Version& version, size_t count) {
  if (count == 0) return {};
  Version next;
  std::copy_n(version.numbers.begin(), count, next.numbers.begin());
  ++next.numbers[count - 1];
  return next;
}

// The version right behind this one: "1.4.2" < "1.4.3-0", and nothing lies between.
Version successor(const Version& version) {
  Version next = version;
  if (version.pre_release.empty()) {
    ++next.numbers[2];
    next.pre_release = {"0"};
  } else {
    next.pre_release.emplace_back("0");
  }
  return next;
}

// ^ keeps the first number that is not zero, or the last one that is written.
size_t kept_by_caret(const std::vector<std::int64_t>& numbers) {
  for (size_t at = 0; at < numbers.size(); ++at)
    if (numbers[at] != 0) return at + 1;
  return numbers.size();
}

}  // namespace

std::optional<Version> Version::of_tag(std::string_view tag) {
  const auto parsed = parse_partial(tag);
  if (!parsed || parsed->numbers.size() < 2) return {};
  // "1.4.x" is a pattern, not a version.
  const std::string_view core = tag.substr(0, tag.find_first_of("-+"));
  if (static_cast<size_t>(std::count(core.begin(), core.end(), '.')) + 1 != parsed->numbers.size()) return {};
  return filled(*parsed);
}

std::strong_ordering Version::operator<=>(const Version& other) const {
  if (const auto order = numbers <=> other.numbers; order != 0) return order;
  if (pre_release.empty() || other.pre_release.empty()) return pre_release.empty() <=> other.pre_release.empty();
  for (size_t at = 0; at < std::min(pre_release.size(), other.pre_release.size()); ++at) {
    std::string_view left = pre_release[at], right = other.pre_release[at];
    if (is_digits(left) != is_digits(right)) return is_digits(right) <=> is_digits(left);
    if (is_digits(left)) {
      left.remove_prefix(std::min(left.find_first_not_of('0'), left.size() - 1));
      right.remove_prefix(std::min(right.find_first_not_of('0'), right.size() - 1));
      if (const auto order = left.size() <=> right.size(); order != 0) return order;
    }
    if (const auto order = left <=> right; order != 0) return order;
  }
  return pre_release.size() <=> other.pre_release.size();
}

void VersionRange::add_part(Conjunction& to, std::string_view part) {
  std::string_view sign;
  for (const std::string_view known : {">=", "<=", ">", "<", "=", "^", "~"})
    if (part.starts_with(known)) {
      sign = known;
      break;
    }
  const auto partial = parse_partial(part.substr(sign.size()));
  if (!partial) throw Error(ErrorCode::bad_value, format("'{}' is no version", printable(part.substr(sign.size()))));
  const Version version = filled(*partial);
  const size_t written = partial->numbers.size();
  const bool whole = written == 3;
  if (!version.pre_release.empty()) to.named.push_back(version);

  const auto next = whole ? std::optional(successor(version)) : behind(version, written);
  if (sign == ">=") {
    to.spans.push_back({version, {}});
  } else if (sign == ">") {
    if (!next)
      throw Error(ErrorCode::bad_value, format("nothing is newer than '{}'", printable(part.substr(sign.size()))));
    to.spans.push_back({*next, {}});
  } else if (sign == "<") {
    if (written == 0)
      throw Error(ErrorCode::bad_value, format("nothing is older than '{}'", printable(part.substr(sign.size()))));
    to.spans.push_back({{}, version});
  } else if (sign == "<=") {
    to.spans.push_back({{}, next});
  } else if (sign == "^") {
    to.spans.push_back({version, behind(version, kept_by_caret(partial->numbers))});
  } else if (sign == "~") {
    to.spans.push_back({version, behind(version, std::min<size_t>(written, 2))});
  } else {
    to.spans.push_back({version, next});
  }
}

VersionRange VersionRange::parse(std::string_view text) {
  VersionRange range;
  std::string rest(text);
  for (size_t bars = 0; bars != std::string::npos;) {
    bars = rest.find("||");
    Conjunction all;
    std::string sign;  // "> = 1.2" is not a thing, ">= 1.2" is
    for (const auto& word : split(rest.substr(0, bars), ' ')) {
      if (trim(word).empty()) continue;
      const std::string part = sign + std::string(trim(word));
      sign.clear();
      if (part.find_first_not_of("<>=^~") == std::string::npos) {
        sign = part;
      } else {
        add_part(all, part);
      }
    }
    if (!sign.empty()) throw Error(ErrorCode::bad_value, format("no version follows '{}'", printable(sign)));
    if (all.spans.empty())
      throw Error(ErrorCode::bad_value, "a version is missing; a range is written like ^1.4 or '>=1.2 <2'");
    range.alternatives_.push_back(std::move(all));
    if (bars != std::string::npos) rest.erase(0, bars + 2);
  }
  return range;
}

std::vector<std::string> VersionRange::pre_release_words() const {
  std::vector<std::string> words;
  for (const auto& all : alternatives_)
    for (const auto& named : all.named) {
      const std::string& first = named.pre_release.front();
      words.push_back(lower(first.substr(0, first.find_first_of("0123456789"))));
    }
  return words;
}

bool VersionRange::names_years() const {
  constexpr std::int64_t four_digits = 1000;
  return std::any_of(alternatives_.begin(), alternatives_.end(), [](const Conjunction& all) {
    return std::any_of(all.spans.begin(), all.spans.end(), [](const Span& span) {
      return span.from.numbers[0] >= four_digits || (span.below && span.below->numbers[0] >= four_digits);
    });
  });
}

bool VersionRange::contains(const Version& version) const {
  return std::any_of(alternatives_.begin(), alternatives_.end(), [&](const Conjunction& all) {
    const bool welcome = version.pre_release.empty() ||
                         std::any_of(all.named.begin(), all.named.end(),
                                     [&](const Version& named) { return named.numbers == version.numbers; });
    return welcome && std::all_of(all.spans.begin(), all.spans.end(), [&](const Span& span) {
             return version >= span.from && (!span.below || version < *span.below);
           });
  });
}

}  // namespace belay::updates
