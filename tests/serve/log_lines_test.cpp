#include "serve/log_lines.h"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/fd.h"
#include "base/format.h"
#include "support/fake_clock.h"

namespace belay::serve {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LogLinesTest : public ::testing::Test {
 protected:
  LogLines log(LogLines::Style style) {
    return LogLines([this](std::string_view line) { lines_.emplace_back(line); }, style, clock_);
  }
  testing::FakeClock clock_;
  std::vector<std::string> lines_;
};

TEST_F(LogLinesTest, BeginsWithThePriorityForTheJournal) {
  auto journal = log(LogLines::Style::journal);
  journal.write(LogLevel::info, "web is up", {{"app", "web"}, {"release", "r4"}});
  journal.write(LogLevel::error, "web is down");
  EXPECT_THAT(lines_, ElementsAre("<6>web is up app=web release=r4\n", "<3>web is down\n"));
}

TEST_F(LogLinesTest, BeginsWithTheTimeForPeople) {
  log(LogLines::Style::dated).write(LogLevel::warning, "web went back", {{"app", "web"}});
  EXPECT_THAT(lines_, ElementsAre("2026-01-31T09:05:07Z warning web went back app=web\n"));
}

TEST_F(LogLinesTest, StaysOnOneLineWhateverOthersSay) {
  auto journal = log(LogLines::Style::journal);
  journal.write(LogLevel::info, "it said: one\ntwo\x1b[31m\n", {{"reason", "a \"b\"\nc=d"}, {"empty", ""}});
  EXPECT_THAT(lines_, ElementsAre("<6>it said: one\\ntwo\\x1b[31m reason=\"a \\\"b\\\"\\nc=d\" empty=\"\"\n"));
}

TEST_F(LogLinesTest, CutsWhatTheJournalWouldCut) {
  std::string endless;
  for (int at = 0; at < 10'000; ++at) endless += "ä";
  log(LogLines::Style::journal).write(LogLevel::info, endless);
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_LT(lines_[0].size(), 8200u);
  EXPECT_TRUE(lines_[0].ends_with("ä…\n")) << "cut between characters";
}

TEST_F(LogLinesTest, LeavesDetailsOutUnlessAsked) {
  auto journal = log(LogLines::Style::journal);
  journal.write(LogLevel::debug, "a detail");
  EXPECT_THAT(lines_, IsEmpty());
  journal.write_up_to(LogLevel::debug);
  journal.write(LogLevel::debug, "a detail");
  EXPECT_THAT(lines_, ElementsAre("<7>a detail\n"));
}

TEST_F(LogLinesTest, KnowsTheJournalByItsStream) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd read(ends[0]), write(ends[1]);
  struct stat status{};
  ::fstat(write.raw(), &status);
  ::setenv("JOURNAL_STREAM", format("{}:{}", status.st_dev, status.st_ino).c_str(), 1);
  EXPECT_EQ(LogLines::style_for(write.raw()), LogLines::Style::journal);
  int others[2];
  ASSERT_EQ(::pipe(others), 0);
  const Fd other_read(others[0]), other_write(others[1]);
  EXPECT_EQ(LogLines::style_for(other_write.raw()), LogLines::Style::dated);
  LogLines(write.raw(), clock_).write(LogLevel::notice, "hello");
  char buffer[64];
  EXPECT_EQ(std::string(buffer, static_cast<size_t>(::read(read.raw(), buffer, sizeof buffer))), "<5>hello\n");
  ::unsetenv("JOURNAL_STREAM");
  EXPECT_EQ(LogLines::style_for(write.raw()), LogLines::Style::dated);
}

TEST_F(LogLinesTest, KeepsLinesOfSeveralThreadsApart) {
  auto journal = log(LogLines::Style::journal);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread)
      threads.emplace_back([&] {
        for (int at = 0; at < 100; ++at) journal.write(LogLevel::info, "line");
      });
  }
  EXPECT_THAT(lines_, SizeIs(400));
  EXPECT_THAT(lines_, ::testing::Each("<6>line\n"));
}

}  // namespace
}  // namespace belay::serve
