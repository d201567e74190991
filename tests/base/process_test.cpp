#include "base/process.h"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <set>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "base/errors.h"
#include "base/fd.h"

namespace belay {
namespace {

void write_to(const fs::path& pipe, std::string_view text) {
  const Fd file(::open(pipe.c_str(), O_WRONLY | O_CLOEXEC));
  ASSERT_EQ(::write(file.raw(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

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

TEST(Process, ShowsItsErrorsAsTheyCome) {
  ProcessRequest request = shell("echo one >&2; read answer <\"$0\"; echo two >&2; echo out");
  const TemporaryFolder folder;
  const fs::path answer = folder.path() / "answer";
  ASSERT_EQ(::mkfifo(answer.c_str(), 0600), 0);
  request.command.push_back(answer.string());
  std::string seen;
  request.on_errors = [&](std::string_view bytes) {
    // It waits for us between the two.
    if (seen.empty()) write_to(answer, "go on\n");
    seen += bytes;
  };
  const ProcessResult result = run_process(request, {});
  EXPECT_EQ(seen, "one\ntwo\n");
  EXPECT_EQ(result.errors, "");
  EXPECT_EQ(result.output, "out\n");
}

TEST(Process, IsShownWhileItRuns) {
  ProcessRequest request = shell("read line; echo $$");
  request.input = "go\n";
  std::set<pid_t> shown;
  request.while_it_runs = [&](pid_t process) { shown.insert(process); };
  const ProcessResult result = run_process(request, {});
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(result.output, std::to_string(*shown.begin()) + "\n");
}

TEST(Process, EndsWithAllThatItStartedWhereItHasAGroupOfItsOwn) {
  const TemporaryFolder folder;
  const fs::path gone = folder.path() / "gone";
  // The shell hears of the end before it dies; what it started does not, and keeps the streams open.
  ProcessRequest request =
      shell("trap 'echo >\"$0\"; exit 1' TERM; sh -c \"trap '' TERM; echo up >&2; sleep 1000\" & wait");
  request.command.push_back(gone.string());
  request.own_group = true;
  std::stop_source stop;
  request.on_errors = [&](std::string_view) { stop.request_stop(); };
  EXPECT_THROW(run_process(request, stop.get_token()), Cancelled);
  EXPECT_TRUE(fs::exists(gone));
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
