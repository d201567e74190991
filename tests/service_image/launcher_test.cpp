#include "service_image/launcher.h"

#include <csignal>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/errors.h"
#include "base/process.h"
#include "base/supervised.h"
#include "base/text.h"

namespace belay::service_image {
namespace {

using ::testing::HasSubstr;

TEST(Launcher, PassesWordsOnAsTheyAre) {
  const TemporaryFolder folder;
  write_file_durably(folder.path() / "belay's", "#!/bin/sh\nfor word; do echo \"[$word]\"; done\n", 0755);
  const fs::path path = folder.path() / "hello";
  put_launcher(path, launcher_text({"hello", folder.path() / "belay's", {"--state-dir", "/a b"}}));
  ProcessRequest request;
  request.command = {path.string(), "run", "a b", "*", "--help"};
  EXPECT_EQ(run_process(request, {}).output,
            "[--state-dir]\n[/a b]\n[service]\n[run]\n[hello]\n[run]\n[a b]\n[*]\n[--help]\n");
}

TEST(Launcher, IsKnownByItsContent) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "hello";
  const std::string text = launcher_text({"hello", "/usr/bin/belay", {}});
  const std::string digest = launcher_digest(text);
  EXPECT_EQ(launcher_state(path, digest), LauncherState::absent);
  put_launcher(path, text);
  EXPECT_EQ(launcher_state(path, digest), LauncherState::ours);
  write_file_durably(path, text + "# mine\n", 0755);
  EXPECT_EQ(launcher_state(path, digest), LauncherState::foreign);
  fs::remove(path);
  fs::create_symlink("/etc/passwd", path);
  EXPECT_EQ(launcher_state(path, digest), LauncherState::foreign);
}

TEST(Launcher, TakesNoNameThatIsACommand) {
  const TemporaryFolder folder;
  for (const char* name : {"cat", "cd", "sh"})
    EXPECT_THROW(expect_free_name(name, folder.path() / name), Conflict) << name;
  EXPECT_NO_THROW(expect_free_name("surely-no-command", folder.path() / "surely-no-command"));
  fs::create_symlink("nowhere", folder.path() / "dangling");
  EXPECT_THROW(expect_free_name("dangling", folder.path() / "dangling"), Conflict);
}

class Supervised : public ::testing::Test {
 protected:
  int run(const std::string& script, std::optional<Milliseconds> deadline = {}, std::stop_token stop = {}) {
    SupervisedRequest request;
    request.command = {"/bin/sh", "-c", script};
    request.environment = {{"PATH", "/usr/bin:/bin"}, {"FOLDER", folder.path().string()}};
    request.folder = folder.path();
    request.deadline = deadline;
    request.grace = Milliseconds(1000);
    request.on_output = [this](std::string_view bytes) { output += bytes; };
    return run_supervised(request, std::move(stop));
  }
  // The process whose number is in the file has ended, or does so in a moment. Whoever inherits it may be slow to reap.
  bool is_gone(const std::string& file) {
    const std::string number(trim(read_file(folder.path() / file)));
    for (int i = 0; i < 200; ++i) {
      std::string status;
      std::getline(std::ifstream("/proc/" + number + "/stat"), status);
      if (status.empty() || status.find(") Z ") != std::string::npos) return true;
      std::this_thread::sleep_for(Milliseconds(20));
    }
    return false;
  }
  TemporaryFolder folder;
  std::string output;
};

TEST_F(Supervised, GivesBothStreamsTheExitCodeAndJustThatEnvironment) {
  EXPECT_EQ(run("echo out; echo err >&2; pwd; env | sort; exit 3"), 3);
  EXPECT_THAT(output, HasSubstr("out\nerr\n" + folder.path().string() + "\n"));
  EXPECT_EQ(output.find("HOME="), std::string::npos);
  EXPECT_EQ(run("kill -9 $$"), 137);
}

TEST_F(Supervised, EndsAllThatItStartedAtTheDeadline) {
  EXPECT_THROW(run("sleep 1000 & echo $! >one; trap '' TERM; sleep 1000 & echo $! >two; wait; wait", Milliseconds(500)),
               Error);
  EXPECT_TRUE(is_gone("one"));
  EXPECT_TRUE(is_gone("two"));
}

TEST_F(Supervised, EndsOnStop) {
  std::stop_source source;
  std::jthread stopper([&] {
    while (!fs::exists(folder.path() / "one")) std::this_thread::sleep_for(Milliseconds(10));
    source.request_stop();
  });
  EXPECT_THROW(run("sleep 1000 & echo $! >part; mv part one; wait", {}, source.get_token()), Cancelled);
  EXPECT_TRUE(is_gone("one"));
}

TEST_F(Supervised, SurvivesAScriptThatKillsItsParent) {
  EXPECT_EQ(run("sleep 1000 & echo $! >one; kill -9 $PPID; sleep 1000"), 137);
  EXPECT_TRUE(is_gone("one"));
}

TEST_F(Supervised, SaysThatAProgramCannotBeStarted) {
  SupervisedRequest request;
  request.command = {(folder.path() / "absent").string()};
  request.on_output = [](std::string_view) {};
  EXPECT_THROW(run_supervised(request, {}), Error);
}

TEST_F(Supervised, DoesNotWaitForWhatAScriptLeavesInTheBackground) {
  EXPECT_EQ(run("sleep 30 & echo $! >one; exit 0"), 0);
  ::kill(static_cast<pid_t>(std::stoi(read_file(folder.path() / "one"))), SIGKILL);
}

}  // namespace
}  // namespace belay::service_image
