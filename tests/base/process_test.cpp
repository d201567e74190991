#include "base/process.h"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"

namespace belay {
namespace {

ProcessRequest shell(const std::string& script) {
  ProcessRequest request;
  request.command = {"sh", "-c", script};
  return request;
}

TEST(Process, GivesOutputErrorsAndExitCodeApart) {
  const ProcessResult result = run_process(shell("echo out; echo err >&2; exit 3"), {});
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
  EXPECT_EQ(result.exit_code, 3);
}

TEST(Process, PassesArgumentsWithoutAShellInBetween) {
  ProcessRequest request;
  request.command = {"printf", "%s|", "a b", "$HOME", "'", ""};
  EXPECT_EQ(run_process(request, {}).output, "a b|$HOME|'||");
}

TEST(Process, FeedsAndReadsMoreThanAPipeHolds) {
  ProcessRequest request = shell("cat");
  request.input = std::string(1 << 20, 'x');
  EXPECT_EQ(run_process(request, {}).output, request.input);
}

TEST(Process, WithoutInputSeesItsEndAtOnce) {
  EXPECT_EQ(run_process(shell("cat; echo end"), {}).output, "end\n");
}

TEST(Process, ThatDoesNotReadItsInputDoesNotEndUs) {
  // With the signal's usual effect, as in a program that did not choose to ignore it.
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  ProcessRequest request = shell("exec <&-; echo done");
  request.input = std::string(1 << 20, 'x');
  EXPECT_EQ(run_process(request, {}).output, "done\n");
  std::signal(SIGPIPE, before);
}

TEST(Process, TellsWhichSignalEndedIt) {
  EXPECT_EQ(run_process(shell("kill -TERM $$"), {}).exit_code, 128 + SIGTERM);
}

TEST(Process, RunsInItsFolderWithItsEnvironment) {
  const TemporaryFolder folder;
  ProcessRequest request = shell("pwd -P; echo $BELAY_TEST; echo $PATH");
  request.folder = folder.path();
  request.environment = {{"BELAY_TEST", "a b"}};
  EXPECT_EQ(run_process(request, {}).output,
            fs::canonical(folder.path()).string() + "\na b\n" + std::getenv("PATH") + "\n");
}

TEST(Process, ReplacesAVariableInsteadOfSettingItTwice) {
  ProcessRequest request = shell("env | grep -c '^HOME='; echo $HOME");
  request.environment = {{"HOME", "/nowhere"}};
  EXPECT_EQ(run_process(request, {}).output, "1\n/nowhere\n");
}

TEST(Process, PastItsDeadlineIsKilled) {
  ProcessRequest request = shell("exec sleep 1000");
  request.deadline = Milliseconds(50);
  try {
    std::ignore = run_process(request, {});
    FAIL() << "it went on";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "sh did not end within 50 ms");
  }
}

TEST(Process, ThatClosedItsStreamsStillHasADeadline) {
  ProcessRequest request = shell("exec sleep 1000 >&- 2>&-");
  request.deadline = Milliseconds(50);
  EXPECT_THROW(run_process(request, {}), Error);
}

TEST(Process, IsKilledOnStop) {
  std::stop_source stop;
  std::jthread asker([&] { stop.request_stop(); });
  EXPECT_THROW(run_process(shell("exec sleep 1000"), stop.get_token()), Cancelled);
  EXPECT_THROW(run_process(shell("exec sleep 1000 >&- 2>&-"), stop.get_token()), Cancelled);
}

TEST(Process, OfAGroupOfItsOwnTakesItsChildrenAlong) {
  const TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::stop_source stop;
  Fd reader;
  // Opening waits for the grandchild, which then holds the other end until it dies.
  std::jthread stopper([&] {
    reader = Fd(::open(pipe.c_str(), O_RDONLY | O_CLOEXEC));
    stop.request_stop();
  });
  auto request = shell("sleep 1000 > " + pipe.string() + " & wait");
  request.own_group = true;
  EXPECT_THROW(run_process(request, stop.get_token()), Cancelled);
  stopper.join();
  char byte = 0;
  EXPECT_EQ(::read(reader.raw(), &byte, 1), 0);
}

TEST(Process, ThatIsNotInstalledIsNotFound) {
  ProcessRequest request;
  request.command = {"belay-no-such-program"};
  EXPECT_THROW(run_process(request, {}), NotFound);
  request.command = {"/nowhere/belay-no-such-program"};
  EXPECT_THROW(run_process(request, {}), NotFound);
  EXPECT_EQ(find_program("belay-no-such-program"), std::nullopt);
  ASSERT_TRUE(find_program("sh"));
  EXPECT_TRUE(find_program("sh")->is_absolute());
}

TEST(Process, ThatCannotBeStartedIsAnErrorWithItsName) {
  const TemporaryFolder folder;
  const fs::path program = folder.path() / "broken";
  write_file_durably(program, "#!/nowhere/interpreter\n", 0755);
  ProcessRequest request;
  request.command = {program.string()};
  try {
    std::ignore = run_process(request, {});
    FAIL() << "it was started";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(program.string()), std::string::npos);
  }
}

}  // namespace
}  // namespace belay
