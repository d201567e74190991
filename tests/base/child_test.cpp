#include "base/child.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "base/files.h"

namespace belay {
namespace {

using testing::HasSubstr;
using testing::Not;

ChildRequest shell(const std::string& script) {
  ChildRequest request;
  request.command = {"sh", "-c", script};
  return request;
}

std::string all_output(Child& child) {
  std::string text;
  char room[5000];
  while (const std::size_t got = child.read(room, {})) text.append(room, got);
  return text;
}

pid_t first_pid(Child& child) {
  std::string line;
  char room[1];
  while (child.read(room, {}) == 1 && room[0] != '\n') line += room[0];
  return std::stoi(line);
}

// A process that is gone, or only waits for its new parent to see that.
bool is_gone(pid_t pid) {
  if (::kill(pid, 0) != 0) return true;
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  stat >> number >> name >> state;
  return state.empty() || state == "Z";
}

bool becomes_gone(pid_t pid) {
  for (int i = 0; i < 500 && !is_gone(pid); ++i) std::this_thread::sleep_for(Milliseconds(10));
  return is_gone(pid);
}

std::string what_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Child, TakesMoreThanAPipeHolds) {
  Child child(shell("wc -c"));
  child.write(std::string(3 << 20, 'x'), {});
  child.close_input();
  EXPECT_EQ(all_output(child), "3145728\n");
  EXPECT_EQ(child.wait({}), 0);
}

TEST(Child, GivesMoreThanAPipeHolds) {
  Child child(shell("head -c 3000000 /dev/zero"));
  EXPECT_EQ(all_output(child).size(), 3'000'000U);
  EXPECT_EQ(child.wait({}), 0);
}

TEST(Child, AnswersWhileItsInputIsOpen) {
  Child child(shell("read a; echo got $a; read b; echo got $b"));
  char room[100];
  child.write("one\n", {});
  EXPECT_EQ(std::string_view(room, child.read(room, {})), "got one\n");
  child.write("two\n", {});
  EXPECT_EQ(std::string_view(room, child.read(room, {})), "got two\n");
  EXPECT_EQ(child.wait({}), 0);
}

TEST(Child, ThatWritesManyErrorsIsNotHeldUpByThem) {
  Child child(shell("head -c 1000000 /dev/zero | tr '\\0' e >&2; echo end >&2; cat >/dev/null; exit 4"));
  child.write(std::string(1 << 20, 'x'), {});
  EXPECT_EQ(child.wait({}), 4);
  EXPECT_LT(child.errors().size(), 64U << 10);
  EXPECT_TRUE(child.errors().ends_with("eeeend\n"));
}

TEST(Child, ThatStopsReadingFailsTheWriteWithItsOwnWords) {
  // With the signal's usual effect, as in a program that did not choose to ignore it.
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  Child child(shell("echo the quota is used up >&2; exit 7"));
  EXPECT_EQ(what_of([&] {
              for (;;) child.write(std::string(1 << 20, 'x'), {});
            }),
            "sh ended with exit code 7: the quota is used up");
  EXPECT_EQ(child.wait({}), 7);
  std::signal(SIGPIPE, before);
}

TEST(Child, TellsWhichSignalEndedIt) {
  Child child(shell("kill -KILL $$"));
  EXPECT_EQ(child.wait({}), 128 + SIGKILL);
}

TEST(Child, ThatDoesNotReadIsLeftAloneOnStop) {
  Child child(shell("exec sleep 1000"));
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_THROW(child.write(std::string(4 << 20, 'x'), stop.get_token()), Cancelled);
  EXPECT_FALSE(child.has_ended());
  char room[10];
  EXPECT_THROW(child.read(room, stop.get_token()), Cancelled);
  EXPECT_THROW(child.wait(stop.get_token()), Cancelled);
}

TEST(Child, IsNotWaitedForLongerThanOnesPatience) {
  Child child(shell("exec sleep 1000"));
  child.set_patience(Milliseconds(60));
  char room[10];
  EXPECT_EQ(what_of([&] { child.read(room, {}); }), "sh did nothing for 60 ms");
  EXPECT_EQ(what_of([&] { child.write(std::string(4 << 20, 'x'), {}); }), "sh did nothing for 60 ms");
  EXPECT_EQ(what_of([&] { child.wait({}); }), "sh did nothing for 60 ms");
}

TEST(Child, EndsWithItsOwnerAndSoDoesWhatItStarted) {
  pid_t child_pid = 0, grandchild = 0;
  {
    Child child(shell("sleep 1000 & echo $!; echo $$; wait"));
    grandchild = first_pid(child);
    child_pid = first_pid(child);
    EXPECT_FALSE(is_gone(child_pid));
  }
  EXPECT_EQ(::kill(child_pid, 0), -1) << "it is reaped";
  EXPECT_TRUE(becomes_gone(grandchild));
}

TEST(Child, IsAskedToEndBeforeItSeesTheEndOfItsInput) {
  const TemporaryFolder folder;
  const std::string story = (folder.path() / "story").string();
  {
    ChildRequest request = shell(
        "trap 'echo asked >>\"$0\"; exit' TERM; echo ready; while read line; do :; done; "
        "echo end of input >>\"$0\"");
    request.command.push_back(story);
    Child child(request);
    char room[10];
    EXPECT_EQ(child.read(room, {}), 6U);
  }
  EXPECT_EQ(read_file(story), "asked\n");
}

TEST(Child, ThatWillNotEndIsKilled) {
  ChildRequest request = shell("trap '' TERM; echo $$; while :; do sleep 1000; done");
  request.grace = Milliseconds(50);
  pid_t pid = 0;
  {
    Child child(request);
    pid = first_pid(child);
  }
  EXPECT_TRUE(is_gone(pid));
}

TEST(Child, IsWaitedForThoughSomethingItStartedKeepsItsStreamsOpen) {
  // As ssh does with ControlPersist.
  Child child(shell("setsid sleep 1000 & echo $!"));
  const pid_t stays = first_pid(child);
  EXPECT_EQ(child.wait({}), 0);
  EXPECT_FALSE(is_gone(stays));
  ::kill(stays, SIGKILL);
}

TEST(Child, GetsNoneOfBelaysVariables) {
  ::setenv("BELAY_TEST_SECRET", "hush", 1);
  ::setenv("OTHER_TEST_VARIABLE", "told", 1);
  ChildRequest request = shell("env");
  request.environment = {{"BELAY_GIVEN", "yes"}};
  Child child(request);
  const std::string environment = all_output(child);
  EXPECT_THAT(environment, Not(HasSubstr("hush")));
  EXPECT_THAT(environment, HasSubstr("OTHER_TEST_VARIABLE=told\n"));
  EXPECT_THAT(environment, HasSubstr("BELAY_GIVEN=yes\n"));
  ::unsetenv("BELAY_TEST_SECRET");
  ::unsetenv("OTHER_TEST_VARIABLE");
}

TEST(Child, GetsItsArgumentsAsTheyAre) {
  ChildRequest request;
  request.command = {"printf", "%s|", "a b", "$HOME", "'", ""};
  Child child(request);
  EXPECT_EQ(all_output(child), "a b|$HOME|'||");
}

TEST(Child, OfAProgramThatIsMissingIsNotFound) {
  ChildRequest request;
  request.command = {"no-such-program-of-belay"};
  EXPECT_THROW(Child{request}, NotFound);
}

TEST(LastWords, AreTheLastLinesInOneSentenceFitForATerminal) {
  EXPECT_EQ(last_words("@@@@@\nfirst\n\n  second \r\n----\nthird \x1b[31mred\nfourth\nfifth\n"),
            "second; third \\x1b[31mred; fourth; fifth");
  EXPECT_EQ(last_words(""), "");
}

}  // namespace
}  // namespace belay
