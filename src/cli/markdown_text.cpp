// Help pages on a terminal.

#include <algorithm>

#include "base/text.h"
#include "cli/layout.h"
#include "cli/markdown.h"
#include "cli/table.h"

namespace belay::cli {

namespace {

constexpr int indent = 2;
constexpr int code_indent = 4;
// Explanations stand in a column behind the longest term of their list, at most here: a longer term has a line of its
// own.
constexpr int last_definition_column = 34;
constexpr int narrowest_with_column = 70;

std::string blanks(int count) {
  return std::string(static_cast<size_t>(count), ' ');
}

// A word may be made of pieces in different styles ("`-y`,").
struct Word {
  std::string text;
  int width = 0;
};

Style style_of(Span::Kind kind) {
  return kind == Span::Kind::text ? Style::plain : Style::bold;
}

std::vector<Word> words_of(const std::vector<Span>& spans, bool color) {
  std::vector<Word> words;
  bool in_word = false;
  for (const auto& span : spans) {
    bool first = true;
    for (const auto& piece : split(span.text, ' ')) {
      if (!first) in_word = false;
      first = false;
      if (piece.empty()) continue;
      if (!in_word) words.emplace_back();
      in_word = true;
      words.back().text += color ? in_style(style_of(span.kind), piece) : piece;
      words.back().width += display_width(piece);
    }
  }
  return words;
}

// The words in lines of at most `width` columns: the first behind `first`, the others behind blanks of the same width.
std::string flowed(const std::vector<Word>& words, const std::string& first, int width) {
  const int margin = display_width(first);
  std::string text = first;
  int column = margin;
  for (const auto& word : words) {
    if (column > margin && column + 1 + word.width > width) {
      text += "\n" + blanks(margin);
      column = margin;
    }
    if (column > margin) {
      text += ' ';
      ++column;
    }
    text += word.text;
    column += word.width;
  }
  return text + "\n";
}

int definition_column(const std::vector<Block>& blocks, size_t first) {
  int longest = 0;
  for (size_t i = first; i < blocks.size() && blocks[i].kind == Block::Kind::definition; ++i) {
    const int column = indent + display_width(blocks[i].text) + 2;
    if (column <= last_definition_column) longest = std::max(longest, column);
  }
  return longest == 0 ? last_definition_column : longest;
}

std::string definition_text(const Block& block, int column, int width, bool color) {
  const std::string term = blanks(indent) + (color ? in_style(Style::bold, block.text) : block.text);
  const int term_width = indent + display_width(block.text);
  const auto words = words_of(block.spans, color);
  if (width < narrowest_with_column) return term + "\n" + flowed(words, blanks(3 * indent), width);
  const std::string lines = flowed(words, blanks(column), width);
  if (term_width + 2 > column) return term + "\n" + lines;
  return term + blanks(column - term_width) + lines.substr(static_cast<size_t>(column));
}

}  // namespace

std::string terminal_text(const std::vector<Block>& blocks, int width, bool color) {
  std::string text;
  int column = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = blocks[i];
    const bool in_list = i > 0 && block.kind == blocks[i - 1].kind &&
                         (block.kind == Block::Kind::item || block.kind == Block::Kind::definition);
    if (i > 0 && !in_list && blocks[i - 1].kind != Block::Kind::heading) text += '\n';
    switch (block.kind) {
      case Block::Kind::heading: {
        const std::string line = flowed(words_of(block.spans, false), "", width);
        text += color ? in_style(Style::bold, trim(line)) + "\n" : line;
        break;
      }
      case Block::Kind::paragraph:
        text += flowed(words_of(block.spans, color), blanks(indent), width);
        break;
      case Block::Kind::item:
        text += flowed(words_of(block.spans, color), blanks(indent) + block.marker + " ", width);
        break;
      case Block::Kind::definition:
        if (!in_list) column = definition_column(blocks, i);
        text += definition_text(block, column, width, color);
        break;
      case Block::Kind::code:
        // Never wrapped: it is to be copied.
        for (const auto& line : split(trim(block.text), '\n')) text += blanks(code_indent) + line + "\n";
        break;
    }
  }
  return text;
}

}  // namespace belay::cli
