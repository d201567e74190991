#pragma once
// The markdown of the help pages, and only that much of it: headings, paragraphs, lists, blocks of code, and in a line
// **bold**, *italic*, `code` and [links](…).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace belay::cli {

struct Span {
  enum class Kind : std::uint8_t { text, bold, italic, code };
  Kind kind = Kind::text;
  std::string text;
  bool operator==(const Span&) const = default;
};

struct Block {
  enum class Kind : std::uint8_t {
    heading,  // `level` 1 to 6
    paragraph,
    item,        // of a list; `marker` is "-" or "1."
    code,        // `text`, lines ended by line feeds
    definition,  // `text` is the term, the spans explain it; made from tables, never read
  };
  Kind kind = Kind::paragraph;
  int level = 0;
  std::string marker = {};
  std::string text = {};
  std::vector<Span> spans = {};
};

std::vector<Block> read_markdown(std::string_view text);
std::vector<Span> read_spans(std::string_view line);

// On a terminal: wrapped to `width` columns, headings at the left, all else indented.
std::string terminal_text(const std::vector<Block>& blocks, int width, bool color);
// As macros of man(7), without the title line.
std::string roff_text(const std::vector<Block>& blocks);
std::string roff_escaped(std::string_view text);

}  // namespace belay::cli
