#include "cli/help.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "cli/layout.h"

namespace belay::cli {
namespace {

using ::testing::HasSubstr;

TEST(Markdown, ReadsBlocksAndSpans) {
  const auto blocks = read_markdown(
      "# Title\n\nOne **bold** `a - b`\nand *it* [here](x).\n\n- first\n  goes on\n- second\n\n```\ncode *as "
      "is*\n```\n");
  ASSERT_EQ(blocks.size(), 5u);
  EXPECT_EQ(blocks[0].level, 1);
  const std::vector<Span> spans{{Span::Kind::text, "One "},  {Span::Kind::bold, "bold"},  {Span::Kind::text, " "},
                                {Span::Kind::code, "a - b"}, {Span::Kind::text, " and "}, {Span::Kind::italic, "it"},
                                {Span::Kind::text, " here."}};
  EXPECT_EQ(blocks[1].spans, spans);
  EXPECT_EQ(blocks[2].kind, Block::Kind::item);
  EXPECT_EQ(blocks[2].spans[0].text, "first goes on");
  EXPECT_EQ(blocks[4].text, "code *as is*\n");
}

TEST(Markdown, LeavesSingleMarksAsText) {
  EXPECT_EQ(read_spans("2 * 3 * 4, a `b, \\*x\\*"), (std::vector<Span>{{Span::Kind::text, "2 * 3 * 4, a `b, *x*"}}));
}

TEST(Markdown, WrapsForATerminal) {
  const auto blocks = read_markdown("## Head\n\nsome words that wrap `--here`, see\n\n- an item that wraps as well\n");
  EXPECT_EQ(terminal_text(blocks, 20, false),
            "Head\n"
            "  some words that\n"
            "  wrap --here, see\n"
            "\n"
            "  - an item that\n"
            "    wraps as well\n");
  EXPECT_EQ(terminal_text(read_markdown("say `--here`,"), 80, true), "  say \033[1m--here\033[0m,\n");
}

TEST(Markdown, PutsExplanationsInAColumnWhereThereIsRoom) {
  const std::vector<Block> blocks{
      {.kind = Block::Kind::definition, .text = "-a", .spans = {{Span::Kind::text, "short"}}},
      {.kind = Block::Kind::definition, .text = "--longer", .spans = {{Span::Kind::text, "words"}}}};
  EXPECT_EQ(terminal_text(blocks, 80, false), "  -a        short\n  --longer  words\n");
  EXPECT_EQ(terminal_text(blocks, 40, false), "  -a\n      short\n  --longer\n      words\n");
}

TEST(Roff, EscapesWhatRoffWouldTakeForItsOwn) {
  EXPECT_EQ(roff_escaped("a-b\\c"), "a\\-b\\ec");
  EXPECT_EQ(roff_text(read_markdown(".dot **b**")), ".PP\n\\&.dot \\fBb\\fR\n");
  EXPECT_EQ(roff_text(read_markdown("```\n'x\n```")), ".PP\n.RS 4\n.nf\n\\&'x\n.fi\n.RE\n");
  EXPECT_EQ(roff_text(read_markdown("## Exit codes\n\n- `0`: done\n")),
            ".SH \"EXIT CODES\"\n.IP \\(bu 3\n\\fB0\\fR: done\n");
}

TEST(HelpPages, ShowTheTablesOptionsBetweenIntroductionAndExamples) {
  const std::string text = page_text(page_of(command_named("stop")), 80, false);
  EXPECT_THAT(text, ::testing::StartsWith("belay stop - Stop an app and keep it stopped\n\nUsage: belay stop [OPTION]… "
                                          "[NAME[/SERVICE[/N]]…]\n\n  Stops"));
  const auto options = text.find("\nOptions\n  -t, --timeout TIME  how long");
  ASSERT_NE(options, std::string::npos) << text;
  EXPECT_LT(options, text.find("\nExamples\n    belay stop web\n"));
}

TEST(HelpPages, FitTheWidthSaveForCodeThatIsToBeCopied) {
  for (const auto& command : commands())
    for (const auto& line : split(page_text(page_of(command), 60, false), '\n'))
      if (!line.starts_with("    ") && trim(line).find(' ') != std::string_view::npos) {
        EXPECT_LE(display_width(line), 60) << command.name << ": " << line;
      }
}

TEST(HelpPages, ListEveryCommandOnThePageOfTheProgram) {
  const std::string text = page_text(page_of_program(), 80, false);
  for (const auto& command : commands()) EXPECT_THAT(text, HasSubstr("\n  " + std::string(command.name) + " "));
  EXPECT_THAT(text, HasSubstr("-H, --host ENDPOINT"));
}

TEST(ManPages, AreWrittenForTheProgramAndEveryCommand) {
  const TemporaryFolder folder;
  write_man_pages(folder.path() / "man1");
  EXPECT_THAT(read_file(folder.path() / "man1" / "belay.1"), HasSubstr("\\fBbelay\\-start\\-all\\fR(1)"));
  for (const auto& command : commands()) {
    const std::string name = "belay-" + std::string(command.name);
    const std::string page = read_file(folder.path() / "man1" / (name + ".1"));
    EXPECT_THAT(page, ::testing::StartsWith(".TH \"BELAY\\-")) << name;
    EXPECT_THAT(page, HasSubstr("\n.SH NAME\n" + roff_escaped(name) + " \\- ")) << name;
    EXPECT_THAT(page, HasSubstr("\n.SH SYNOPSIS\n")) << name;
    EXPECT_THAT(page, HasSubstr("\n.SH \"EXAMPLES\"\n")) << name;
    EXPECT_EQ(page.find("\n\n"), std::string::npos) << name;
  }
  EXPECT_THAT(read_file(folder.path() / "man1" / "belay-stop.1"),
              HasSubstr(".SH \"OPTIONS\"\n.TP\n\\fB\\-t, \\-\\-timeout TIME\\fR\nhow long"));
}

}  // namespace
}  // namespace belay::cli
