// The form of the pages.

#include <algorithm>
#include <gtest/gtest.h>

#include "base/text.h"
#include "docs/pages.h"

namespace belay::docs {
namespace {

size_t columns(const std::string& line) {
  return static_cast<size_t>(
      std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// A row of a table cannot be broken; everything else can.
TEST(Pages, AreAtMost140ColumnsWide) {
  for (const auto& page : pages())
    for (size_t i = 0; i < page.lines.size(); ++i)
      if (!page.lines[i].starts_with('|')) {
        EXPECT_LE(columns(page.lines[i]), 140u) << text_of({page.path, static_cast<int>(i) + 1});
      }
}

TEST(Pages, BeginWithOneTitleAndCloseTheirCode) {
  for (const auto& page : pages()) {
    ASSERT_FALSE(page.lines.empty()) << page.path;
    EXPECT_TRUE(page.lines.front().starts_with("# ")) << page.path;
    const auto fences = std::count_if(page.lines.begin(), page.lines.end(),
                                      [](const std::string& line) { return trim(line).starts_with("```"); });
    EXPECT_EQ(fences % 2, 0) << page.path << " has a block of code that is not closed";
  }
}

// Reference and help live from tables; a row with another number of cells than its head is shown broken.
TEST(Pages, HaveTablesWhoseRowsFitTheirHeads) {
  const auto cells = [](const std::string& row) {
    size_t count = 0;
    for (size_t i = 0; i < row.size(); ++i)
      if (row[i] == '|' && (i == 0 || row[i - 1] != '\\')) ++count;
    return count;
  };
  for (const auto& page : pages()) {
    size_t head = 0;
    bool in_code = false;
    for (size_t i = 0; i < page.lines.size(); ++i) {
      const std::string& line = page.lines[i];
      if (trim(line).starts_with("```")) in_code = !in_code;
      if (in_code || !line.starts_with('|')) {
        head = 0;
        continue;
      }
      if (head == 0) head = cells(line);
      EXPECT_EQ(cells(line), head) << text_of({page.path, static_cast<int>(i) + 1});
    }
  }
}

}  // namespace
}  // namespace belay::docs
