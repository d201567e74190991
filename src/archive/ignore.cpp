#include "archive/ignore.h"

#include <algorithm>
#include <optional>

#include "base/format.h"
#include "base/text.h"

namespace belay::archive {

namespace {

// The next character of UTF-8 text, removed from it. A byte that is not UTF-8 stands for itself, above all of Unicode,
// so that names in other encodings can still be matched byte by byte.
char32_t next_character(std::string_view& text) {
  const auto known = first_character(text);
  const Utf8Character character = known.value_or(Utf8Character{0x110000U + static_cast<unsigned char>(text[0]), 1});
  text.remove_prefix(character.bytes);
  return character.code;
}

std::u32string characters(std::string_view text) {
  std::u32string result;
  while (!text.empty()) result += next_character(text);
  return result;
}

// The path's shortest form, by its text alone: no empty parts, no ".", ".." taken with what stands before it.
std::string cleaned(std::string_view path) {
  const bool rooted = path.starts_with('/');
  std::vector<std::string> parts;
  for (const std::string& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != ".." || (parts.empty() && !rooted) || (!parts.empty() && parts.back() == "..")) {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  const std::string text = (rooted ? "/" : "") + join(parts, "/");
  return text.empty() ? "." : text;
}

}  // namespace

PathPattern::PathPattern(std::string_view pattern) {
  const std::u32string text = characters(pattern);
  for (size_t i = 0; i < text.size();) {
    const char32_t c = text[i++];
    if (c == U'*' && i < text.size() && text[i] == U'*') {
      ++i;
      if (i < text.size() && text[i] == U'/') ++i;
      if (i == text.size()) {
        steps_.push_back({Step::Kind::rest});
      } else {
        steps_.push_back({Step::Kind::maybe_inside});
        steps_.push_back({Step::Kind::inside});
      }
    } else if (c == U'*') {
      steps_.push_back({Step::Kind::star});
    } else if (c == U'?') {
      steps_.push_back({Step::Kind::any});
    } else if (c == U'[') {
      i = parse_class(text, i);
    } else if (c == U'\\') {
      if (i == text.size()) throw Error(ErrorCode::bad_value, "the backslash at its end has nothing to stand before");
      steps_.push_back({Step::Kind::literal, text[i++]});
    } else {
      steps_.push_back({Step::Kind::literal, c});
    }
  }
}

size_t PathPattern::parse_class(std::u32string_view pattern, size_t i) {
  Step step{Step::Kind::one_of};
  const auto character = [&] {
    if (i < pattern.size() && pattern[i] == U'\\') ++i;
    if (i >= pattern.size()) throw Error(ErrorCode::bad_value, "its '[' is never closed");
    return pattern[i++];
  };
  if (i < pattern.size() && pattern[i] == U'^') {
    step.negated = true;
    ++i;
  }
  while (i < pattern.size() && pattern[i] != U']') {
    if (pattern[i] == U'-')
      throw Error(ErrorCode::bad_value, "a '-' in '[…]' stands between two characters; write '\\-' for itself");
    const char32_t low = character();
    char32_t high = low;
    if (i + 1 < pattern.size() && pattern[i] == U'-') {
      ++i;
      if (pattern[i] == U']')
        throw Error(ErrorCode::bad_value, "a '-' in '[…]' stands between two characters; write '\\-' for itself");
      high = character();
    }
    step.ranges.emplace_back(low, high);
  }
  if (i >= pattern.size()) throw Error(ErrorCode::bad_value, "its '[' is never closed");
  if (step.ranges.empty()) throw Error(ErrorCode::bad_value, "its '[]' names no character");
  steps_.push_back(std::move(step));
  return i + 1;
}

bool PathPattern::Step::accepts(char32_t c) const {
  switch (kind) {
    case Kind::literal:
      return c == character;
    case Kind::any:
    case Kind::star:
      return c != U'/';
    case Kind::one_of:
      return c != U'/' && negated != std::any_of(ranges.begin(), ranges.end(), [c](const auto& range) {
                            return range.first <= c && c <= range.second;
                          });
    case Kind::rest:
    case Kind::inside:
      return true;
    case Kind::maybe_inside:
      return false;
  }
  return false;
}

void PathPattern::enter(States& states, size_t step) const {
  for (;; ++step) {
    if (states[step] != 0) return;
    states[step] = 1;
    if (step == steps_.size()) return;
    const Step::Kind kind = steps_[step].kind;
    if (kind == Step::Kind::maybe_inside) {
      states[step + 1] = 1;
      ++step;
    } else if (kind != Step::Kind::star && kind != Step::Kind::rest) {
      return;
    }
  }
}

PathPattern::States PathPattern::run(std::string_view text) const {
  States now(steps_.size() + 1, 0), next(steps_.size() + 1, 0);
  enter(now, 0);
  while (!text.empty()) {
    const char32_t c = next_character(text);
    std::fill(next.begin(), next.end(), char{0});
    bool alive = false;
    for (size_t i = 0; i < steps_.size(); ++i) {
      if (now[i] == 0 || !steps_[i].accepts(c)) continue;
      alive = true;
      switch (steps_[i].kind) {
        case Step::Kind::star:
        case Step::Kind::rest:
          enter(next, i);
          break;
        case Step::Kind::inside:
          next[i] = 1;
          if (c == U'/') enter(next, i + 1);
          break;
        default:
          enter(next, i + 1);
      }
    }
    now.swap(next);
    if (!alive) return States(steps_.size() + 1, 0);
  }
  return now;
}

bool PathPattern::matches(std::string_view path) const {
  return run(path).back() != 0;
}

bool PathPattern::could_match_below(std::string_view folder) const {
  const States states = run(std::string(folder) + "/");
  // Every state before the end can still be brought to the end by some text.
  return std::find(states.begin(), states.end() - 1, char{1}) != states.end() - 1;
}

IgnoreRules IgnoreRules::parse(std::string_view text, const std::string& file) {
  static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  IgnoreRules rules;
  int number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    // A '#' is a comment only as the very first character.
    if (line.starts_with('#')) continue;
    std::string_view pattern = trim(line);
    if (pattern.empty()) continue;
    const SourcePosition where{file, number, 1};
    const bool includes = pattern.starts_with('!');
    if (includes) pattern = trim(pattern.substr(1));
    if (pattern.empty())
      throw ConfigError(where, "the '!' names nothing", "Write the pattern right after it: !keep.txt");
    std::string path = cleaned(pattern);
    if (path.size() > 1 && path.front() == '/') path.erase(0, 1);
    try {
      rules.lines_.push_back({PathPattern(path), includes});
    } catch (const Error& error) {
      throw ConfigError(where, format("the pattern '{}' cannot be read: {}", printable(pattern), error.what()));
    }
  }
  return rules;
}

IgnoreRules::Answer IgnoreRules::test(std::string_view path, const Matches& parent) const {
  Answer answer;
  answer.matches.lines.resize(lines_.size());
  for (size_t i = 0; i < lines_.size(); ++i) {
    const bool inherited = i < parent.lines.size() && parent.lines[i] != 0;
    if (!inherited && !lines_[i].pattern.matches(path)) continue;
    answer.matches.lines[i] = 1;
    answer.excluded = !lines_[i].includes;
  }
  return answer;
}

bool IgnoreRules::excludes(std::string_view path) const {
  Answer answer;
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    answer = test(path.substr(0, end), answer.matches);
    if (end == std::string_view::npos) return answer.excluded;
  }
}

bool IgnoreRules::may_include_below(std::string_view folder) const {
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const Line& line) { return line.includes && line.pattern.could_match_below(folder); });
}

void IgnoreRules::always_include(std::string_view path) {
  std::string pattern;
  for (const char c : path) {
    if (std::string_view("*?[\\").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  lines_.push_back({PathPattern(pattern), true});
}

}  // namespace belay::archive
