#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/state_words.h"

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
  // Columns stay where they are, in the first line too.
  EXPECT_EQ(wrapped("+ a    one two", 10), (std::vector<std::string>{"+ a    one", "two"}));
  EXPECT_EQ(wrapped("+ a    one two", 9), (std::vector<std::string>{"+ a", "one two"}));
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

// Such as belay ls prints, at the widths of a split window, a plain terminal and a wide one.
Table host() {
  Table table({{.title = "APP", .shrinks = false},
               {.title = "STATE", .shrinks = false},
               {.title = "UP", .shrinks = false},
               {.title = "STABLE", .shrinks = false},
               {.title = "IMAGE", .narrow = Narrow::cut_front},
               {.title = "PORTS", .shrinks = false},
               {.title = "NOTE", .shrinks = false, .narrow = Narrow::below}});
  table.add(
      {"cache", "running", "12 minutes", "", "registry.example:5000/team/redis:7.0.15", "127.0.0.1:6379->6379/tcp"});
  table.add({"proxy", "exited", "", "", "nginx:1.22", "", "r8 failed, backup failed"});
  return table;
}

TEST(Table, IsWholeWhereThereIsRoom) {
  EXPECT_EQ(host().text({.width = 130}),
            "APP    STATE    UP          IMAGE                                    PORTS                     NOTE\n"
            "cache  running  12 minutes  registry.example:5000/team/redis:7.0.15  127.0.0.1:6379->6379/tcp\n"
            "proxy  exited               nginx:1.22                                                         r8 failed, "
            "backup failed\n");
}

TEST(Table, PutsNotesBelowAndCutsTheFrontOfImagesWhereItIsNarrow) {
  EXPECT_EQ(host().text({.width = 110}),
            "APP    STATE    UP          IMAGE                                    PORTS\n"
            "cache  running  12 minutes  registry.example:5000/team/redis:7.0.15  127.0.0.1:6379->6379/tcp\n"
            "proxy  exited               nginx:1.22\n"
            "    r8 failed, backup failed\n");
  EXPECT_EQ(host().text({.width = 80}),
            "APP    STATE    UP          IMAGE                       PORTS\n"
            "cache  running  12 minutes  …le:5000/team/redis:7.0.15  127.0.0.1:6379->6379/tcp\n"
            "proxy  exited               nginx:1.22\n"
            "    r8 failed, backup failed\n");
}

TEST(Table, IsMadeOfBlocksWhereNoLineHasRoom) {
  EXPECT_EQ(host().text({.width = 40}),
            "cache\n"
            "  STATE   running\n"
            "  UP      12 minutes\n"
            "  IMAGE   registry.example:5000/team/redis:7.0.15\n"
            "  PORTS   127.0.0.1:6379->6379/tcp\n"
            "proxy\n"
            "  STATE   exited\n"
            "  IMAGE   nginx:1.22\n"
            "  NOTE    r8 failed, backup failed\n");
}

TEST(Layout, BreaksSentencesBetweenWordsAndIndentsWhatFollows) {
  EXPECT_EQ(fitted("one two three four five six", 26), "one two three four five\n  six");
  EXPECT_EQ(fitted("  - one two three four five six", 28), "  - one two three four\n    five six");
  EXPECT_EQ(fitted("one two\nthree", 80), "one two\nthree");
  EXPECT_EQ(fitted("one two three four five six", 0), "one two three four five six");
  const std::string path(60, 'x');
  EXPECT_EQ(fitted("see " + path, 40), "see\n  " + path);
}

TEST(Layout, HasAsciiFormsOfItsOwnSigns) {
  EXPECT_EQ(in_ascii("a → b — c… ✓ 3×"), "a -> b - c... ok 3x");
  EXPECT_EQ(display_width(in_ascii_as_wide("a → b — c… ✓ 3×")), display_width("a → b — c… ✓ 3×"));
  EXPECT_EQ(in_ascii("größe"), "größe");
}

// An app that recover found has containers of images without a name.
TEST(Words, OfAnImageAreItsNameOrTheBeginningOfItsId) {
  EXPECT_EQ(image_words("registry.example:5000/team/shop:1.4"), "registry.example:5000/team/shop:1.4");
  EXPECT_EQ(image_words("sha256:" + std::string(64, 'a')), std::string(12, 'a'));
  EXPECT_EQ(image_words(""), "");
}

TEST(Layout, CutsTheFrontWhereTheEndSaysMore) {
  EXPECT_EQ(truncated_in_front("registry.example/site:1.1", 10), "…/site:1.1");
  EXPECT_EQ(truncated_in_front("日本語", 4), "…語");
  EXPECT_EQ(truncated_in_front("abc", 3), "abc");
}

TEST(Table, ShowsControlCharactersInsteadOfObeyingThem) {
  Table table({{.title = "A"}, {.title = "B"}});
  table.add({"x\033[2J", "two\nlines"});
  EXPECT_EQ(table.text({}), "A         B\nx\\x1b[2J  two lines\n");
}

}  // namespace
}  // namespace belay::cli
