#include "cli/table.h"

#include <gtest/gtest.h>

namespace belay::cli {
namespace {

TEST(Layout, CountsColumnsNotBytes) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é…"), 2);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("🚀"), 2);
  EXPECT_EQ(display_width("\xff\xc3"), 2);
}

TEST(Layout, CutsAtWholeCharacters) {
  EXPECT_EQ(truncated("abcdef", 6), "abcdef");
  EXPECT_EQ(truncated("abcdef", 4), "abc…");
  EXPECT_EQ(truncated("日本語", 4), "日…");
  EXPECT_EQ(truncated("abc", 0), "");
}

TEST(Layout, WrapsAtBlanksAndKeepsLongWordsWhole) {
  EXPECT_EQ(wrapped("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(wrapped("averylongword x", 5), (std::vector<std::string>{"averylongword", "x"}));
  EXPECT_EQ(wrapped("", 5), (std::vector<std::string>{""}));
}

Table apps() {
  Table table({{.title = "APP"}, {.title = "SIZE", .align = Align::right, .shrinks = false}, {.title = "IMAGE"}});
  table.add({"wéb", "12", {"sha256:0123456789abcdef", Style::dim}});
  table.add({"db", "9"});
  return table;
}

TEST(Table, AlignsColumnsByTheirDisplayWidth) {
  EXPECT_EQ(apps().text({}),
            "APP  SIZE  IMAGE\n"
            "wéb    12  sha256:0123456789abcdef\n"
            "db      9\n");
}

TEST(Table, CutsTheWidestColumnToTheWidthThatIsGiven) {
  EXPECT_EQ(apps().text({.width = 24}),
            "APP  SIZE  IMAGE\n"
            "wéb    12  sha256:01234…\n"
            "db      9\n");
}

TEST(Table, PaintsWithoutMovingColumns) {
  EXPECT_EQ(apps().text({.width = 24, .color = true}),
            "\033[1mAPP\033[0m  \033[1mSIZE\033[0m  \033[1mIMAGE\033[0m\n"
            "wéb    12  \033[2msha256:01234…\033[0m\n"
            "db      9\n");
}

TEST(Table, ShowsControlCharactersInsteadOfObeyingThem) {
  Table table({{.title = "A"}, {.title = "B"}});
  table.add({"x\033[2J", "two\nlines"});
  EXPECT_EQ(table.text({}), "A         B\nx\\x1b[2J  two lines\n");
}

}  // namespace
}  // namespace belay::cli
