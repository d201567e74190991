#pragma once
// Aligned columns.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/layout.h"

namespace belay::cli {

enum class Style : std::uint8_t { plain, bold, dim, good, warn, bad };
// `text` between the escape sequences of a style.
std::string in_style(Style style, std::string_view text);

struct Column {
  std::string title;
  Align align = Align::left;
  bool shrinks = true;  // may be cut on a narrow terminal
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
  // A header line, then a line a row. Where a limit is set, the widest columns that may shrink are cut first.
  std::string text(const Layout& layout) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace belay::cli
