#include "cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "capture.h"

namespace belay::cli {
namespace {

ConsoleSettings terminal(int columns) {
  return {.in_terminal = true, .out_terminal = true, .err_terminal = true, .columns = columns};
}

// What a terminal would show after `text`: knows line feeds and the sequences that the console writes.
std::vector<std::string> screen(const std::string& text) {
  std::vector<std::string> lines(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      lines.emplace_back();
    } else if (text[i] == '\r') {
      const size_t end = text.find('A', i);
      const auto up = static_cast<size_t>(std::stoi(text.substr(i + 3, end - i - 3)));
      lines.resize(lines.size() - up);
      lines.back().clear();
      i = end + 3;
    } else {
      lines.back() += text[i];
    }
  }
  lines.pop_back();
  return lines;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ProgressTest : public ::testing::Test {
 protected:
  StillClock clock;
};

TEST_F(ProgressTest, ShowsBarsSizesRatesAndTimesOnATerminal) {
  Capture capture(terminal(90));
  Progress progress(capture.console, clock, Progress::Animation::still);
  progress.begin("a", "layer a");
  progress.update("a", "Downloading", 0, 4 << 20);
  clock.move(Seconds(2));
  progress.update("a", "Downloading", 2 << 20, 4 << 20);
  EXPECT_THAT(screen(capture.errors()),
              ElementsAre("layer a: Downloading       [==========>         ] 2.0 MiB/4.0 MiB 1.0 MiB/s 2 s, 2 s left"));
  progress.update("a", "Downloading", 4 << 20, 4 << 20);
  progress.redraw();
  EXPECT_THAT(screen(capture.errors()), ElementsAre(::testing::EndsWith("2.0 MiB/s 2 s")));
}

TEST_F(ProgressTest, LeavesOutTheBarOnANarrowTerminalAndNeverWraps) {
  Capture capture(terminal(40));
  Progress progress(capture.console, clock, Progress::Animation::still);
  progress.update("a very long name of a layer", "Downloading", 512, 1024);
  const auto lines = screen(capture.errors());
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_LE(display_width(lines[0]), 39);
  EXPECT_EQ(lines[0].find('['), std::string::npos);
}

TEST_F(ProgressTest, DrawsPercentagesAtMostTenTimesASecond) {
  Capture capture(terminal(80));
  Progress progress(capture.console, clock, Progress::Animation::still);
  progress.update("a", "Downloading", 0, 1000);
  const std::string before = capture.errors();
  for (int i = 1; i < 50; ++i) progress.update("a", "Downloading", i, 1000);
  EXPECT_EQ(capture.errors(), before);
  clock.move(Milliseconds(100));
  progress.update("a", "Downloading", 51, 1000);
  EXPECT_NE(capture.errors(), before);
}

TEST_F(ProgressTest, KeepsFinishedLinesAboveThoseThatRun) {
  Capture capture(terminal(60));
  Progress progress(capture.console, clock, Progress::Animation::still);
  progress.begin("1", "pulling web");
  progress.begin("2", "starting db");
  clock.move(Seconds(3));
  progress.finish("1", true, "web is pulled");
  EXPECT_THAT(screen(capture.errors()), ElementsAre("✓ web is pulled (3 s)", ::testing::StartsWith("starting db ")));
  progress.finish("2", true);
  EXPECT_THAT(screen(capture.errors()), ElementsAre("✓ web is pulled (3 s)"));
}

TEST_F(ProgressTest, KeepsTheLogOfAStepThatFailedOnly) {
  for (const bool ok : {true, false}) {
    Capture capture(terminal(60));
    Progress progress(capture.console, clock, Progress::Animation::still);
    progress.begin("1", "RUN make");
    progress.log("1", "cc a.c\nerr");
    progress.log("1", "or: no\n");
    progress.finish("1", ok, "make");
    if (ok) {
      EXPECT_THAT(screen(capture.errors()), ElementsAre("✓ make"));
    } else {
      EXPECT_THAT(screen(capture.errors()), ElementsAre("  | cc a.c", "  | error: no", "✗ make"));
    }
  }
}

TEST_F(ProgressTest, TellsHowManyLinesHaveNoRoom) {
  auto settings = terminal(60);
  settings.rows = 6;
  Capture capture(settings);
  Progress progress(capture.console, clock, Progress::Animation::still);
  for (const char* id : {"a", "b", "c", "d", "e"}) progress.begin(id);
  const auto lines = screen(capture.errors());
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines.back(), "… and 2 more");
}

TEST_F(ProgressTest, WritesPlainLinesForChangesOfStateElsewhere) {
  Capture capture;
  {
    Progress progress(capture.console, clock, Progress::Animation::still);
    progress.begin("1", "pulling web");
    for (int i = 0; i < 100; ++i) progress.update("layer", "Downloading", i, 100);
    progress.update("layer", "Extracting");
    progress.finish("layer", true);
    progress.log("1", "\033[1mstep\033[0m\r\n");
    clock.move(Seconds(12));
    progress.finish("1", true, "web is pulled");
  }
  EXPECT_EQ(capture.errors(),
            "pulling web\n"
            "layer: Downloading\n"
            "layer: Extracting\n"
            "  | \\x1b[1mstep\\x1b[0m\n"
            "web is pulled (12 s)\n");
}

TEST_F(ProgressTest, NamesWhatBelongsToAStepByItsTextElsewhere) {
  Capture capture;
  Progress progress(capture.console, clock, Progress::Animation::still);
  progress.update("1.0.Step 2/3", "COPY bin /bin", 0, 0, "Step 2/3");
  EXPECT_EQ(capture.errors(), "Step 2/3: COPY bin /bin\n");
}

TEST_F(ProgressTest, DoesNotRepeatAQuickOrFailedStepElsewhere) {
  Capture capture;
  Progress progress(capture.console, clock, Progress::Animation::still);
  for (const bool ok : {true, false}) {
    progress.begin("1", "start web-r1");
    progress.finish("1", ok, "start web-r1");
  }
  EXPECT_EQ(capture.errors(), "start web-r1\nstart web-r1\n");
}

TEST_F(ProgressTest, SaysNothingWhenQuiet) {
  auto settings = terminal(60);
  settings.quiet = true;
  Capture capture(settings);
  Progress progress(capture.console, clock, Progress::Animation::still);
  progress.begin("1", "pulling web");
  progress.update("1", "Downloading", 1, 2);
  progress.log("1", "words\n");
  progress.finish("1", false, "web failed");
  EXPECT_EQ(capture.errors(), "");
}

TEST_F(ProgressTest, LeavesACleanScreenHoweverItEnds) {
  Capture capture(terminal(60));
  {
    Progress progress(capture.console, clock, Progress::Animation::still);
    progress.begin("1", "pulling web");
  }
  EXPECT_THAT(screen(capture.errors()), IsEmpty());
}

TEST_F(ProgressTest, TakesReportsFromManyThreads) {
  Capture capture(terminal(60));
  SystemClock real;
  {
    Progress progress(capture.console, real);
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&progress, t] {
        const std::string id = "t" + std::to_string(t);
        for (int i = 0; i < 200; ++i) progress.update(id, i % 2 == 0 ? "even" : "odd", i, 200);
        progress.finish(id, true, id + " done");
      });
  }
  auto lines = screen(capture.errors());
  std::sort(lines.begin(), lines.end());
  EXPECT_THAT(lines, ElementsAre("✓ t0 done", "✓ t1 done", "✓ t2 done", "✓ t3 done"));
}

}  // namespace
}  // namespace belay::cli
