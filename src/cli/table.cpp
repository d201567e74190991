#include "cli/table.h"

#include <algorithm>
#include <numeric>

#include "base/text.h"

namespace belay::cli {

namespace {

constexpr int gap = 2;
// Narrower than this a column says nothing any more.
constexpr int narrowest = 8;

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

std::string Table::text(const Layout& layout) const {
  std::vector<int> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    int width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i].text));
    widths.push_back(width);
  }
  const int gaps = gap * (static_cast<int>(widths.size()) - 1);
  while (layout.width > 0 && std::accumulate(widths.begin(), widths.end(), gaps) > layout.width) {
    int* widest = nullptr;
    for (size_t i = 0; i < widths.size(); ++i)
      if (columns_[i].shrinks && widths[i] > narrowest && (widest == nullptr || widths[i] > *widest))
        widest = &widths[i];
    if (widest == nullptr) break;
    --*widest;
  }

  std::string text;
  const auto add_line = [&](auto&& cell_text, auto&& cell_style) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string cut = truncated(cell_text(i), widths[i]);
      const std::string blanks(static_cast<size_t>(std::max(0, widths[i] - display_width(cut))), ' ');
      const std::string styled = layout.color ? in_style(cell_style(i), cut) : cut;
      if (i > 0) line.append(gap, ' ');
      line += columns_[i].align == Align::right ? blanks + styled : styled + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line([&](size_t i) { return columns_[i].title; }, [](size_t) { return Style::bold; });
  for (const auto& row : rows_) add_line([&](size_t i) { return row[i].text; }, [&](size_t i) { return row[i].style; });
  return text;
}

}  // namespace belay::cli
