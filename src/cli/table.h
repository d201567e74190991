#pragma once
// Aligned columns.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/layout.h"

namespace belay::cli {

enum class Style : std::uint8_t { plain, bold, dim, good, warn, bad };
// `text` between the escape sequences of a style.
std::string in_style(Style style, std::string_view text);

// What happens to a column on a terminal that is too narrow. below: it goes to lines of its own, under the others.
enum class Narrow : std::uint8_t { cut_end, cut_front, below };

struct Column {
  std::string title;
  Align align = Align::left;
  bool shrinks = true;  // may be cut on a narrow terminal
  Narrow narrow = Narrow::cut_end;
};

// Made from text of any form, mostly without a style.
struct Cell {
  Cell(std::string cell_text, Style cell_style = Style::plain) : text(std::move(cell_text)), style(cell_style) {}
  Cell(std::string_view cell_text, Style cell_style = Style::plain) : text(cell_text), style(cell_style) {}
  Cell(const char* cell_text, Style cell_style = Style::plain) : text(cell_text), style(cell_style) {}
  std::string text;
  Style style;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as there are columns; missing ones are empty.
  void add(std::vector<Cell> row);
  bool empty() const { return rows_.empty(); }

  struct Layout {
    int width = 0;  // 0: no limit
    bool color = false;
  };
  // A header line, then a line a row. Where a limit is set, columns without any content are left out; what is too wide
  // then goes below, or the widest columns that may shrink are cut; and where even that is too wide, each row is a
  // block of lines, so that what may not be cut stays whole.
  std::string text(const Layout& layout) const;

 private:
  using Widths = std::vector<std::pair<size_t, int>>;  // of the columns that are shown, by their place

  int needed(size_t column) const;
  std::string in_lines(const Widths& widths, const std::vector<size_t>& below, const Layout& layout) const;
  std::string in_blocks(const Layout& layout) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace belay::cli
