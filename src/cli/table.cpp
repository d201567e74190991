#include "cli/table.h"

#include <algorithm>

#include "base/text.h"

namespace belay::cli {

namespace {

constexpr int gap = 2;
// Narrower than this a column says nothing any more.
constexpr int narrowest = 8;
// Of what goes below its row.
constexpr int below_indent = 4;

std::string one_line(std::string_view text) {
  std::string line = printable(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\t', ' ');
  return line;
}

}  // namespace

std::string in_style(Style style, std::string_view text) {
  static constexpr std::string_view codes[] = {"", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"};
  if (style == Style::plain || text.empty()) return std::string(text);
  std::string result(codes[static_cast<size_t>(style)]);
  result += text;
  return result + "\033[0m";
}

void Table::add(std::vector<Cell> row) {
  while (row.size() < columns_.size()) row.emplace_back("");
  for (auto& cell : row) cell.text = one_line(cell.text);
  rows_.push_back(std::move(row));
}

int Table::needed(size_t column) const {
  int width = display_width(columns_[column].title);
  for (const auto& row : rows_) width = std::max(width, display_width(row[column].text));
  return width;
}

std::string Table::text(const Layout& layout) const {
  Widths widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool is_empty = std::all_of(rows_.begin(), rows_.end(), [i](const auto& row) { return row[i].text.empty(); });
    if (layout.width > 0 && is_empty && i > 0 && !rows_.empty()) continue;
    widths.emplace_back(i, needed(i));
  }
  const auto total = [&] {
    int sum = gap * (static_cast<int>(widths.size()) - 1);
    for (const auto& [column, width] : widths) sum += width;
    return sum;
  };
  const auto is_too_wide = [&] { return layout.width > 0 && total() > layout.width; };

  std::vector<size_t> below;
  for (size_t at = widths.size(); at-- > 1 && is_too_wide();) {
    if (columns_[widths[at].first].narrow != Narrow::below) continue;
    below.insert(below.begin(), widths[at].first);
    widths.erase(widths.begin() + static_cast<std::ptrdiff_t>(at));
  }
  while (is_too_wide()) {
    int* widest = nullptr;
    for (auto& [column, width] : widths)
      if (columns_[column].shrinks && width > narrowest && (widest == nullptr || width > *widest)) widest = &width;
    if (widest == nullptr) return in_blocks(layout);
    --*widest;
  }
  return in_lines(widths, below, layout);
}

std::string Table::in_lines(const Widths& widths, const std::vector<size_t>& below, const Layout& layout) const {
  std::string text;
  const auto add_line = [&](auto&& cell_text, auto&& cell_style) {
    std::string line;
    for (const auto& [column, width] : widths) {
      const std::string cut = columns_[column].narrow == Narrow::cut_front
                                  ? truncated_in_front(cell_text(column), width)
                                  : truncated(cell_text(column), width);
      const std::string blanks(static_cast<size_t>(std::max(0, width - display_width(cut))), ' ');
      const std::string styled = layout.color ? in_style(cell_style(column), cut) : cut;
      if (column != widths.front().first) line.append(gap, ' ');
      line += columns_[column].align == Align::right ? blanks + styled : styled + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line([&](size_t i) { return columns_[i].title; }, [](size_t) { return Style::bold; });
  for (const auto& row : rows_) {
    add_line([&](size_t i) { return row[i].text; }, [&](size_t i) { return row[i].style; });
    for (const size_t column : below) {
      if (row[column].text.empty()) continue;
      for (const auto& part : wrapped(row[column].text, layout.width - below_indent))
        text += std::string(below_indent, ' ') + (layout.color ? in_style(row[column].style, part) : part) + "\n";
    }
  }
  return text;
}

std::string Table::in_blocks(const Layout& layout) const {
  int widest = 0;
  for (size_t i = 1; i < columns_.size(); ++i) widest = std::max(widest, display_width(columns_[i].title));
  const int begin = 2 + widest + gap;
  std::string text;
  for (const auto& row : rows_) {
    text += (layout.color ? in_style(Style::bold, row[0].text) : row[0].text) + "\n";
    for (size_t i = 1; i < columns_.size(); ++i) {
      if (row[i].text.empty()) continue;
      std::string lead = "  " + padded(columns_[i].title, widest + gap);
      for (const auto& part : wrapped(row[i].text, std::max(narrowest, layout.width - begin))) {
        text += lead + (layout.color ? in_style(row[i].style, part) : part) + "\n";
        lead.assign(static_cast<size_t>(begin), ' ');
      }
    }
  }
  return text;
}

}  // namespace belay::cli
