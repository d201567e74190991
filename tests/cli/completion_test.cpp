#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/files.h"
#include "base/format.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/command.h"

namespace belay::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// bash with the script sourced and a `belay` that knows two apps and two releases.
class BashCompletion : public ::testing::Test {
 protected:
  void SetUp() override {
    write_file_durably(folder.path() / "completion", bash_completion());
    write_file_durably(folder.path() / "belay",
                       "#!/bin/sh\n"
                       "echo \"$*\" >> \"$0.asked\"\n"
                       "case \"$*\" in *'ls --names') echo shop; echo web;;\n"
                       "*'releases web --names') echo r1; echo r2;;\n"
                       "*'service help shop --names') echo run; echo configure;; esac\n",
                       0755);
    write_file_durably(folder.path() / "Dockerfile", "");
  }

  // What bash would offer for these words, of which the last is being typed.
  std::vector<std::string> offered(std::vector<std::string> words) const {
    words.insert(words.begin(), (folder.path() / "belay").string());
    std::string quoted;
    for (const auto& word : words) quoted += shell_quoted(word) + " ";
    const std::string script =
        format("cd {0}; . ./completion; COMP_WORDS=({1}); COMP_CWORD={2}; _belay; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
               shell_quoted(folder.path().string()), quoted, words.size() - 1);
    ProcessRequest bash;
    bash.command = {"bash", "--norc", "-c", script};
    const auto result = run_process(bash, {});
    EXPECT_EQ(result.errors, "");
    if (trim(result.output).empty()) return {};
    return split(trim(result.output), '\n');
  }

  TemporaryFolder folder;
};

TEST_F(BashCompletion, OffersCommands) {
  EXPECT_THAT(offered({"star"}), ElementsAre("start", "start-all"));
  EXPECT_THAT(offered({"-q", "vers"}), ElementsAre("version"));
  EXPECT_THAT(offered({"help", "stab"}), ElementsAre("stable"));
}

TEST_F(BashCompletion, OffersOptionsOfTheCommandAndGlobalOnes) {
  EXPECT_THAT(offered({"stop", "web", "--"}),
              ElementsAre("--timeout", "--all", "--json", "--dry-run", "--exit-unchanged", "--host", "--state-dir",
                          "--no-lock-wait", "--quiet", "--progress", "--utc", "--no-color", "--help", "--version"));
  EXPECT_THAT(offered({"--sta"}), ElementsAre("--state-dir"));
}

TEST_F(BashCompletion, OffersValuesOfOptions) {
  EXPECT_THAT(offered({"build", "web", "--builder", ""}), ElementsAre("auto", "buildkit", "classic"));
  EXPECT_THAT(offered({"start", "--order", "=", "st"}), ElementsAre("start-first", "stop-first"));
  EXPECT_THAT(offered({"start", "--order", "="}), ElementsAre("start-first", "stop-first"));
  EXPECT_THAT(offered({"logs", "web", "-n", ""}), IsEmpty());
  EXPECT_THAT(offered({"remove", "web", "--yes-lose-data", "w"}), ElementsAre("web"));
}

TEST_F(BashCompletion, AsksBelayForAppsAndReleases) {
  EXPECT_THAT(offered({"stop", ""}), ElementsAre("shop", "web"));
  EXPECT_THAT(offered({"start", "--settle", "5s", "web", ""}), ElementsAre("new", "last", "stable", "r1", "r2"));
  EXPECT_THAT(offered({"logs", "web", "-f", "r"}), ElementsAre("r1", "r2"));
  EXPECT_THAT(offered({"-H", "tcp://a", "stop", "s"}), ElementsAre("shop"));
  EXPECT_THAT(split(read_file(folder.path() / "belay.asked"), '\n'), Contains("-H tcp://a ls --names"));
}

TEST_F(BashCompletion, AsksBelayForServicesAndTheirCommands) {
  EXPECT_THAT(offered({"service", "up"}), ElementsAre("update"));
  EXPECT_THAT(offered({"service", "update", "s"}), ElementsAre("shop"));
  EXPECT_THAT(offered({"service", "run", "shop", ""}), ElementsAre("run", "configure"));
  EXPECT_THAT(offered({"service", "backup", "shop", "Dock"}), ElementsAre("Dockerfile"));
  EXPECT_THAT(offered({"service", "install", "s"}), IsEmpty());
}

TEST_F(BashCompletion, OffersFilesAndFixedWords) {
  EXPECT_THAT(offered({"build", "web", "Dock"}), ElementsAre("Dockerfile"));
  EXPECT_THAT(offered({"build", "web", "--config-file", "Dock"}), ElementsAre("Dockerfile"));
  EXPECT_THAT(offered({"autostart", "web", ""}), ElementsAre("last", "stable", "none"));
  EXPECT_THAT(offered({"completion", ""}), ElementsAre("bash", "zsh", "fish"));
  EXPECT_THAT(offered({"as", "j"}), ElementsAre("jockler"));
  EXPECT_THAT(offered({"shell", "web", "--", "l"}), IsEmpty());
}

TEST(Completion, KeepsZshFromAddingWordsToTheReleases) {
  EXPECT_THAT(zsh_completion(), ::testing::HasSubstr("WHICH: _belay_releases new last stable'"));
}

TEST(Completion, HoldsEveryOptionInEveryShell) {
  const std::string zsh = zsh_completion(), fish = fish_completion(), bash = bash_completion();
  for (const auto& command : commands())
    for (const auto& option : command.options) {
      EXPECT_THAT(zsh, ::testing::HasSubstr("--" + std::string(option.name)));
      EXPECT_THAT(bash, ::testing::HasSubstr("--" + std::string(option.name)));
      EXPECT_THAT(fish, ::testing::HasSubstr(format("'__belay_in {}' -l {}", command.name, option.name)));
    }
}

}  // namespace
}  // namespace belay::cli
