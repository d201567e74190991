#include "cli/console.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "capture.h"

namespace belay::cli {
namespace {

constexpr ConsoleSettings terminal{
    .in_terminal = true, .out_terminal = true, .err_terminal = true, .out_color = true, .err_color = true};

TEST(Console, WritesErrorsAsASentenceAndAHint) {
  Capture capture;
  capture.console.error(Error(ErrorCode::internal, "port 80 is held by nginx", "Stop it first."));
  capture.console.error(UsageError("NAME is missing", "usage: belay stop NAME"));
  EXPECT_EQ(capture.errors(),
            "belay: port 80 is held by nginx\nhint: Stop it first.\nbelay: NAME is missing\nusage: belay stop NAME\n");
  EXPECT_EQ(capture.output(), "");
}

TEST(Console, PutsTheAppOfTheLineIntoHints) {
  Capture capture;
  capture.console.speak_of("web");
  capture.console.error(
      Error(ErrorCode::internal, "the disk is full: NAME", "Free some with belay cleanup NAME, or df."));
  capture.console.error(UsageError("KEY is missing", "usage: belay unset NAME KEY…"));
  EXPECT_EQ(capture.errors(),
            "belay: the disk is full: NAME\nhint: Free some with belay cleanup web, or df.\nbelay: KEY is missing\n"
            "usage: belay unset NAME KEY…\n");
}

TEST(Console, DoesNotLetMessagesSteerTheTerminal) {
  Capture capture;
  capture.console.error(Error(ErrorCode::internal, "bad \033[2J name"));
  EXPECT_EQ(capture.errors(), "belay: bad \\x1b[2J name\n");
}

// Names, notes and the engine's words reached the terminal as they were.
TEST(Console, NothingThatItIsGivenSteersTheTerminal) {
  for (const char* const bad : {"a\033[31mb", "a\033]0;title\007b",
                                "a\x9b"
                                "31mb",
                                "a\xc2\x9b"
                                "31mb",
                                "a\bb",
                                "a\x7f"
                                "b"}) {
    Capture capture(terminal);
    capture.console.be_plain();
    capture.console.line(bad);
    capture.console.line(Style::bold, bad, bad);
    capture.console.print(bad);
    capture.console.success(bad);
    capture.console.note(bad);
    capture.console.warning(bad);
    capture.console.diagnostic(bad);
    capture.console.diagnostic(Style::good, bad, bad);
    capture.console.error(Error(ErrorCode::internal, bad, bad));
    Table table({{"NAME"}});
    table.add({bad});
    capture.console.print(table);
    for (const auto& text : {capture.output(), capture.errors()})
      for (size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        EXPECT_TRUE((byte >= 0x20 && byte < 0x7f) || byte == '\n') << static_cast<int>(byte) << " in " << text;
      }
  }
}

TEST(Console, KeepsTheLettersOfAllLanguages) {
  Capture capture;
  capture.console.line("größe — 船 ✓ ×7");
  capture.console.note("größe — 船 ✓ ×7");
  EXPECT_EQ(capture.output(), "größe — 船 ✓ ×7\n");
  EXPECT_EQ(capture.errors(), "größe — 船 ✓ ×7\n");
}

TEST(Console, PaintsTheHeadOfALineWithoutItsEscapes) {
  Capture capture(terminal);
  capture.console.line(Style::bold, "we\033b", " rest");
  EXPECT_EQ(capture.output(), "\033[1mwe\\x1bb\033[0m rest\n");
}

TEST(Console, GoesOnInTheColumnOfAField) {
  ConsoleSettings narrow = terminal;
  narrow.out_color = false;
  narrow.columns = 40;
  Capture capture(narrow), pipe;
  for (Capture* each : {&capture, &pipe}) {
    each->console.field(Style::plain, "  state", 12, "running");
    each->console.field(Style::plain, "  to do", 12, "stop the old one; start the new one; remove it");
    each->console.field(Style::bad, "a-long-service-name-of-a-user", 12, "one two three four");
  }
  EXPECT_EQ(capture.output(),
            "  state     running\n"
            "  to do     stop the old one; start the\n"
            "            new one; remove it\n"
            "a-long-service-name-of-a-user\n"
            "    one two three four\n");
  EXPECT_EQ(pipe.output(),
            "  state     running\n"
            "  to do     stop the old one; start the new one; remove it\n"
            "a-long-service-name-of-a-user one two three four\n");
}

TEST(Console, PaintsOnATerminalOnly) {
  Capture plain, colored(terminal);
  for (Capture* capture : {&plain, &colored}) {
    capture->console.success("web runs r3");
    capture->console.warning("old engine");
  }
  EXPECT_EQ(plain.output(), "web runs r3\n");
  EXPECT_EQ(plain.errors(), "belay: warning: old engine\n");
  EXPECT_EQ(colored.output(), "\033[32mweb runs r3\033[0m\n");
  EXPECT_EQ(colored.errors(), "belay: \033[33mwarning:\033[0m old engine\n");
}

TEST(Console, KeepsResultsAndErrorsWhenQuiet) {
  Capture capture;
  capture.console.be_quiet();
  capture.console.success("web runs r3");
  capture.console.note("pulling");
  capture.console.line("result");
  capture.console.warning("old engine");
  EXPECT_EQ(capture.output(), "result\n");
  EXPECT_EQ(capture.errors(), "belay: warning: old engine\n");
}

TEST(Console, TakesTheLiveAreaAwayBeforeItWritesAndPutsItBack) {
  Capture capture(terminal);
  capture.console.be_plain();
  capture.console.set_live({"one", "two"});
  capture.console.diagnostic("said");
  capture.console.set_live({});
  EXPECT_EQ(capture.errors(), "one\ntwo\n\r\033[2A\033[Jsaid\none\ntwo\n\r\033[2A\033[J");
}

TEST(Console, NeverDrawsWhereStandardErrorIsNoTerminal) {
  Capture capture;
  capture.console.set_live({"one"});
  EXPECT_EQ(capture.errors(), "");
}

TEST(Console, AsksBeforeItGoesOn) {
  for (const auto& [answer, agreed] :
       {std::pair{"y\n", true}, {"Yes\n", true}, {"n\n", false}, {"\n", false}, {"", false}, {"yep\n", false}}) {
    Capture capture(terminal, answer);
    EXPECT_EQ(capture.console.confirm("Remove web?", {}), agreed) << answer;
    EXPECT_THAT(capture.errors(), ::testing::StartsWith("Remove web? [y/N] "));
  }
}

TEST(Console, AsksForTheNameWhereDataWillBeLost) {
  Capture right(terminal, "web\n"), wrong(terminal, "y\n");
  EXPECT_TRUE(right.console.typed_confirmation("All data is lost.", "web", "--yes-lose-data web", {}));
  EXPECT_FALSE(wrong.console.typed_confirmation("All data is lost.", "web", "--yes-lose-data web", {}));
}

TEST(Console, RefusesToGuessWithoutATerminal) {
  Capture capture({}, "y\n");
  try {
    (void)capture.console.confirm("Remove web?", {});
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_EQ(error.hint(), "Give -y to agree without being asked.");
  }
  EXPECT_THROW((void)capture.console.typed_confirmation("", "web", "--yes-lose-data web", {}), UsageError);
}

TEST(Console, StopsAskingOnRequest) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd read(ends[0]), write(ends[1]);
  const MemoryFile out, err;
  Console console(terminal, read.raw(), out.raw(), err.raw());
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW((void)console.confirm("Remove web?", stop.get_token()), Cancelled);
}

TEST(Console, TellsThatResultsWereLost) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  ASSERT_TRUE(full);
  const MemoryFile err;
  Console console({}, 0, full.raw(), err.raw());
  console.line("result");
  EXPECT_THROW(console.finish(), Error);
}

}  // namespace
}  // namespace belay::cli
