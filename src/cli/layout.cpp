#include "cli/layout.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace belay::cli {

namespace {

struct Range {
  char32_t first, last;
};

// Unicode's combining marks and invisible formatting characters, as far as names and messages hold them.
constexpr std::array<Range, 9> invisible{{{0x0300, 0x036f},
                                          {0x0483, 0x0489},
                                          {0x0591, 0x05bd},
                                          {0x064b, 0x065f},
                                          {0x200b, 0x200f},
                                          {0x2060, 0x2064},
                                          {0x20d0, 0x20f0},
                                          {0xfe00, 0xfe0f},
                                          {0xfe20, 0xfe2f}}};
// East Asian Width "W" and "F", in coarse blocks.
constexpr std::array<Range, 9> wide{{{0x1100, 0x115f},
                                     {0x2e80, 0x303e},
                                     {0x3041, 0xa4cf},
                                     {0xac00, 0xd7a3},
                                     {0xf900, 0xfaff},
                                     {0xfe30, 0xfe6f},
                                     {0xff00, 0xff60},
                                     {0x1f300, 0x1faff},
                                     {0x20000, 0x3fffd}}};

bool is_in(const auto& ranges, char32_t c) {
  return std::any_of(ranges.begin(), ranges.end(), [c](const Range& r) { return c >= r.first && c <= r.last; });
}

struct Shown {
  size_t bytes = 1;
  int columns = 1;
};

// The character at the front of `text`, which is not empty, on a terminal.
Shown first_shown(std::string_view text) {
  const auto character = first_character(text);
  if (!character || character->bytes == 1) return {};
  return {character->bytes, is_in(invisible, character->code) ? 0 : is_in(wide, character->code) ? 2 : 1};
}

}  // namespace

int display_width(std::string_view text) {
  int columns = 0;
  while (!text.empty()) {
    const auto character = first_shown(text);
    columns += character.columns;
    text.remove_prefix(character.bytes);
  }
  return columns;
}

std::string truncated(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  if (width <= 0) return {};
  int columns = 0;
  size_t bytes = 0;
  while (bytes < text.size()) {
    const auto character = first_shown(text.substr(bytes));
    if (columns + character.columns > width - 1) break;
    columns += character.columns;
    bytes += character.bytes;
  }
  return std::string(text.substr(0, bytes)) + "…";
}

std::string truncated_in_front(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  if (width <= 0) return {};
  while (!text.empty() && display_width(text) > width - 1) text.remove_prefix(first_shown(text).bytes);
  return "…" + std::string(text);
}

std::string padded(std::string_view text, int width, Align align) {
  const int missing = std::max(0, width - display_width(text));
  const std::string blanks(static_cast<size_t>(missing), ' ');
  return align == Align::left ? std::string(text) + blanks : blanks + std::string(text);
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines(1);
  int columns = 0;
  int gap = 0;  // blanks before the word: more than one set columns apart
  for (const auto& word : split(text, ' ')) {
    if (word.empty()) {
      ++gap;
      continue;
    }
    const int size = display_width(word);
    if (columns > 0 && columns + gap + 1 + size > width) {
      lines.emplace_back();
      columns = 0;
    }
    if (columns > 0) {
      lines.back().append(static_cast<size_t>(gap) + 1, ' ');
      columns += gap + 1;
    }
    lines.back() += word;
    columns += size;
    gap = 0;
  }
  return lines;
}

std::string fitted(std::string_view text, int width) {
  constexpr int least = 20;
  std::string result;
  bool is_begun = false;
  for (const auto& line : split(text, '\n')) {
    if (std::exchange(is_begun, true)) result += '\n';
    const size_t indent = std::min(line.find_first_not_of(' '), line.size());
    const int room = width - static_cast<int>(indent) - 2;
    if (width <= 0 || display_width(line) <= width || room < least) {
      result += line;
      continue;
    }
    bool is_first = true;
    for (const auto& part : wrapped(std::string_view(line).substr(indent), room)) {
      if (!is_first) result += '\n';
      result += std::string(indent + (is_first ? 0 : 2), ' ') + part;
      is_first = false;
    }
  }
  return result;
}

namespace {

struct AsciiForm {
  std::string_view text, free, wide;  // wide: of as many columns
};
constexpr std::array<AsciiForm, 10> ascii_forms{{{"→", "->", ">"},
                                                 {"←", "<-", "<"},
                                                 {"⇄", "<->", "="},
                                                 {"…", "...", "~"},
                                                 {"—", "-", "-"},
                                                 {"–", "-", "-"},
                                                 {"×", "x", "x"},
                                                 {"✓", "ok", "+"},
                                                 {"✗", "failed", "x"},
                                                 {"·", "-", "-"}}};

std::string replaced_forms(std::string_view text, std::string_view AsciiForm::* form) {
  std::string result;
  while (!text.empty()) {
    const auto found = std::find_if(ascii_forms.begin(), ascii_forms.end(),
                                    [&](const AsciiForm& each) { return text.starts_with(each.text); });
    if (found != ascii_forms.end()) {
      result += (*found).*form;
      text.remove_prefix(found->text.size());
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

}  // namespace

std::string in_ascii(std::string_view text) {
  return replaced_forms(text, &AsciiForm::free);
}

std::string in_ascii_as_wide(std::string_view text) {
  return replaced_forms(text, &AsciiForm::wide);
}

}  // namespace belay::cli
